"""The buying LP with side constraints on the order: a storage limit, the least that a vendor accepts, a full truck.

The LP and its contract are those of `jaxsim.kernels.buying`, with further rows

    low_i <= Σ_k coefficient_ik x_k <= high_i

Three cases: the first one there, with the row x_0 <= 6 as well: x = (6, 4). With x_0 + x_1 >= 10 it stays (10, 0), and
the row has no price. With x_0 + x_1 >= 11 no x exists, and the status says so.

Two methods give the same `Constrained`, with a start for a similar LP: `COLUMN_GENERATION` for few rows, `FIRST_ORDER`
for many.

Experimental: no command uses side constraints.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int32

from jaxsim.kernels.batches import by_blocks, flatten, unflatten
from jaxsim.kernels.buying.certificate import Side, examine
from jaxsim.kernels.buying.method import Limits, Start
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Solution, is_infeasible, is_invalid, or_nothing
from jaxsim.kernels.scaling import power_of_two
from jaxsim.kernels.side_constraints.column_generation import ColumnGeneration
from jaxsim.kernels.side_constraints.first_order import FirstOrder
from jaxsim.kernels.side_constraints.method import Method

COLUMN_GENERATION, FIRST_ORDER = ColumnGeneration(), FirstOrder()

METHODS: dict[str, Method] = {COLUMN_GENERATION.name: COLUMN_GENERATION, FIRST_ORDER.name: FIRST_ORDER}
"""By name: benchmarks look methods up here, functions take the objects."""

_TOLERANCE = {"float32": 1e-4, "float64": 1e-8}


class Constrained(NamedTuple):
    """The buying LP's point, prices and certificate, which count the side constraints, and what these are worth."""

    solution: Solution
    """The primal residual of a side constraint is a part of its largest coefficient times all units, Σs + Q."""
    row_price: Float[Array, " rows *batch"]
    """∂objective/∂ the bound that holds, cost per unit of the row; positive where that is ``low``."""
    iterations: Int32[Array, "*batch"]
    """Of the method: `ColumnGeneration` solves the LP without rows once in each."""
    start: Start
    """To start a similar LP from."""


def solve(
    problem: BuyingLP,
    rows: OrderRows,
    *,
    start: Start | None = None,
    tolerance: float | None = None,
    max_iterations: int | None = None,
    method: Method = COLUMN_GENERATION,
) -> Constrained:
    """Solve a batch of buying LPs with at least one side constraint; shapes and units as in `BuyingLP` and `OrderRows`.

    ``start`` is that of an earlier answer to LPs of the same shape, by the same method. ``tolerance`` bounds gap and
    residuals of an `OPTIMAL` answer (default 1e-8 in float64, 1e-4 in float32). ``max_iterations`` is far beyond need
    unless given. Where the status is `INFEASIBLE` or `BAD_INPUT`, the arrays are finite but invalid.

    Raises:
        ValueError: no rows, the method is none, or a start of another method or another shape of LP.
    """
    if not isinstance(method, Method):
        raise ValueError(f"method: {method!r} is none; take an object out of side_constraints.METHODS")
    if not len(rows.low):
        raise ValueError("rows: there are none; buying.solve is for LPs without side constraints")
    if start is None:  # written out, so that cold and hot are one compiled program
        start = no_start(problem, len(rows.low), method)
    elif jax.tree.map(jnp.shape, start) != _shapes(problem, len(rows.low), method):
        raise ValueError(f"start: not one of {method.name} for LPs of this shape; see no_start")
    if tolerance is None:
        tolerance = _TOLERANCE[jnp.dtype(problem.route_cost.dtype).name]
    if max_iterations is None:
        max_iterations = method.max_iterations(len(rows.low))
    return _solve(problem, rows, start, Limits(max_iterations, tolerance), method)


@partial(jax.jit, static_argnames=("limits", "method"))
def _solve(problem: BuyingLP, rows: OrderRows, start: Start, limits: Limits, method: Method) -> Constrained:
    """Block after block, along one batch axis."""
    flat = flatten((problem, rows, start), problem.batch)
    block = method.default_block(flat[0].order_total.shape[0])
    return unflatten(by_blocks(lambda some: _certified(some, method, limits), flat, block), problem.batch)


def no_start(problem: BuyingLP, rows: int, method: Method = COLUMN_GENERATION) -> Start:
    """What `solve` starts from when there was no earlier one: the method's `init`."""
    return method.init(problem.shape, rows, problem.batch, problem.route_cost.dtype)


def _shapes(problem: BuyingLP, rows: int, method: Method) -> Start:
    """Of the arrays of a start."""
    return jax.tree.map(jnp.shape, jax.eval_shape(lambda: no_start(problem, rows, method)))


def _certified(some: tuple[BuyingLP, OrderRows, Start], method: Method, limits: Limits) -> Constrained:
    """A block's answers, examined."""
    problem, rows, start = some
    bad = is_invalid(problem) | _is_invalid(rows)
    infeasible = is_infeasible(problem) | jnp.any(rows.low > rows.high, axis=0)
    skip = bad | infeasible
    problem = or_nothing(problem, skip)
    can_order = jnp.minimum(problem.order_cap, problem.order_total[None]) > 0
    coefficient = jnp.where(can_order, rows.coefficient, 0)  # where nothing can be ordered it must not set the scale
    size = power_of_two(jnp.max(jnp.abs(coefficient), axis=1))
    rows = OrderRows(coefficient / size[:, None], *(jnp.where(skip, 0, a / size) for a in (rows.low, rows.high)))
    found = method.solve_block(problem, rows, start, limits)
    flags = bad, infeasible | found.infeasible, found.unfinished
    solution = examine(problem, found.point, found.prices, flags, limits.tolerance, Side(rows, found.row_price))
    return Constrained(solution, found.row_price / size, found.iterations, found.start)


def _is_invalid(rows: OrderRows) -> Array:
    """Which LPs have a row that is no row."""
    wrong = ~(rows.low < jnp.inf) | ~(rows.high > -jnp.inf)
    return jnp.any(wrong, axis=0) | jnp.any(~jnp.isfinite(rows.coefficient), axis=(0, 1))
