"""Evaluations: what is true of costs for a whole population, however it is cut, and stopped evaluations go on."""

import dataclasses
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import jaxsim
from jaxsim import report
from jaxsim.draws import independent_seed
from jaxsim.measures import INDICATORS, utilization, wmapd, wmapd_bound
from jaxsim.report.text.run import comparison_lines, metrics_lines
from jaxsim.resources import ARRIVALS
from jaxsim.runs.folder import RunError, columns_of
from jaxsim.runs.metrics import Figure
from jaxsim.scenario import TABLES
from jaxsim.studies.costs import read_costs
from jaxsim.studies.evaluate import evaluate
from jaxsim.studies.measured import measure
from jaxsim.studies.problem import engine, load_problem
from tests.studies.conftest import soft_engine
from tests.studies.flat import known, values

TRIALS = 4
SEARCH: dict[str, Any] = {"products": 20, "trials": 2, "seed": 3, "iterations": 4}


def equal(first: jaxsim.Result, second: jaxsim.Result, tolerance: float):
    """Figures and tables that differ by rounding alone, or not at all; bounds come from a solver."""
    a, b = values(first.metrics), values(second.metrics)
    assert a.keys() == b.keys()
    for name, value in a.items():
        mine = 1e3 * tolerance if "bound" in name else tolerance
        assert value == pytest.approx(b[name], rel=mine, abs=mine), name
    for name in ("expected", "totals"):
        one, other = (columns_of(each.tables[name]) for each in (first, second))
        assert one.keys() == other.keys()
        for column, numbers in one.items():
            if numbers.dtype == object:
                assert numbers.tolist() == other[column].tolist()
            else:
                np.testing.assert_allclose(numbers, other[column], rtol=tolerance, atol=tolerance, err_msg=column)


def test_figures_are_those_of_all_products_simulated_at_once(scenario, costs):
    """Not through blocks and totals, but as a sample that is the population is measured."""
    found = evaluate(scenario, costs, trials=TRIALS, seed=7)
    metrics, problem = found.metrics, load_problem(scenario, 10_000, 0)
    system, population = problem.system, problem.population
    simulate = engine("scan", system, TRIALS, independent_seed(7, "evaluate"))
    prices = read_costs(costs, system.network)
    outcomes = simulate(None), simulate(prices)
    cases = [measure(problem, outcome) for outcome in outcomes]
    table, plan = columns_of(found.expected), problem.planned
    assert (metrics.evaluated_products, metrics.evaluated_trials) == (population, TRIALS) == (24, TRIALS)
    for name, case in zip(("unconstrained", "constrained"), cases, strict=True):
        used = case.utilization[ARRIVALS]
        np.testing.assert_allclose(table[name], plan.pack({ARRIVALS: used.mean}))
        np.testing.assert_allclose(table[f"{name}_se"], plan.pack({ARRIVALS: used.standard_error}))
        for indicator, effect in metrics.expected_kpis.items():
            assert getattr(effect, name).mean == pytest.approx(case.kpis[indicator].mean, nan_ok=True), indicator
    expected = known(metrics.wmapd_expected_unconstrained), known(metrics.wmapd_expected)
    for figure, case in zip(expected, cases, strict=True):
        assert (figure.mean, figure.noise) == pytest.approx((case.wmapd.mean, case.wmapd.noise))
    assert known(metrics.wmapd_expected_bound).mean == pytest.approx(wmapd_bound(system, outcomes[0]), rel=1e-6)
    realized = known(metrics.wmapd_realized_unconstrained), known(metrics.wmapd_realized)
    for figure, outcome in zip(realized, outcomes, strict=True):
        futures = []
        for trial in range(TRIALS):
            one = {each.name: getattr(outcome, each.name)[:, [trial]] for each in dataclasses.fields(outcome)}
            used = utilization(system, type(outcome)(**one), realized=True)
            futures.append(wmapd(used.mean, system.network.plan))
        assert (figure.mean, figure.spread) == pytest.approx((np.mean(futures), np.std(futures, ddof=1)))


def test_both_engines_find_the_same(scenario, costs):
    few = jaxsim.load(scenario).select(jaxsim.load(scenario).products[:6])
    scan, events = (evaluate(few, costs, trials=2, engine=name) for name in ("scan", "events"))
    equal(scan, events, 0.0)
    assert events.config["evaluation"]["engine"] == "events"


@pytest.mark.usefixtures("fast_engine")
def test_figures_do_not_depend_on_blocks(scenario, costs, monkeypatch):
    whole = evaluate(scenario, costs, trials=TRIALS, seed=5)
    for block, part in ((7, 12), (23, 1000), (1, 1)):
        monkeypatch.setattr("jaxsim.studies.population.BLOCK", block)
        monkeypatch.setattr("jaxsim.studies.population.PRODUCT_TRIALS", {"cpu": part, "gpu": part})
        equal(evaluate(scenario, costs, trials=TRIALS, seed=5), whole, 1e-9)


