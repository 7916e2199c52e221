"""The buying LP with side constraints on the order: a storage limit, the least that a vendor accepts, a full truck.

The LP and its contract are those of `jaxsim.kernels.buying`, with further rows

    low_i <= Σ_k coefficient_ik x_k <= high_i

Three cases: the first one there, with the row x_0 <= 6 as well: x = (6, 4). With x_0 + x_1 >= 10 it stays (10, 0), and
the row has no price. With x_0 + x_1 >= 11 no x exists, and the status says so.

Two methods give the same `Constrained`, with a state to start a similar LP from:

- "column_generation": a best mixture of optima of the LP without the rows, which the default method of
  `jaxsim.kernels.buying` finds (`column_generation`); for few rows: each costs some solves
- "first_order": `jaxsim.kernels.buying.methods.first_order`, for rows as many as there may be
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int32

from jaxsim.kernels.batches import by_blocks, flatten, unflatten
from jaxsim.kernels.buying import front as buying
from jaxsim.kernels.buying.certificate import (
    Limits,
    Point,
    Prices,
    Side,
    cost_size,
    examine,
)
from jaxsim.kernels.buying.methods import first_order
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Solution, is_invalid, is_short, or_nothing
from jaxsim.kernels.scaling import power_of_two
from jaxsim.kernels.side_constraints import column_generation
from jaxsim.kernels.status import Status

__all__ = ["BuyingLP", "Constrained", "Method", "OrderRows", "Solution", "Start", "Status", "no_start", "solve"]

Method = Literal["column_generation", "first_order"]

Start = Any
"""A pytree of arrays with the LPs' batch axes last; opaque."""

_TOLERANCE = {"float32": 1e-4, "float64": 1e-8}
_BLOCK = 1024
"""LPs that go through together on a CPU."""


class Constrained(NamedTuple):
    """The buying LP's point, prices and certificate, which count the side constraints, and what these are worth."""

    solution: Solution
    """The primal residual of a side constraint is a part of its largest coefficient times all units, Σs + Q."""
    row_price: Float[Array, " rows *batch"]
    """∂objective/∂ the bound that holds, cost per unit of the row; positive where that is ``low``."""
    iterations: Int32[Array, "*batch"]
    """Of the method: "column_generation" solves the LP without rows once in each."""
    start: Start
    """To start a similar LP from."""


def solve(
    problem: BuyingLP,
    rows: OrderRows,
    *,
    start: Start | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    method: Method = "column_generation",
) -> Constrained:
    """Solve a batch of buying LPs with at least one side constraint; shapes and units as in `BuyingLP` and `OrderRows`.

    ``start`` is that of an earlier answer to LPs of the same shape, by the same method. ``tolerance`` bounds gap and
    residuals of an `OPTIMAL` answer (default 1e-8 in float64, 1e-4 in float32). ``max_iterations`` is far beyond need
    unless given. Where the status is `INFEASIBLE` or `BAD_INPUT`, the arrays are finite but mean nothing.

    Raises:
        ValueError: no rows, another method than these, or a start of another method or another shape of LP.
    """
    if method not in get_args(Method):
        raise ValueError(f"method: {method!r} is none of {', '.join(get_args(Method))}")
    if not len(rows.low):
        raise ValueError("rows: there are none; buying.solve is for LPs without side constraints")
    if start is None:  # written out, so that cold and hot are one compiled program
        start = no_start(problem, len(rows.low), method)
    elif jax.tree.map(jnp.shape, start) != _shapes(problem, len(rows.low), method):
        raise ValueError(f"start: not one of {method} for LPs of this shape; see no_start")
    if tolerance is None:
        tolerance = _TOLERANCE[jnp.dtype(problem.route_cost.dtype).name]
    if max_iterations is None:
        max_iterations = 20_000 if method == "first_order" else 100 * (1 + len(rows.low))
    return _solve(problem, rows, start, Limits(max_iterations, tolerance), method)


@partial(jax.jit, static_argnames=("limits", "method"))
def _solve(problem: BuyingLP, rows: OrderRows, start: Start, limits: Limits, method: Method) -> Constrained:
    """Block after block, along one batch axis."""
    flat = flatten((problem, rows, start), problem.order_total.shape)
    together = method == "first_order" or jax.default_backend() != "cpu"
    block = flat[0].order_total.shape[0] if together else _BLOCK
    return unflatten(
        by_blocks(lambda some: _certified(some, _METHODS[method], limits), flat, block), problem.order_total.shape
    )


