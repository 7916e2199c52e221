"""The buying LP with side constraints on the order; see `front`."""

from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Solution
from jaxsim.kernels.side_constraints.front import Constrained, Method, Start, no_start, solve
from jaxsim.kernels.status import Status

__all__ = ["BuyingLP", "Constrained", "Method", "OrderRows", "Solution", "Start", "Status", "no_start", "solve"]