def test_the_pair_is_fair(scenario, costs):
    """Costs of nothing change nothing, to the bit, and with no error; others are told from it on the same draws."""
    nothing = costs.set_column(2, "cost", pa.array(np.zeros(costs.num_rows)))
    free = evaluate(scenario, nothing, trials=12)
    metrics, charged = free.metrics, evaluate(scenario, costs, trials=12).metrics
    assert metrics.wmapd_expected == metrics.wmapd_expected_unconstrained == charged.wmapd_expected_unconstrained
    assert metrics.wmapd_realized == metrics.wmapd_realized_unconstrained
    assert metrics.pna_expected_loss == metrics.cost_per_unit_expected_change == Figure(0.0, 0.0)
    assert charged.wmapd_expected != charged.wmapd_expected_unconstrained
    loss, effect = known(charged.pna_expected_loss), charged.expected_kpis["preferred_node_availability"]
    assert loss.mean == pytest.approx(-known(effect.change).mean / effect.unconstrained.mean)
    assert 0 < loss.standard_error < effect.unconstrained.standard_error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 1}, "at least 2 trials, not 1"),
        ({"trials": 0}, "at least 2 trials, not 0"),
        ({"engine": "magic"}, "no engine 'magic'"),
        ({"resume": True}, "name its run folder"),
        ({"costs": pa.table({"node": ["nowhere"], "week": [0], "cost": [1.0]})}, "dangling reference, found 'nowhere'"),
    ],
)
def test_refuses_what_cannot_be(scenario, costs, options, message):
    with pytest.raises(RunError, match=message):
        evaluate(scenario, **({"costs": costs} | options))


@pytest.mark.usefixtures("fast_engine")
def test_sample_paths_are_those_that_the_trials_of_a_search_did_not_show(scenario, costs, monkeypatch):
    tables = dict(jaxsim.load(scenario).tables)
    weeks, products = jaxsim.load(scenario).weeks, tables["products"]["product"].to_pylist()
    rows = [
        {"product": product, "trial": trial, "week": week, "units": 3}
        for product in products
        for trial in range(9)
        for week in range(weeks)
    ]
    schema = TABLES["demand_paths"].arrow(("product", "trial", "week", "units"))
    tables["demand_paths"] = pa.Table.from_pylist(rows, schema=schema)
    paths, first = jaxsim.Scenario.from_frames(tables), []
    noted = lambda name, system, trials, seed, number, policies: (
        first.append(number),
        soft_engine(system, trials),
    )[1]
    monkeypatch.setattr("jaxsim.studies.problem.engine", noted)
    assert evaluate(paths, costs, trials=4).totals["trial"].to_pylist() == [4, 5, 6, 7] * 2
    assert evaluate(paths, costs, trials=5).totals["trial"].to_pylist() == [0, 1, 2, 3, 4] * 2
    assert first == [4, 0]
    search: dict[str, Any] = {"products": 24, "iterations": 20, "method": "paper", "stop": []}
    for trials, found in ((1, range(1, 9)), (2, range(2, 9)), (5, range(5, 9)), (6, range(9)), (9, range(9))):
        totals = jaxsim.search(paths, **search, trials=trials).totals
        assert totals["trial"].to_pylist() == [*found] * 2
    search |= {"trials": 2}
    assert jaxsim.search(paths, **search, evaluate_trials=3).totals["trial"].to_pylist() == [2, 3, 4] * 2
    assert jaxsim.search(paths, **search, evaluate_trials=8).totals["trial"].to_pylist() == [*range(8)] * 2
    in_turn = jaxsim.search(paths, products=24, trials=1, iterations=2, method="newton", curvature="bfgs")
    assert in_turn.totals["trial"].to_pylist() == [4, 5, 6, 7] * 2  # the search takes turns with trials 0 to 3


def test_more_trials_than_sample_paths_are_refused_at_once(scenario, costs, monkeypatch):
    monkeypatch.setattr("jaxsim.demand.source.QuantileSource.trials", property(lambda _: 3))
    with pytest.raises(ValueError, match="there are 3 sample paths of demand, and trials 0 to 31"):
        evaluate(scenario, costs)
    with pytest.raises(ValueError, match="there are 3 sample paths of demand, and trials 0 to 4"):
        jaxsim.search(scenario, **SEARCH, evaluate_trials=5)


def test_no_search_has_the_draws_of_an_evaluation(scenario, costs, monkeypatch):
    seeds = []
    noted = lambda name, system, trials, seed, *rest: (seeds.append(seed), engine(name, system, trials, seed, *rest))[1]
    monkeypatch.setattr("jaxsim.studies.problem.engine", noted)
    few = jaxsim.load(scenario).select(jaxsim.load(scenario).products[:3])
    for seed in (0, 1):
        evaluate(few, costs, trials=2, seed=seed)
    out_of_sample = [independent_seed(seed, "out of sample") for seed in (0, 1)]
    assert min(seeds) > 2**32
    assert len({*seeds, *out_of_sample}) == 4