def no_start(problem: BuyingLP, rows: int, method: Method = "column_generation") -> Start:
    """What `solve` starts from when there was no earlier one."""
    if method == "first_order":
        return first_order.no_state(problem, rows)
    return column_generation.no_state(problem, rows, buying.no_start(problem))


def _shapes(problem: BuyingLP, rows: int, method: Method) -> Any:
    """Of the arrays of a start."""
    return jax.tree.map(jnp.shape, jax.eval_shape(lambda lps: no_start(lps, rows, method), problem))


class _Found(NamedTuple):
    point: Point
    prices: Prices
    row_price: Array
    infeasible: Array
    unfinished: Array
    iterations: Array
    start: Start


def _certified(some: tuple[BuyingLP, OrderRows, Start], solve_block: Callable, limits: Limits) -> Constrained:
    """A block's answers, examined."""
    problem, rows, start = some
    bad = is_invalid(problem) | _is_invalid(rows)
    short = is_short(problem) | jnp.any(rows.low > rows.high, axis=0)
    skip = bad | short
    problem = or_nothing(problem, skip)
    can_order = jnp.minimum(problem.order_cap, problem.order_total[None]) > 0
    coefficient = jnp.where(can_order, rows.coefficient, 0)  # where nothing can be ordered it must not set the scale
    size = power_of_two(jnp.max(jnp.abs(coefficient), axis=1))
    rows = OrderRows(coefficient / size[:, None], *(jnp.where(skip, 0, a / size) for a in (rows.low, rows.high)))
    found = solve_block(problem, rows, start, limits)
    flags = bad, short | found.infeasible, found.unfinished
    solution = examine(problem, found.point, found.prices, flags, limits.tolerance, Side(rows, found.row_price))
    return Constrained(solution, found.row_price / size, found.iterations, found.start)


def _is_invalid(rows: OrderRows) -> Array:
    """Which LPs have a row that is no row."""
    wrong = ~(rows.low < jnp.inf) | ~(rows.high > -jnp.inf)
    return jnp.any(wrong, axis=0) | jnp.any(~jnp.isfinite(rows.coefficient), axis=(0, 1))


def _by_columns(problem: BuyingLP, rows: OrderRows, start: Start, limits: Limits) -> _Found:
    """In units of the LP's own size; what to ship follows from the order."""
    unit = power_of_two(jnp.sum(problem.supply, axis=0) + problem.order_total)
    cost = power_of_two(cost_size(problem))
    lp = BuyingLP(
        problem.order_cost / cost, jnp.minimum(problem.order_cap, problem.order_total) / unit,
        problem.order_total / unit, problem.supply / unit, problem.route_cost / cost, problem.overage_cost / cost,
        problem.segment_value / cost, problem.segment_width / unit,
    )  # fmt: skip
    side = OrderRows(rows.coefficient, rows.low / unit, rows.high / unit)
    exact = lambda lp, basis, active: buying.solve_from(lp, basis, active=active)
    start = start._replace(order=start.order / unit)
    end, order, state = column_generation.search(lp, side, start, limits.iterations, exact)
    shipped = exact(lp._replace(order_cap=order), end.basis, None)[0]
    point = Point(*(getattr(shipped, name) * unit for name in Point._fields))
    asked = Prices(
        *(each * cost for each in (end.priced.supply_price, end.priced.demand_price, end.priced.order_price))
    )
    state = state._replace(order=state.order * unit)
    return _Found(point, asked, end.price * cost, end.infeasible, end.going, end.iterations, state)


def _by_first_order(problem: BuyingLP, rows: OrderRows, start: Start, limits: Limits) -> _Found:
    tolerance = first_order.SHARE * limits.tolerance
    answer, point, prices, row_price = first_order.solve_buying(problem, rows, start, tolerance, limits.iterations)
    infeasible, unfinished = answer.status == Status.INFEASIBLE, answer.iterations >= limits.iterations
    return _Found(point, prices, row_price, infeasible, unfinished, answer.iterations, answer.state)


_METHODS = {"column_generation": _by_columns, "first_order": _by_first_order}
