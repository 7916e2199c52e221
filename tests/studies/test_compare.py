"""Comparing runs: paired where they share their draws, with the right interval, and a reason where they do not."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest

from jaxsim.measures import INDICATORS, NORMAL_95
from jaxsim.report.text.run import comparison_lines
from jaxsim.runs import claim
from jaxsim.runs.folder import RunFolder, columns_of
from jaxsim.runs.metrics import Effect, Figure, Metrics
from jaxsim.studies.compare import compare
from jaxsim.studies.search import search
from jaxsim.studies.simulate import simulate

SIMULATION: dict[str, Any] = {"products": 20, "trials": 2, "seed": 3}
FIRST, SECOND = np.array([[8.0, 10.0], [6.0, 6.0]]), np.array([[9.0, 10.0], [6.0, 8.0]])


def made_up(path, delivered, *, names=("a", "b"), seed=1, scenario="x", table=True):
    """A run of two products that stand for two each, in trials of 10 units asked; deviation is delivered / 100."""
    run = claim.create(path, {}, {"scenario_sha256": scenario, "seed": seed})
    trials = delivered.shape[1]
    if table:
        columns = {name: np.ones(2 * trials) for name in set().union(*(each.columns for each in INDICATORS.values()))}
        columns |= {"delivered": delivered.ravel(), "asked": np.full(2 * trials, 10.0)}
        keys = {
            "product": np.repeat(np.array(names), trials),
            "trial": np.tile(np.arange(trials, dtype=np.int32), 2),
            "sampling_weight": np.full(2 * trials, 2.0),
            "stratum": np.zeros(2 * trials, np.int64),
            "costs": np.zeros(2 * trials, bool),
        }
        run.write_table("contributions", keys | columns | {"deviation": delivered.ravel() / 100})
    run.write_metrics(
        Metrics(
            wmapd_unconstrained=Figure(0.5, 0.03),
            wmapd_bound=Figure(0.1),
            pna_unconstrained=Figure(0.9),
            kpis={"fill_rate": Effect(unconstrained=Figure(float(delivered.mean() / 10), 0.01))},
        )
    )
    return run.path


def lines(first, second):
    """The comparison as text."""
    return list(comparison_lines(compare(first, second)))


def line_of(text, name):
    """Numbers of a line: A, B, B − A, ends of the interval, and how many times as many product-trials."""
    line = next(line for line in text if line.startswith(name + " "))
    return [float(word) for word in line.split()[1:] if word[0] in "+-0123456789"]


def test_paired_interval_by_hand(tmp_path):
    """Fill rates 30/40 and 33/40; (y − R x) differ by (0.25, −0.75) and (−0.75, 1.25), whose total has variance
    (1 − 1/2) · 2 · 0.5 + 2 · 2.5/2 = 3; those of A and B alone 18 + 2 and 12.5 + 2.5."""
    text = lines(made_up(tmp_path / "a", FIRST), made_up(tmp_path / "b", SECOND))
    assert text[0] == "The runs share demand and lead times."
    a, b, change, low, high, more = line_of(text, "fill_rate")
    assert (a, b, change) == (0.75, 0.825, 0.075)
    half = NORMAL_95 * math.sqrt(3) / 40
    assert (low, high) == pytest.approx((0.075 - half, 0.075 + half), abs=6e-5)
    assert more == 11.7


def test_paired_wmapd_by_hand(tmp_path):
    """Deviations differ by (1, 0) and (0, 2) hundredths: z̄ = 1.5, 1/2 · 2 · 0.5 between, 2 · 2.5/2 within."""
    *_, low, high, more = line_of((lines(made_up(tmp_path / "a", FIRST), made_up(tmp_path / "b", SECOND))), "wmapd")
    assert (low, high) == pytest.approx((-NORMAL_95 * math.sqrt(3) / 100, NORMAL_95 * math.sqrt(3) / 100), abs=6e-5)
    assert more == pytest.approx((18 + 2 + 12.5 + 2.5) / 3, abs=0.05)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scenario": "y"}, "of different scenarios"),
        ({"seed": 2}, "their seeds are 1 and 2"),
        ({"names": ("a", "c")}, "they simulated different products"),
        ({"table": False}, "no table of contributions"),
        ({"delivered": SECOND[:, :1]}, "2 and 1 trials"),
    ],
)
def test_says_why_runs_do_not_pair(tmp_path, change, reason):
    other = made_up(tmp_path / "b", **({"delivered": SECOND} | change))
    text = lines(made_up(tmp_path / "a", FIRST), other)
    assert text[0].startswith("The runs are taken as independent: ")
    assert text[0].count(".") == 1
    assert reason in text[0]
    _, _, change, low, high = line_of(text, "fill_rate")
    half = NORMAL_95 * math.hypot(0.01, 0.01)
    assert (low, high) == pytest.approx((change - half, change + half), abs=2e-4)
    *_, low, high = line_of(text, "wmapd")
    assert high == pytest.approx(NORMAL_95 * math.hypot(0.03, 0.03), abs=6e-5)


def test_runs_without_errors_have_no_interval(tmp_path):
    run = made_up(tmp_path / "a", FIRST, table=False)
    RunFolder(run).write_metrics(dataclasses.replace(RunFolder(run).metrics(), wmapd_unconstrained=Figure(0.5)))
    assert len(line_of(lines(run, run), "wmapd")) == 3


@pytest.mark.usefixtures("fast_engine")
def test_search_leaves_errors_and_contributions(scenario, tmp_path):
    search(scenario, **SIMULATION, iterations=2, out=tmp_path / "search")
    run = RunFolder(tmp_path / "search")
    metrics = json.loads(run.metrics_file.read_text("utf-8"))
    assert {"wmapd_unconstrained_se", "wmapd_se", "wmapd_noise", "wmapd_out_of_sample_se"} <= metrics.keys()
    assert metrics["wmapd_out_of_sample_noise"] > 0
    assert {"change", "change_se", "variance_ratio"} <= metrics["kpis"]["fill_rate"].keys()
    assert len(run.table("contributions")["trial"]) == 2 * 20 * 2


@pytest.mark.usefixtures("fast_engine")
def test_contributions_give_indicators_and_comparing_finds_the_change(scenario, tmp_path):
    plain = simulate(scenario, **SIMULATION)
    rows = columns_of(plain.utilization)
    costs = tmp_path / "costs.csv"
    charged = (
        f"{node},{week},{i % 2}\n" for i, (node, week) in enumerate(zip(rows["node"], rows["week"], strict=True))
    )
    costs.write_text("node,week,cost\n" + "".join(charged))
    steered = simulate(scenario, **SIMULATION, costs=costs)
    text = lines(plain, steered)
    assert text[0] == "The runs share demand and lead times."
    effects, table = steered.metrics.kpis, columns_of(steered.contributions)
    assert any(effect.change and abs(effect.change.mean) > 0.001 for effect in effects.values())
    for name, indicator in INDICATORS.items():
        effect = effects[name]
        assert effect.constrained
        assert effect.change
        assert indicator.denominator
        for figure, costs in ((effect.unconstrained, False), (effect.constrained, True)):
            rows = table["costs"] == costs
            sampling_weight = table["sampling_weight"][rows]
            down = sampling_weight @ table[indicator.denominator][rows]
            if math.isnan(figure.mean):
                assert down == 0
                continue
            up = sampling_weight @ sum(table[column][rows] for column in indicator.numerator)
            assert figure.mean == pytest.approx(up / down)
        if not math.isnan(effect.change.mean):
            assert effect.change.mean == pytest.approx(effect.constrained.mean - effect.unconstrained.mean)
            _, _, change, low, high, *_ = line_of(text, name)
            assert change == pytest.approx(effect.change.mean, abs=6e-5)
            assert high - low == pytest.approx(2 * NORMAL_95 * effect.change.standard_error, abs=2e-4)