@pytest.mark.usefixtures("fast_engine")
def test_result_folder_and_report(scenario, costs, tmp_path, monkeypatch):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    kept = evaluate(scenario, costs, trials=TRIALS, out=tmp_path / "kept")
    saved = evaluate(scenario, costs, trials=TRIALS)
    saved.save(tmp_path / "saved")
    for name in ("kept", "saved"):
        read = jaxsim.load_result(tmp_path / name)
        assert values(read.metrics) == values(kept.metrics)
        assert read.expected.equals(kept.expected)
    assert read.kpis["basis"].to_pylist() == ["expected"] * len(INDICATORS)
    with pytest.raises(RunError, match="no table utilization: it is of an evaluation"):
        _ = read.utilization
    text = report.write(tmp_path / "kept").read_text("utf-8")
    assert "Expected deviation from the labor plan:" in text
    assert text.index("In truth: the whole population, fresh draws") < text.index("One realized future")
    assert "In-sample" not in text
    assert "futures differ by" in text
    assert {file.stem for file in (tmp_path / "kept").glob("*.png")} == {"costs", "one_week"}
    lines = list(metrics_lines(kept.metrics))
    assert lines[0] == "In truth: the whole population, fresh draws"
    assert lines[1].startswith("wmapd_expected_unconstrained ")
    assert json.loads((tmp_path / "kept" / "metrics.json").read_text())["wmapd_realized_spread"] > 0


@pytest.mark.usefixtures("fast_engine")
def test_evaluations_on_the_same_draws_are_compared_trial_by_trial(scenario, costs):
    dearer = costs.set_column(2, "cost", pa.array(2.0 * costs["cost"].to_numpy()))
    first, second = (evaluate(scenario, each, trials=TRIALS) for each in (costs, dearer))
    compared = jaxsim.compare(first, second)
    assert (compared.basis, compared.not_paired) == ("expected", None)
    rows = {row.name: row for row in compared.rows}
    one, other = known(first.metrics.wmapd_expected), known(second.metrics.wmapd_expected)
    assert rows["wmapd"].difference.mean == other.mean - one.mean
    assert rows["wmapd"].difference.standard_error < 0.5 * np.hypot(one.standard_error, other.standard_error)
    assert rows["wmapd_bound"].first == known(first.metrics.wmapd_expected_bound).estimate
    assert rows["fill_rate"].second == second.metrics.expected_kpis["fill_rate"].result.estimate
    assert list(comparison_lines(compared))[1].startswith("Figures are expected ones")
    fewer = jaxsim.compare(first, evaluate(scenario, costs, trials=3))
    assert fewer.not_paired == "they have 4 and 3 trials of each product"
    found = jaxsim.search(scenario, **SEARCH)
    assert jaxsim.compare(first, found).basis == "expected"
    mixed = jaxsim.compare(jaxsim.simulate(scenario), found)
    assert (mixed.basis, mixed.not_paired) == (
        "mixed",
        "the figures of one are expected, those of the other in-sample",
    )
    assert mixed.rows[0].second == found.metrics.result.estimate


def test_two_resources(scenario, costs):
    """Each resource has its own adherence, and the bound of both together is that of arrivals alone."""
    without = jaxsim.load(scenario)
    storing = {name for name in without.nodes if not name.startswith("XD")}
    rows = [row for row in without.tables["labor_plan"].to_pylist() if row["node"] in storing]
    planned = jaxsim.Scenario.from_frames({**without.tables, "storage_plan": pa.Table.from_pylist(rows)})
    both, alone = evaluate(planned, costs, trials=2), evaluate(without, costs, trials=2)
    rows, of_labor = both.metrics.expected_resources, alone.metrics
    assert rows.keys() == {"arrivals", "storage"}
    assert rows["arrivals"].wmapd == of_labor.wmapd_expected
    assert rows["arrivals"].wmapd_bound.mean == pytest.approx(known(of_labor.wmapd_expected_bound).mean)
    assert rows["storage"].wmapd_bound == Figure(0.0)
    labor, storage = (planned.column(name, "units").sum() for name in ("labor_plan", "storage_plan"))
    share = labor / (labor + storage)
    one, other = (known(rows[name].wmapd).mean for name in ("arrivals", "storage"))
    assert both.metrics.result.mean == pytest.approx(one * share + other * (1 - share))
    assert known(both.metrics.wmapd_expected_bound).mean == pytest.approx(rows["arrivals"].wmapd_bound.mean * share)
    assert set(both.expected["resource"].to_pylist()) == {"arrivals", "storage"}
