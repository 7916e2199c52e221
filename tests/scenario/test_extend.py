"""Scenarios made longer, and truth made other than belief."""

import numpy as np
import pyarrow as pa
import pytest

from jaxsim.scenario import ScenarioError
from jaxsim.scenario.extend import biased, drifted, extend
from validation.random_scenarios import random_scenario

WEEKS = 3


@pytest.fixture(scope="module")
def scenario():
    return random_scenario(3, weeks=WEEKS)


def of_week(table: pa.Table, week: int) -> list[dict]:
    rows = [row | {"week": 0} for row in table.to_pylist() if row["week"] == week]
    return sorted(rows, key=str)


def test_weeks_repeat_in_turn(scenario):
    longer = extend(scenario, 5)
    assert longer.weeks == 5
    for name in ("demand", "labor_plan"):
        for week in range(5):
            assert of_week(longer.tables[name], week) == of_week(scenario.tables[name], week % WEEKS)
    assert longer.tables["in_flight"].equals(scenario.tables["in_flight"])


@pytest.mark.parametrize("weeks", [2, 586])
def test_other_horizons_are_refused(scenario, weeks):
    with pytest.raises(ScenarioError, match="3 to 585 weeks"):
        extend(scenario, weeks)


def test_drift_is_of_truth_and_bias_of_belief(scenario):
    other = biased(drifted(scenario, 0.5), 2.0)
    week = scenario.tables["demand"]["week"].to_numpy()
    mean = lambda tables, name: tables.tables[name]["mean"].to_numpy()
    np.testing.assert_allclose(mean(other, "demand"), mean(scenario, "demand") * 1.5**week)
    believed = "forecast" if scenario.has("forecast") else "demand"
    np.testing.assert_allclose(mean(other, "forecast"), 2 * mean(scenario, believed))
    np.testing.assert_allclose(other.column("demand", "q50"), scenario.column("demand", "q50") * 1.5**week)
