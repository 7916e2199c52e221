"""One simulation's measures, and the tables and metrics made of a pair of them: without and with capacity costs."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from jaxsim.measures import Estimate, kpis, planned_node_weeks, utilization, wmapd
from jaxsim.outcome import Outcome
from jaxsim.runs.problem import Problem


@dataclass(frozen=True)
class Measured:
    """Measures of a simulated sample."""

    utilization: Estimate
    """Units by node and week."""
    wmapd: float
    kpis: dict[str, Estimate]

    @property
    def pna(self) -> float:
        """Preferred node availability."""
        return float(self.kpis["preferred_node_availability"].mean)


def measure(problem: Problem, outcome: Outcome) -> Measured:
    """Measure an outcome."""
    used = utilization(problem.system, outcome, problem.strata)
    deviation = wmapd(np.asarray(used.mean), problem.plan)
    return Measured(used, deviation, kpis(problem.system, outcome, problem.strata))


def cost_columns(problem: Problem, costs: Float64[np.ndarray, "h"]) -> dict[str, Any]:
    """Table `costs` of the planned node-weeks."""
    return _node_weeks(problem) | {"cost": costs}


def utilization_columns(problem: Problem, before: Measured, after: Measured | None) -> dict[str, Any]:
    """Table `utilization` of the planned node-weeks, units, with standard errors."""
    node, week = planned_node_weeks(problem.plan)
    columns = _node_weeks(problem) | {"plan": problem.plan[node, week]}
    for name, measured in (("unconstrained", before), ("constrained", after)):
        if measured is not None:
            columns[name] = np.asarray(measured.utilization.mean)[node, week]
            columns[f"{name}_se"] = np.asarray(measured.utilization.standard_error)[node, week]
    return columns


def kpi_metrics(before: Measured, after: Measured | None) -> dict[str, Any]:
    """Entry `kpis` of the metrics: name → value and standard error without and, if there are any, with costs."""
    table: dict[str, Any] = {}
    for name, estimate in before.kpis.items():
        table[name] = {"unconstrained": number(estimate.mean), "unconstrained_se": number(estimate.standard_error)}
        if after is not None:
            other = after.kpis[name]
            table[name] |= {"constrained": number(other.mean), "constrained_se": number(other.standard_error)}
    return table


def number(value: Any) -> float | None:
    """A float for JSON, None for NaN and infinities."""
    value = float(value)
    return value if math.isfinite(value) else None


def _node_weeks(problem: Problem) -> dict[str, Any]:
    node, week = planned_node_weeks(problem.plan)
    return {"node": np.array(problem.system.network.nodes)[node], "week": week.astype(np.int64)}
