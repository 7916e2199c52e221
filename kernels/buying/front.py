"""The buying LP, solved for thousands of products at once.

For nodes k, regions r and demand segments m, with x ordered, y shipped, o left over and z served:

    minimize   Σ_k c_k x_k + Σ_kr w_kr y_kr + Σ_k h_k o_k − Σ_rm b_rm z_rm
    subject to Σ_r y_kr + o_k − x_k = s_k
               Σ_k y_kr − Σ_m z_rm = 0
               Σ_k x_k = Q,   0 ≤ x_k ≤ cap_k,   0 ≤ z_rm ≤ d_rm,   y, o ≥ 0

Three cases: two nodes, one region that wants 10 units worth 20 each, shipping 1 and 2, Q = 10: x = (10, 0). The same
with cap = (4, 10): x = (4, 6). With cap = (4, 4) no x exists, and the status says so.

Every method takes the same arrays and gives the same `Solution`, with a state to start a similar LP from:

- "network_simplex": an optimal vertex, in compiled code; needs Warp (`methods.network_simplex`)
- "shortest_paths": an optimal vertex, by successive shortest paths in JAX (`methods.shortest_paths`)
- "interior_point": a point within the tolerance, in JAX (`methods.interior_point`, also for sensitivities);
  "interior_point_mixed" starts LPs of float64 in float32
- "first_order": the same without factorizations (`methods.first_order`)

Side constraints on the order are in `jaxsim.kernels.side_constraints`.

A status is earned: objective, gap and residuals are recomputed from the point that is returned, in the numbers that
came in, and the objective is compared with that of a dual point made feasible. `certificate` does so for all methods
but the compiled one, which has the same in its own language.

LP axes come first and the batch last, so that a processor's vector lanes hold different LPs. LPs go through in blocks
small enough for a core's cache; a block takes as long as its slowest LP. No LP's answer depends on its block.
"""

import math
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Int8

from jaxsim.kernels.batches import default_block, flatten, unflatten
from jaxsim.kernels.buying.blocks import SolveBlock, Start, solve_by_blocks
from jaxsim.kernels.buying.certificate import Limits
from jaxsim.kernels.buying.methods import first_order
from jaxsim.kernels.buying.methods.interior_point import search as interior_point
from jaxsim.kernels.buying.methods.network_simplex import compiled
from jaxsim.kernels.buying.methods.shortest_paths import search as shortest_paths
from jaxsim.kernels.buying.problem import BuyingLP, Solution
from jaxsim.kernels.status import Status

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

Method = Literal["shortest_paths", "network_simplex", "interior_point", "interior_point_mixed", "first_order"]

_SOLVERS: dict[str, SolveBlock] = {
    "shortest_paths": shortest_paths.solve_block,
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
    opaque and belongs to the method and to the shape of the LP. "shortest_paths" has none: its starts are of no bytes.

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
    return compiled.basis_size(nodes, regions) if method == "network_simplex" else 0


def known_or(basis: Int8[Array, " bytes *batch"], other: Int8[Array, " bytes *batch"]) -> Int8[Array, " bytes *batch"]:
    """Each LP's basis, or the other one where it is none."""
    return jnp.where(basis[:1] != 0, basis, other)


def default_method(nodes: int, regions: int, segments: int) -> Method:
    """The faster exact method by `benchmarks/LIMITS.md`: on a CPU with Warp the network simplex."""
    if jax.default_backend() == "cpu" and compiled.is_available(nodes, regions, segments):
        return "network_simplex"
    return "shortest_paths"


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
    elif method == "network_simplex" and not compiled.is_available(nodes, regions, segments):
        raise ValueError(f"method: the network simplex needs warp-lang and at most {compiled.MOST} of each")
    if tolerance is None:
        tolerance = _TOLERANCE[jnp.dtype(problem.route_cost.dtype).name]
    if max_iterations is None:
        max_iterations = _most_iterations(method, nodes + regions * segments)
    limits = Limits(max_iterations, tolerance)
    elements = _BLOCK_ELEMENTS // 2 if method.startswith("interior_point") else _BLOCK_ELEMENTS
    if block is None:  # "first_order" has lanes of its own
        block = count if method == "first_order" else default_block(nodes * regions, count, elements)
    none = jax.eval_shape(lambda lps: no_start(lps, method), problem)
    if start is None:
        start = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), none)
    elif jax.tree.map(jnp.shape, start) != jax.tree.map(jnp.shape, none):
        raise ValueError(f"start: not one of {method} for LPs of this shape; see no_start")
    flat, start, active = flatten((problem, start, active), problem.order_total.shape)
    if method == "network_simplex":
        found = compiled.solve(flat, start, active, limits)[:2]
    else:
        found = solve_by_blocks(_SOLVERS[method], flat, start, active, limits, block)
    return unflatten(found, problem.order_total.shape)


def _most_iterations(method: Method, size: int) -> int:
    if method.startswith("interior_point"):
        return 40
    return 20_000 if method == "first_order" else 64 + 16 * size
