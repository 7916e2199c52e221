"""The buying LP with side constraints on the order; see `front`."""

from jaxsim.kernels.buying.method import Start
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Solution
from jaxsim.kernels.side_constraints.front import (
    COLUMN_GENERATION,
    FIRST_ORDER,
    METHODS,
    Constrained,
    no_start,
    solve,
)
from jaxsim.kernels.side_constraints.method import Method
from jaxsim.kernels.status import Status

__all__ = [
    "COLUMN_GENERATION",
    "FIRST_ORDER",
    "METHODS",
    "BuyingLP",
    "Constrained",
    "Method",
    "OrderRows",
    "Solution",
    "Start",
    "Status",
    "no_start",
    "solve",
]
