"""The buying LP, written out column by column and solved by HiGHS from scratch.

    minimize   Σ_k (p_k + c_k(λ)) x_k + Σ_kr w_kr y_kr + Σ_k h_k o_k − Σ_rm b_m z_rm
    subject to Σ_r y_kr + o_k − x_k = s_k     supply at slot k
               Σ_k y_kr − Σ_m z_rm = 0        demand of region r
               Σ_k x_k = Q,   0 ≤ x_k ≤ cap_k,   0 ≤ z_rm ≤ d_rm,   y, o ≥ 0

Two slots (s = 0) with w = 1 and 2 to a region that wants 10 units worth 20 each, Q = 10, no other costs: x = (10, 0).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import highspy
import numpy as np

from jaxsim.highs import QuietHighs

# HiGHS takes no tolerance below 1e-10, and an absolute one. Ties are broken by 1e-6 of a cost: costs are scaled up. A
# million units are not held to 1e-10 in float64: quantities are scaled down. Powers of two change no digit.
_COST_SCALE = 1024.0
_LARGEST_QUANTITY = 1024.0
_OPTIONS = {
    "solver": "simplex",
    "presolve": "off",
    "parallel": "off",
    "threads": 1,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}


@dataclass(frozen=True)
class BuyingProblem:
    """One review's LP over a product's slots k, regions r and demand segments m; units, and currency per unit."""

    order_cost: list[float]
    """p_k + c_k(λ)."""
    cap: list[int]
    supply: list[int]
    """s_k, inventory and what is on the way."""
    overage_cost: list[float]
    route_cost: list[list[float]]
    """w_kr; inf without a route."""
    segment_width: list[list[float]]
    """d_rm."""
    segment_value: list[float]
    """b_m."""
    quantity: int


@dataclass
class _Columns:
    """Columns of an LP in compressed form."""

    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    row: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    def add(self, cost: float, upper: float, entries: dict[int, float]) -> None:
        """Add a variable in [0, upper] with its nonzero coefficients by row."""
        self.cost.append(cost * _COST_SCALE)
        self.upper.append(upper)
        self.row.extend(entries.keys())
        self.value.extend(entries.values())
        self.start.append(len(self.row))


class Answer(NamedTuple):
    """An optimum of the LP."""

    order: list[float]
    """x by slot, units."""
    objective: float
    """Currency."""


def solve(problem: BuyingProblem, name: str, order: Sequence[float] | None = None) -> Answer:
    """Optimum of the LP (the minimizer of eq. 6), or with `order` the best that can be done with that x, units by slot.

    Raises:
        RuntimeError: HiGHS claims no optimum; the message carries `name` and the status.
    """
    solver = QuietHighs()
    for option, value in _OPTIONS.items():
        solver.setOptionValue(option, value)
    unit = _unit(problem)
    lp = _assemble(problem, unit)
    if order is not None:
        bounds = np.array(order) / unit
        lp.col_lower_ = np.concatenate([bounds, np.array(lp.col_lower_)[len(bounds) :]])
        lp.col_upper_ = np.concatenate([bounds, np.array(lp.col_upper_)[len(bounds) :]])
    solver.passModel(lp)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    feasible = highspy.SolutionStatus.kSolutionStatusFeasible
    if (
        status != highspy.HighsModelStatus.kOptimal
        or info.primal_solution_status != feasible
        or info.dual_solution_status != feasible
    ):
        raise RuntimeError(
            f"buying LP of {name}: HiGHS found no optimum, status {solver.modelStatusToString(status)!r}"
        )
    units = [x * unit for x in solver.getSolution().col_value[: len(problem.cap)]]
    return Answer(units, info.objective_function_value * unit / _COST_SCALE)


def _unit(problem: BuyingProblem) -> float:
    """Units that the LP counts as 1: a power of two that makes its quantities small."""
    largest = max(problem.quantity, *problem.supply, *(max(widths) for widths in problem.segment_width))
    return 2.0 ** max(0, math.ceil(math.log2(largest / _LARGEST_QUANTITY)))


def _assemble(problem: BuyingProblem, unit: float) -> highspy.HighsLp:
    """The LP in HiGHS's form: rows are slots, then regions, then the total; columns x, y, o, z."""
    slots, regions = range(len(problem.cap)), range(len(problem.segment_width))
    total = len(slots) + len(regions)
    columns = _Columns()
    for k in slots:
        columns.add(problem.order_cost[k], problem.cap[k] / unit, {k: -1.0, total: 1.0})
    for k in slots:
        for r in regions:
            if math.isfinite(problem.route_cost[k][r]):
                columns.add(problem.route_cost[k][r], math.inf, {k: 1.0, len(slots) + r: 1.0})
    for k in slots:
        columns.add(problem.overage_cost[k], math.inf, {k: 1.0})
    for r in regions:
        for width, value in zip(problem.segment_width[r], problem.segment_value, strict=True):
            columns.add(-value, width / unit, {len(slots) + r: -1.0})
    sides = np.array([*problem.supply, *(0 for _ in regions), problem.quantity]) / unit
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(columns.cost), total + 1
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = (
        np.array(columns.cost),
        np.zeros(lp.num_col_),
        np.array(columns.upper, float),
    )
    lp.row_lower_ = lp.row_upper_ = sides
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.num_col_, lp.a_matrix_.num_row_ = lp.num_col_, lp.num_row_
    lp.a_matrix_.start_ = np.array(columns.start, np.int32)
    lp.a_matrix_.index_ = np.array(columns.row, np.int32)
    lp.a_matrix_.value_ = np.array(columns.value)
    return lp
