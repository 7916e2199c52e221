"""Exact projections on the sets that allocations live in, and their derivatives.

Each function projects a vector, or a batch of vectors laid out along trailing axes, on a box, on the simplex
``{x >= 0, sum x = total}`` or on the capped simplex ``{0 <= x <= cap, sum x = total}``. The vector is the leading
axis; trailing axes are a batch. Nearest means least ``sum w (x - v)^2``, with weights ``w > 0`` that are 1 unless
given. Three cases to keep in mind: a point inside the set comes back as it was (up to rounding of its sum), a point
outside lands on the boundary, and a capped simplex whose caps sum to less than the total is empty, for which the
result is ``cap``, the point nearest to it. Values are finite; a vector with a NaN comes back all NaN.

The method is not iterative. The projection on the capped simplex is ``clip(v - t / w, 0, cap)`` for one number t
(Held, Wolfe and Crowder, 1974); its sum is a piecewise linear function of t with breakpoints at ``w v`` and
``w (v - cap)``, so t is found by interpolating between the two breakpoints on either side of it. Short vectors try all
2n breakpoints, in n^2 operations; long ones sort them and halve, in n log n. Every sum is taken anew: prefix sums
would lose the digits of small entries beside large ones.

All arguments may be differentiated, forward or backward. With F the entries strictly between their bounds the
Jacobian is ``I - w^-1 1' / sum w^-1`` on F and 0 elsewhere: the projection is piecewise linear in values, caps and
total. At a kink, an entry that touches a bound counts as held by it.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

# Longest vector for the n^2 search. On one CPU core, microseconds a vector by trying all and by sorting: 11 and 35 for
# n = 64, 60 and 106 for n = 128, 150 and 96 for n = 192, 275 and 184 for n = 256 (float64, batches of 1,024).
_SHORT = 150


def box(
    values: Float[Array, " n *batch"], low: Float[Array, "..."], high: Float[Array, "..."]
) -> Float[Array, " n *batch"]:
    """Nearest point of ``{low <= x <= high}``; bounds broadcast against ``values``, in the same unit. NaN stays NaN."""
    return jnp.clip(values, low, high)


def simplex(
    values: Float[Array, " n *batch"], total: Float[Array, "*batch"], weights: Float[Array, " n *batch"] | None = None
) -> Float[Array, " n *batch"]:
    """Nearest point of ``{x >= 0, sum x = total}``; ``total >= 0`` is in the unit of ``values``, weights have none."""
    return capped_simplex(values, jnp.full_like(values, jnp.inf), total, weights)


def capped_simplex(
    values: Float[Array, " n *batch"],
    cap: Float[Array, " n *batch"],
    total: Float[Array, "*batch"],
    weights: Float[Array, " n *batch"] | None = None,
) -> Float[Array, " n *batch"]:
    """Nearest point of ``{0 <= x <= cap, sum x = total}``.

    ``values`` and ``cap`` have shape (n, *batch), ``total`` shape (*batch,), all in one unit, ``cap >= 0``, which may
    be infinite; ``weights > 0`` have no unit. The sum is exact to rounding, and no bound is ever crossed. Where
    ``sum cap < total`` the set is empty and the result is ``cap``.
    """
    weights = jnp.ones_like(values) if weights is None else weights
    return _project(values, cap, total, weights)[0]


@jax.custom_jvp
def _project(values: Array, cap: Array, total: Array, weights: Array) -> tuple[Array, Array]:
    """The projection and its t."""
    cap = jnp.minimum(cap, jnp.maximum(total, 0)[None])
    shift = _shift(values, cap, total, weights)
    point = _settle(jnp.clip(values - shift[None] / weights, 0, cap), cap, total)
    return jnp.where((jnp.sum(cap, axis=0) <= total)[None], cap + 0 * point, point), shift


@_project.defjvp
def _project_jvp(
    primals: tuple[Array, ...], tangents: tuple[Array, ...]
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Differentiate ``x = v - t / w`` on the free entries and ``x = cap`` on the full ones, with ``sum x = total``."""
    values, cap, _, weights = primals
    values_dot, cap_dot, total_dot, weights_dot = tangents
    point, shift = _project(*primals)
    full = (point >= cap) & ((cap > 0) | (values - shift[None] / weights > 0))
    free = ~full & (point > 0)
    # On a free entry t / w is v - x, which holds even where rounding leaves t itself few digits.
    moved = jnp.where(free, values_dot + (values - point) * weights_dot / weights, jnp.where(full, cap_dot, 0))
    give = jnp.where(free, 1 / weights, 0)
    whole = jnp.sum(give, axis=0)
    shift_dot = jnp.where(whole > 0, (jnp.sum(moved, axis=0) - total_dot) / jnp.where(whole > 0, whole, 1), 0)
    return (point, shift), (moved - give * shift_dot[None], shift_dot)


