"""How far the cost of a lane can move before the plan changes.

A plan x stays optimal as long as no direction d that it may take costs less than nothing. With every limit that holds
tight turned into "not further" these directions are a cone, so for lane l

    room upward   = min c'd  over the cone with d_l = −1      (∞ where x_l cannot fall)
    room downward = min c'd  over the cone with d_l = +1      (∞ where x_l cannot rise)

and each is a small linear program that starts where the last one ended. That is exact at any plan; the ranging of a
simplex basis is not, because at a degenerate plan it tells how long one basis of several stays optimal. At the ends of
a range another plan costs the same; beyond them it costs less.
"""

from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int64

from jaxsim import interrupts
from jaxsim.allocation.plan import Plan, Status
from jaxsim.allocation.sifting import ColumnLP
from jaxsim.allocation.solving import linear_program
from jaxsim.highs import QuietHighs

MOST_LANES = 50_000
"""Lanes of a problem that can be ranged."""
ALL_LANES = 2_000
"""Lanes up to which all are ranged unless the caller chooses."""
_TIGHT = 1e-7


@dataclass(frozen=True)
class CostRanges:
    """Costs between which the plan stays optimal, currency per unit, for the lanes that were asked for."""

    plan: Plan
    lane: Int64[np.ndarray, " ranged"]
    low: Float64[np.ndarray, " ranged"]
    """−inf where no fall of the cost changes the plan."""
    high: Float64[np.ndarray, " ranged"]
    """inf where no rise of the cost changes the plan."""

    @property
    def table(self) -> pa.Table:
        """A row per lane: warehouse, location, product where there are products, units, cost, low, high."""
        problem, lane = self.plan.problem, self.lane
        name = lambda names, which: pa.array(np.array(names, object)[which], pa.string())
        columns: dict[str, Any] = {
            "warehouse": name(problem.warehouses, problem.supply_key[problem.supply_of[lane], 0]),
            "location": name(problem.locations, problem.demand_key[problem.demand_of[lane], 0]),
        }
        if problem.products:
            columns["product"] = name(problem.products, problem.lane_product[lane])
        numbers = {"units": self.plan.units[lane], "cost": problem.measure("cost")[lane]}
        return pa.table(columns | numbers | {"low": self.low, "high": self.high})


def ranging(plan: Plan, lanes: Any = None) -> CostRanges:
    """Ranges of the transport cost of lanes, each with all other costs as they are.

    Args:
        plan: an optimal plan.
        lanes: numbers of lanes; when left out all of up to `ALL_LANES`, else those that carry units.

    Raises:
        ValueError: the plan is not optimal, its objective gives cost no weight, it has more than `MOST_LANES` lanes, or
            a lane is not there.
        KeyboardInterrupt: a signal has asked for an end.
    """
    problem, weight = plan.problem, plan.weights.get("cost", 0.0)
    if plan.status is not Status.OPTIMAL:
        raise ValueError(f"a plan without proof of optimality has no ranges: {plan.status.value}")
    if weight == 0:
        raise ValueError("cost has no weight in this plan's objective, so it may move without bound")
    if problem.lanes > MOST_LANES:
        raise ValueError(f"ranging takes up to {MOST_LANES:,} lanes, and there are {problem.lanes:,}")
    if lanes is None:
        lanes = np.arange(problem.lanes) if problem.lanes <= ALL_LANES else np.flatnonzero(plan.units > _TIGHT)
    lane = np.atleast_1d(np.asarray(lanes, np.int64))
    if ((lane < 0) | (lane >= problem.lanes)).any():
        raise ValueError(f"lanes are numbered from 0 to {problem.lanes - 1}")
    cone = _Cone(plan, linear_program(problem, plan.weights, plan.at_most))
    room = np.array([(cone.room(each, +1.0), cone.room(each, -1.0)) for each in lane.tolist()]).reshape(-1, 2) / weight
    cost = problem.measure("cost")[lane]
    return CostRanges(plan, lane, cost - room[:, 0], cost + room[:, 1])


class _Cone:
    """Directions that keep every limit which the plan holds tight."""

    def __init__(self, plan: Plan, lp: ColumnLP) -> None:
        priced = np.isfinite(plan.problem.unmet_price)
        x = np.concatenate([plan.units, plan.unmet[priced]])
        activity = lp.matrix @ x
        size = _TIGHT * max(1.0, float(np.abs(x).max(initial=0.0)))
        self.low = np.where(x <= lp.lower + size, 0.0, -np.inf)
        self.high = np.where(x >= lp.upper - size, 0.0, np.inf)
        model: Any = highspy.HighsLp()
        model.num_row_, model.num_col_ = len(lp.row_low), len(lp.cost)
        model.col_cost_, model.col_lower_, model.col_upper_ = lp.cost, self.low, self.high
        row_size = _TIGHT * np.maximum(1.0, np.abs(activity))
        model.row_lower_ = np.where(activity <= lp.row_low + row_size, 0.0, -np.inf)
        model.row_upper_ = np.where(activity >= lp.row_high - row_size, 0.0, np.inf)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_ = lp.matrix.indptr, lp.matrix.indices
        model.a_matrix_.value_ = lp.matrix.data
        self.highs: Any = QuietHighs()
        for option, value in {"threads": 1, "presolve": "off", "solver": "simplex", "parallel": "off"}.items():
            self.highs.setOptionValue(option, value)
        self.highs.passModel(model)

    def room(self, lane: int, step: float) -> float:
        """Least cost of a direction that moves a lane by `step`; inf where there is none."""
        interrupts.check()
        if (self.high[lane] if step > 0 else -self.low[lane]) <= 0:
            return np.inf
        self.highs.changeColBounds(lane, step, step)
        self.highs.run()
        status, value = self.highs.getModelStatus(), self.highs.getInfo().objective_function_value
        self.highs.changeColBounds(lane, float(self.low[lane]), float(self.high[lane]))
        if status == highspy.HighsModelStatus.kInfeasible:
            return np.inf
        if status != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(f"HiGHS ends a range with the status {self.highs.modelStatusToString(status)!r}")
        return max(0.0, float(value))
