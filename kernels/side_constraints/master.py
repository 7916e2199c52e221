"""The master of column generation: a choice between orders that keeps side constraints, by the simplex method.

    minimize    Σ_j w_j value_j + penalty Σ_i (how far r_i is outside low_i ... high_i)
    subject to  Σ_j w_j G order_j - r = 0,   Σ_j w_j = 1,   w >= 0

It has a row more than there are side constraints, so a basis is a few orders and activities r. Costs of r are piecewise
linear: it may leave the basis at either bound, and be outside of them as long as it is basic (Dantzig and Wolfe, 1960,
for the decomposition; the penalty is the exact one of linear programming).
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxsim.kernels.buying.problem import OrderRows
from jaxsim.kernels.laplacian import dot

_PIVOT = {"float32": 1e-4, "float64": 1e-11}
"""What a pivot must exceed, as a part of the largest entry."""


class Columns(NamedTuple):
    """The basic columns, as many as there are rows of the master."""

    inverse: Array
    """(columns, columns, B): of the matrix of columns, ``(G order, 1)`` of an order and ``(-e_i, 0)`` of activity i."""
    order: Array
    """(columns, nodes, B); of no use where an activity is basic."""
    value: Array
    """(columns, B): the least cost of the order."""
    row: Array
    """(columns, B) int32: whose activity is basic; -1 for an order."""
    at_high: Array
    """(rows, B): at which bound an activity is that is not basic."""
    zone: Array
    """(columns, B) int32: below its bounds -1, inside 0, above 1: which slope of its cost a basic activity is on."""
    penalty: Array
    """(B,)"""


class Standing(NamedTuple):
    """Where the basic columns stand, (columns, B) each: weights of orders, activities, their bounds and zones."""

    level: Array
    low: Array
    high: Array
    zone: Array
    outside: Array
    """Activities that are not within their bounds, beyond rounding."""


class Entering(NamedTuple):
    """What enters the basis of each LP."""

    is_row: Array
    """(B,): an activity, else an order."""
    row: Array
    upward: Array
    order: Array
    value: Array
    column: Array
    """(columns, B): of the master's matrix."""


def rounding(like: Array) -> Array:
    """What rounding may do to numbers of about 1."""
    return jnp.asarray(64 * jnp.finfo(like.dtype).eps, like.dtype)


def first_columns(order: Array, value: Array, activity: Array, penalty: float) -> Columns:
    """One order (nodes, B), and all activities."""
    rows, count = activity.shape
    number = jnp.arange(rows + 1, dtype=jnp.int32)[:, None]
    every = lambda a: jnp.broadcast_to(a, (rows + 1, *a.shape))
    signs = jnp.eye(rows + 1, dtype=value.dtype).at[:rows].multiply(-1)
    inverse = jnp.broadcast_to(signs[..., None], (rows + 1, rows + 1, count)).at[:rows, rows].set(activity)
    row = jnp.broadcast_to(jnp.where(number < rows, number, -1), (rows + 1, count))
    at_high = jnp.zeros((rows, count), bool)
    return Columns(inverse, every(order), every(value), row, at_high, 0 * row, jnp.full(count, penalty, value.dtype))


def matrix_of(coefficient: Array, order: Array, row: Array) -> Array:
    """The matrix of basic columns, (rows of the master, columns, B)."""
    activity = dot(coefficient[:, None], order[None], 2)
    basic = row[None] == jnp.arange(len(coefficient), dtype=row.dtype)[:, None, None]
    upper = jnp.where(row[None] < 0, activity, jnp.where(basic, -1, 0).astype(activity.dtype))
    return jnp.concatenate([upper, (row < 0)[None].astype(activity.dtype)])


def standing(side: OrderRows, columns: Columns) -> Standing:
    """Levels of the basic columns, activities that are not basic being at their bounds.

    On a kink an activity keeps its zone: read off the level, it would change the slope that a pivot was made for.
    """
    row = columns.row
    fixed = jnp.where(_is_basic(columns), 0, jnp.where(columns.at_high, side.high, side.low))
    level = dot(columns.inverse, jnp.concatenate([fixed, jnp.ones_like(columns.penalty)[None]])[None], 1)
    bound = lambda a, of_weight: jnp.where(row < 0, of_weight, jnp.take_along_axis(a, row, axis=0, mode="clip"))
    low, high = bound(side.low, 0), bound(side.high, jnp.inf)
    slack = rounding(level)
    below = (level < low - slack) | ((columns.zone < 0) & (level <= low + slack))
    above = (level > high + slack) | ((columns.zone > 0) & (level >= high - slack))
    zone = jnp.where(row < 0, 0, jnp.where(below, -1, jnp.where(above, 1, 0))).astype(jnp.int32)
    return Standing(level, low, high, zone, (row >= 0) & (jnp.maximum(low - level, level - high) > slack))


