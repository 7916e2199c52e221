"""Points of the central path of buying LPs, and how their orders respond to the data."""

import jax
import jax.numpy as jnp
from jax import Array

from jaxsim.kernels.batches import by_blocks, default_block
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
from jaxsim.kernels.buying.methods.interior_point.scaled import Scaled, cold_start, dual_of, goal_of, quantities_of
from jaxsim.kernels.laplacian import add, inverse, potentials, terminals
from jaxsim.kernels.no_fuse import no_fuse

_FIRST = 1e-2
"""The least product to start from, where 1 is the largest cost times all units."""
_ITERATIONS = 60
_BLOCK_ELEMENTS = 16384  # route costs in a block on a CPU; an iteration works on about ten times as many numbers
_cold_start, _dual_of = no_fuse(cold_start), no_fuse(dual_of)


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
