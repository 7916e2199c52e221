"""The buying LP: how much of an order goes to which node, for thousands of products at once; see `front`."""

from jaxsim.kernels.buying.front import known_or, no_start, solve, solve_from
from jaxsim.kernels.buying.method import Method, Start
from jaxsim.kernels.buying.methods import (
    FIRST_ORDER,
    INTERIOR_POINT,
    INTERIOR_POINT_MIXED,
    METHODS,
    NETWORK_SIMPLEX,
    SHORTEST_PATHS,
    default_method,
)
from jaxsim.kernels.buying.methods.interior_point import central_order, sensitivity
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution
from jaxsim.kernels.status import Status

__all__ = [
    "FIRST_ORDER",
    "INTERIOR_POINT",
    "INTERIOR_POINT_MIXED",
    "METHODS",
    "NETWORK_SIMPLEX",
    "SHORTEST_PATHS",
    "BuyingLP",
    "Method",
    "Shape",
    "Solution",
    "Start",
    "Status",
    "central_order",
    "default_method",
    "known_or",
    "no_start",
    "sensitivity",
    "solve",
    "solve_from",
]
