"""The buying LP, solved for thousands of products at once.

For nodes k, regions r and demand segments m, with x ordered, y shipped, o left over and z served:

    minimize   Σ_k c_k x_k + Σ_kr w_kr y_kr + Σ_k h_k o_k − Σ_rm b_rm z_rm
    subject to Σ_r y_kr + o_k − x_k = s_k
               Σ_k y_kr − Σ_m z_rm = 0
               Σ_k x_k = Q,   0 ≤ x_k ≤ cap_k,   0 ≤ z_rm ≤ d_rm,   y, o ≥ 0

Three cases: two nodes, one region that wants 10 units worth 20 each, shipping 1 and 2, Q = 10: x = (10, 0). The same
with cap = (4, 10): x = (4, 6). With cap = (4, 4) no x exists, and the status says so.

Every method takes the same arrays and gives the same `Solution`, with a state to start a similar LP from:

- "network_simplex": an optimal vertex, in compiled code; needs Warp (`jaxsim.kernels._network_simplex`)
- "lockstep": an optimal vertex, by successive shortest paths in JAX (`jaxsim.kernels._flow`)
- "interior_point": a point within the tolerance, in JAX (`jaxsim.kernels.interior_point`, also for sensitivities);
  "interior_point_mixed" starts LPs of float64 in float32
- "first_order": the same without factorizations (`jaxsim.kernels.first_order`, for any LP over such sets)

Side constraints on the order are in `jaxsim.kernels.side_constraints`.

A status is earned: objective, gap and residuals are recomputed from the point that is returned, in the numbers that
came in, and the objective is compared with that of a dual point made feasible. `jaxsim.kernels._certificate` does so
for all methods but the compiled one, which has the same in its own language.

LP axes come first and the batch last, so that a processor's vector lanes hold different LPs. LPs go through in blocks
small enough for a core's cache; a block takes as long as its slowest LP. No LP's answer depends on its block.
"""

import math
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxsim.kernels import _lockstep, _network_simplex, first_order, interior_point
from jaxsim.kernels._certificate import Certify, Limits, Point, Prices, examine
from jaxsim.kernels._lp_blocks import active_by_blocks, by_blocks, default_block, flatten, unflatten
from jaxsim.kernels._problem import BuyingLP, Solution, Status, is_meaningless, is_short, or_nothing
from jaxtyping import Bool, Int8

__all__ = [
    "BuyingLP",
    "Method",
    "Solution",
    "Start",
    "Status",
    "basis_size",
    "known_or",
    "no_start",
    "solve",
    "solve_from",
]

Method = Literal["lockstep", "network_simplex", "interior_point", "interior_point_mixed", "first_order"]

Start = Any
"""A pytree of arrays with the LPs' batch axes last; opaque."""

_SOLVERS = {
    "lockstep": _lockstep.solve_block,
    "interior_point": interior_point.solve_block,
    "interior_point_mixed": partial(interior_point.solve_block, mixed=True),
    "first_order": first_order.solve_block,
}
_TOLERANCE = {"float32": 2e-5, "float64": 1e-8}
_BLOCK_ELEMENTS = 32768  # route costs in a block on a CPU: 256 KiB in float64


@partial(jax.jit, static_argnames=("tolerance", "max_iterations", "block", "method"))
def solve(
    problem: BuyingLP,
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    block: int | None = None,
    active: Bool[Array, "*batch"] | None = None,
    method: Method | None = None,
) -> Solution:
    """Solve a batch of buying LPs; shapes and units as in `BuyingLP`. The floating type follows the inputs.

    ``tolerance`` bounds gap and residuals of an `OPTIMAL` answer (default 1e-8 in float64, 2e-5 in float32; the exact
    methods' search itself has none). ``max_iterations`` bounds the iterations, passes or pivots (default far beyond
    need). ``block`` is how many LPs go through together (default: by cache size on a CPU, all elsewhere;
    "network_simplex" and "first_order" have their own). ``active`` says which LPs matter (default: all); every number
    of the others' answers is 0, their status too. ``method`` is how the LP is solved (default: `default_method`); the
    optimum is the same, but among several optima it may choose. Where the status is `INFEASIBLE` or `BAD_INPUT`, the
    arrays are finite but mean nothing.

    Raises:
        ValueError: the method cannot be had, or not for LPs of this shape.
    """
    return _solve(problem, None, tolerance, max_iterations, block, active, method)[0]


@partial(jax.jit, static_argnames=("tolerance", "max_iterations", "block", "method"))
def solve_from(
    problem: BuyingLP,
    start: Start,
    *,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    block: int | None = None,
    active: Bool[Array, "*batch"] | None = None,
    method: Method | None = None,
) -> tuple[Solution, Start]:
    """`solve`, started where earlier solves of as many LPs of this shape ended; where this one ended comes with it.

    The first time there is `no_start`. The start of an LP with slightly different costs or quantities saves most of the
    work, any other one costs time; neither changes the optimum. An inactive LP's start stays as it is. A start is
    opaque and belongs to the method and to the shape of the LP. "lockstep" has none: its starts are of no bytes.

    Raises:
        ValueError: as `solve`, or the start is of another method or another shape of LP.
    """
    return _solve(problem, start, tolerance, max_iterations, block, active, method)


