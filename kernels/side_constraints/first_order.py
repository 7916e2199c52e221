"""Side constraints by the first-order method for any linear program, for rows as many as there may be."""

from dataclasses import dataclass

from jax.typing import DTypeLike

from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.first_order import MAX_ITERATIONS, SHARE, no_state, solve_buying
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Shape
from jaxsim.kernels.general.pdhg import State
from jaxsim.kernels.side_constraints.method import Found
from jaxsim.kernels.status import Status


@dataclass(frozen=True)
class FirstOrder:
    """The rows of the buying LP and the side constraints alike, `jaxsim.kernels.side_constraints.method.Method`."""

    @property
    def name(self) -> str:
        """In one word."""
        return "first_order"

    def init(self, shape: Shape, rows: int, batch: tuple[int, ...], dtype: DTypeLike) -> State:
        """Zeros."""
        return no_state(shape, batch, dtype, rows)

    def solve_block(self, problem: BuyingLP, rows: OrderRows, start: State, limits: Limits) -> Found:
        """All together, or through lanes in which no LP waits for a slower one."""
        tolerance = SHARE * limits.tolerance
        answer, point, prices, row_price = solve_buying(problem, rows, start, tolerance, limits.iterations)
        infeasible, unfinished = answer.status == Status.INFEASIBLE, answer.iterations >= limits.iterations
        return Found(point, prices, row_price, infeasible, unfinished, answer.iterations, answer.state)

    def default_block(self, count: int) -> int:
        """All: `solve_buying` has lanes of its own."""
        return count

    def max_iterations(self, rows: int) -> int:
        """Of steps."""
        return MAX_ITERATIONS
