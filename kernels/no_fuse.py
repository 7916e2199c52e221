"""Functions that XLA's CPU compiler cannot fuse with what uses their results.

Fusion computes a producer that looks cheap again inside each of its consumers. Where such functions chain (who asks
whom, what is granted, what is left; conductances, currents, potentials) the work multiplies: the simulator took three
times as long, an iteration of the interior point method eight times. Optimization barriers do not help: they are gone
before fusion. A call that may not be inlined does, and keeps every digit.
"""

import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import jax
from jax.experimental.xla_metadata import set_xla_metadata

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def no_fuse(function: Callable[_Parameters, _Result], static: int = 0) -> Callable[_Parameters, _Result]:
    """The function, computed once and stored: on a CPU a call that is not inlined, elsewhere the function as it is.

    Arguments go by position. The last ``static`` ones are no arrays but hashable.
    """
    count = len(inspect.signature(function).parameters)
    compiled = jax.jit(function, static_argnums=tuple(range(count - static, count)))

    def call(*arguments: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
        if jax.default_backend() != "cpu":
            return function(*arguments, **named)
        with set_xla_metadata(inlineable="false"):
            return compiled(*arguments, **named)

    return call
