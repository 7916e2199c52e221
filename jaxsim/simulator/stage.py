"""A wall that XLA's CPU compiler cannot fuse through."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool


def stage(always: Bool[Array, ""], function: Callable, *operands):
    """`function(*operands)`, computed once and stored.

    On a CPU, fusion computes a cheap-looking producer again inside each consumer; where stages chain (who asks whom,
    what is granted, what is left) the work multiplies: a round of fulfillment took ten times as long. A conditional on
    a value that only the program's run can tell stops it. Optimization barriers do not: they are gone before fusion.
    Other backends call the function as it is.

    Args:
        always: true whenever the result matters, and computed from data; the result is zeros where it is false.
    """
    if jax.default_backend() != "cpu":
        return function(*operands)
    shapes = jax.eval_shape(function, *operands)
    zeros = lambda *_: jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    return lax.cond(always, function, zeros, *operands)
