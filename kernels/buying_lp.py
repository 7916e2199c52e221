"""The buying LP, solved exactly for thousands of products at once.

For nodes k, regions r and demand segments m, with x ordered, y shipped, o left over and z served:

    minimize   Σ_k c_k x_k + Σ_kr w_kr y_kr + Σ_k h_k o_k − Σ_rm b_rm z_rm
    subject to Σ_r y_kr + o_k − x_k = s_k
               Σ_k y_kr − Σ_m z_rm = 0
               Σ_k x_k = Q,   0 ≤ x_k ≤ cap_k,   0 ≤ z_rm ≤ d_rm,   y, o ≥ 0

It is a minimum-cost flow, and either of two methods finds its optimal vertex in whole numbers, without tolerances:
"lockstep", successive shortest paths in JAX (`jaxsim.kernels._flow`), and "network_simplex", one thread per LP in
compiled code (`jaxsim.kernels._network_simplex`), which needs Warp and can start from the basis of an earlier solve.
What they find is checked by the same certificate. Three cases: two nodes, one region that wants 10 units worth 20
each, shipping 1 and 2, Q = 10: x = (10, 0). The same with cap = (4, 10): x = (4, 6). With cap = (4, 4) no x exists, and
the status says so.

LP axes come first and the batch last, so that a processor's vector lanes hold different LPs. LPs go through in
blocks small enough for a core's cache; in lockstep a block takes as long as its slowest LP. No LP's answer depends on
its block.

A status is earned: `solve` recomputes objective, gap and residuals from the point that it returns, in the numbers that
came in, and compares the objective with that of a dual point made feasible.
"""

import math
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxsim.kernels import _network_simplex
from jaxsim.kernels._certificate import Point, Prices, cost_size, examine
from jaxsim.kernels._flow import NEVER, Flow, Labels, Network, least_cost_flow
from jaxsim.kernels._problem import BuyingLP, Solution, Status, is_meaningless
from jaxsim.kernels._refine import sharp_labels, sharp_prices
from jaxsim.kernels.projection import capped_simplex
from jaxtyping import Int8, Int32

__all__ = ["BuyingLP", "Method", "Solution", "Status", "basis_size", "known_or", "no_basis", "solve", "solve_from"]

Method = Literal["lockstep", "network_simplex"]

_TOLERANCE = {"float32": 2e-5, "float64": 1e-8}
_BLOCK_ELEMENTS = 32768  # route costs in a block on a CPU: 256 KiB in float64


@partial(jax.jit, static_argnames=("tolerance", "max_passes", "block", "method"))
def solve(
    problem: BuyingLP,
    *,
    tolerance: float | None = None,
    max_passes: int | None = None,
    block: int | None = None,
    active: Int32[Array, ""] | None = None,
    method: Method | None = None,
) -> Solution:
    """Solve a batch of buying LPs; shapes and units as in `BuyingLP`. The floating type follows the inputs.

    ``tolerance`` bounds gap and residuals of an `OPTIMAL` answer (default 1e-8 in float64, 2e-5 in float32; the
    search itself has none). ``max_passes`` bounds the passes of the search, or each LP's pivots (default far beyond
    need). ``block`` is how many LPs go through together (default: by cache size on a CPU, all elsewhere). ``active``
    says that only the first so many LPs of the flattened batch matter (default: all): the others are skipped, mostly
    left at 0, their status too, and say nothing. ``method`` is how the flow is found (default: `default_method`); the
    optimum is the same, but among several optima it may choose. Where the status is `INFEASIBLE` or `BAD_INPUT`, the
    arrays are finite but mean nothing.
    """
    return _solve(problem, None, tolerance, max_passes, block, active, method)[0]


@partial(jax.jit, static_argnames=("tolerance", "max_passes", "block", "method"))
def solve_from(
    problem: BuyingLP,
    basis: Int8[Array, "bytes *batch"],
    *,
    tolerance: float | None = None,
    max_passes: int | None = None,
    block: int | None = None,
    active: Int32[Array, ""] | None = None,
    method: Method | None = None,
) -> tuple[Solution, Int8[Array, "bytes *batch"]]:
    """`solve`, started from the bases of earlier solves of as many LPs of this shape; the new bases come with it.

    The first time there is `no_basis`. A basis of an LP with slightly different costs or quantities saves most of the
    work, any other one costs time; neither changes the optimum. A basis is opaque, belongs to the method and to the
    numbers of nodes and regions, and serves both floating types. "lockstep" has none: its bases are of no bytes.

    Raises:
        ValueError: the basis is of another method or another shape of LP.
    """
    return _solve(problem, basis, tolerance, max_passes, block, active, method)


def no_basis(problem: BuyingLP, method: Method | None = None) -> Int8[Array, "bytes *batch"]:
    """What `solve_from` takes when there was no earlier solve."""
    nodes, regions, *batch = problem.route_cost.shape
    size = basis_size(nodes, regions, problem.segment_width.shape[1], method)
    return jnp.zeros((size, *batch), jnp.int8)


def basis_size(nodes: int, regions: int, segments: int, method: Method | None = None) -> int:
    """Bytes of the basis of one LP."""
    method = method or default_method(nodes, regions, segments)
    return _network_simplex.basis_size(nodes, regions) if method == "network_simplex" else 0


def known_or(basis: Int8[Array, "bytes *batch"], other: Int8[Array, "bytes *batch"]) -> Int8[Array, "bytes *batch"]:
    """Each LP's basis, or the other one where it is none."""
    return jnp.where(basis[:1] != 0, basis, other)