def _shift(values: Array, cap: Array, total: Array, weights: Array) -> Array:
    """The t with ``sum clip(values - t / w, 0, cap) = total``, by interpolation between neighboring breakpoints."""
    points = jnp.concatenate([weights * values, weights * (values - cap)])
    sum_at = lambda t: jnp.sum(jnp.clip(values - t[None] / weights, 0, cap), axis=0)
    find = _neighbors_of_all if values.shape[0] <= _SHORT else _neighbors_by_halving
    low, high = find(points, sum_at, total)
    at_low, at_high = sum_at(low), sum_at(high)
    slope = at_low - at_high
    # Asking for slope <= 0, not > 0, lets a NaN through.
    part = lambda units: jnp.where(slope <= 0, 0, jnp.clip(units / jnp.where(slope <= 0, 1, slope), 0, 1))
    before, after = part(at_low - total), part(total - at_high)
    # Starting from the nearer end keeps the digits of a t that is small beside the other end.
    return jnp.where(before <= after, low + before * (high - low), high - after * (high - low))


def _neighbors_of_all(points: Array, sum_at: Callable[[Array], Array], total: Array) -> tuple[Array, Array]:
    """The last breakpoint with a sum of at least the total and the next one, by trying all; NaN if one is NaN."""
    above = jax.vmap(sum_at)(points) >= total[None]
    low = jnp.max(jnp.where(above, points, -jnp.inf), axis=0)
    high = jnp.min(jnp.where(above, jnp.inf, points), axis=0)
    low = jnp.where(jnp.isfinite(low), low, jnp.min(points, axis=0))
    high = jnp.where(jnp.isfinite(high), high, jnp.max(points, axis=0))
    return low, high


def _neighbors_by_halving(points: Array, sum_at: Callable[[Array], Array], total: Array) -> tuple[Array, Array]:
    """The same, by sorting and halving; NaN, which sorts last, reaches the result through the sums."""
    points = jnp.sort(points, axis=0)
    pick = lambda index: jnp.take_along_axis(points, index[None], axis=0)[0]

    def halve(_: Array | int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) // 2
        above = sum_at(pick(middle)) >= total
        return jnp.where(above, middle, low), jnp.where(above, high, middle)

    first = jnp.zeros(points.shape[1:], jnp.int32)
    ends = (first, first + (points.shape[0] - 1))
    low, high = lax.fori_loop(0, points.shape[0].bit_length(), halve, ends)
    return pick(low), pick(high)


def _settle(point: Array, cap: Array, total: Array) -> Array:
    """Give the rounding error of the sum to the entries with the most room, so that no bound is crossed.

    Entries at a bound stay there, which derivatives go by, unless the others have no room for the error.
    """
    for anyone in (False, False, True):
        error = total - jnp.sum(point, axis=0)
        room = jnp.where(error[None] > 0, cap - point, point)
        if anyone:
            error = jnp.where(jnp.abs(error) > 4 * jnp.finfo(point.dtype).eps * total, error, 0)
        else:
            room = jnp.where((point > 0) & (point < cap), room, 0)
        whole = jnp.sum(room, axis=0)
        part = jnp.where(whole > 0, jnp.clip(error / jnp.where(whole > 0, whole, 1), -1, 1), 0)
        point = jnp.clip(point + part[None] * room, 0, cap)
    return point
