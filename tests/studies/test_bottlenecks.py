"""Tables of what keeps node-weeks from their plan: they agree with the figures, and say no more than is known."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import jaxsim
from jaxsim.measures import PARTS
from jaxsim.report.text.bottlenecks import split_line
from jaxsim.runs.folder import columns_of
from jaxsim.studies.bottlenecks import SOURCES, WORST
from jaxsim.studies.evaluate import evaluate
from tests.studies.flat import known

SEARCH: dict[str, Any] = {"products": 20, "trials": 2, "seed": 3, "iterations": 4}


def parts_of(result: jaxsim.Result) -> dict[str, np.ndarray]:
    """Units of each part, NaN where it is not known."""
    columns = columns_of(result.bottlenecks)
    return {name: columns[name] for name in PARTS}


def check(result: jaxsim.Result) -> dict[str, np.ndarray]:
    """What holds for every result; its columns."""
    columns, parts = columns_of(result.bottlenecks), parts_of(result)
    expected = columns_of(result.expected)
    for name, other in (("plan", "plan"), ("used", "constrained"), ("used_se", "constrained_se")):
        np.testing.assert_array_equal(columns[name], expected[other])
    np.testing.assert_array_equal(columns["deviation"], columns["used"] - columns["plan"])
    units = np.array(list(parts.values()))
    assert not (units < 0).any()
    np.testing.assert_allclose(np.nansum(units, 0), np.abs(columns["deviation"]), rtol=1e-12, atol=1e-12)
    whole = float(np.nansum(units)) / columns["plan"].sum()
    assert whole == pytest.approx(known(result.metrics.wmapd_expected).mean, rel=1e-12)
    np.testing.assert_array_equal(columns["plan_price"], -columns["cost"])
    return columns


def test_an_evaluation_knows_no_box(scenario, costs):
    found = evaluate(scenario, costs, trials=4)
    columns = check(found)
    for name in ("price", "least_cost", "most_cost"):
        assert found.bottlenecks[name].null_count == len(columns["plan"]), name
    bound = columns["bound"].sum() / columns["plan"].sum()
    assert bound <= known(found.metrics.wmapd_expected_bound).mean * (1 + 1e-9)
    assert (np.abs(columns["plan_deviation"]) <= 1).all()
    text = split_line(columns)
    assert text.endswith(" rest (price not known)")
    assert text.startswith(f"{known(found.metrics.wmapd_expected).mean:.2%} = ")


def test_users_of_the_worst_node_weeks(scenario, costs):
    found = evaluate(scenario, costs, trials=4)
    columns, sources = columns_of(found.bottlenecks), found.bottleneck_sources
    assert sources.schema.equals(SOURCES)
    rows = sources.to_pylist()
    cells = list(dict.fromkeys((row["node"], row["week"]) for row in rows))
    size = np.abs(columns["deviation"])
    used = columns["used"] > 0
    worst = np.argsort(-size, kind="stable")[:WORST]
    assert cells == [(columns["node"][h], columns["week"][h]) for h in worst if size[h] > 0 and used[h]]
    at = {(node, week): h for h, (node, week) in enumerate(zip(columns["node"], columns["week"], strict=True))}
    for row in rows:
        assert row["units"] == pytest.approx(row["share"] * columns["used"][at[row["node"], row["week"]]])
        assert 0 < row["share"] <= 1 + 1e-12
        if row["kind"] == "order set":
            assert row["node"] in row["name"].split(" + ")
    assert {row["kind"] for row in rows} == {"order set", "product"}


@pytest.mark.usefixtures("fast_engine")
def test_a_search_knows_its_box(scenario):
    """A price of deviation that is next to nothing: whatever the bound leaves is too dear to mend."""
    options: dict[str, Any] = SEARCH | {"iterations": 8, "deviation_price": 1e-6}
    found = jaxsim.search(scenario, **options)
    columns = check(found)
    reachable = columns_of(found.costs)["reachable"].astype(bool)
    assert (columns["most_cost"][reachable] == 1e-6).all()
    assert (columns["least_cost"] == -columns["most_cost"]).all()
    at_end = np.sign(columns["deviation"]) * columns["cost"] == columns["most_cost"]
    assert at_end[reachable].any()
    rest = np.abs(columns["deviation"]) - columns["bound"]
    np.testing.assert_allclose(columns["price"], np.where(at_end & reachable, rest, 0.0), rtol=1e-12, atol=1e-9)
    assert columns["price"].sum() > 0


@pytest.mark.usefixtures("fast_engine")
def test_the_papers_method_has_no_price_that_is_too_high(scenario):
    found = jaxsim.search(scenario, **SEARCH, method="paper")
    columns = check(found)
    assert (columns["price"] == 0).all()
    reachable = columns_of(found.costs)["reachable"].astype(bool)
    assert np.isinf(columns["most_cost"][reachable]).all()
    shorter = jaxsim.search(scenario, **SEARCH, evaluate_trials=0)
    assert "bottlenecks" not in shorter.tables


def test_storage_has_no_bound(scenario, costs):
    without = jaxsim.load(scenario)
    storing = {name for name in without.nodes if not name.startswith("XD")}
    rows = [row for row in without.tables["labor_plan"].to_pylist() if row["node"] in storing]
    both = jaxsim.Scenario.from_frames({**without.tables, "storage_plan": pa.Table.from_pylist(rows)})
    columns = check(evaluate(both, costs, trials=2))
    storage = columns["resource"] == "storage"
    assert storage.any()
    for name in ("bound", "plan_deviation"):
        assert (np.isnan(columns[name]) == storage).all(), name


def test_blocks_change_nothing(scenario, costs, monkeypatch):
    whole = evaluate(scenario, costs, trials=4)
    monkeypatch.setattr("jaxsim.studies.population.BLOCK", 7)
    monkeypatch.setattr("jaxsim.studies.population.PRODUCT_TRIALS", {"cpu": 12, "gpu": 12})
    cut = evaluate(scenario, costs, trials=4)
    for column in ("step", "used", "deviation", "plan_price"):
        one, other = (columns_of(each.bottlenecks)[column] for each in (whole, cut))
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9, err_msg=column)
    mine, others = (each.bottleneck_sources.to_pylist() for each in (whole, cut))
    assert [row["name"] for row in mine] == [row["name"] for row in others]
    assert [row["units"] for row in mine] == pytest.approx([row["units"] for row in others])