def _is_basic(columns: Columns) -> Array:
    """Which activities are (rows, B)."""
    rows = len(columns.at_high)
    return jnp.any(columns.row[None] == jnp.arange(rows, dtype=jnp.int32)[:, None, None], axis=1)


def prices(columns: Columns, standing: Standing) -> tuple[Array, Array]:
    """Of the side constraints (rows, B), and of the sum of weights (B,)."""
    slope = standing.zone.astype(columns.penalty.dtype) * columns.penalty
    dual = dot(columns.inverse, jnp.where(columns.row < 0, columns.value, slope)[:, None])
    return dual[:-1], dual[-1]


def best_row(side: OrderRows, columns: Columns, price: Array) -> tuple[Array, Array, Array]:
    """The activity outside the basis that pays most for moving: its cost per unit, its row, and whether it rises.

    Where a kink is both bounds, or is left to the outside, the slope is the penalty.
    """
    penalty, one = columns.penalty, side.low == side.high
    rise = jnp.where(columns.at_high | one, penalty, 0) + price
    fall = jnp.where(columns.at_high & ~one, 0, penalty) - price
    rate = jnp.where(_is_basic(columns), jnp.inf, jnp.minimum(rise, fall))
    row = jnp.argmin(rate, axis=0).astype(jnp.int32)
    return entry(rate, row), row, entry(rise < fall, row)


def exchange(side: OrderRows, columns: Columns, now: Standing, new: Entering, enters: Array) -> tuple[Columns, Array]:
    """Let the column enter for one that reaches a kink first, or an activity go from bound to bound; and who moved."""
    fall = dot(columns.inverse, new.column[None], 1)
    toward = jnp.where(new.is_row & ~new.upward, -fall, fall)
    far = _distance(now, toward)
    nearest = jnp.min(far, axis=0)
    across = entry(side.high, new.row) - entry(side.low, new.row)
    flips = new.is_row & (new.upward != entry(columns.at_high, new.row)) & (across > 0) & (across <= nearest)
    swaps, flips = enters & ~flips & jnp.isfinite(nearest), enters & flips
    out = jnp.argmax(jnp.where(far <= nearest + rounding(far), jnp.abs(fall), -1), axis=0).astype(jnp.int32)
    leaves_high = entry((now.zone > 0) | ((toward < 0) & (now.zone == 0)), out)
    number = jnp.arange(len(fall), dtype=jnp.int32)[:, None]
    here, rows = swaps & (number == out), number[:-1]
    pivot_row = entry(columns.inverse, out) / jnp.where(swaps, entry(fall, out), 1)
    inverse = jnp.where(here[:, None], pivot_row[None], columns.inverse - fall[:, None] * pivot_row[None])
    at_high = jnp.where(swaps & (rows == entry(columns.row, out)), leaves_high, columns.at_high)
    put = here & ~new.is_row
    return columns._replace(
        inverse=jnp.where(swaps, inverse, columns.inverse),
        order=jnp.where(put[:, None], new.order[None], columns.order),
        value=jnp.where(put, new.value, columns.value),
        row=jnp.where(here, jnp.where(new.is_row, new.row, -1), columns.row),
        zone=jnp.where(here, _zone(side, columns, new), now.zone),
        at_high=jnp.where(flips & (rows == new.row), ~at_high, at_high),
    ), swaps | flips


def _zone(side: OrderRows, columns: Columns, new: Entering) -> Array:
    """Into which an activity goes from the bound where it was."""
    from_high = jnp.where(entry(side.low == side.high, new.row), new.upward, entry(columns.at_high, new.row))
    zone = jnp.where(new.upward, jnp.where(from_high, 1, 0), jnp.where(from_high, 0, -1))
    return jnp.where(new.is_row, zone, 0).astype(jnp.int32)


def _distance(now: Standing, toward: Array) -> Array:
    """How much of the entering column brings each level to its next kink; +inf where none comes."""
    slack = _PIVOT[toward.dtype.name] * jnp.maximum(jnp.max(jnp.abs(toward), axis=0), 1)
    up, down = toward < -slack, toward > slack
    ceiling = jnp.where(now.zone < 0, now.low, jnp.where(now.zone > 0, jnp.inf, now.high))
    floor = jnp.where(now.zone > 0, now.high, jnp.where(now.zone < 0, -jnp.inf, now.low))
    far = (now.level - jnp.where(up, ceiling, floor)) / jnp.where(up | down, toward, 1)
    return jnp.where(up | down, jnp.maximum(far, 0), jnp.inf)


def entry(a: Array, index: Array) -> Array:
    """Each LP's own entry along the first axis."""
    return jnp.take_along_axis(a, jnp.broadcast_to(index, (1, *a.shape[1:])), axis=0, mode="clip")[0]