def default_method(nodes: int, regions: int, segments: int) -> Method:
    """The network simplex on a CPU with Warp; on accelerators its speed has not been measured."""
    if jax.default_backend() == "cpu" and _network_simplex.is_available(nodes, regions, segments):
        return "network_simplex"
    return "lockstep"


def _solve(
    problem: BuyingLP,
    basis: Array | None,
    tolerance: float | None,
    max_passes: int | None,
    block: int | None,
    active: Array | None,
    method: Method | None,
) -> tuple[Solution, Array]:
    """Defaults, and one batch axis instead of many."""
    nodes, regions, *batch = problem.route_cost.shape
    segments = problem.segment_width.shape[1]
    count = math.prod(batch)
    if method is None:
        method = default_method(nodes, regions, segments)
    elif method == "network_simplex" and not _network_simplex.is_available(nodes, regions, segments):
        raise ValueError(f"method: the network simplex needs warp-lang and at most {_network_simplex.MOST} of each")
    settings = _Settings(
        method=method,
        tolerance=_TOLERANCE[jnp.dtype(problem.route_cost.dtype).name] if tolerance is None else tolerance,
        max_passes=64 + 16 * (nodes + regions * segments) if max_passes is None else max_passes,
    )
    if block is None:
        block = _default_block(nodes * regions, count)
    if basis is None:
        basis = no_basis(problem, method)
    elif basis.shape[0] != (size := basis_size(nodes, regions, segments, method)):
        raise ValueError(f"basis: {method} needs {size} bytes for each LP of this shape, got {basis.shape[0]}")
    flat = BuyingLP(*(_flatten(array, batch, count) for array in problem))
    answer = _by_blocks(flat, _flatten(basis, batch, count), min(block, count), active, settings)
    return jax.tree.map(lambda array: array.reshape(*array.shape[:-1], *batch), answer)


class _Settings(NamedTuple):
    method: Method
    tolerance: float
    max_passes: int


def _default_block(routes: int, count: int) -> int:
    """A power of two: what fits a core's cache on a CPU, everything at once on an accelerator."""
    if jax.default_backend() != "cpu":
        return count
    return min(256, max(16, 2 ** int(math.log2(_BLOCK_ELEMENTS / routes))))


def _flatten(array: Array, batch: list[int], count: int) -> Array:
    """Broadcast the trailing batch axes to ``batch`` and make them one."""
    lead = array.shape[: array.ndim - len(batch)]
    return jnp.broadcast_to(array, (*lead, *batch)).reshape(*lead, count)


def _by_blocks(
    problem: BuyingLP, basis: Array, block: int, active: Array | None, settings: _Settings
) -> tuple[Solution, Array]:
    """Solve block after block; the last one overlaps its neighbor when the count does not divide."""
    count = problem.order_total.shape[0]
    if block == count:
        return _solve_block(problem, basis, active, settings)
    some = _take(problem, basis, 0, block)
    part = jax.eval_shape(lambda lps, bases: _solve_block(lps, bases, active, settings), *some)
    empty = jax.tree.map(lambda a: jnp.zeros((*a.shape[:-1], count), a.dtype), part)

    def step(index: Array, answer: tuple[Solution, Array]) -> tuple[Solution, Array]:
        start = jnp.minimum(index * block, count - block)
        lps, bases = _take(problem, basis, start, block)
        solved = _solve_block(lps, bases, None if active is None else active - start, settings)
        put = lambda all_of_them, new: lax.dynamic_update_slice_in_dim(all_of_them, new, start, axis=new.ndim - 1)
        return jax.tree.map(put, answer, solved)

    blocks = -(-count // block) if active is None else -(-active // block)
    return lax.fori_loop(0, blocks, step, empty)


def _take(problem: BuyingLP, basis: Array, start: Array | int, block: int) -> tuple[BuyingLP, Array]:
    return jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, start, block, axis=a.ndim - 1), (problem, basis))


def _solve_block(problem: BuyingLP, basis: Array, active: Array | None, settings: _Settings) -> tuple[Solution, Array]:
    """Check, put on the grid, find the flow, bring it back, and examine what came out."""
    bad, short = is_meaningless(problem), _is_short(problem)
    skip = bad | short
    if active is not None:
        skip |= jnp.arange(skip.shape[0], dtype=active.dtype) >= active
    problem = _or_nothing(problem, skip)
    problem = problem._replace(route_cost=_useful_routes(problem))
    net, unit, step = _on_grid(problem)
    if settings.method == "lockstep":
        flow, labels, _ = least_cost_flow(net, settings.max_passes)
    else:
        limit = basis.shape[-1] if active is None else active
        flow, labels, basis, _ = _network_simplex.least_cost_flow(net, basis, settings.max_passes, limit)
    point = _off_grid(problem, flow, unit)
    prices = _prices(problem, labels, step)
    certify = lambda prices: examine(problem, point, prices, (bad, short, flow.open()), settings.tolerance)
    solution = certify(prices)

    def sharper() -> Solution:
        best = solution
        for each in sharp_prices(problem, _prices(problem, sharp_labels(problem, net, flow, step), step), flow):
            other = certify(each)
            best = jax.tree.map(lambda new, old, better=other.gap < best.gap: jnp.where(better, new, old), other, best)
        return best

    return lax.cond(jnp.any(solution.status == Status.INACCURATE), sharper, lambda: solution), basis


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
