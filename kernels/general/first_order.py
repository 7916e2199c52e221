"""Linear programs over simple sets, by a projected first-order method, thousands at once.

The general tool, for what no special solver covers: an LP whose variables live in a box, with groups of them in
simplices or capped simplices, and with any further rows ``row_low <= A x <= row_high``; see `LinearProgram`. A is an
array or a pair of functions, see `Rows`. Sets are kept exactly, by projection; rows to the tolerance. Three cases:
minimize x_0 + 2 x_1 over the group x_0 + x_1 = 5 within [0, 4]²: x = (4, 1). With the row x_0 - x_1 <= 0 as well:
x = (2.5, 2.5). With the row x_0 >= 5 no x exists, and the status says so.

The iteration is in `jaxsim.kernels.general.pdhg`. It needs no factorization, takes a warm start, and ends with a
certificate that is computed from the point and prices that come back and the LP as it was given. Where the special
solvers of the buying LP apply (`jaxsim.kernels.buying`, `jaxsim.kernels.side_constraints`) they are the faster by
far.

Experimental: no command uses it.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int32

from jaxsim.kernels.general.linear_program import (
    Groups,
    LinearProgram,
    Rows,
    dense,
    group_prices,
    is_empty,
    is_invalid,
    prove,
)
from jaxsim.kernels.general.pdhg import Settings, State, iterate
from jaxsim.kernels.scaling import power_of_two
from jaxsim.kernels.status import Status

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
_INFEASIBLE_TOLERANCE = {"float32": 1e-4, "float64": 1e-10}
_LOOK = 16
"""Iterations after which LPs are asked whether they are done."""


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
    `INFEASIBLE`, the arrays are invalid.
    """
    return solve_with(lp, rows, groups, start, default_settings(lp, tolerance, max_iterations, block), None)


def default_settings(lp: LinearProgram, tolerance: float | None, max_iterations: int, block: int = _LOOK) -> Settings:
    """Settings with the tolerances of the LP's floating type."""
    kind = jnp.dtype(lp.cost.dtype).name
    tolerance = _TOLERANCE[kind] if tolerance is None else tolerance
    return Settings(tolerance, _INFEASIBLE_TOLERANCE[kind], max_iterations, block)


def solve_with(
    lp: LinearProgram, rows: Rows, groups: Groups, start: State | None, settings: Settings, lanes: int | None
) -> Answer:
    """`solve`, all together or through lanes as in `iterate`."""
    bad = is_invalid(lp, rows, groups)
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
