"""Restarted, reflected Halpern iteration of the primal-dual hybrid gradient, for many linear programs at once.

The operator T takes prices y and a point x of X a step further,

    x+ = the point of X nearest to x - τ (c - A'y)
    y+ = σ (nearest point to a between the rows' bounds - a),   a = A (2 x+ - x) - y / σ,

and its fixed points are optimal (Chambolle and Pock, 2011). Diagonal steps ``τ = D² η / ω`` and ``σ = E² η ω`` come
from equilibration; "nearest" is in the norm of 1 / τ. The iteration is that of Lu and Yang (2024, r²HPDHG): reflect T
and pull back to an anchor, ``z <- (k+1)/(k+2) (2 T(z) - z) + 1/(k+2) anchor``. It restarts from T(z), with a new
anchor and the balance ω of how far x and y went, when the fixed-point error ``|z - T(z)|`` has fallen enough.

Every LP of a batch restarts and ends on its own. They are looked at once in a block of iterations; an LP that is done
keeps its point while the others go on.
"""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float

from jaxsim.kernels.batches import through_lanes
from jaxsim.kernels.general.linear_program import Groups, LinearProgram, Rows, dual_objective, project, prove

_STEP = 0.99  # of the largest step for which T is known to be nonexpansive
_ENOUGH, _HOPEFUL, _LONG = 0.2, 0.8, 0.36  # restart when the error fell this far; this far but rises; after this long
_SMOOTH = 0.5  # how much of a new balance to believe, in logarithms
_EQUILIBRATIONS = 4


class State(NamedTuple):
    """Where an LP's iteration stands; opaque, for a warm start."""

    x: Float[Array, " n *batch"]
    y: Float[Array, " m *batch"]
    balance: Float[Array, "*batch"]
    """ω: cost of x against cost of y in the error; the primal weight."""


class Scaling(NamedTuple):
    """Steps of unit balance: ``D² η`` and ``E² η``."""

    x: Float[Array, " n *batch"]
    y: Float[Array, " m *batch"]


class Carry(NamedTuple):
    """State of the main loop."""

    x: Array
    y: Array
    anchor_x: Array
    anchor_y: Array
    balance: Array
    since: Array
    """Iterations since the anchor."""
    iterations: Array
    first_error: Array
    """Fixed-point error at the anchor."""
    last_error: Array
    best: State
    """The newest point of X, T(z)."""
    done: Bool[Array, "*batch"]
    infeasible: Bool[Array, "*batch"]


class Settings(NamedTuple):
    """What a caller may set."""

    tolerance: float
    infeasible_tolerance: float
    max_iterations: int
    block: int


def equilibrate(rows: Rows, like: State) -> Scaling:
    """Steps from row and column sums of |A|: Ruiz' rounds, then Pock and Chambolle's (2011), which bound the norm by 1.

    The last round alone makes the steps safe; the rounds before even out A.
    """
    size = rows.magnitude()
    inverse_root = lambda a: jnp.where(a > 0, 1 / jnp.sqrt(jnp.where(a > 0, a, 1)), 1)
    d, e = jnp.ones_like(like.x), jnp.ones_like(like.y)

    def even(_: Array | int, scales: tuple[Array, Array]) -> tuple[Array, Array]:
        d, e = scales
        return d * inverse_root(d * size.pull(e)), e * inverse_root(e * (size @ d))

    d, e = lax.fori_loop(0, _EQUILIBRATIONS, even, (d, e))
    d, e = even(0, (d, e))
    return Scaling(_STEP * d**2, _STEP * e**2)


