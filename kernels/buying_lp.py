"""The buying LP, solved exactly for thousands of products at once.

For nodes k, regions r and demand segments m, with x ordered, y shipped, o left over and z served:

    minimize   Σ_k c_k x_k + Σ_kr w_kr y_kr + Σ_k h_k o_k − Σ_rm b_rm z_rm
    subject to Σ_r y_kr + o_k − x_k = s_k
               Σ_k y_kr − Σ_m z_rm = 0
               Σ_k x_k = Q,   0 ≤ x_k ≤ cap_k,   0 ≤ z_rm ≤ d_rm,   y, o ≥ 0

It is a minimum-cost flow, and `jaxsim.kernels._flow` finds its optimal vertex by successive shortest paths, without
tolerances. Three cases: two nodes, one region that wants 10 units worth 20 each, shipping 1 and 2, Q = 10: x = (10, 0).
The same with cap = (4, 10): x = (4, 6). With cap = (4, 4) no x exists, and the status says so.

LP axes come first and the batch last, so that a processor's vector lanes hold different LPs. LPs go through in
blocks small enough for a core's cache; a block takes as long as its slowest LP. No LP's answer depends on its block.

A status is earned: `solve` recomputes objective, gap and residuals from the point that it returns, in the numbers that
came in, and compares the objective with that of a dual point made feasible.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxsim.kernels._certificate import Point, Prices, cost_size, examine
from jaxsim.kernels._flow import NEVER, Flow, Labels, Network, least_cost_flow
from jaxsim.kernels._problem import BuyingLP, Solution, Status
from jaxsim.kernels._refine import sharp_labels, sharp_prices
from jaxsim.kernels.projection import capped_simplex
from jaxtyping import Int32

__all__ = ["BuyingLP", "Solution", "Status", "solve"]

_TOLERANCE = {"float32": 2e-5, "float64": 1e-8}
_BLOCK_ELEMENTS = 32768  # route costs in a block on a CPU: 256 KiB in float64


@partial(jax.jit, static_argnames=("tolerance", "max_passes", "block"))
def solve(
    problem: BuyingLP,
    *,
    tolerance: float | None = None,
    max_passes: int | None = None,
    block: int | None = None,
    active: Int32[Array, ""] | None = None,
) -> Solution:
    """Solve a batch of buying LPs; shapes and units as in `BuyingLP`. The floating type follows the inputs.

    ``tolerance`` bounds gap and residuals of an `OPTIMAL` answer (default 1e-8 in float64, 2e-5 in float32; the
    search itself has none). ``max_passes`` bounds the passes of the search (default far beyond need). ``block`` is
    how many LPs go through together (default: by cache size on a CPU, all elsewhere). ``active`` says that only the
    first so many LPs of the flattened batch matter (default: all): blocks past them are skipped and left at 0, their
    status too, which there says nothing. Where the status is `INFEASIBLE` or `BAD_INPUT`, the arrays are finite but
    mean nothing.
    """
    nodes, regions, *batch = problem.route_cost.shape
    segments = problem.segment_width.shape[1]
    count = math.prod(batch)
    passes = 64 + 16 * (nodes + regions * segments) if max_passes is None else max_passes
    if tolerance is None:
        tolerance = _TOLERANCE[jnp.dtype(problem.route_cost.dtype).name]
    if block is None:
        block = _default_block(nodes * regions, count)
    flat = BuyingLP(*(_flatten(array, batch, count) for array in problem))
    solution = _by_blocks(flat, min(block, count), tolerance, passes, active)
    return jax.tree.map(lambda array: array.reshape(*array.shape[:-1], *batch), solution)


def _default_block(routes: int, count: int) -> int:
    """A power of two: what fits a core's cache on a CPU, everything at once on an accelerator."""
    if jax.default_backend() != "cpu":
        return count
    return min(256, max(16, 2 ** int(math.log2(_BLOCK_ELEMENTS / routes))))


