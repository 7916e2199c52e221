"""One simulation's measures, and the tables and metrics made of a pair of them: unconstrained and constrained.

`unconstrained` is the simulation without capacity costs, `constrained` the one with them, if there is one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.measures import (
    INDICATORS,
    Adherence,
    Estimate,
    adherence,
    contributions,
    kpis_of,
    utilization,
)
from jaxsim.measures.estimates import PerTrial
from jaxsim.measures.indicators import DEVIATION, PNA
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, Resource
from jaxsim.runs.metrics import Adhered, Effect, Figure, Metrics
from jaxsim.studies.problem import Problem


@dataclass(frozen=True)
class Measured:
    """Measures of a simulated sample."""

    utilization: dict[Resource, Estimate]
    """Units of each planned resource by node and week."""
    adherence: Adherence
    """To the plans of all resources together."""
    by_resource: dict[Resource, Adherence]
    """To the plan of each that has a positive total."""
    kpis: dict[str, Estimate]
    contributions: dict[str, PerTrial]
    """What each product-trial adds to the parts of the indicators."""

    @property
    def wmapd(self) -> Figure:
        """Deviation from the plans of all resources together."""
        return Figure.of(self.adherence)

    @property
    def pna(self) -> Figure:
        """Preferred node availability."""
        return Figure.of(self.kpis[PNA])


def measure(problem: Problem, outcome: Outcome) -> Measured:
    """Measure an outcome."""
    system, strata = problem.system, problem.strata
    used = utilizations(problem, outcome)
    deviations = adherence(system, outcome, used, strata)
    positive = [resource for resource in used if np.nansum(resource.plan(system)) > 0]
    each = {resource: adherence(system, outcome, {resource: used[resource]}, strata) for resource in positive}
    columns = contributions(system, outcome)
    table = kpis_of(system.products.sampling_weight, strata, columns)
    return Measured(used, deviations, each, table, columns | {DEVIATION: deviations.contribution})


def utilizations(problem: Problem, outcome: Outcome) -> dict[Resource, Estimate]:
    """How much of each planned resource an outcome uses."""
    system, strata = problem.system, problem.strata
    return {each: utilization(system, outcome, strata, each) for each in problem.planned.resources}


def cost_table(problem: Problem, costs: Float64[np.ndarray, " h"]) -> pa.Table:
    """Table `costs` of the planned node-weeks, and whether a price there can change an order."""
    return pa.table(problem.planned.columns() | {"cost": costs, "reachable": problem.planned.reachable})


def tables(problem: Problem, unconstrained: Measured, constrained: Measured | None) -> dict[str, pa.Table]:
    """The tables that every study has."""
    return {
        "utilization": pa.table(_utilization_columns(problem, unconstrained, constrained)),
        "contributions": pa.table(_contribution_columns(problem, unconstrained, constrained)),
    }


def _utilization_columns(problem: Problem, unconstrained: Measured, constrained: Measured | None) -> dict[str, Any]:
    """Table `utilization` of the planned node-weeks, units, with standard errors."""
    planned = problem.planned
    columns = planned.columns() | {"plan": planned.plan}
    for name, measured in (("unconstrained", unconstrained), ("constrained", constrained)):
        if measured is not None:
            found = measured.utilization
            columns[name] = planned.pack({each: np.asarray(found[each].mean) for each in found})
            columns[f"{name}_se"] = planned.pack({each: np.asarray(found[each].standard_error) for each in found})
    return columns


def _contribution_columns(problem: Problem, unconstrained: Measured, constrained: Measured | None) -> dict[str, Any]:
    """Table `contributions`: a row per product and trial without costs and, if there are any, another with costs.

    Columns: product; trial; sampling_weight γ; stratum; costs (whether with them); the columns of
    `jaxsim.measures.contributions`; deviation, the part in wMAPD (`Adherence.contribution`).
    """
    cases = [unconstrained] if constrained is None else [unconstrained, constrained]
    products, trials = unconstrained.adherence.contribution.shape
    every = lambda values: np.tile(np.repeat(values, trials), len(cases))
    names = pa.array(problem.system.product_names)
    columns: dict[str, Any] = {
        "product": pa.DictionaryArray.from_arrays(every(np.arange(products, dtype=np.int32)), names),
        "trial": np.tile(np.arange(trials, dtype=np.int32), products * len(cases)),
        "sampling_weight": every(problem.system.products.sampling_weight),
        "stratum": every(problem.strata.astype(np.int64)),
        "costs": np.repeat(np.arange(len(cases)) > 0, products * trials),
    }
    for name in unconstrained.contributions:
        columns[name] = np.concatenate([case.contributions[name].ravel() for case in cases])
    return columns


def metrics(
    problem: Problem, unconstrained: Measured, constrained: Measured | None, bound: float, **others: Any
) -> Metrics:
    """Adherence, service and indicators of a run; `others` are further fields of `Metrics`."""
    if constrained is not None:
        others |= {"wmapd": constrained.wmapd, "pna": constrained.pna}
    return Metrics(
        wmapd_unconstrained=unconstrained.wmapd,
        wmapd_bound=Figure(bound),
        pna_unconstrained=unconstrained.pna,
        resources=_adhered(problem, unconstrained, constrained, bound),
        kpis={name: _effect(problem, unconstrained, constrained, name) for name in INDICATORS},
        **others,
    )


def _adhered(
    problem: Problem, unconstrained: Measured, constrained: Measured | None, bound: float
) -> dict[str, Adhered]:
    """Adherence to the plan of each resource on both sides.

    Args:
        bound: of all together; all of it is that of arrivals, since nothing better than 0 is known of others.
    """
    sizes = {each: part.sum() for each, part in problem.planned.split(problem.planned.plan).items()}
    total = sum(sizes.values())
    return {
        each.name: Adhered(
            wmapd_unconstrained=Figure.of(unconstrained.by_resource[each]),
            wmapd=None if constrained is None else Figure.of(constrained.by_resource[each]),
            wmapd_bound=Figure(float(bound * total / size) if each is ARRIVALS else 0.0),
        )
        for each, size in sizes.items()
        if each in unconstrained.by_resource
    }


def _effect(problem: Problem, unconstrained: Measured, constrained: Measured | None, name: str) -> Effect:
    """An indicator on both sides, and its change by common random numbers."""
    first = Figure.of(unconstrained.kpis[name])
    if constrained is None:
        return Effect(unconstrained=first)
    change = INDICATORS[name].difference(
        problem.system.products.sampling_weight,
        problem.strata,
        unconstrained.contributions,
        constrained.contributions,
    )
    return Effect(
        unconstrained=first,
        constrained=Figure.of(constrained.kpis[name]),
        change=Figure.of(change),
        variance_ratio=change.variance_ratio,
    )
