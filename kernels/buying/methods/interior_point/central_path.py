"""The order on the central path of buying LPs, and how it responds to costs and quantities.

`central_order` is a smooth function of costs and quantities, the order on the central path at a barrier, where the LP's
own order jumps; `sensitivity` is its derivative by order costs. Three cases, with two nodes, no supply and Q = 1: equal
costs give x = (1/2, 1/2) at any barrier; costs that differ by far more than the barrier give the LP's order; in between
the order moves from one node to the other, and the sensitivity, [[-a, a], [a, -a]], integrates to a whole unit.

A search's curvature is the sum of sensitivities (`jaxsim.simulator.frozen`). `central_order` is experimental: no
command uses it.
"""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxsim.kernels.batches import by_blocks, default_block, flatten, unflatten
from jaxsim.kernels.buying.certificate import cost_size
from jaxsim.kernels.buying.methods.interior_point.arcs import (
    Iterate,
    Quantities,
    balance,
    conductances,
    drops,
    network_factors,
    split,
)
from jaxsim.kernels.buying.methods.interior_point.barrier import iterate
from jaxsim.kernels.buying.methods.interior_point.scaled import (
    Scaled,
    Units,
    cold_start,
    dual_of,
    goal_of,
    quantities_of,
    scale,
)
from jaxsim.kernels.buying.problem import BuyingLP, is_infeasible, is_invalid, or_nothing
from jaxsim.kernels.laplacian import add, inverse, potentials, terminals
from jaxsim.kernels.no_fuse import no_fuse

_FIRST = 1e-2
"""The least product to start from, where 1 is the largest cost times all units."""
_ITERATIONS = 60
_BLOCK_ELEMENTS = 16384  # route costs in a block on a CPU; an iteration works on about ten times as many numbers
_scale, _cold_start, _dual_of = no_fuse(scale, static=1), no_fuse(cold_start), no_fuse(dual_of)


@jax.jit
def central_order(problem: BuyingLP, barrier: float | Float[Array, ""]) -> Float[Array, " nodes *batch"]:
    """The order where every value times its slack is ``barrier`` times the largest cost times all units (Σs + Q).

    In units, and differentiable by costs, quantities and ``barrier`` (without a unit, > 0), forward and backward, by
    the implicit function theorem; the first derivative only. As ``barrier`` goes to 0 it goes to the LP's order.
    Bounds that nothing can reach are left out: caps of at least Q, widths of at least all units. Where caps leave no
    choice the order is the caps; of LPs that are infeasible or have bad input it is 0.
    """
    flat, lp, units, product = _central_problem(problem, barrier)
    order = units.fixed + central(lp, product)[: flat.order_cap.shape[0]] * units.quantity
    return unflatten(order, problem.batch)


@jax.jit
def sensitivity(problem: BuyingLP, barrier: float | Float[Array, ""]) -> Float[Array, "nodes nodes *batch"]:
    """∂order_k/∂order cost_j of `central_order`, in units² per cost, the products held where they are.

    Symmetric, negative semidefinite, and each row sums to 0, by construction: the matrix is less the Laplacian of a
    graph with weights >= 0. It is 0 wherever no order could change: Q = 0, one node to order from, no choice by caps,
    no units, an infeasible LP, bad input. It is the Jacobian of `central_order` unless an order cost is the LP's
    largest cost, with which that function's barrier grows.
    """
    _, lp, units, product = _central_problem(problem, barrier)
    nodes, regions, *_ = problem.route_cost.shape
    change = by_blocks(lambda some: response(*some), (lp, product), central_block(nodes * regions, product.shape[0]))
    return unflatten(change * (units.quantity / units.cost), problem.batch)


def _central_problem(problem: BuyingLP, barrier: float | Array) -> tuple[BuyingLP, Scaled, Units, Array]:
    """The LP in its units, those without an answer emptied, and the product of the path's point."""
    flat = flatten(problem, problem.batch)
    flat = or_nothing(flat, is_invalid(flat) | is_infeasible(flat))
    lp, units = _scale(flat, False)
    everything = jnp.sum(flat.supply, axis=0) + flat.order_total
    barrier = jnp.asarray(barrier, everything.dtype)
    return flat, lp, units, barrier * (cost_size(flat) / units.cost) * (everything / units.quantity)


def _center(lp: Scaled, product: Array) -> Iterate:
    """The point of the central path where all products are ``product``."""
    start = _cold_start(lp, jnp.maximum(product, _FIRST))
    goal = goal_of(lp, 0.0, product)
    return iterate(quantities_of(lp), _dual_of(lp, start), start, goal, _ITERATIONS, central=True)[0]


@jax.custom_jvp
def central(lp: Scaled, product: Array) -> Array:
    """Order and served on the central path; derivatives by the implicit function theorem."""
    return _center_all(lp, product).low


@central.defjvp
def _central_jvp(primals: tuple[Scaled, Array], tangents: tuple[Scaled, Array]) -> tuple[Array, Array]:
    """Newton's equations at the point, for what the data's change leaves unbalanced."""
    lp, product = primals
    change, product_dot = tangents
    it = _center_all(lp, product)
    g = conductances(it)
    out = g.out * (product_dot * inverse(it.out) - change.out_cost)
    room = jnp.where(lp.held, product_dot * inverse(it.high), 0)
    bound = product_dot * inverse(it.low) - room + it.high_slack * inverse(it.high) * change.upper - change.bound_cost
    bound = g.bound * bound
    nodes = lp.supply.shape[0]
    # Nodes and pools without arcs take nothing, whatever the tangents say.
    supply = jnp.where(lp.out_open[:, -1], change.supply, 0)
    total = jnp.where(jnp.any(lp.bound_open[:nodes], axis=0), change.total, 0)
    level = potentials(network_factors(g), *balance(Quantities(supply, total), out, bound))
    return it.low, bound - g.bound * drops(*level, it.low.shape[0])[1]


def _center_all(lp: Scaled, product: Array) -> Iterate:
    nodes, hubs, count = lp.out_cost.shape
    return by_blocks(lambda some: _center(*some), (lp, product), central_block(nodes * (hubs - 1), count))


def central_block(routes: int, count: int) -> int:
    """LPs that go through together."""
    return default_block(routes, count, _BLOCK_ELEMENTS)


def response(lp: Scaled, product: Array) -> Array:
    """∂order/∂order cost: less the Laplacian of what orders see of each other, through nodes, regions and the pool."""
    g = conductances(_center(lp, product))
    nodes, regions = g.out.shape[0], g.out.shape[1] - 1
    order, served = split(g.bound, nodes, regions)
    mutual, ground = terminals(order, g.out[:, :-1], add(served, 1), g.out[:, -1])
    joined = mutual + ground[:, None] * (ground * inverse(add(ground)))[None]
    joined = jnp.where(jnp.eye(nodes, dtype=jnp.bool)[..., None], 0, (joined + jnp.swapaxes(joined, 0, 1)) / 2)
    return joined - jnp.eye(nodes, dtype=joined.dtype)[..., None] * add(joined, 1)[:, None]
