"""The buying LP: how much of an order goes to which node, for thousands of products at once; see `front`."""

from jaxsim.kernels.buying.front import (
    Method,
    Start,
    basis_size,
    default_method,
    known_or,
    no_start,
    solve,
    solve_from,
)
from jaxsim.kernels.buying.problem import BuyingLP, Solution
from jaxsim.kernels.status import Status

__all__ = [
    "BuyingLP",
    "Method",
    "Solution",
    "Start",
    "Status",
    "basis_size",
    "default_method",
    "known_or",
    "no_start",
    "solve",
    "solve_from",
]
