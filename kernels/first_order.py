"""Linear programs over simple sets, by a projected first-order method, thousands at once.

The general tool, for what no special solver covers: an LP whose variables live in a box, with groups of them in
simplices or capped simplices, and with any further rows ``row_low <= A x <= row_high``; see `LinearProgram`. A is an
array or a pair of functions, see `Rows`. Sets are kept exactly, by projection; rows to the tolerance. Three cases:
minimize x_0 + 2 x_1 over the group x_0 + x_1 = 5 within [0, 4]²: x = (4, 1). With the row x_0 - x_1 <= 0 as well:
x = (2.5, 2.5). With the row x_0 >= 5 no x exists, and the status says so.

The iteration is in `jaxsim.kernels._pdhg`. It needs no factorization, takes a warm start, and ends with a
certificate that is computed from the point and prices that come back and the LP as it was given. Where the special
solvers of the buying LP apply (`jaxsim.kernels.buying_lp`, `jaxsim.kernels.side_constraints`) they are the faster by
far.
"""

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxsim.kernels._certificate import (
    Certify,
    Limits,
    Point,
    Prices,
    Side,
    complete_point,
    complete_prices,
    with_prices,
)
from jaxsim.kernels._linear_program import (
    Groups,
    LinearProgram,
    Rows,
    dense,
    group_prices,
    is_bad,
    is_empty,
    prove,
)
from jaxsim.kernels._pdhg import Settings, State, iterate
from jaxsim.kernels._problem import BuyingLP, OrderRows, Solution, Status, power_of_two
from jaxtyping import Float, Int32

__all__ = [
    "Answer",
    "LinearProgram",
    "Rows",
    "State",
    "Status",
    "dense",
    "solve",
]

_TOLERANCE = {"float32": 1e-4, "float64": 1e-8}
SHARE = 0.1  # of the tolerance of a completed point, for the point that it is made of
_INFEASIBLE_TOLERANCE = {"float32": 1e-4, "float64": 1e-10}
_LOOK = 16
"""Iterations after which LPs are asked whether they are done."""
_LANES = 64
"""LPs at work together on a CPU: fewer wait longer for XLA's operations to begin, more leave the cache."""


class Answer(NamedTuple):
    """A point, its prices and its certificate."""

    x: Float[Array, " n *batch"]
    """In the box and the groups, the sums to rounding; keeps the rows to the tolerance."""
    y: Float[Array, " m *batch"]
    """∂objective/∂ the bound of a row that holds; positive where that is ``row_low``."""
    group_price: Float[Array, " groups *batch"]
    """∂objective/∂totals."""
    objective: Float[Array, "*batch"]
    dual_objective: Float[Array, "*batch"]
    """A lower bound on the least objective, where the dual residual is 0."""
    gap: Float[Array, "*batch"]
    """|objective - dual objective| / Σ|c_j x_j|."""
    primal_residual: Float[Array, "*batch"]
    """Largest violation, as a part of the largest number in a row and its bounds."""
    dual_residual: Float[Array, "*batch"]
    """Largest reduced cost towards a missing bound, as a part of the largest number in a reduced cost."""
    iterations: Int32[Array, "*batch"]
    status: Int32[Array, "*batch"]
    """A `Status`."""
    state: State
    """To start a similar LP from; opaque."""


@partial(jax.jit, static_argnames=("groups", "tolerance", "max_iterations", "block"))
def solve(
    lp: LinearProgram,
    rows: Rows,
    *,
    groups: Groups = (),
    start: State | None = None,
    tolerance: float | None = None,
    max_iterations: int = 20_000,
    block: int = _LOOK,
) -> Answer:
    """Solve a batch of LPs; shapes and units as in `LinearProgram`. The floating type follows the inputs.

    ``groups`` are disjoint tuples of places in x, the same for all LPs, one for each of ``totals``. ``start`` is the
    `State` of an earlier answer to an LP of the same shape. ``tolerance`` bounds gap and residuals of an `OPTIMAL`
    answer (default 1e-8 in float64, 1e-4 in float32). After each ``block`` iterations LPs are asked whether they are
    done, which takes about as long as ten iterations.

    `INFEASIBLE` is said where bounds cross, where a group cannot hold its total, or where prices prove it. An LP
    without a lower bound on its objective ends as `ITERATION_LIMIT`. Where the status is `BAD_INPUT` or
    `INFEASIBLE`, the arrays mean nothing.
    """
    return _solve(lp, rows, groups, start, _settings(lp, tolerance, max_iterations, block), None)


