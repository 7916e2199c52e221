"""The buying LP by an interior point method: any backend and either floating type.

The LP, its contract and three cases are those of `jaxsim.kernels.buying`. What comes back is no vertex but a point
within the tolerance of one, with prices that prove it; among several optima it is one between them. Mehrotra's
predictor and corrector (1992) take about as many iterations for any LP of a shape, so LPs of a batch wait little for
each other; regions and pool are eliminated from Newton's equations, which leaves a matrix of nodes by nodes per LP.

The network is in `arcs`, its linear equations in `jaxsim.kernels.laplacian`, the iteration in `barrier`, units and
first points in `scaled`; `central_path` has derivatives of orders.
"""

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxsim.kernels.buying.certificate import (
    Certify,
    Point,
    complete_point,
    complete_prices,
)
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.interior_point.arcs import Iterate
from jaxsim.kernels.buying.methods.interior_point.barrier import iterate
from jaxsim.kernels.buying.methods.interior_point.scaled import (
    Scaled,
    State,
    Units,
    cold_start,
    dual_of,
    goal_of,
    quantities_of,
    scale,
    state_of,
    to_float32,
    to_float64,
    warm_start,
)
from jaxsim.kernels.buying.problem import BuyingLP, Solution
from jaxsim.kernels.laplacian import add
from jaxsim.kernels.no_fuse import no_fuse
from jaxsim.kernels.projection import capped_simplex
from jaxsim.kernels.status import Status

_STARTS = 3  # from the state, cold, and from further inside
_SHARE = {"float32": 0.5, "float64": 0.01}
"""The gap that the search goes for, as a part of the tolerance."""
_FLOAT32_GAP = 1e-3
"""Where mixed precision goes on in float64."""
_COLD, _COLDER, _WARM = 1e-2, 1.0, 5e-6
"""Products to start from, where 1 is the largest cost times all units."""
_scale = no_fuse(scale, static=1)
_cold_start, _warm_start = no_fuse(cold_start), no_fuse(warm_start, static=1)


def solve_block(
    problem: BuyingLP, start: State, limits: Limits, certify: Certify, mixed: bool = False
) -> tuple[Solution, State]:
    """Certified answers of a block, and where they ended; ``mixed`` starts LPs of float64 in float32."""
    return search(problem, start, limits, certify, mixed and problem.route_cost.dtype == jnp.float64)[:2]


def search(
    problem: BuyingLP, state: State, limits: Limits, certify: Certify, mixed: bool
) -> tuple[Solution, State, Array]:
    """From the state, else cold; what is not proved from there again cold, and at last from further inside.

    Gives answers, states and how many iterations each LP took.
    """
    lp, units = _scale(problem, True)
    certify, dual, complete = (
        no_fuse(certify),
        no_fuse(dual_of),
        no_fuse(lambda lps, supply: complete_prices(lps, supply)),
    )
    product = lambda size: jnp.full_like(lp.total, size)
    goal = goal_of(lp, _SHARE[lp.total.dtype.name] * limits.tolerance, product(0))
    first, taken = _first(lp, units, state, limits.iterations, mixed)

    def look(it: Iterate, unfinished: Array) -> tuple[Solution, Array]:
        solution = certify(_point(problem, it, units), complete(problem, it.node * units.cost[None]), unfinished)
        return solution, (solution.status != Status.INACCURATE) & (solution.status != Status.ITERATION_LIMIT)

    def attempt(carry: tuple) -> tuple:
        index, start, best, solution, done, taken = carry
        # An LP that is proved stands at its goal and takes no iteration more.
        it, reached, more = iterate(quantities_of(lp), dual(lp, start), start, goal, limits.iterations, done)
        new, fine = look(it, ~reached & (more >= limits.iterations))
        better = ~done & ((index == 0) | fine | (new.gap < solution.gap))
        best, solution = jax.tree.map(lambda a, b: jnp.where(better, a, b), (it, new), (best, solution))
        was_cold = (state.quantity == 0) | (index > 0)
        size = jnp.where(was_cold, product(_COLDER), product(_COLD))
        return index + 1, _cold_start(lp, size), best, solution, done | fine, taken + more

    shapes = jax.eval_shape(look, first, first.dual_infeasibility > 0)[0]
    none = jax.tree.map(lambda a: jnp.zeros(a.shape, a.dtype), shapes)
    carry = jnp.int32(0), first, first, none, jnp.zeros(lp.total.shape, jnp.bool), taken
    busy = lambda carry: (carry[0] < _STARTS) & ~jnp.all(carry[4])
    _, _, best, solution, _, taken = lax.while_loop(busy, attempt, carry)
    return solution, state_of(best, units), taken


def _first(lp: Scaled, units: Units, state: State, iterations: int, mixed: bool) -> tuple[Iterate, Array]:
    """The first iterate, and how many were taken in float32 to get there."""
    first = _warm_start(lp, units, state, _cold_start(lp, jnp.full_like(lp.total, _COLD)), (_WARM, _COLD))
    if not mixed:
        return first, jnp.zeros(lp.total.shape, jnp.int32)
    low = to_float32(lp)
    start = jax.tree.map(lambda a: a.astype(jnp.float32), first)
    goal = goal_of(low, _FLOAT32_GAP, jnp.zeros_like(low.total))
    warm = state.quantity > 0  # a state is worth more than float32 has digits for
    it, _, taken = iterate(quantities_of(low), dual_of(low, start), start, goal, iterations, warm)
    return jax.tree.map(lambda a, b: jnp.where(warm, a, b), first, to_float64(lp, it)), taken


@no_fuse
def _point(problem: BuyingLP, it: Iterate, units: Units) -> Point:
    """The order, projected, and what can be shipped of it: rounding is a matter of cost, not of rows."""
    nodes = problem.order_cap.shape[0]
    order = capped_simplex(units.fixed + it.low[:nodes] * units.quantity, problem.order_cap, problem.order_total)
    ship = it.out[:, :-1] * units.quantity
    fit = lambda most, asked: jnp.where(asked > most, most / jnp.where(asked > most, asked, 1), 1)
    ship *= fit(problem.supply + order, add(ship, 1))[:, None]
    ship *= fit(add(problem.segment_width, 1), add(ship))
    return complete_point(problem, order, ship)
