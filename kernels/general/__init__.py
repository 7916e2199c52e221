"""Linear programs over simple sets, of any kind; see `first_order`."""

from jaxsim.kernels.general.first_order import Answer, solve
from jaxsim.kernels.general.linear_program import LinearProgram, Rows, dense
from jaxsim.kernels.general.pdhg import State
from jaxsim.kernels.status import Status

__all__ = ["Answer", "LinearProgram", "Rows", "State", "Status", "dense", "solve"]
