"""The iteration of the interior point method: Mehrotra's predictor and corrector (1992) on the arcs of the buying LP.

Steps are relative to what they change, so one division per product is enough. A point stays as it is once its LP is
done; nothing that an LP does depends on the others.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxsim.kernels.buying.methods.interior_point.arcs import (
    Conductances,
    Dual,
    Iterate,
    Quantities,
    balance,
    conductances,
    drops,
    network_factors,
)
from jaxsim.kernels.laplacian import dot, least, most, potentials, whole
from jaxsim.kernels.no_fuse import no_fuse

_STEP = 0.9995
"""Of the way to the nearest boundary."""
_CENTRAL_STEP, _CENTERING = 0.95, 0.1
"""Of the way, and of the mean product, on the way to a point of the central path."""
_LOST = {"float32": 1e-5, "float64": 1e-11}
"""What rounding may take from the rows, of all units; a tenth of the products may always go. Else a step is refused."""
_REFINED = {"float32": 1.0, "float64": 1e-5}
"""Sums of products below which steps are refined."""
_CLOSE = 30
"""Times the gap aimed at: where a step is refused there, the search has ended."""
_SHORTEST = 1e-4
"""A step below it in both spaces is none: the LP is left where it is."""


class Aims(NamedTuple):
    """Products aimed at, relative to what they are."""

    out: Array
    low: Array
    high: Array


class Steps(NamedTuple):
    """Relative to what they change; fields as in `Iterate`."""

    out: Array
    out_slack: Array
    low: Array
    high: Array
    low_slack: Array
    high_slack: Array


class Goal(NamedTuple):
    """When an LP is done."""

    gap: Array
    """(B,): the sum of products, as a part of the terms of the objective; 0 for never."""
    product: Array
    """(B,): what every product shall be; 0 for as small as can be."""
    bound_size: Array
    """|cost| of `bound`."""
    leftover_size: Array


def iterate(
    quantities: Quantities,
    dual: Dual,
    first: Iterate,
    goal: Goal,
    limit: int,
    skip: Array | None = None,
    central: bool = False,
) -> tuple[Iterate, Array, Array]:
    """Iterate until every LP is done, stuck, or at the limit: the iterates, who reached the goal, and how many took.

    LPs to ``skip`` stay. ``central`` asks for products that are equal, not only for a small gap.
    """
    count = jnp.maximum(_count(first), 1)

    def look(it: Iterate) -> tuple[Array, Array, Array]:
        total, size = _products(it, goal)
        done, close = _is_small(it, goal, total, size)
        return total / count, _is_central(it, goal) if central else done, close

    def advance(carry: tuple[Array, Iterate, Array, Array, Array, Array]) -> tuple:
        index, it, product, done, stuck, taken = carry
        go = ~(done | stuck)
        new, moved = step(quantities, dual, it, product, count, goal.product if central else None, go)
        kept = _keeps_rows(quantities, new, product * count) | central
        it = jax.tree.map(lambda a, b: jnp.where(kept, a, b), new, it)
        product, reached, close = look(it)
        reached |= ~kept & close  # as far as the digits go
        taken += go.astype(jnp.int32)
        return index + 1, it, product, done | (go & reached), stuck | (go & ~(moved & kept) & ~reached), taken

    product, done, _ = look(first)
    if skip is not None:
        done |= skip
    carry = jnp.int32(0), first, product, done, jnp.zeros_like(done), jnp.zeros(done.shape, jnp.int32)
    busy = lambda carry: (carry[0] < limit) & ~jnp.all(carry[3] | carry[4])
    _, it, _, done, _, taken = lax.while_loop(busy, advance, carry)
    return it, done, taken


def step(
    quantities: Quantities, dual: Dual, it: Iterate, now: Array, count: Array, product: Array | None, go: Array
) -> tuple[Iterate, Array]:
    """One predictor and corrector, and who moved; LPs with ``go`` false stay as they are.

    The ``count`` products are ``now`` in the mean and go to ``product``, to 0 if there is none.
    """
    g = conductances(it)
    factors = network_factors(g)
    if product is not None:
        product = jnp.maximum(product, _CENTERING * now)
    aims = None if product is None else _aim_at(g, product)
    flow = _flow(dual, it, g, aims)
    toward = _relative(dual, it, g, flow[1], *potentials(factors, *balance(quantities, *flow)))
    aims = _aim(g, toward, aims, now, product)
    flow = _flow(dual, it, g, aims)
    node, hub = potentials(factors, *balance(quantities, *flow))
    relative = _relative(dual, it, g, flow[1], node, hub)
    late = now < _REFINED[now.dtype.name] / count

    def refined() -> tuple[tuple[Array, Array, Array], Array, Array]:
        more = potentials(factors, *balance(quantities, *_arrived(it, aims, relative)))
        better = _refined(it, g, relative, *more), node + more[0], hub + more[1]
        return jax.tree.map(lambda a, b: jnp.where(late, a, b), better, (relative, node, hub))

    relative, node, hub = lax.cond(jnp.any(late & go), refined, lambda: (relative, node, hub))
    steps = _steps(aims, relative)
    primal, dual_length = _lengths(steps, jnp.where(go, _STEP if product is None else _CENTRAL_STEP, 0))
    return _move(it, steps, node, hub, primal, dual_length)


@no_fuse
def _count(it: Iterate) -> Array:
    """How many products there are."""
    return whole(jnp.sign(it.out_slack)) + whole(jnp.sign(it.low_slack) + jnp.sign(it.high_slack))


@no_fuse
def _products(it: Iterate, goal: Goal) -> tuple[Array, Array]:
    """The sum of all products, and the size that it is compared with."""
    total = whole(dot(it.out, it.out_slack)) + dot(it.low, it.low_slack) + dot(it.high, it.high_slack)
    return total, dot(goal.bound_size, it.low) + dot(goal.leftover_size, it.out[:, -1])


@no_fuse
def _is_small(it: Iterate, goal: Goal, total: Array, size: Array) -> tuple[Array, Array]:
    """Whether the products are small enough and the first residuals gone, and whether they almost are."""
    clean = jnp.maximum(it.dual_infeasibility, it.primal_infeasibility) <= _gone(total)
    return clean & (total <= goal.gap * size), clean & (total <= _CLOSE * goal.gap * size)


def _gone(a: Array) -> Array:
    """A factor that leaves nothing worth mentioning."""
    return 1e-3 * jnp.sqrt(jnp.finfo(a.dtype).eps)


@no_fuse
def _keeps_rows(quantities: Quantities, it: Iterate, products: Array) -> Array:
    """Rows hold to a small part of the products. Near its end float32 can lose them to rounding."""
    node, hub = balance(quantities, it.out, it.low)
    lost = jnp.maximum(most(jnp.abs(node)), most(jnp.abs(hub)))
    return lost <= jnp.maximum(_LOST[lost.dtype.name] + 0.1 * products, 2 * it.primal_infeasibility)


@no_fuse
def _is_central(it: Iterate, goal: Goal) -> Array:
    """All products are within a part of what they shall be, and the dual residual is gone."""
    near = goal.product * (4096 * jnp.finfo(it.dual_infeasibility.dtype).eps)
    apart_from = lambda value, slack: most(jnp.where(slack > 0, jnp.abs(value * slack - goal.product), 0))
    apart = jnp.maximum(apart_from(it.low, it.low_slack), apart_from(it.high, it.high_slack))
    feasible = it.dual_infeasibility <= _gone(it.dual_infeasibility)
    return (jnp.maximum(apart, apart_from(it.out, it.out_slack)) <= near) & feasible


@no_fuse
def _aim_at(g: Conductances, product: Array) -> Aims:
    return Aims(product * g.out_w, product * g.low_w, product * g.high_w)


@no_fuse
def _flow(dual: Dual, it: Iterate, g: Conductances, aims: Aims | None) -> tuple[Array, Array]:
    """Flows that would bring all products to the aims, to 0 without any, were potentials to stay."""
    if aims is None:
        bound = it.high_slack - it.low_slack - it.dual_infeasibility * dual.bound
        return -g.out * (it.dual_infeasibility * dual.out), it.low + g.bound * bound
    bound = (aims.low - 1) * it.low_slack - (aims.high - 1) * it.high_slack - it.dual_infeasibility * dual.bound
    return it.out * aims.out - g.out * (it.dual_infeasibility * dual.out), it.low + g.bound * bound


@no_fuse
def _relative(
    dual: Dual, it: Iterate, g: Conductances, bound_flow: Array, node: Array, hub: Array
) -> tuple[Array, Array, Array]:
    """Relative steps of the slack of `out`, of `low` and of `high`."""
    out, bound = drops(node, hub, it.low.shape[0])
    change = bound_flow - it.low - g.bound * bound
    slack = (it.dual_infeasibility * dual.out + out) * (it.out * g.out_w)
    return slack, change * it.low_slack * g.low_w, -change * it.high_slack * g.high_w


@no_fuse
def _aim(
    g: Conductances, toward: tuple[Array, Array, Array], first: Aims | None, now: Array, product: Array | None
) -> Aims:
    """One product for all arcs by how far the predictor gets, less its error of second order.

    The relative steps of a value and its slack add up to what was aimed at less 1.
    """
    out, low, high = (1, 1, 1) if first is None else (1 - each for each in first)
    slack, value, room = toward
    primal = -jnp.minimum(least(-slack - out), jnp.minimum(least(value), least(room)))
    dual = -jnp.minimum(least(slack), jnp.minimum(least(-value - low), least(-room - high)))
    shrink = 1 - 1 / jnp.maximum(jnp.maximum(primal, dual), 1)
    aim = shrink**3 * now if product is None else product

    def to(w: Array, rel: Array, remainder: Array | int) -> Array:
        if product is None:
            return aim * w + rel * (rel + remainder)
        # Towards the center there is no hurry; unchecked corrections would leave single products far behind.
        return aim * w + jnp.clip(rel * (rel + remainder), -0.9 * aim * w, 9 * aim * w)

    return Aims(to(g.out_w, slack, out), to(g.low_w, value, low), to(g.high_w, room, high))


@no_fuse
def _arrived(it: Iterate, aims: Aims, relative: tuple[Array, Array, Array]) -> tuple[Array, Array]:
    """Flows after a whole step."""
    return it.out * (aims.out - relative[0]), it.low * (1 + relative[1])


@no_fuse
def _refined(
    it: Iterate, g: Conductances, relative: tuple[Array, Array, Array], node: Array, hub: Array
) -> tuple[Array, Array, Array]:
    """Steps with the currents that rounding had lost: potentials in float32 say little about arcs that carry much."""
    out, bound = drops(node, hub, it.low.shape[0])
    change = -g.bound * bound
    slack, low, high = relative
    return (
        slack + out * (it.out * g.out_w),
        low + change * it.low_slack * g.low_w,
        high - change * it.high_slack * g.high_w,
    )


@no_fuse
def _steps(aims: Aims, relative: tuple[Array, Array, Array]) -> Steps:
    slack, low, high = relative
    return Steps(aims.out - 1 - slack, slack, low, high, aims.low - 1 - low, aims.high - 1 - high)


@no_fuse
def _lengths(steps: Steps, part: Array) -> tuple[Array, Array]:
    """How far to go in quantities and in prices: this part of the way to the boundary, and 1 at the most."""
    worst = lambda value, low, high: -jnp.minimum(least(value), least(jnp.minimum(low, high)))
    length = lambda worst: jnp.minimum(jnp.sign(part), part / jnp.maximum(worst, 0.25))
    primal, dual = worst(steps.out, steps.low, steps.high), worst(steps.out_slack, steps.low_slack, steps.high_slack)
    return length(primal), length(dual)


@no_fuse
def _move(it: Iterate, steps: Steps, node: Array, hub: Array, primal: Array, dual: Array) -> tuple[Iterate, Array]:
    """Lengths that are NaN change nothing."""
    moved = (primal > _SHORTEST) | (dual > _SHORTEST)
    grow = lambda a, rel, length: jnp.where(moved, a * (1 + length * rel), a)
    shift = lambda a, change: jnp.where(moved, a + dual * change, a)
    iterate = Iterate(
        grow(it.out, steps.out, primal), grow(it.out_slack, steps.out_slack, dual),
        grow(it.low, steps.low, primal), grow(it.high, steps.high, primal),
        grow(it.low_slack, steps.low_slack, dual), grow(it.high_slack, steps.high_slack, dual),
        shift(it.node, node), shift(it.hub, hub),
        jnp.where(moved, it.dual_infeasibility * (1 - dual), it.dual_infeasibility),
        jnp.where(moved, it.primal_infeasibility * (1 - primal), it.primal_infeasibility),
    )  # fmt: skip
    return iterate, moved
