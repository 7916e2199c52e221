"""The frontier: a point per price of deviation, in truth, with the costs that reach it; stopped and gone on with."""

from typing import Any

import numpy as np
import pytest

import jaxsim
from jaxsim import cli
from jaxsim.runs.folder import RunError, open_run
from jaxsim.studies.progress import Silent

OPTIONS: dict[str, Any] = {"prices": [0.2, 0.05], "trials": 2, "iterations": 3, "evaluate_trials": 4, "seed": 1}

pytestmark = pytest.mark.usefixtures("fast_engine")


class StopAfterOne(Silent):
    """Interrupts when the first price is done."""

    def step(self, done: int, total: int, text: str) -> None:
        if "PNA lost" in text and done == 1:
            raise KeyboardInterrupt


@pytest.fixture
def whole(scenario, tmp_path) -> jaxsim.Result:
    return jaxsim.frontier(scenario, **OPTIONS, out=tmp_path / "whole")


def test_a_row_per_price_from_low_to_high_and_the_costs_of_each(scenario, whole):
    points = whole.tables["frontier"].to_pydict()
    assert points["deviation_price"] == [0.0, 0.05, 0.2]
    assert points["pna_loss"][0] == points["cost_change"][0] == 0.0
    expected = whole.metrics.wmapd_expected_unconstrained
    bound = whole.metrics.wmapd_expected_bound
    assert expected is not None
    assert bound is not None
    assert points["wmapd_expected"][0] == expected.mean
    np.testing.assert_allclose(points["times_bound"], np.array(points["wmapd_expected"]) / bound.mean)
    costs = whole.tables["frontier_costs"].to_pydict()
    price, cost = np.array(costs["deviation_price"]), np.array(costs["cost"])
    assert sorted(set(price)) == [0.05, 0.2]
    assert (np.abs(cost) <= price).all()
    chosen = {name: np.array(costs[name])[price == 0.2] for name in ("node", "week", "cost")}
    again = jaxsim.evaluate(scenario, chosen, trials=4, seed=1).metrics
    assert again.wmapd_expected is not None
    assert again.wmapd_expected.mean == pytest.approx(points["wmapd_expected"][2])


def test_stopped_and_resumed_ends_with_the_same_bits(scenario, whole, tmp_path):
    out = tmp_path / "stopped"
    with pytest.raises(jaxsim.Interrupted):
        jaxsim.frontier(scenario, **OPTIONS, out=out, progress=StopAfterOne())
    assert not open_run(out).finished
    resumed = jaxsim.frontier(scenario, **OPTIONS, out=out, resume=True)
    for name in ("frontier", "frontier_costs"):
        assert resumed.tables[name].equals(whole.tables[name])
    with pytest.raises(RunError, match="iterations = 3, not 4"):
        jaxsim.frontier(scenario, **(OPTIONS | dict[str, Any](iterations=4)), out=out, resume=True)


@pytest.mark.parametrize("prices", [[], [0.0], [-1.0], [float("inf")]])
def test_refuses_prices_that_cannot_be(scenario, prices):
    with pytest.raises(RunError, match="prices of deviation must be positive"):
        jaxsim.frontier(scenario, prices=prices)


def test_the_command_prints_the_points_and_writes_the_picture(scenario, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    options = ["--prices", "0.1", "--trials", "2", "--iterations", "2", "--evaluate-trials", "4", "--quiet"]
    assert cli.main(["frontier", str(scenario), "--out", str(tmp_path / "run"), *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("price of deviation") for line in lines)
    assert any(line.split()[:1] == ["0.1000"] for line in lines)
    assert (tmp_path / "run" / "frontier.png").is_file()
    assert "What each price of deviation reaches" in (tmp_path / "run" / "report.html").read_text("utf-8")


def test_there_is_nothing_to_go_on_with_without_a_folder(scenario):
    with pytest.raises(RunError, match="to go on with a frontier, name its run folder as `out`"):
        jaxsim.frontier(scenario, resume=True)
