"""Scenarios made longer, and truth made other than belief: the world of a rolling study.

A scenario has a few weeks; a world that goes on needs more. Its weeks repeat in turn: demand, what buying believes of
it, and plans of week w are those of week w mod W. What is on hand and in flight stays as it is.
"""

import dataclasses
from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from jaxsim.scenario.faults import Fault, ScenarioError
from jaxsim.scenario.scenario import Scenario
from jaxsim.scenario.schema import MOST_WEEKS, quantile_columns

WEEKLY = ("demand", "forecast", "demand_paths", "labor_plan", "storage_plan")
"""Tables with a row for every week."""


def extend(scenario: Scenario, weeks: int) -> Scenario:
    """The scenario with so many weeks, its own repeated in turn.

    Raises:
        ScenarioError: they are fewer than it has, or more than `MOST_WEEKS`.
    """
    if not scenario.weeks <= weeks <= MOST_WEEKS:
        rule, remedy = f"an extended horizon has {scenario.weeks} to {MOST_WEEKS} weeks", "Ask for fewer weeks."
        raise ScenarioError([Fault("too long", "labor_plan", rule, remedy, "week", None, str(weeks))])
    tables = dict(scenario.tables)
    for name in WEEKLY:
        if name in tables:
            tables[name] = _repeated(tables[name], scenario.weeks, weeks)
    return dataclasses.replace(scenario, tables=MappingProxyType(tables), weeks=weeks)


def drifted(scenario: Scenario, drift: float) -> Scenario:
    """What customers do grows by the part `drift` a week, and buying believes what it believed.

    Raises:
        ScenarioError: demand is given as sample paths, whole units that are not scaled.
    """
    if not drift:
        return scenario
    if scenario.has("demand_paths"):
        rule, remedy = "demand that drifts is given by quantiles", "Leave the drift out, or the table."
        raise ScenarioError([Fault("not scalable", "demand_paths", rule, remedy, None, None, f"drift {drift:g}")])
    tables = dict(scenario.tables)
    if not scenario.has("forecast"):
        tables["forecast"] = tables["demand"]
    tables["demand"] = _scaled(tables["demand"], lambda week: (1 + drift) ** week)
    return dataclasses.replace(scenario, tables=MappingProxyType(tables))


def biased(scenario: Scenario, bias: float) -> Scenario:
    """Buying believes `bias` times what it believed; customers do what they did."""
    if bias == 1:
        return scenario
    believed = scenario.tables["forecast" if scenario.has("forecast") else "demand"]
    tables = dict(scenario.tables) | {"forecast": _scaled(believed, lambda week: np.full(len(week), bias))}
    return dataclasses.replace(scenario, tables=MappingProxyType(tables))


def _repeated(table: pa.Table, period: int, weeks: int) -> pa.Table:
    at, week = table.schema.get_field_index("week"), table["week"].to_numpy()
    copies = [table.set_column(at, "week", pa.array(week + start)) for start in range(0, weeks, period)]
    later = np.concatenate([week + start for start in range(0, weeks, period)])
    return pa.concat_tables(copies).filter(pa.array(later < weeks))


def _scaled(table: pa.Table, factor: Callable[[np.ndarray], np.ndarray]) -> pa.Table:
    """Mean and quantiles times a factor of their week."""
    by_row = factor(table["week"].to_numpy())
    for name in ("mean", *quantile_columns(table.column_names)):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pa.array(table[name].to_numpy() * by_row))
    return table
