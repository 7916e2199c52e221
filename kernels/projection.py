"""Exact Euclidean projections on the sets that allocations live in.

Each function projects a vector, or a batch of vectors laid out along trailing axes, on a box, on the simplex
``{x >= 0, sum x = total}`` or on the capped simplex ``{0 <= x <= cap, sum x = total}``. The vector is the leading
axis; trailing axes are a batch. Three cases to keep in mind: a point inside the set comes back as it was (up to
rounding of its sum), a point outside lands on the boundary, and a capped simplex whose caps sum to less than the
total is empty, for which the result is ``cap``, the point nearest to it.

The method is not iterative. The projection on the capped simplex is ``clip(v - t, 0, cap)`` for one number t
(Held, Wolfe and Crowder, 1974); its sum is a piecewise linear function of t with breakpoints at ``v`` and
``v - cap``, so t is found by evaluating the sum at all 2n breakpoints and interpolating. That takes n^2 operations,
meant for vectors of up to a few hundred.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float


def box(
    values: Float[Array, "n *batch"], low: Float[Array, "..."], high: Float[Array, "..."]
) -> Float[Array, "n *batch"]:
    """Nearest point of ``{low <= x <= high}``; bounds broadcast against ``values``, in the same unit. NaN stays NaN."""
    return jnp.clip(values, low, high)


def simplex(values: Float[Array, "n *batch"], total: Float[Array, "*batch"]) -> Float[Array, "n *batch"]:
    """Nearest point of ``{x >= 0, sum x = total}``; ``total >= 0`` is in the unit of ``values``."""
    return capped_simplex(values, jnp.broadcast_to(total, values.shape), total)


def capped_simplex(
    values: Float[Array, "n *batch"], cap: Float[Array, "n *batch"], total: Float[Array, "*batch"]
) -> Float[Array, "n *batch"]:
    """Nearest point of ``{0 <= x <= cap, sum x = total}``.

    ``values`` and ``cap`` have shape (n, *batch), ``total`` shape (*batch,), all in one unit, ``cap >= 0``. The sum is
    exact to rounding. Where ``sum cap < total`` the set is empty and the result is ``cap``.
    """
    cap = jnp.minimum(cap, jnp.maximum(total, 0)[None])
    shift = _shift(values, cap, total)
    point = jnp.clip(values - shift[None], 0, cap)
    return _settle(point, cap, total)


def _shift(values: Array, cap: Array, total: Array) -> Array:
    """The t with ``sum clip(values - t, 0, cap) = total``, by interpolation between neighboring breakpoints."""
    points = jnp.concatenate([values, values - cap])
    sums = jnp.sum(jnp.clip(values[None] - points[:, None], 0, cap[None]), axis=1)
    above = sums >= total[None]
    low = jnp.max(jnp.where(above, points, -jnp.inf), axis=0)
    high = jnp.min(jnp.where(above, jnp.inf, points), axis=0)
    low = jnp.where(jnp.isfinite(low), low, jnp.min(points, axis=0))
    high = jnp.where(jnp.isfinite(high), high, jnp.max(points, axis=0))
    at_low = jnp.sum(jnp.clip(values - low[None], 0, cap), axis=0)
    at_high = jnp.sum(jnp.clip(values - high[None], 0, cap), axis=0)
    slope = at_low - at_high
    part = jnp.where(slope > 0, (at_low - total) / jnp.where(slope > 0, slope, 1), 0)
    return low + jnp.clip(part, 0, 1) * (high - low)


def _settle(point: Array, cap: Array, total: Array) -> Array:
    """Give the rounding error of the sum to the entries with the most room, twice, so that no bound is crossed."""
    for _ in range(2):
        error = total - jnp.sum(point, axis=0)
        room = jnp.where(error[None] > 0, cap - point, point)
        whole = jnp.sum(room, axis=0)
        part = jnp.where(whole > 0, jnp.clip(error / jnp.where(whole > 0, whole, 1), -1, 1), 0)
        point = jnp.clip(point + part[None] * room, 0, cap)
    return point
