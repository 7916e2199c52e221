"""One simulation's measures, and the tables and metrics made of a pair of them: without and with capacity costs."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.measures import (
    Adherence,
    Difference,
    Estimate,
    adherence,
    contributions,
    kpis_of,
    paired_ratios,
    planned_node_weeks,
    ratio_parts,
    utilization,
)
from jaxsim.measures.estimates import PerTrial
from jaxsim.outcome import Outcome
from jaxsim.runs.problem import Problem


@dataclass(frozen=True)
class Measured:
    """Measures of a simulated sample."""

    utilization: Estimate
    """Units by node and week."""
    adherence: Adherence
    kpis: dict[str, Estimate]
    contributions: dict[str, PerTrial]
    """What each product-trial adds to the parts of the indicators."""

    @property
    def wmapd(self) -> float:
        """Deviation from the labor plan."""
        return self.adherence.wmapd

    @property
    def pna(self) -> float:
        """Preferred node availability."""
        return float(self.kpis["preferred_node_availability"].mean)


def measure(problem: Problem, outcome: Outcome) -> Measured:
    """Measure an outcome."""
    system, strata = problem.system, problem.strata
    used = utilization(system, outcome, strata)
    columns = contributions(system, outcome)
    table = kpis_of(system.products.sampling_weight, strata, columns)
    return Measured(used, adherence(system, outcome, used, strata), table, columns)


def cost_columns(problem: Problem, costs: Float64[np.ndarray, " h"]) -> dict[str, Any]:
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


def contribution_columns(problem: Problem, before: Measured, after: Measured | None) -> dict[str, Any]:
    """Table `contributions`: a row per product and trial without costs and, if there are any, another with costs.

    Columns: product; trial; sampling_weight γ; stratum; costs (whether with them); the columns of
    `jaxsim.measures.contributions`; deviation, the part in wMAPD (`Adherence.contribution`).
    """
    cases = [before] if after is None else [before, after]
    products, trials = before.adherence.contribution.shape
    every = lambda values: np.tile(np.repeat(values, trials), len(cases))
    names = pa.array(problem.system.product_names)
    columns: dict[str, Any] = {
        "product": pa.DictionaryArray.from_arrays(every(np.arange(products, dtype=np.int32)), names),
        "trial": np.tile(np.arange(trials, dtype=np.int32), products * len(cases)),
        "sampling_weight": every(problem.system.products.sampling_weight),
        "stratum": every(problem.strata.astype(np.int64)),
        "costs": np.repeat(np.arange(len(cases)) > 0, products * trials),
    }
    for name in before.contributions:
        columns[name] = np.concatenate([case.contributions[name].ravel() for case in cases])
    columns["deviation"] = np.concatenate([case.adherence.contribution.ravel() for case in cases])
    return columns


def kpi_metrics(problem: Problem, before: Measured, after: Measured | None) -> dict[str, Any]:
    """Entry `kpis` of the metrics: name → value and standard error without and, if there are any, with costs, the
    change from without to with, its standard error, and how many times as many product-trials independent simulations
    would need to tell the change as well."""
    table: dict[str, Any] = {}
    for name, estimate in before.kpis.items():
        table[name] = {"unconstrained": number(estimate.mean), "unconstrained_se": number(estimate.standard_error)}
        if after is not None:
            other, change = after.kpis[name], _change(problem, before, after, name)
            table[name] |= {
                "constrained": number(other.mean),
                "constrained_se": number(other.standard_error),
                "change": number(change.mean),
                "change_se": number(change.standard_error),
                "variance_ratio": number(change.variance_ratio),
            }
    return table


def _change(problem: Problem, before: Measured, after: Measured, name: str) -> Difference:
    """Indicator with costs minus the same without, by common random numbers."""
    first, second = (ratio_parts(measured.contributions, name) for measured in (before, after))
    return paired_ratios(problem.system.products.sampling_weight, problem.strata, first, second)


def wmapd_metrics(suffix: str, found: Adherence) -> dict[str, float | None]:
    """wMAPD, its standard error and its noise floor as metrics `wmapd<suffix>`, `…_se` and `…_noise`."""
    name = f"wmapd{suffix}"
    return {
        name: number(found.wmapd),
        f"{name}_se": number(found.standard_error),
        f"{name}_noise": number(found.noise),
    }


def number(value: Any) -> float | None:
    """A float for JSON, None for NaN and infinities."""
    value = float(value)
    return value if math.isfinite(value) else None


def _node_weeks(problem: Problem) -> dict[str, Any]:
    node, week = planned_node_weeks(problem.plan)
    return {"node": np.array(problem.system.network.nodes)[node], "week": week.astype(np.int64)}
