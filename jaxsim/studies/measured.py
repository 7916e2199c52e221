"""One simulation's measures, and the tables and metrics made of a pair of them: unconstrained and constrained.

`unconstrained` is the simulation without capacity costs, `constrained` the one with them, if there is one.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int

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
    weight = problem.system.products.sampling_weight
    sides = unconstrained.contributions, None if constrained is None else constrained.contributions
    return Metrics(
        wmapd_unconstrained=unconstrained.wmapd,
        wmapd_bound=Figure(bound),
        pna_unconstrained=unconstrained.pna,
        resources=_adhered(problem, unconstrained, constrained, bound),
        kpis={name: effect_of(name, weight, problem.strata, *sides) for name in INDICATORS},
        **others,
    )


def _adhered(
    problem: Problem, unconstrained: Measured, constrained: Measured | None, bound: float
) -> dict[str, Adhered]:
    """Adherence to the plan of each resource on both sides.

    Args:
        bound: of all together.
    """
    sizes = {each: part.sum() for each, part in problem.planned.split(problem.planned.plan).items()}
    return {
        each.name: Adhered(
            wmapd_unconstrained=Figure.of(unconstrained.by_resource[each]),
            wmapd=None if constrained is None else Figure.of(constrained.by_resource[each]),
            wmapd_bound=own_bound(each, sizes, Figure(bound)),
        )
        for each in sizes
        if each in unconstrained.by_resource
    }


def own_bound(resource: Resource, sizes: Mapping[Resource, float], bound: Figure) -> Figure:
    """Bound of one resource by itself.

    Args:
        sizes: totals of the plans of all resources, units.
        bound: of all together; all of it is that of arrivals, since nothing better than 0 is known of others.
    """
    if resource is not ARRIVALS:
        return Figure(0.0)
    factor = float(sum(sizes.values()) / sizes[resource])
    found = Figure(bound.mean * factor)
    known = not math.isnan(bound.standard_error)
    return dataclasses.replace(found, standard_error=bound.standard_error * factor) if known else found


def effect_of(
    name: str,
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"] | None,
    first: Mapping[str, PerTrial],
    second: Mapping[str, PerTrial] | None,
) -> Effect:
    """An indicator on both sides, and its change by common random numbers.

    Args:
        name: of the indicator. sampling_weight, strata: as in `Indicator.estimate`.
        first: columns of `contributions` without costs. second: with costs.
    """
    indicator = INDICATORS[name]
    unconstrained = Figure.of(indicator.estimate(sampling_weight, strata, first))
    if second is None:
        return Effect(unconstrained=unconstrained)
    change = indicator.difference(sampling_weight, strata, first, second)
    return Effect(
        unconstrained=unconstrained,
        constrained=Figure.of(indicator.estimate(sampling_weight, strata, second)),
        change=Figure.of(change),
        variance_ratio=change.variance_ratio,
    )
