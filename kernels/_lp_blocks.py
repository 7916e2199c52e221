"""Batches of LPs in blocks small enough for a core's cache."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxsim.kernels._problem import BuyingLP

_LANES = 16  # blocks are whole multiples: two vectors of float64 on processors with the longest
_MOST = 256
_Tree = TypeVar("_Tree")


def flatten(trees: _Tree, problem: BuyingLP) -> _Tree:
    """One batch axis instead of the problem's, all of them written out."""
    batch = problem.route_cost.shape[2:]

    def flat(a: Array) -> Array:
        lead = a.shape[: a.ndim - len(batch)]
        return jnp.broadcast_to(a, (*lead, *batch)).reshape(*lead, math.prod(batch))

    return jax.tree.map(flat, trees)


def unflatten(result: _Tree, problem: BuyingLP) -> _Tree:
    """The problem's batch axes again."""
    return jax.tree.map(lambda a: a.reshape(*a.shape[:-1], *problem.route_cost.shape[2:]), result)


def default_block(routes: int, count: int, elements: int) -> int:
    """A power of two that keeps ``elements`` route costs in a block on a CPU, everything at once on an accelerator."""
    if jax.default_backend() != "cpu":
        return count
    return min(_MOST, max(_LANES, 2 ** int(math.log2(elements / routes))))


def by_blocks(function: Callable[..., _Tree], trees: Any, block: int, active: Array | None = None) -> _Tree:
    """A function of LPs, and of how many of them matter, on block after block of arrays with the LPs last.

    The last block overlaps its neighbor when the count does not divide. Few LPs or a short block are filled up with LPs
    without units: a processor takes whole vectors of LPs all the same, and an LP's digits do not depend on how many
    there are.
    """
    count = jax.tree.leaves(trees)[0].shape[-1]
    block = -(-min(block, count) // _LANES) * _LANES
    padded = max(block, count)
    if padded > count:
        trees = jax.tree.map(lambda a: jnp.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, padded - count)]), trees)
    if block == padded:
        return jax.tree.map(lambda a: a[..., :count], function(trees, active))
    take = lambda first: jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, first, block, axis=a.ndim - 1), trees)
    part = jax.eval_shape(lambda: function(take(0), active))
    empty = jax.tree.map(lambda a: jnp.zeros((*a.shape[:-1], padded), a.dtype), part)

    def step(index: Array, answer: _Tree) -> _Tree:
        first = jnp.minimum(index * block, padded - block)
        found = function(take(first), None if active is None else active - first)
        put = lambda every, new: lax.dynamic_update_slice_in_dim(every, new, first, axis=new.ndim - 1)
        return jax.tree.map(put, answer, found)

    return lax.fori_loop(0, -(-padded // block) if active is None else -(-active // block), step, empty)
