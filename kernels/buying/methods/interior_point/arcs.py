"""The buying LP as a network of arcs: what an interior point is made of, and Newton's equations for its steps.

Every variable is an arc: order from a pool to a node, ship from a node to a region, leftover from a node to a sink,
served from a region to the sink. With a potential for pool, nodes and regions, and 0 for the sink, the reduced cost of
an arc is its cost plus the potential of its head less that of its tail, and Newton's equations are those of currents
(`jaxsim.kernels.laplacian`) in the same network with the conductance ``value / slack`` on an arc: the regions and the
pool are hubs. Arcs out of nodes, `out`, have no upper bound; order and served, `bound`, have two slacks.

An arc is closed where its (lower) slack is 0; value and steps then stay 0. A bound is left out where its upper slack
is 0.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxsim.kernels.laplacian import Factors, add, factorize, inverse
from jaxsim.kernels.no_fuse import no_fuse


class Quantities(NamedTuple):
    """In units of the LP's own size."""

    supply: Array
    """(nodes, B)."""
    total: Array
    """(B,)."""


class Dual(NamedTuple):
    """The part of the reduced costs that slacks lack, at the first iterate."""

    out: Array
    bound: Array


class Iterate(NamedTuple):
    out: Array
    """(nodes, regions + 1, B): ship, then leftover."""
    out_slack: Array
    low: Array
    """(nodes + regions segments, B): order, then served."""
    high: Array
    """What is left to the upper bound."""
    low_slack: Array
    high_slack: Array
    node: Array
    """Potentials (nodes, B)."""
    hub: Array
    """Potentials (regions + 1, B): regions, then the pool."""
    dual_infeasibility: Array
    """The factor to which `Dual` has shrunk."""
    primal_infeasibility: Array
    """The factor to which the first iterate's violations of rows have shrunk; 0 where it kept them."""


class Conductances(NamedTuple):
    out: Array
    bound: Array
    out_w: Array
    """1 / (value slack)."""
    low_w: Array
    high_w: Array


@no_fuse
def conductances(it: Iterate) -> Conductances:
    """Conductances of the arcs, 0 where closed, and inverse products."""
    w = inverse(it.out * it.out_slack)
    low_w, high_w = inverse(it.low * it.low_slack), inverse(it.high * it.high_slack)
    bound = it.low * it.high * inverse(it.low_slack * it.high + it.high_slack * it.low)
    return Conductances(it.out * it.out * w, bound, w, low_w, high_w)


def split(bound: Array, nodes: int, regions: int) -> tuple[Array, Array]:
    """Order and served out of one array."""
    return bound[:nodes], bound[nodes:].reshape(regions, -1, *bound.shape[1:])


@no_fuse
def hubs_of(g: Conductances) -> tuple[Array, Array, Array]:
    """Conductances to regions and pool, leaks of these, leaks of nodes."""
    nodes, regions = g.out.shape[0], g.out.shape[1] - 1
    order, served = split(g.bound, nodes, regions)
    leak = jnp.concatenate([add(served, 1), jnp.zeros_like(order[:1])])
    return jnp.concatenate([g.out[:, :-1], order[:, None]], axis=1), leak, g.out[:, -1]


def network_factors(g: Conductances) -> Factors:
    """The network, ready for `potentials`."""
    return factorize(*hubs_of(g))


@no_fuse
def balance(quantities: Quantities, out: Array, bound: Array) -> tuple[Array, Array]:
    """Currents that nodes and hubs lack when arcs carry these flows."""
    nodes, regions = out.shape[0], out.shape[1] - 1
    order, served = split(bound, nodes, regions)
    pool = (quantities.total - add(order))[None]
    hub = jnp.concatenate([add(out[:, :-1]) - add(served, 1), pool])
    return quantities.supply + order - add(out, 1), hub


def drops(node: Array, hub: Array, bounds: int) -> tuple[Array, Array]:
    """Potential of the head less that of the tail, of `out` and of `bound`."""
    nodes, regions = node.shape[0], hub.shape[0] - 1
    segments = (bounds - nodes) // regions
    heads = jnp.concatenate([hub[:-1], jnp.zeros_like(hub[:1])])
    served = jnp.broadcast_to(-hub[:-1, None], (regions, segments, *hub.shape[1:])).reshape(-1, *hub.shape[1:])
    return heads[None] - node[:, None], jnp.concatenate([node - hub[-1:], served])
