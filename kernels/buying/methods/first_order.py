"""The buying LP, with or without side constraints, by the first-order method for any linear program.

The method is in `jaxsim.kernels.general`. Here the buying LP's variables become one vector and its rows a product, and
the general answer becomes the points and prices of a `Solution`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Bool

from jaxsim.kernels.buying.blocks import solve_by_blocks
from jaxsim.kernels.buying.certificate import (
    Certify,
    Point,
    Prices,
    Side,
    complete_point,
    complete_prices,
    with_prices,
)
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Shape, Solution
from jaxsim.kernels.general.first_order import Answer, default_settings, solve_with
from jaxsim.kernels.general.linear_program import LinearProgram, Rows
from jaxsim.kernels.general.pdhg import State

SHARE = 0.1  # of the tolerance of a completed point, for the point that it is made of
MAX_ITERATIONS = 20_000
_Product = Callable[[tuple[Array, Array], Array], Array]
_LANES = 64
"""LPs at work together on a CPU: fewer wait longer for XLA's operations to begin, more leave the cache."""


def solve_buying(
    problem: BuyingLP, rows: OrderRows | None, start: State, tolerance: float, max_iterations: int
) -> tuple[Answer, Point, Prices, Array]:
    """Buying LPs along one batch axis, with or without side constraints, as general ones.

    With the answers come the points and prices that they stand for, and the prices of the side constraints.

    The order is in ``{0 <= x <= cap, Σx = Q}`` to rounding of the sum; the other rows hold to the tolerance. On a CPU a
    large batch goes through 64 lanes, in which no LP waits for a slower one.
    """
    nodes, regions, count = problem.route_cost.shape
    segments, dtype = problem.segment_width.shape[1], problem.route_cost.dtype
    none = jnp.zeros((0, count), dtype)
    side = OrderRows(jnp.zeros((0, nodes, count), dtype), none, none) if rows is None else rows
    matrix = Rows((-jnp.ones(count, dtype), side.coefficient), *_buying_matrix(nodes, regions, segments))
    lanes = _LANES if jax.default_backend() == "cpu" and count > _LANES else None
    lp = _as_lp(problem, side)
    settings = default_settings(lp, tolerance, max_iterations)
    answer = solve_with(lp, matrix, (tuple(range(nodes)),), start, settings, lanes)
    supply_price, _, row_price = jnp.split(answer.y, [nodes, nodes + regions])
    prices = complete_prices(with_prices(problem, Side(side, row_price)), supply_price)
    order, ship, *_ = _split(answer.x, nodes, regions, segments)
    return answer, complete_point(problem, order, ship), prices, row_price


@dataclass(frozen=True)
class FirstOrder:
    """A point within the tolerance on any backend, `jaxsim.kernels.buying.method.Method`; for comparison.

    Experimental: the other methods are the faster by far, and nothing chooses this one by itself.
    """

    @property
    def name(self) -> str:
        """In one word."""
        return "first_order"

    @property
    def requirements(self) -> str:
        """Of `available`."""
        return "nothing"

    def available(self, shape: Shape) -> bool:
        """Always."""
        return True

    def init(self, shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> State:
        """Zeros."""
        return no_state(shape, batch, dtype)

    def known(self, start: State) -> Bool[Array, "*batch"]:
        """Those with a balance."""
        return start.balance > 0

    def solve(
        self, problem: BuyingLP, start: State, active: Bool[Array, " batch"] | None, limits: Limits, block: int
    ) -> tuple[Solution, State]:
        """All together, or through lanes in which no LP waits for a slower one."""
        return solve_by_blocks(_solve_block, problem, start, active, limits, block)

    def default_block(self, shape: Shape, count: int) -> int:
        """All: `solve_buying` has lanes of its own."""
        return count

    def max_iterations(self, shape: Shape) -> int:
        """Of steps."""
        return MAX_ITERATIONS


def _solve_block(problem: BuyingLP, start: State, limits: Limits, certify: Certify) -> tuple[Solution, State]:
    answer, point, prices, _ = solve_buying(problem, None, start, SHARE * limits.tolerance, limits.iterations)
    return certify(point, prices, answer.iterations >= limits.iterations), answer.state


def no_state(shape: Shape, batch: tuple[int, ...], dtype: DTypeLike, rows: int = 0) -> State:
    """Where buying LPs with so many side constraints start when there was no earlier solve."""
    nodes, regions, segments = shape
    zeros = lambda *axes: jnp.zeros((*axes, *batch), dtype)
    return State(zeros(2 * nodes + regions * (nodes + segments)), zeros(nodes + regions + rows), zeros())


def _as_lp(problem: BuyingLP, rows: OrderRows) -> LinearProgram:
    """The buying LP over a bounded set, where any prices prove something.

    No route or leftover takes more than its node has and its region wants. Bounds at twice that never hold, so they
    take no part of the prices.
    """
    batch = problem.order_total.shape
    closed = problem.route_cost == jnp.inf
    units = problem.supply + jnp.minimum(problem.order_cap, problem.order_total[None])
    wanted = jnp.sum(problem.segment_width, axis=1)
    value = jnp.broadcast_to(problem.segment_value, problem.segment_width.shape)
    line = lambda a: a.reshape(-1, *batch)
    cost = [problem.order_cost, line(jnp.where(closed, 0, problem.route_cost)), problem.overage_cost, line(-value)]
    most = line(jnp.where(closed, 0, 2 * jnp.minimum(units[:, None], wanted[None])))
    high = jnp.concatenate([problem.order_cap, most, 2 * units, line(problem.segment_width)])
    right = jnp.concatenate([problem.supply, jnp.zeros_like(wanted)])
    bounds = jnp.concatenate([right, rows.low]), jnp.concatenate([right, rows.high])
    return LinearProgram(jnp.concatenate(cost), jnp.zeros_like(high), high, *bounds, problem.order_total[None])


def _split(x: Array, nodes: int, regions: int, segments: int) -> tuple[Array, Array, Array, Array]:
    """Order, ship, leftover and served out of one vector."""
    order, ship, leftover, served = jnp.split(x, [nodes, nodes + nodes * regions, 2 * nodes + nodes * regions])
    pair = lambda a, *shape: a.reshape(*shape, *a.shape[1:])
    return order, pair(ship, nodes, regions), leftover, pair(served, regions, segments)


@lru_cache
def _buying_matrix(nodes: int, regions: int, segments: int) -> tuple[_Product, _Product]:
    """Products with the rows of supply, demand and side constraints; cached, so that `jax.jit` knows them again."""

    def forward(data: tuple[Array, Array], x: Array) -> Array:
        minus, coefficient = data
        order, ship, leftover, served = _split(x, nodes, regions, segments)
        supply = jnp.sum(ship, axis=1) + leftover + minus * order
        demand = jnp.sum(ship, axis=0) + minus * jnp.sum(served, axis=1)
        return jnp.concatenate([supply, demand, jnp.sum(coefficient * order, axis=1)])

    def adjoint(data: tuple[Array, Array], y: Array) -> Array:
        minus, coefficient = data
        supply, demand, side = jnp.split(y, [nodes, nodes + regions])
        order = minus * supply + jnp.sum(coefficient * side[:, None], axis=0)
        ship = (supply[:, None] + demand[None]).reshape(-1, *y.shape[1:])
        return jnp.concatenate([order, ship, supply, jnp.repeat(minus * demand, segments, axis=0)])

    return forward, adjoint
