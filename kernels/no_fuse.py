"""Calls that XLA's CPU compiler cannot fuse with what uses their results."""

import inspect
from collections.abc import Callable
from typing import TypeVar

import jax
from jax.experimental.xla_metadata import set_xla_metadata

_Result = TypeVar("_Result")


def no_fuse(function: Callable[..., _Result], static: int = 0) -> Callable[..., _Result]:
    """A call that XLA's CPU compiler must not look into: inlined, it would compute shared values anew for each user.

    That took eight times as long. On accelerators the function is called as it is. The last ``static`` arguments are
    no arrays.
    """
    count = len(inspect.signature(function).parameters)
    compiled = jax.jit(function, static_argnums=tuple(range(count - static, count)))

    def call(*arguments):
        if jax.default_backend() != "cpu":
            return function(*arguments)
        with set_xla_metadata(inlineable="false"):
            return compiled(*arguments)

    return call