def _settings(lp: LinearProgram, tolerance: float | None, max_iterations: int, block: int) -> Settings:
    kind = jnp.dtype(lp.cost.dtype).name
    tolerance = _TOLERANCE[kind] if tolerance is None else tolerance
    return Settings(tolerance, _INFEASIBLE_TOLERANCE[kind], max_iterations, block)


def _solve(
    lp: LinearProgram, rows: Rows, groups: Groups, start: State | None, settings: Settings, lanes: int | None
) -> Answer:
    """`solve`, all together or through lanes as in `iterate`."""
    bad = is_bad(lp, rows, groups)
    empty = ~bad & is_empty(lp, groups)
    skip = bad | empty
    lp = jax.tree.map(lambda a: jnp.where(skip, 0, a), lp)
    cold = State(jnp.zeros_like(lp.cost), jnp.zeros_like(lp.row_low), jnp.zeros_like(skip, lp.cost.dtype))
    unit, price = _units(lp)
    scaled = lp._replace(cost=lp.cost / price, **{name: getattr(lp, name) / unit for name in lp._fields[1:]})
    begin = _rescale(cold if start is None else start, 1 / unit, 1 / price)
    end = iterate(scaled, rows, groups, begin, settings, skip, lanes)
    state = _rescale(end.best, unit, price)
    proof = prove(lp, rows, groups, state.x, state.y)
    worst = jnp.maximum(jnp.maximum(proof.gap, proof.primal_residual), proof.dual_residual)
    status = jnp.where(end.iterations >= settings.max_iterations, Status.ITERATION_LIMIT, Status.INACCURATE)
    status = jnp.where(worst <= settings.tolerance, Status.OPTIMAL, status)
    status = jnp.where(empty | end.infeasible, Status.INFEASIBLE, status)
    status = jnp.where(bad, Status.BAD_INPUT, status).astype(jnp.int32)
    prices = group_prices(lp, groups, lp.cost - rows.pull(state.y))
    return Answer(
        state.x, state.y, prices, **proof._asdict(), iterations=end.iterations, status=status, state=state
    )  # fmt: skip


def _units(lp: LinearProgram) -> tuple[Array, Array]:
    """Powers of two near the size of quantities and of costs: iterating in them neither overflows nor underflows."""

    def size(*arrays: Array) -> Array:
        every = jnp.concatenate(arrays)
        return jnp.max(jnp.where(jnp.isfinite(every), jnp.abs(every), 0), axis=0, initial=0)

    bounds = size(lp.row_low, lp.row_high, lp.totals)
    return power_of_two(jnp.where(bounds > 0, bounds, size(lp.low, lp.high))), power_of_two(size(lp.cost))


def _rescale(state: State, unit: Array, price: Array) -> State:
    """The state in other units of quantity and of price."""
    return State(state.x * unit, state.y * price, state.balance * (price / unit))


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
    answer = _solve(lp, matrix, (tuple(range(nodes)),), start, _settings(lp, tolerance, max_iterations, _LOOK), lanes)
    supply_price, _, row_price = jnp.split(answer.y, [nodes, nodes + regions])
    prices = complete_prices(with_prices(problem, Side(side, row_price)), supply_price)
    order, ship, *_ = _split(answer.x, nodes, regions, segments)
    return answer, complete_point(problem, order, ship), prices, row_price


def solve_block(problem: BuyingLP, start: State, limits: Limits, certify: Certify) -> tuple[Solution, State]:
    """The method "first_order" of `jaxsim.kernels.buying_lp`."""
    answer, point, prices, _ = solve_buying(problem, None, start, SHARE * limits.tolerance, limits.iterations)
    return certify(point, prices, answer.iterations >= limits.iterations), answer.state


def no_state(problem: BuyingLP, rows: int = 0) -> State:
    """Where buying LPs with so many side constraints start when there was no earlier solve."""
    nodes, regions, *batch = problem.route_cost.shape
    segments = problem.segment_width.shape[1]
    zeros = lambda *axes: jnp.zeros((*axes, *batch), problem.route_cost.dtype)
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
def _buying_matrix(nodes: int, regions: int, segments: int):
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