def first_balance(lp: LinearProgram, scaling: Scaling) -> Array:
    """ω from the sizes of costs and of bounds, in the norms of the iteration; 1 where there is nothing to go by."""
    finite = lambda a: jnp.where(jnp.isfinite(a), a, 0)
    norm = lambda *arrays: jnp.sqrt(sum(jnp.sum(a, axis=0) for a in arrays))
    cost = norm(scaling.x * lp.cost**2)
    bound = jnp.maximum(jnp.abs(finite(lp.row_low)), jnp.abs(finite(lp.row_high)))
    box = jnp.maximum(jnp.abs(finite(lp.low)), jnp.abs(finite(lp.high)))
    quantity = norm(scaling.y * bound**2)
    quantity = jnp.where(quantity > 0, quantity, norm(box**2 / scaling.x))
    return jnp.where((cost > 0) & (quantity > 0), cost / jnp.where(quantity > 0, quantity, 1), 1)


def _advance(lp: LinearProgram, rows: Rows, groups: Groups, scaling: Scaling, z: State) -> tuple[Array, Array]:
    """T."""
    tau, sigma = scaling.x / z.balance[None], scaling.y * z.balance[None]
    x = project(lp, groups, z.x - tau * (lp.cost - rows.pull(z.y)), 1 / scaling.x)
    # Written so that a price is exactly 0 where no bound holds, and never of the sign of an infinite one.
    ahead = rows @ (2 * x - z.x) - z.y / sigma
    return x, sigma * (jnp.clip(ahead, lp.row_low, lp.row_high) - ahead)


def _error(rows: Rows, scaling: Scaling, dx: Array, dy: Array, balance: Array) -> Array:
    """The norm in which T is nonexpansive."""
    square = jnp.sum(dx**2 / scaling.x, axis=0) * balance + jnp.sum(dy**2 / scaling.y, axis=0) / balance
    return jnp.sqrt(jnp.maximum(square - 2 * jnp.sum(dy * (rows @ dx), axis=0), 0))


class End(NamedTuple):
    """What comes of an LP."""

    best: State
    iterations: Array
    infeasible: Bool[Array, "*batch"]


def iterate(
    lp: LinearProgram, rows: Rows, groups: Groups, start: State, settings: Settings, skip: Array, lanes: int | None
) -> End:
    """Iterate until every LP is optimal, proven infeasible, or at its limit; LPs to ``skip`` are left as they are.

    All together, or through so many ``lanes``: then there is one batch axis, which all arrays of the rows' data have.
    """
    scaling = equilibrate(rows, start)
    balance = jnp.where(start.balance > 0, start.balance, first_balance(lp, scaling))
    x = project(lp, groups, start.x, 1 / scaling.x)
    start = State(x, start.y, balance)
    zero = jnp.zeros_like(balance)
    none = zero.astype(jnp.int32)
    first = Carry(x, start.y, x, start.y, balance, none, none, zero, zero + jnp.inf, start, skip, zero > 0)

    def block(problem: tuple[LinearProgram, Any, Scaling], carry: Carry) -> Carry:
        lp, data, scaling = problem
        its_rows = dataclasses.replace(rows, data=data)
        new = _inspect(lp, its_rows, groups, scaling, settings, carry)
        step = lambda _, c: _step(lp, its_rows, groups, scaling, c)
        new = lax.fori_loop(0, settings.block - 1, step, new)
        keep = lambda old, each: jnp.where(carry.done, old, each)
        return jax.tree.map(keep, carry, new)

    problem = lp, rows.data, scaling
    over = lambda c: c.done | (c.iterations >= settings.max_iterations)
    end = lambda c: End(c.best, c.iterations, c.infeasible)
    if lanes is not None:
        return through_lanes(block, over, end, problem, first, lanes)
    going = lambda c: jnp.any(~over(c))
    return end(lax.while_loop(going, lambda c: block(problem, c), first))


def _halpern(c: Carry, x: Array, y: Array) -> Carry:
    """Reflect, pull towards the anchor, count."""
    pull = (1 / (c.since + 2).astype(x.dtype))[None]
    go = lambda now, new, anchor: (1 - pull) * (2 * new - now) + pull * anchor
    return c._replace(
        x=go(c.x, x, c.anchor_x), y=go(c.y, y, c.anchor_y), since=c.since + 1, iterations=c.iterations + 1
    )


def _step(lp: LinearProgram, rows: Rows, groups: Groups, scaling: Scaling, c: Carry) -> Carry:
    return _halpern(c, *_advance(lp, rows, groups, scaling, State(c.x, c.y, c.balance)))


