"""Column generation for the buying LP with side constraints: Dantzig and Wolfe's decomposition (1960), batched.

Without side constraints ``low <= G x <= high`` the LP is solved in microseconds. With them it is a choice between
orders, `master`: prices μ of its rows change order costs to ``c - G'μ``, and the buying LP's optimum
under these is the order that enters, or the proof that none does. The penalty of activities outside their bounds grows
until all are inside, or until prices prove that no order keeps the rows.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import DTypeLike
from jaxtyping import Bool, Float, Int8

from jaxsim.kernels.buying.certificate import Side, with_prices, worths
from jaxsim.kernels.buying.method import Start
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Solution
from jaxsim.kernels.general.linear_program import cheapest_fill
from jaxsim.kernels.laplacian import add, dot
from jaxsim.kernels.projection import capped_simplex
from jaxsim.kernels.side_constraints.master import (
    Columns,
    Entering,
    best_row,
    exchange,
    first_columns,
    matrix_of,
    prices,
    rounding,
    standing,
)

Solve = Callable[[BuyingLP, Start, Array], tuple[Solution, Start]]
"""Optima of the active LPs without side constraints, from bases, and their bases."""

_PENALTY, _GROWTH, _LARGEST = 2.0**7, 2.0**7, 2.0**35
"""Cost per unit of a row, where the largest cost and the largest coefficient are about 1."""
_SINGULAR = 1e8
"""A basis whose inverse has larger entries is not worth a start."""
_PROOF = {"float32": 1e-4, "float64": 1e-12}
"""What a proof of infeasibility must prove, as a part of its terms."""
_LOOSE = {"float32": 3e-5, "float64": 1e-12}
"""How far bounds are moved outward for the search, each by another part of it, so that it does not go in circles."""
_GOLDEN = 0.6180339887498949


class State(NamedTuple):
    """Where a solve ended, to start a similar LP from; opaque."""

    known: Bool[Array, "*batch"]
    order: Float[Array, "columns nodes *batch"]
    row: Int8[Array, " columns *batch"]
    at_high: Bool[Array, " rows *batch"]
    basis: Start
    """Of the buying LP without side constraints."""


class Search(NamedTuple):
    """State of the loop."""

    columns: Columns
    basis: Start
    price: Array
    """(rows, B): μ, of which ``priced`` is the buying LP's optimum."""
    priced: Solution
    going: Array
    infeasible: Array
    iterations: Array


def search(problem: BuyingLP, side: OrderRows, start: State, limit: int, solve: Solve) -> tuple[Search, Array, State]:
    """Prices that prove the best order, that order, and the state; all costs, units and coefficients are about 1."""
    loose = _loosened(side)
    busy = lambda now: jnp.any(now.going & (now.iterations < limit))
    end = lax.while_loop(busy, lambda now: _advance(problem, loose, solve, now), _begin(problem, loose, start, solve))
    columns = end.columns
    weight = jnp.where(columns.row < 0, jnp.maximum(standing(side, columns).level, 0), 0)
    order = capped_simplex(add(weight[:, None] * columns.order), problem.order_cap, problem.order_total)
    known = ~end.going & ~end.infeasible
    return end, order, State(known, columns.order, columns.row.astype(jnp.int8), columns.at_high, end.basis)


def _loosened(side: OrderRows) -> OrderRows:
    """Bounds a little outward, each by a number of its own."""
    rows, dtype = len(side.low), side.low.dtype
    parts = (0.5 + 0.5 * np.modf(np.arange(1, 2 * rows + 1) * _GOLDEN)[0]) * _LOOSE[dtype.name]
    low, high = (jnp.asarray(each, dtype)[:, None] for each in np.split(parts, 2))
    return side._replace(low=side.low - low, high=side.high + high)


def no_state(nodes: int, rows: int, batch: tuple[int, ...], dtype: DTypeLike, basis: Start) -> State:
    """What `search` takes when there was no earlier one; ``basis`` is none of the buying LP."""
    zeros = lambda kind, *axes: jnp.zeros((*axes, *batch), kind)
    order = zeros(dtype, rows + 1, nodes)
    return State(zeros(bool), order, zeros(jnp.int8, rows + 1), zeros(bool, rows), basis)


def _begin(problem: BuyingLP, side: OrderRows, start: State, solve: Solve) -> Search:
    """The columns of the earlier solve, or the optimum without side constraints and all activities."""
    nothing = first_columns(0 * problem.order_cap, 0 * problem.order_total, jnp.zeros_like(side.low), _PENALTY)
    old, usable = lax.cond(
        jnp.any(start.known),
        lambda: _revived(problem, side, start, solve),
        lambda: (nothing, jnp.zeros_like(start.known)),
    )
    priced, basis = solve(problem, start.basis, ~usable)
    first = first_columns(priced.order, priced.objective, _activity(side, priced.order), _PENALTY)
    columns = jax.tree.map(lambda a, b: jnp.where(usable, a, b), old, first)
    none = jnp.zeros(usable.shape, jnp.int32)
    return Search(columns, basis, jnp.zeros_like(side.low), priced, none == 0, none > 0, none)


