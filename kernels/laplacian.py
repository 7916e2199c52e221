"""Currents in a network of conductances with a sink, for many networks at once; the batch is the last axis.

Nodes are joined through hubs and leak to a sink; a hub leaks too. Eliminating a hub or node joins those left by
conductances and leaks that are sums of products of the ones before. Nothing is subtracted, so each is right to its own
rounding error however far apart they are (Alfa, Xue and Ye, 2002, for diagonally dominant M-matrices), which is what
lets an interior point method end in float32, or at a gap of 1e-12 in float64.
"""

from collections.abc import Callable
from functools import partial, reduce
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from jaxsim.kernels.no_fuse import no_fuse

_LEAST = {"float32": 1e-37, "float64": 1e-300}
"""Smaller than any sum of conductances or product that is not 0."""


class Factors(NamedTuple):
    """Hubs and then nodes eliminated, in this order."""

    hubs: Array
    """(nodes, hubs, B): conductances."""
    hub_inverse: Array
    """(hubs, B): 1 / sum of what meets there."""
    lower: Array
    """(nodes, nodes, B): the inverse of the unit lower triangle."""
    inverse: Array
    """(nodes, B)."""


def add(a: Array, axis: int = 0) -> Array:
    """Sum along an axis that is not the last, in the order of the entries; written out, several times a reduction."""
    parts = [lax.index_in_dim(a, i, axis, keepdims=False) for i in range(a.shape[axis])]
    return sum(parts[1:], parts[0])


def dot(a: Array, b: Array, axis: int = 0) -> Array:
    """`add` of a product, without the product's array; both have the axis, others are broadcast."""
    at = lambda each, i: lax.index_in_dim(each, i, axis, keepdims=False)
    parts = [at(a, i) * at(b, i) for i in range(a.shape[axis])]
    return sum(parts[1:], parts[0])


def whole(a: Array) -> Array:
    """Sum of all entries of each LP."""
    while a.ndim > 1:
        a = add(a)
    return a


def most(a: Array) -> Array:
    """Largest entry of each LP; NaN if one is."""
    return _fold(jnp.maximum, a)


def least(a: Array) -> Array:
    """Smallest entry of each LP; NaN if one is."""
    return _fold(jnp.minimum, a)


def _fold(choose: Callable[[Array, Array], Array], a: Array) -> Array:
    """One entry of each LP, axis by axis; written out as in `add`."""
    while a.ndim > 1:
        a = reduce(choose, (a[i] for i in range(a.shape[0])))
    return a


def inverse(a: Array) -> Array:
    """1 / a for a >= 0, and a number as large as can be for 0: what it multiplies is 0 there."""
    return 1 / jnp.maximum(a, jnp.asarray(_LEAST[a.dtype.name], a.dtype))


def factorize(hubs: Array, hub_leak: Array, leak: Array) -> Factors:
    """Of conductances (nodes, hubs, B), leaks of hubs (hubs, B) and leaks of nodes (nodes, B), all >= 0."""
    nodes = hubs.shape[0]
    hub_inverse, left = _join(hubs, hub_leak, leak)
    lower, inverses = [], []
    for k in range(nodes):
        lower.append(left[0, nodes + 1 - k :])
        left, each = _eliminate(left, nodes - k)
        inverses.append(each)
    return Factors(hubs, hub_inverse, jnp.stack(lower), jnp.stack(inverses))


def potentials(factors: Factors, node: Array, hub: Array) -> tuple[Array, Array]:
    """Potentials of nodes and hubs for currents into them; 0 where nothing is connected."""
    into = _into(factors.hub_inverse, hub)
    level = _backward(factors.lower, _forward(factors.lower, factors.inverse, _gather(factors.hubs, into, node)))
    return level, _outward(factors.hubs, factors.hub_inverse, into, level)


def terminals(conductance: Array, hubs: Array, hub_leak: Array, leak: Array) -> tuple[Array, Array]:
    """What is seen by terminals, each behind a conductance (nodes, B) to its node: mutual ones and leaks, all >= 0.

    The diagonal of the mutual conductances says nothing.
    """
    nodes = conductance.shape[0]
    _, left = _join(hubs, hub_leak, leak)
    # Columns: nodes left, the sink, terminals.
    left = jnp.concatenate([left[:, : nodes + 1], left[:, nodes + 1 :] * conductance[:, None]], axis=1)
    seen = jnp.zeros((nodes, nodes + 1, *leak.shape[1:]), leak.dtype)
    for k in range(nodes):
        left, seen = _absorb(left, seen, nodes - k)
    return seen[:, 1:], seen[:, 0]


@no_fuse
def _join(hubs: Array, hub_leak: Array, leak: Array) -> tuple[Array, Array]:
    """Eliminate the hubs. Columns that are left: the nodes, the sink, and an identity."""
    nodes = hubs.shape[0]
    inv = inverse(add(hubs) + hub_leak)
    part = hubs * inv
    joined = [part[:, None, h] * hubs[None, :, h] for h in range(hubs.shape[1])]
    one = jnp.broadcast_to(jnp.eye(nodes, dtype=leak.dtype)[..., None], (nodes, nodes, *leak.shape[1:]))
    return inv, jnp.concatenate(
        [sum(joined[1:], joined[0]), (leak + dot(part, hub_leak[None], 1))[:, None], one], axis=1
    )


@partial(no_fuse, static=1)
def _eliminate(left: Array, nodes: int) -> tuple[Array, Array]:
    """Eliminate the first of the nodes left: row and column; the row is passed on to the other rows."""
    inv = inverse(add(left[0, 1 : nodes + 1]))
    gives = left[0, 1:nodes] * inv
    return left[1:, 1:] + gives[:, None] * left[None, 0, 1:], inv


@partial(no_fuse, static=1)
def _absorb(left: Array, seen: Array, nodes: int) -> tuple[Array, Array]:
    """Eliminate the first of the nodes left, between themselves and the terminals."""
    row = left[0, 1:]
    give = row * inverse(add(row))
    return left[1:, 1:] + give[: nodes - 1, None] * row[None], seen + give[nodes:, None] * row[None, nodes - 1 :]


@no_fuse
def _into(hub_inverse: Array, hub: Array) -> Array:
    return hub * hub_inverse


@no_fuse
def _gather(hubs: Array, into: Array, node: Array) -> Array:
    return node + dot(hubs, into[None], 1)


@no_fuse
def _forward(lower: Array, inv: Array, node: Array) -> Array:
    return dot(lower, node[None], 1) * inv


@no_fuse
def _backward(lower: Array, level: Array) -> Array:
    return dot(lower, level[:, None])


@no_fuse
def _outward(hubs: Array, hub_inverse: Array, into: Array, level: Array) -> Array:
    return into + dot(hubs, level[:, None]) * hub_inverse
