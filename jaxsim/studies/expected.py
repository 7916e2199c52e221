"""Expected figures: metrics and tables of a population that was simulated without capacity costs and with them."""

from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.measures import INDICATORS, Bound, Totals, joint_bound, relative_fall
from jaxsim.measures.indicators import DEVIATION, PNA
from jaxsim.resources import Planned, Resource
from jaxsim.runs.metrics import Adhered, Figure
from jaxsim.studies.measured import effect_of, own_bound
from jaxsim.studies.population import Pair, Population

COST = "cost_per_unit"
"""Name of the cost indicator that leads."""


def expected_metrics(
    population: Population, pair: Pair, planned: Planned, bound_of_arrivals: Bound | None
) -> dict[str, Any]:
    """Fields of `Metrics` that say what is expected of the whole population, and of one realized future.

    Args:
        planned: of any sample of the scenario.
        bound_of_arrivals: None where their plan has no positive total.
    """
    plans = plans_of(planned)
    without, with_costs = pair.unconstrained, pair.constrained
    columns, weight = (without.columns, with_costs.columns), without.weight
    kpis = {name: effect_of(name, weight, None, *columns) for name in INDICATORS}
    availability, cost = kpis[PNA], kpis[COST]
    fall = relative_fall(weight, None, *(INDICATORS[PNA].parts(each) for each in columns))
    bound = Figure.of(joint_bound(pair.groups, plans, bound_of_arrivals))
    return {
        "wmapd_expected_unconstrained": Figure.of(without.adherence(plans)),
        "wmapd_expected": Figure.of(with_costs.adherence(plans)),
        "wmapd_expected_bound": bound,
        "pna_expected_unconstrained": availability.unconstrained,
        "pna_expected": availability.constrained,
        "pna_expected_loss": Figure.of(fall),
        "cost_per_unit_expected_unconstrained": cost.unconstrained,
        "cost_per_unit_expected": cost.constrained,
        "cost_per_unit_expected_change": cost.change,
        "wmapd_realized_unconstrained": _one_future(without.realized_wmapd(plans)),
        "wmapd_realized": _one_future(with_costs.realized_wmapd(plans)),
        "evaluated_products": len(population.names),
        "evaluated_trials": without.trials,
        "expected_resources": _by_resource(pair, plans, bound),
        "expected_kpis": kpis,
    }


def expected_tables(population: Population, pair: Pair, planned: Planned) -> dict[str, pa.Table]:
    """Table `expected`, a row per planned node-week, and table `totals`, a row per case, part and trial."""
    columns = planned.columns() | {"plan": planned.plan}
    cases = {"unconstrained": pair.unconstrained, "constrained": pair.constrained}
    for name, totals in cases.items():
        used = {each: totals.utilization(each) for each in planned.resources}
        columns[name] = planned.pack({each: used[each].mean for each in used})
        columns[f"{name}_se"] = planned.pack({each: used[each].standard_error for each in used})
        columns[f"{name}_spread"] = planned.pack({each: totals.spread(each) for each in used})
    return {"expected": pa.table(columns), "totals": pa.table(_totals(population, cases, planned))}


def _totals(population: Population, cases: dict[str, Totals], planned: Planned) -> dict[str, np.ndarray]:
    """Table `totals`: part, trial, costs (whether with them), columns of indicators, and the deviation."""
    found = [_columns(totals, planned) for totals in cases.values()]
    parts, trials = found[0][DEVIATION].shape
    number = np.arange(trials, dtype=np.int32) + np.int32(population.first_trial)
    return {
        "part": np.tile(np.repeat(np.arange(parts, dtype=np.int32), trials), len(cases)),
        "trial": np.tile(number, parts * len(cases)),
        "costs": np.repeat(np.arange(len(cases)) > 0, parts * trials),
        **{name: np.concatenate([each[name].ravel() for each in found]) for name in found[0]},
    }


def _columns(totals: Totals, planned: Planned) -> dict[str, np.ndarray]:
    """Columns of a case: those of indicators, and the deviation."""
    return totals.columns | {DEVIATION: totals.adherence(plans_of(planned)).contribution}


def plans_of(planned: Planned) -> dict[Resource, Float64[np.ndarray, "nodes weeks"]]:
    """Units by node and week, NaN where there is no plan."""
    parts = planned.split(planned.plan)
    plans = {}
    for resource, each in planned.node_weeks.items():
        plans[resource] = np.where(each.planned, each.unpack(parts[resource]), np.nan)
    return plans


def _one_future(wmapd: Float64[np.ndarray, " trials"]) -> Figure:
    spread = float(wmapd.std(ddof=1))
    return Figure(float(wmapd.mean()), spread / len(wmapd) ** 0.5, spread=spread)


def _by_resource(
    pair: Pair, plans: dict[Resource, Float64[np.ndarray, "nodes weeks"]], bound: Figure
) -> dict[str, Adhered]:
    """Adherence to the plan of each resource that has a positive total."""
    sizes = {resource: float(np.nansum(plan)) for resource, plan in plans.items()}
    return {
        each.name: Adhered(
            wmapd_unconstrained=Figure.of(pair.unconstrained.adherence({each: plans[each]})),
            wmapd=Figure.of(pair.constrained.adherence({each: plans[each]})),
            wmapd_bound=own_bound(each, sizes, bound),
        )
        for each, size in sizes.items()
        if size > 0
    }
