"""Side constraints by column generation over an exact method of the buying LP; for few rows: each costs some solves."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jaxsim.kernels import buying
from jaxsim.kernels.buying.certificate import Point, Prices, cost_size
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Shape
from jaxsim.kernels.scaling import power_of_two
from jaxsim.kernels.side_constraints.method import Found
from jaxsim.kernels.side_constraints.search import State, no_state, search

_BLOCK = 1024
"""LPs that go through together on a CPU."""


@dataclass(frozen=True)
class ColumnGeneration:
    """A best mixture of optima of the LP without the rows, `jaxsim.kernels.side_constraints.method.Method`.

    `jaxsim.kernels.buying.default_method` finds these optima; an iteration solves the LP without rows once.
    """

    @property
    def name(self) -> str:
        """In one word."""
        return "column_generation"

    def init(self, shape: Shape, rows: int, batch: tuple[int, ...], dtype: DTypeLike) -> State:
        """No columns, and the start of the buying LP's method."""
        return no_state(shape.nodes, rows, batch, dtype, buying.default_method(shape).init(shape, batch, dtype))

    def solve_block(self, problem: BuyingLP, rows: OrderRows, start: State, limits: Limits) -> Found:
        """In units of the LP's own size; what to ship follows from the order."""
        unit = power_of_two(jnp.sum(problem.supply, axis=0) + problem.order_total)
        cost = power_of_two(cost_size(problem))
        lp = BuyingLP(
            problem.order_cost / cost, jnp.minimum(problem.order_cap, problem.order_total) / unit,
            problem.order_total / unit, problem.supply / unit, problem.route_cost / cost, problem.overage_cost / cost,
            problem.segment_value / cost, problem.segment_width / unit,
        )  # fmt: skip
        side = OrderRows(rows.coefficient, rows.low / unit, rows.high / unit)
        exact = lambda lp, basis, active: buying.solve_from(lp, basis, active=active)
        start = start._replace(order=start.order / unit)
        end, order, state = search(lp, side, start, limits.iterations, exact)
        shipped = exact(lp._replace(order_cap=order), end.basis, None)[0]
        point = Point(*(getattr(shipped, name) * unit for name in Point._fields))
        found = end.priced
        prices = Prices(*(each * cost for each in (found.supply_price, found.demand_price, found.order_price)))
        state = state._replace(order=state.order * unit)
        return Found(point, prices, end.price * cost, end.infeasible, end.going, end.iterations, state)

    def default_block(self, count: int) -> int:
        """A fixed number on a CPU, all elsewhere."""
        return _BLOCK if jax.default_backend() == "cpu" else count

    def max_iterations(self, rows: int) -> int:
        """Of solves of the LP without rows."""
        return 100 * (1 + rows)
