"""The buying LP, solved for thousands of products at once.

For nodes k, regions r and demand segments m, with x ordered, y shipped, o left over and z served:

    minimize   Σ_k c_k x_k + Σ_kr w_kr y_kr + Σ_k h_k o_k − Σ_rm b_rm z_rm
    subject to Σ_r y_kr + o_k − x_k = s_k
               Σ_k y_kr − Σ_m z_rm = 0
               Σ_k x_k = Q,   0 ≤ x_k ≤ cap_k,   0 ≤ z_rm ≤ d_rm,   y, o ≥ 0

Three cases: two nodes, one region that wants 10 units worth 20 each, shipping 1 and 2, Q = 10: x = (10, 0). The same
with cap = (4, 10): x = (4, 6). With cap = (4, 4) no x exists, and the status says so.

Every method (`methods`) takes the same arrays and gives the same `Solution`, with a start for a similar LP. Side
constraints on the order are in `jaxsim.kernels.side_constraints`.

A status is earned: objective, gap and residuals are recomputed from the point that is returned, in the numbers that
came in, and the objective is compared with that of a dual point made feasible. `certificate` does so for all methods
but the compiled one, which has the same in its own language.

LP axes come first and the batch last, so that a processor's vector lanes hold different LPs. LPs go through in blocks
small enough for a core's cache; a block takes as long as its slowest LP. No LP's answer depends on its block.
"""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool

from jaxsim.kernels.batches import flatten, unflatten
from jaxsim.kernels.buying.method import Limits, Method, Start
from jaxsim.kernels.buying.methods import METHODS, default_method
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution

_TOLERANCE = {"float32": 2e-5, "float64": 1e-8}


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
    need). ``block`` is how many LPs go through together (default: the method's, by cache size on a CPU, all elsewhere;
    `NetworkSimplex` has blocks of its own). ``active`` says which LPs matter (default: all); every number of the
    others' answers is 0, their status too. ``method`` is how the LP is solved (default: `default_method`); the optimum
    is the same, but among several optima it may choose. Where the status is `INFEASIBLE` or `BAD_INPUT`, the arrays
    are finite but invalid.

    Raises:
        ValueError: the method is none, cannot be had, or not for LPs of this shape.
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
    opaque and belongs to the method and to the shape of the LP. `ShortestPaths` has none: its starts are of no bytes.

    Raises:
        ValueError: as `solve`, or the start is of another method or another shape of LP.
    """
    return _solve(problem, start, tolerance, max_iterations, block, active, method)


def no_start(problem: BuyingLP, method: Method | None = None) -> Start:
    """What `solve_from` takes when there was no earlier solve: the method's `init`."""
    method = default_method(problem.shape) if method is None else method
    return method.init(problem.shape, problem.batch, problem.route_cost.dtype)


def known_or(start: Start, other: Start, method: Method) -> Start:
    """Each LP's start, or the other one where it is none."""
    return jax.tree.map(partial(jnp.where, method.known(start)), start, other)


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
    shape, batch = problem.shape, problem.batch
    method = _checked(method, shape)
    if tolerance is None:
        tolerance = _TOLERANCE[jnp.dtype(problem.route_cost.dtype).name]
    if max_iterations is None:
        max_iterations = method.max_iterations(shape)
    if block is None:
        block = method.default_block(shape, math.prod(batch))
    if start is None:
        start = no_start(problem, method)
    elif jax.tree.map(jnp.shape, start) != jax.tree.map(jnp.shape, jax.eval_shape(lambda: no_start(problem, method))):
        raise ValueError(f"start: not one of {method.name} for LPs of this shape; see no_start")
    flat, start, active = flatten((problem, start, active), batch)
    return unflatten(method.solve(flat, start, active, Limits(max_iterations, tolerance), block), batch)


def _checked(method: Method | None, shape: Shape) -> Method:
    """The method, if it can be had for LPs of this shape."""
    if method is None:
        return default_method(shape)
    if not isinstance(method, Method):
        raise ValueError(f"method: {method!r} is none; take an object such as buying.METHODS[{next(iter(METHODS))!r}]")
    if not method.available(shape):
        raise ValueError(f"method: {method.name} is not available for {shape}; it needs {method.requirements}")
    return method