def _revived(problem: BuyingLP, side: OrderRows, start: State, solve: Solve) -> tuple[Columns, Array]:
    """The earlier columns, as far as orders are possible now, at costs of now; and whether they are a basis."""
    is_order = (start.row < 0) & start.known
    nearest = jax.vmap(lambda each: capped_simplex(each, problem.order_cap, problem.order_total))
    order = nearest(jnp.where(is_order[:, None], start.order, 0))

    def value(index: Array, values: Array) -> Array:
        fixed = problem._replace(order_cap=order[index])
        return values.at[index].set(solve(fixed, start.basis, is_order[index])[0].objective)

    values = lax.fori_loop(0, len(order), value, jnp.zeros(is_order.shape, order.dtype))
    row = start.row.astype(jnp.int32)
    matrix = jnp.moveaxis(matrix_of(side.coefficient, order, row), -1, 0)
    inverse = jnp.moveaxis(jnp.linalg.inv(matrix), 0, -1)
    penalty = jnp.full(start.known.shape, _PENALTY, order.dtype)
    columns = Columns(inverse, order, values, row, start.at_high, 0 * row, penalty)
    level = standing(side, columns).level
    # Comparisons with NaN are false.
    usable = jnp.all(jnp.abs(inverse) < _SINGULAR, axis=(0, 1))
    usable &= jnp.all((jnp.abs(level) < jnp.inf) & ((row >= 0) | (level >= -rounding(level))), axis=0)
    return columns, usable & start.known


def _advance(problem: BuyingLP, side: OrderRows, solve: Solve, now: Search) -> Search:
    """An activity enters where one pays, else the best order; an LP ends where none does."""
    columns = now.columns
    at = standing(side, columns)
    price, credit = prices(columns, at)
    rate, row, upward = best_row(side, columns, price)
    is_row = rate < -rounding(rate) * columns.penalty
    asked = now.going & ~is_row
    # Where no activity enters, a price on a bound that is none is rounding.
    price = jnp.where(jnp.where(price > 0, side.low > -jnp.inf, side.high < jnp.inf), price, 0)
    priced, basis = solve(with_prices(problem, Side(side, price)), now.basis, asked)
    activity = _activity(side, priced.order)
    known = jnp.all(jnp.abs(priced.order - columns.order) <= rounding(price), axis=1) & (columns.row < 0)
    ends = asked & ((priced.objective >= credit - rounding(price)) | jnp.any(known, axis=0))
    lacking = ends & jnp.any(at.outside, axis=0)
    infeasible = lax.cond(
        jnp.any(lacking), lambda: lacking & _proves_infeasible(problem, side, price), lambda: jnp.zeros_like(lacking)
    )
    columns = columns._replace(penalty=columns.penalty * jnp.where(lacking, _GROWTH, 1))
    number = jnp.arange(len(price), dtype=jnp.int32)[:, None]
    unit = jnp.where(number == row, -1, 0).astype(price.dtype)
    column = jnp.concatenate([jnp.where(is_row, unit, activity), 1 - is_row[None].astype(price.dtype)])
    value = priced.objective + dot(price, activity)
    new = Entering(is_row, row, upward, priced.order, value, column)
    columns, moved = exchange(side, columns, at, new, now.going & ~ends)
    keep = lambda each, old: jnp.where(asked, each, old)
    going = jnp.where(ends, lacking & ~infeasible & (columns.penalty <= _LARGEST), moved)
    return Search(
        columns, basis, keep(price, now.price), jax.tree.map(keep, priced, now.priced), now.going & going,
        now.infeasible | infeasible, now.iterations + now.going.astype(jnp.int32),
    )  # fmt: skip


def _activity(side: OrderRows, order: Array) -> Array:
    return dot(side.coefficient, order[None], 1)


def _proves_infeasible(problem: BuyingLP, side: OrderRows, price: Array) -> Array:
    """Whether the rows ask for more at these prices than any order can give."""
    bound = worths(Side(side, price))
    cost = -dot(side.coefficient, price[:, None])
    least = cheapest_fill(cost, 0 * cost, problem.order_cap, problem.order_total)[0]
    terms = jnp.sum(jnp.abs(bound), axis=0) + jnp.sum(jnp.abs(cost) * problem.order_cap, axis=0)
    return jnp.sum(bound, axis=0) + least > _PROOF[price.dtype.name] * terms
