"""A linear program over simple sets: what goes in, the projection on the sets, and the certificate of a point.

    minimize    c'x
    subject to  row_low <= A x <= row_high,   x in X

X is a box ``low <= x <= high``, in which disjoint groups of entries may each have a given sum: a simplex or, with
finite ``high``, a capped simplex. With prices y of the rows and reduced costs ``r = c - A'y``, every x in X that
keeps the rows has

    c'x  >=  sum (row_low y+ - row_high y-)  +  least r'x over X,

which is the dual objective. An entry without a bound on the side that r points to would make it minus infinity; its
r is a dual residual instead. Where X is bounded there are none, and the inequality holds for any y.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Bool, Float

from jaxsim.kernels.projection import capped_simplex

Groups = tuple[tuple[int, ...], ...]


class LinearProgram(NamedTuple):
    """Numbers of one LP, or of a batch of LPs along trailing axes; units are the caller's."""

    cost: Float[Array, " n *batch"]
    """c, finite."""
    low: Float[Array, " n *batch"]
    """May be -inf, except for members of groups."""
    high: Float[Array, " n *batch"]
    """May be +inf."""
    row_low: Float[Array, " m *batch"]
    """May be -inf; equal to ``row_high`` for an equation."""
    row_high: Float[Array, " m *batch"]
    """May be +inf."""
    totals: Float[Array, " groups *batch"]
    """The sum over each group; (0, *batch) without groups."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rows:
    """The matrix A as two functions: ``forward(data, x)`` is A x and ``adjoint(data, y)`` is A'y.

    With ``jax.tree.map(jnp.abs, data)`` for data they must be the products with |A|, from which the solver learns how
    large A is. `jax.jit` compares the functions by identity, so define them once, in a module.
    """

    data: Any
    forward: Callable[[Any, Array], Array] = field(metadata={"static": True})
    adjoint: Callable[[Any, Array], Array] = field(metadata={"static": True})

    def __matmul__(self, x: Array) -> Array:
        """A x."""
        return self.forward(self.data, x)

    def pull(self, y: Array) -> Array:
        """A'y."""
        return self.adjoint(self.data, y)

    def magnitude(self) -> "Rows":
        """|A|."""
        return Rows(jax.tree.map(jnp.abs, self.data), self.forward, self.adjoint)


def dense(matrix: Float[Array, "m n *batch"]) -> Rows:
    """A as an array: (m, n) for a matrix that all LPs share, (m, n, *batch) for one each."""
    return Rows(matrix, _dense_forward, _dense_adjoint)


def _dense_forward(matrix: Array, x: Array) -> Array:
    if matrix.ndim == 2:
        return jnp.tensordot(matrix, x, 1, precision=lax.Precision.HIGHEST)
    return jnp.sum(matrix * x[None], axis=1)


def _dense_adjoint(matrix: Array, y: Array) -> Array:
    if matrix.ndim == 2:
        return jnp.tensordot(matrix.T, y, 1, precision=lax.Precision.HIGHEST)
    return jnp.sum(matrix * y[:, None], axis=0)


class Proof(NamedTuple):
    """What a point and prices are worth, from the LP as it was given and nothing else."""

    objective: Float[Array, "*batch"]
    dual_objective: Float[Array, "*batch"]
    gap: Float[Array, "*batch"]
    primal_residual: Float[Array, "*batch"]
    dual_residual: Float[Array, "*batch"]


def project(lp: LinearProgram, groups: Groups, point: Array, weights: Array) -> Array:
    """The point of X nearest to ``point`` in the weighted norm; (n, *batch) in and out."""
    nearest = jnp.clip(point, lp.low, lp.high)
    for members, total in zip(groups, lp.totals, strict=True):
        where, part = _places(members), lambda a, m=members: a[_places(m)]
        floor, ceiling = part(lp.low), part(lp.high)
        rest = total - jnp.sum(floor, axis=0)
        inside = floor + capped_simplex(part(point) - floor, ceiling - floor, rest, part(weights))
        nearest = _put(nearest, where, jnp.minimum(inside, ceiling))  # adding may round past the bound
    return nearest


def _places(members: tuple[int, ...]) -> slice | np.ndarray:
    """An index of the members: a slice where they are neighbors, which is the cheaper."""
    first, after = members[0], members[0] + len(members)
    return slice(first, after) if members == tuple(range(first, after)) else np.array(members)


def _put(whole: Array, where: slice | np.ndarray, part: Array) -> Array:
    """``whole`` with ``part`` in place; joining pieces, unlike scattering, fuses with what follows."""
    if isinstance(where, slice):
        return jnp.concatenate([whole[: where.start], part, whole[where.stop :]])
    return whole.at[where].set(part)


def prove(lp: LinearProgram, rows: Rows, groups: Groups, x: Array, y: Array) -> Proof:
    """Objectives, gap and residuals of a point x and prices y.

    The gap is a part of Σ|c_j x_j|, the primal residual of the largest number in a row and its bounds, the dual
    residual of the largest number in a reduced cost; a part of nothing counts in full.
    """
    parts = lambda a, whole: a / jnp.where(whole > 0, whole, 1)
    activity, reduced = rows @ x, lp.cost - rows.pull(y)
    size = rows.magnitude()
    row_size = _largest(size @ jnp.abs(x), lp.row_low, lp.row_high, lp.totals)
    cost_size = _largest(lp.cost, size.pull(jnp.abs(y)))
    objective = jnp.sum(lp.cost * x, axis=0)
    bound, unbounded = dual_objective(lp, groups, y, reduced)
    return Proof(
        objective,
        bound,
        parts(jnp.abs(objective - bound), jnp.sum(jnp.abs(lp.cost * x), axis=0)),
        parts(_violation(lp, groups, x, activity), row_size),
        parts(unbounded, cost_size),
    )