def _inspect(lp: LinearProgram, rows: Rows, groups: Groups, scaling: Scaling, settings: Settings, c: Carry) -> Carry:
    """A step that also asks whether the LP is done and whether to restart."""
    x, y = _advance(lp, rows, groups, scaling, State(c.x, c.y, c.balance))
    dx, dy = x - c.x, y - c.y
    error = _error(rows, scaling, dx, dy, c.balance)
    proof = prove(lp, rows, groups, x, y)
    worst = jnp.maximum(jnp.maximum(proof.gap, proof.primal_residual), proof.dual_residual)
    infeasible = proves_infeasible(lp, rows, groups, y - c.anchor_y, settings.infeasible_tolerance)
    done = (worst <= settings.tolerance) | infeasible | (error == 0)
    # The guess made at the restart can be too low, as ω changed T; the first look after it sets that right.
    first = jnp.where(jnp.isfinite(c.last_error), c.first_error, jnp.maximum(c.first_error, error))
    restart = (error <= _ENOUGH * first) | ((error <= _HOPEFUL * first) & (error > c.last_error))
    restart |= c.since.astype(x.dtype) >= _LONG * c.iterations.astype(x.dtype)
    balance = jnp.where(restart & (c.iterations > 0), _rebalance(scaling, c, x, y), c.balance)
    anew = _error(rows, scaling, dx, dy, balance)
    new = _halpern(c, x, y)
    pick = lambda a, b: jnp.where(restart, a, b)
    return Carry(
        pick(x, new.x), pick(y, new.y), pick(x, c.anchor_x), pick(y, c.anchor_y), balance,
        pick(0, new.since), new.iterations, pick(anew, first), pick(jnp.inf, error),
        State(x, y, balance), done, infeasible,
    )  # fmt: skip


def _rebalance(scaling: Scaling, c: Carry, x: Array, y: Array) -> Array:
    """ω nearer to how far y went over how far x went since the anchor."""
    far_x = jnp.sqrt(jnp.sum((x - c.anchor_x) ** 2 / scaling.x, axis=0))
    far_y = jnp.sqrt(jnp.sum((y - c.anchor_y) ** 2 / scaling.y, axis=0))
    tiny = jnp.finfo(x.dtype).tiny ** 0.5
    known = (far_x > tiny) & (far_y > tiny)
    ratio = jnp.where(known, far_y / jnp.where(known, far_x, 1), c.balance)
    return c.balance ** (1 - _SMOOTH) * ratio**_SMOOTH


def proves_infeasible(lp: LinearProgram, rows: Rows, groups: Groups, ray: Array, tolerance: float) -> Array:
    """Whether the prices ``ray`` prove that no point keeps rows and sets: their bound on a cost of 0 is above 0.

    A price that would count an infinite row bound is set to 0. Entries of X without a bound must have no reduced
    cost, up to rounding; with a bounded X the proof is exact but for the rounding of its sum.
    """
    ray = jnp.where(jnp.isfinite(jnp.where(ray > 0, lp.row_low, lp.row_high)), ray, 0)
    reduced = -rows.pull(ray)
    size = rows.magnitude().pull(jnp.abs(ray))
    reduced = jnp.where(jnp.abs(reduced) <= 8 * jnp.finfo(ray.dtype).eps * size, 0, reduced)
    bound, unbounded = dual_objective(lp._replace(cost=jnp.zeros_like(lp.cost)), groups, ray, reduced)
    extent = lambda low, high, price: jnp.where(
        price == 0, 0, jnp.abs(price) * jnp.where(jnp.isfinite(low + high), jnp.maximum(jnp.abs(low), jnp.abs(high)), 0)
    )
    whole = jnp.sum(extent(lp.row_low, lp.row_high, ray), axis=0) + jnp.sum(extent(lp.low, lp.high, reduced), axis=0)
    return (bound > tolerance * whole) & (unbounded == 0) & (whole > 0)