def no_start(problem: BuyingLP, method: Method | None = None) -> Start:
    """What `solve_from` takes when there was no earlier solve."""
    nodes, regions, *batch = problem.route_cost.shape
    segments = problem.segment_width.shape[1]
    method = method or default_method(nodes, regions, segments)
    if method.startswith("interior_point"):
        return interior_point.no_state(problem)
    if method == "first_order":
        return first_order.no_state(problem)
    return jnp.zeros((basis_size(nodes, regions, segments, method), *batch), jnp.int8)


def basis_size(nodes: int, regions: int, segments: int, method: Method | None = None) -> int:
    """Bytes of the basis of one LP, which is where an exact method starts."""
    method = method or default_method(nodes, regions, segments)
    return _network_simplex.basis_size(nodes, regions) if method == "network_simplex" else 0


def known_or(basis: Int8[Array, " bytes *batch"], other: Int8[Array, " bytes *batch"]) -> Int8[Array, " bytes *batch"]:
    """Each LP's basis, or the other one where it is none."""
    return jnp.where(basis[:1] != 0, basis, other)


def default_method(nodes: int, regions: int, segments: int) -> Method:
    """The faster exact method by `benchmarks/LIMITS.md`: on a CPU with Warp the network simplex."""
    if jax.default_backend() == "cpu" and _network_simplex.is_available(nodes, regions, segments):
        return "network_simplex"
    return "lockstep"


def _solve(
    problem: BuyingLP,
    start: Start | None,
    tolerance: float | None,
    max_iterations: int | None,
    block: int | None,
    active: Array | None,
    method: Method | None,
) -> tuple[Solution, Start]:
    """Defaults, and one batch axis instead of many."""
    nodes, regions, *batch = problem.route_cost.shape
    segments = problem.segment_width.shape[1]
    count = math.prod(batch)
    if method is None:
        method = default_method(nodes, regions, segments)
    elif method == "network_simplex" and not _network_simplex.is_available(nodes, regions, segments):
        raise ValueError(f"method: the network simplex needs warp-lang and at most {_network_simplex.MOST} of each")
    if tolerance is None:
        tolerance = _TOLERANCE[jnp.dtype(problem.route_cost.dtype).name]
    if max_iterations is None:
        max_iterations = _most_iterations(method, nodes + regions * segments)
    settings = _Settings(method, Limits(max_iterations, tolerance))
    elements = _BLOCK_ELEMENTS // 2 if method.startswith("interior_point") else _BLOCK_ELEMENTS
    if block is None:  # "first_order" has lanes of its own
        block = count if method == "first_order" else default_block(nodes * regions, count, elements)
    none = jax.eval_shape(lambda lps: no_start(lps, method), problem)
    if start is None:
        start = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), none)
    elif jax.tree.map(jnp.shape, start) != jax.tree.map(jnp.shape, none):
        raise ValueError(f"start: not one of {method} for LPs of this shape; see no_start")
    flat, start, active = flatten((problem, start, active), problem)
    if method == "network_simplex":
        found = _network_simplex.solve(flat, start, active, settings.limits)[:2]
    else:
        found = _traced(flat, start, block, active, settings)
    return unflatten(found, problem)


class _Settings(NamedTuple):
    method: Method
    limits: Limits


def _most_iterations(method: Method, size: int) -> int:
    if method.startswith("interior_point"):
        return 40
    return 20_000 if method == "first_order" else 64 + 16 * size


def _traced(
    problem: BuyingLP, start: Start, block: int, active: Array | None, settings: _Settings
) -> tuple[Solution, Start]:
    """A method in JAX, block after block."""

    def solve_block(some: tuple[BuyingLP, Start, Array | None]) -> tuple[Solution, Start]:
        lps, starts, matter = some
        lps, certify = _prepared(lps, matter, settings)
        return _SOLVERS[settings.method](lps, starts, settings.limits, certify)

    if active is None:
        return by_blocks(solve_block, (problem, start, None), block)
    found = active_by_blocks(solve_block, (problem, start, active), block, active)
    solution, after = jax.tree.map(lambda a: jnp.where(active, a, jnp.zeros_like(a)), found[0]), found[1]
    return solution, jax.tree.map(partial(jnp.where, active), after, start)


def _prepared(problem: BuyingLP, matter: Array | None, settings: _Settings) -> tuple[BuyingLP, Certify]:
    """A block's LPs without those that need no solver, and what examines their answers."""
    bad, short = is_meaningless(problem), is_short(problem)
    skip = bad | short if matter is None else bad | short | ~matter
    problem = or_nothing(problem, skip)
    problem = problem._replace(route_cost=_useful_routes(problem))

    def certify(point: Point, prices: Prices, unfinished: Array) -> Solution:
        return examine(problem, point, prices, (bad, short, unfinished), settings.limits.tolerance)

    return problem, certify


def _useful_routes(problem: BuyingLP) -> Array:
    """Route costs, +inf where leaving a unit over is at least as good as serving the region's best segment."""
    useful = problem.route_cost < problem.overage_cost[:, None] + problem.segment_value[None, :, 0]
    return jnp.where(useful, problem.route_cost, jnp.inf)