def dual_objective(lp: LinearProgram, groups: Groups, y: Array, reduced: Array) -> tuple[Array, Array]:
    """The lower bound on the objective that the prices prove, and the largest reduced cost that it leaves out."""
    row = jnp.where(y > 0, lp.row_low, lp.row_high) * y
    pulled = jnp.where(reduced > 0, lp.low, lp.high)
    grouped = np.isin(np.arange(len(lp.cost)), [j for members in groups for j in members])
    grouped = grouped.reshape(-1, *(1,) * (reduced.ndim - 1))
    free = ~grouped & ~jnp.isfinite(pulled)
    column = jnp.where(grouped | free | (reduced == 0), 0, pulled * reduced)
    bound = jnp.sum(jnp.where(y == 0, 0, row), axis=0) + jnp.sum(column, axis=0)
    for members, total in zip(groups, lp.totals, strict=True):
        where = _places(members)
        bound += cheapest_fill(reduced[where], lp.low[where], lp.high[where], total)[0]
    return bound, jnp.max(jnp.where(free, jnp.abs(reduced), 0), axis=0, initial=0)


def group_prices(lp: LinearProgram, groups: Groups, reduced: Array) -> Array:
    """What one more unit of each group's total costs at reduced costs, (groups, *batch); 0 where nothing has room."""
    fills = [
        cheapest_fill(reduced[_places(members)], lp.low[_places(members)], lp.high[_places(members)], total)[1]
        for members, total in zip(groups, lp.totals, strict=True)
    ]
    return jnp.stack(fills) if fills else jnp.zeros_like(lp.totals)


def cheapest_fill(cost: Array, low: Array, high: Array, total: Array) -> tuple[Array, Array]:
    """Least cost'x over ``{low <= x <= high, sum x = total}``, and the cost of the entry that takes the last unit."""
    rest = total - jnp.sum(low, axis=0)
    order = jnp.argsort(cost, axis=0)
    cap = jnp.take_along_axis(jnp.minimum(high - low, jnp.maximum(rest, 0)[None]), order, axis=0)
    ranked = jnp.take_along_axis(cost, order, axis=0)
    before = jnp.cumsum(cap, axis=0) - cap
    fill = jnp.clip(rest[None] - before, 0, cap)
    last = jnp.max(jnp.where(fill > 0, ranked, -jnp.inf), axis=0)
    least = jnp.sum(low * cost, axis=0) + jnp.sum(fill * ranked, axis=0)
    return least, jnp.where(jnp.isfinite(last), last, 0)


def _violation(lp: LinearProgram, groups: Groups, x: Array, activity: Array) -> Array:
    """Largest violation of a row, a bound or a group's sum, in the unit of the row."""
    sums = [jnp.sum(x[_places(members)], axis=0) for members in groups]
    gaps = [lp.row_low - activity, activity - lp.row_high, lp.low - x, x - lp.high]
    gaps += [jnp.abs(jnp.stack(sums) - lp.totals)] if groups else []
    return jnp.max(jnp.concatenate(gaps), axis=0, initial=0)


def _largest(*arrays: Array) -> Array:
    """Largest magnitude in each LP, infinities aside."""
    every = jnp.concatenate(arrays)
    return jnp.max(jnp.where(jnp.isfinite(every), jnp.abs(every), 0), axis=0, initial=0)


def is_invalid(lp: LinearProgram, rows: Rows, groups: Groups) -> Bool[Array, "*batch"]:
    """Which LPs have an invalid number; crossed bounds are valid, and infeasible."""
    bounded = [lp.low[_places(members)] for members in groups]
    size = rows.magnitude()
    sizes = size @ jnp.ones_like(lp.cost), size.pull(jnp.ones_like(lp.row_low))
    finite = jnp.concatenate([lp.cost, lp.totals, *bounded, *sizes])
    wrong = jnp.any(~jnp.isfinite(finite), axis=0)
    for least, most in ((lp.low, lp.high), (lp.row_low, lp.row_high)):
        wrong |= jnp.any(~(least < jnp.inf) | ~(most > -jnp.inf), axis=0)
    return wrong


def is_empty(lp: LinearProgram, groups: Groups) -> Bool[Array, "*batch"]:
    """Which LPs have crossed bounds, or a group whose bounds do not allow its total, beyond the rounding of sums."""
    empty = jnp.any(lp.low > lp.high, axis=0) | jnp.any(lp.row_low > lp.row_high, axis=0)
    for members, total in zip(groups, lp.totals, strict=True):
        low, high = lp.low[_places(members)], lp.high[_places(members)]
        rounding = 4 * len(members) * jnp.finfo(lp.cost.dtype).eps
        slack = rounding * (jnp.abs(total) + jnp.sum(jnp.abs(low), axis=0))
        empty |= (jnp.sum(low, axis=0) > total + slack) | (jnp.sum(high, axis=0) < total - slack)
    return empty
