"""The run-time type checker of the tests: beartype, where NumPy numbers pass for Python's, whole ones for real ones."""

from collections.abc import Callable
from typing import Any

import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype
from beartype.roar import BeartypeDecorHintPep3119Exception

_NUMBERS = FrozenDict({int: int | np.integer, float: float | int | np.floating | np.integer, bool: bool | np.bool_})
_CONFIGURED = beartype(conf=BeartypeConf(hint_overrides=_NUMBERS))


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check arguments and results at run time; leave alone what names a protocol that isinstance cannot test."""
    try:
        return _CONFIGURED(function)
    except BeartypeDecorHintPep3119Exception:
        return function