def _flatten(array: Array, batch: list[int], count: int) -> Array:
    """Broadcast the trailing batch axes to ``batch`` and make them one."""
    lead = array.shape[: array.ndim - len(batch)]
    return jnp.broadcast_to(array, (*lead, *batch)).reshape(*lead, count)


def _by_blocks(problem: BuyingLP, block: int, tolerance: float, max_passes: int, active: Array | None) -> Solution:
    """Solve block after block; the last one overlaps its neighbor when the count does not divide."""
    count = problem.order_total.shape[0]
    if block == count:
        return _solve_block(problem, tolerance, max_passes)
    part = jax.eval_shape(lambda lp: _solve_block(lp, tolerance, max_passes), _take(problem, 0, block))
    empty = jax.tree.map(lambda a: jnp.zeros((*a.shape[:-1], count), a.dtype), part)

    def step(index: Array, solution: Solution) -> Solution:
        start = jnp.minimum(index * block, count - block)
        solved = _solve_block(_take(problem, start, block), tolerance, max_passes)
        put = lambda whole, new: lax.dynamic_update_slice_in_dim(whole, new, start, axis=whole.ndim - 1)
        return jax.tree.map(put, solution, solved)

    blocks = -(-count // block) if active is None else -(-active // block)
    return lax.fori_loop(0, blocks, step, empty)


def _take(problem: BuyingLP, start: Array | int, block: int) -> BuyingLP:
    return BuyingLP(*(lax.dynamic_slice_in_dim(a, start, block, axis=a.ndim - 1) for a in problem))


def _solve_block(problem: BuyingLP, tolerance: float, max_passes: int) -> Solution:
    """Check, put on the grid, find the flow, bring it back, and examine what came out."""
    bad, short = _is_bad(problem), _is_short(problem)
    problem = _or_nothing(problem, bad | short)
    problem = problem._replace(route_cost=_useful_routes(problem))
    net, unit, step = _on_grid(problem)
    flow, labels, _ = least_cost_flow(net, max_passes)
    point = _off_grid(problem, flow, unit)
    prices = _prices(problem, labels, step)
    certify = lambda prices: examine(problem, point, prices, (bad, short, flow.open()), tolerance)
    solution = certify(prices)

    def sharper() -> Solution:
        best = solution
        for each in sharp_prices(problem, _prices(problem, sharp_labels(problem, net, flow, step), step), flow):
            other = certify(each)
            best = jax.tree.map(lambda new, old, better=other.gap < best.gap: jnp.where(better, new, old), other, best)
        return best

    return lax.cond(jnp.any(solution.status == Status.INACCURATE), sharper, lambda: solution)


def _is_bad(problem: BuyingLP) -> Array:
    """Which LPs have a number that means nothing."""
    no = lambda bad: jnp.any(bad.reshape(-1, bad.shape[-1]), axis=0)
    wrong = [~jnp.isfinite(a) for a in problem._replace(route_cost=problem.order_cap)]
    wrong += [a < 0 for a in (problem.order_cap, problem.order_total, problem.supply, problem.segment_width)]
    wrong += [~(problem.route_cost > -jnp.inf), problem.segment_value[:, 1:] > problem.segment_value[:, :-1]]
    bad = no(wrong[0])
    for each in wrong[1:]:
        bad |= no(each)
    return bad


def _is_short(problem: BuyingLP) -> Array:
    """Which LPs have caps below the total, beyond the rounding error of summing them."""
    slack = 4 * problem.order_cap.shape[0] * jnp.finfo(problem.order_cap.dtype).eps
    return jnp.sum(problem.order_cap, axis=0) < problem.order_total * (1 - slack)


def _or_nothing(problem: BuyingLP, skip: Array) -> BuyingLP:
    """An LP without units, which takes no work, in the place of those to skip."""
    spread = lambda a: skip.reshape((1,) * (a.ndim - 1) + skip.shape)
    return BuyingLP(*(jnp.where(spread(a), jnp.zeros_like(a), a) for a in problem))


def _useful_routes(problem: BuyingLP) -> Array:
    """Route costs, +inf where leaving a unit over is at least as good as serving the region's best segment."""
    useful = problem.route_cost < problem.overage_cost[:, None] + problem.segment_value[None, :, 0]
    return jnp.where(useful, problem.route_cost, jnp.inf)


def _power_of_two(size: Array, bits: int) -> Array:
    """2^(e - bits) for the least 2^e above ``size``; 1 where the size is 0."""
    exponent = jnp.frexp(jnp.where(size > 0, size, 1))[1] - bits
    return jnp.where(size > 0, jnp.ldexp(jnp.ones_like(size), exponent), 1)


def _on_grid(problem: BuyingLP) -> tuple[Network, Array, Array]:
    """The LP in whole numbers, with the unit of quantity (one bit finer than rounding) and the step of cost.

    All units together are less than 2^(mantissa bits), so sums of quantities are exact; costs leave four bits for
    paths. A cap or width is cut at twice all units, which keeps it from ever being reached.
    """
    mantissa = jnp.finfo(problem.supply.dtype).nmant
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    unit = _power_of_two(everything, mantissa)
    step = _power_of_two(cost_size(problem), mantissa - 3)
    row = lambda each, a: each.reshape((1,) * (a.ndim - 1) + each.shape)
    whole = lambda a: jnp.round(jnp.minimum(a, 2 * row(everything, a)) / row(unit, a))
    amount = lambda a: jnp.where(row(everything, a) > 0, whole(a), jnp.sign(a))
    steps = lambda a: jnp.round(a / row(step, a))
    cap, total = amount(problem.order_cap), amount(problem.order_total)
    net = Network(
        order_cost=jnp.where(cap > 0, steps(problem.order_cost), 0),
        cap=cap,
        total=jnp.minimum(total, jnp.sum(cap, axis=0)),
        supply=amount(problem.supply),
        route_cost=jnp.where(jnp.isfinite(problem.route_cost), steps(problem.route_cost), NEVER),
        overage_cost=steps(problem.overage_cost),
        segment_value=steps(problem.segment_value),
        filled=jnp.cumsum(amount(problem.segment_width), axis=1),
    )
    return net, unit, step


def _off_grid(problem: BuyingLP, flow: Flow, unit: Array) -> Point:
    """The flow in units; the order is projected and the rest follows from it, so only rounding can be violated."""
    order = capped_simplex(flow.order * unit[None], problem.order_cap, problem.order_total)
    ship = flow.ship * unit[None, None]
    leftover = jnp.maximum(problem.supply + order - jnp.sum(ship, axis=1), 0)
    # No flow fills more than all units: cut there, a wide segment takes no digits from the ones after it.
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    width = jnp.minimum(problem.segment_width, everything[None, None])
    before = jnp.concatenate([jnp.zeros_like(width[:, :1]), jnp.cumsum(width[:, :-1], axis=1)], axis=1)
    served = jnp.clip(jnp.sum(ship, axis=0)[:, None] - before, 0, problem.segment_width)
    return Point(order, ship, leftover, served)


def _prices(problem: BuyingLP, labels: Labels, step: Array) -> Prices:
    """A dual point from the labels, feasible by construction: each price is the best that the ones before allow."""
    supply = jnp.minimum(labels.node * step[None], problem.overage_cost)
    demand = jnp.max(supply[:, None] - problem.route_cost, axis=0)
    demand = jnp.maximum(demand, -problem.segment_value[:, 0])
    reach = problem.order_cost + supply
    dearest = jnp.max(jnp.where(problem.order_cap > 0, reach, -jnp.inf), axis=0)
    order = jnp.where(labels.pool < NEVER / 2, labels.pool * step, dearest)
    return Prices(supply, demand, jnp.where(jnp.isfinite(order), order, 0))
