"""Batches of LPs in blocks small enough for a core's cache, or one by one through as many lanes."""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Int32

_LANES = 16  # blocks are whole multiples: two vectors of float64 on processors with the longest
_MOST = 256
_Tree = TypeVar("_Tree")


def flatten(trees: _Tree, batch: tuple[int, ...]) -> _Tree:
    """One batch axis instead of those of shape ``batch``, which come last, all of them written out."""

    def flat(a: Array) -> Array:
        lead = a.shape[: a.ndim - len(batch)]
        return jnp.broadcast_to(a, (*lead, *batch)).reshape(*lead, math.prod(batch))

    return jax.tree.map(flat, trees)


def unflatten(result: _Tree, batch: tuple[int, ...]) -> _Tree:
    """Batch axes of shape ``batch`` again."""
    return jax.tree.map(lambda a: a.reshape(*a.shape[:-1], *batch), result)


def default_block(routes: int, count: int, elements: int) -> int:
    """A power of two that keeps ``elements`` route costs in a block on a CPU, everything at once on an accelerator."""
    if jax.default_backend() != "cpu":
        return count
    return min(_MOST, max(_LANES, 2 ** int(math.log2(elements / routes))))


def by_blocks(function: Callable[[Any], _Tree], trees: Any, block: int, count: Int32[Array, ""] | None = None) -> _Tree:
    """A function of LPs on block after block of arrays with the LPs last; only on the blocks of the first ``count``.

    The last block overlaps its neighbor when the batch does not divide. Few LPs or a short block are filled up with LPs
    without units: a processor takes whole vectors of LPs all the same, and an LP's digits do not depend on how many
    there are.
    """
    batch = jax.tree.leaves(trees)[0].shape[-1]
    block = -(-min(block, batch) // _LANES) * _LANES
    padded = max(block, batch)
    if padded > batch:
        trees = jax.tree.map(lambda a: jnp.pad(a, [(0, 0)] * (a.ndim - 1) + [(0, padded - batch)]), trees)
    if block == padded:
        return jax.tree.map(lambda a: a[..., :batch], function(trees))
    take = lambda first: jax.tree.map(lambda a: lax.dynamic_slice_in_dim(a, first, block, axis=a.ndim - 1), trees)
    part = jax.eval_shape(lambda: function(take(0)))
    empty = jax.tree.map(lambda a: jnp.zeros((*a.shape[:-1], padded), a.dtype), part)

    def step(index: Array, answer: _Tree) -> _Tree:
        first = jnp.minimum(index * block, padded - block)
        put = lambda every, new: lax.dynamic_update_slice_in_dim(every, new, first, axis=new.ndim - 1)
        return jax.tree.map(put, answer, function(take(first)))

    return lax.fori_loop(0, -(-padded // block) if count is None else -(-count // block), step, empty)


def active_by_blocks(function: Callable[[Any], _Tree], trees: Any, block: int, active: Bool[Array, " batch"]) -> _Tree:
    """`by_blocks` on as few blocks as hold the active LPs, which come first for it; the others' answers say nothing."""
    rank = jnp.argsort(~active, stable=True)
    reordered = jax.tree.map(lambda a: a[..., rank], trees)
    found = by_blocks(function, reordered, block, jnp.sum(active, dtype=jnp.int32))
    back = jnp.argsort(rank)
    return jax.tree.map(lambda a: a[..., back], found)


def through_lanes(
    advance: Callable[[Any, Any], Any],
    finished: Callable[[Any], Array],
    answer: Callable[[Any], _Tree],
    problems: Any,
    states: Any,
    lanes: int,
) -> _Tree:
    """Advance every LP's state until it is finished, so many at a time: where one has finished the next one follows.

    No LP waits for a slower one, but those that come last. ``advance`` takes problems and states of the lanes, the LPs
    last; ``answer`` is what is kept of a finished state.
    """
    count = jax.tree.leaves(states)[0].shape[-1]
    take = lambda place: jax.tree.map(lambda a: jnp.take(a, place, axis=-1, mode="clip"), (problems, states))
    empty = jax.tree.map(jnp.zeros_like, jax.eval_shape(answer, states))

    def step(carry: tuple) -> tuple:
        place, following, (problem, state), answers = carry
        state = advance(problem, state)
        over = finished(state) & (place < count)
        put = lambda every, new: every.at[..., jnp.where(over, place, count)].set(new, mode="drop")
        answers = jax.tree.map(put, answers, answer(state))
        place = jnp.where(over, following + jnp.cumsum(over, dtype=jnp.int32) - 1, place)
        # Gathered every time, taken where an LP has finished: a conditional would copy all.
        held = jax.tree.map(lambda new, old: jnp.where(over, new, old), take(place), (problem, state))
        return place, following + jnp.sum(over, dtype=jnp.int32), held, answers

    place = jnp.arange(lanes, dtype=jnp.int32)
    carry = place, jnp.int32(lanes), take(place), empty
    return lax.while_loop(lambda carry: jnp.any(carry[0] < count), step, carry)[3]
