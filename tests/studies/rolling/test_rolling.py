"""The weekly refresh in closed loop: worlds, warm starts, belief apart from truth; stopped and gone on with."""

from typing import Any

import numpy as np
import pytest

import jaxsim
from jaxsim import cli
from jaxsim.resources import ARRIVALS, Prices
from jaxsim.runs.folder import RunError, open_run
from jaxsim.studies.progress import Silent
from jaxsim.studies.rolling.refresh import Refresh, shifted

OPTIONS: dict[str, Any] = {"weeks": 3, "trials": 2, "seed": 1, "cold_every": 2}
NAMES = ("rolling_weeks", "rolling_nodes", "rolling_costs")


class StopAfterOne(Silent):
    """Interrupts when the first week is lived."""

    def step(self, done: int, total: int, text: str) -> None:
        if text.startswith("week") and done == 1:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(scenario, tmp_path_factory) -> jaxsim.Result:
    return jaxsim.rolling(scenario, **OPTIONS, out=tmp_path_factory.mktemp("rolling") / "whole")


def column(result: jaxsim.Result, name: str, world: str) -> np.ndarray:
    weeks = result.tables["rolling_weeks"].to_pydict()
    return np.array([value for value, of in zip(weeks[name], weeks["world"], strict=True) if of == world])


def test_worlds_start_alike_and_part(whole):
    assert column(whole, "wmapd", "control")[0] == column(whole, "wmapd", "stale")[0]
    assert column(whole, "wmapd", "control")[2] != column(whole, "wmapd", "stale")[2]
    assert column(whole, "wmapd", "control").mean() < column(whole, "wmapd", "none").mean()


def test_plan_and_actual_of_every_node_make_the_figures_of_the_week(whole):
    nodes = {name: np.array(values) for name, values in whole.tables["rolling_nodes"].to_pydict().items()}
    for world in ("control", "none", "stale"):
        for week, wmapd in enumerate(column(whole, "wmapd", world)):
            of = nodes["week"] == week
            assert np.abs(nodes[world] - nodes["plan"])[of].sum() / nodes["plan"][of].sum() == pytest.approx(wmapd)
    assert whole.metrics.wmapd_realized is not None
    assert whole.metrics.wmapd_realized.mean == pytest.approx(column(whole, "wmapd", "control").mean())


def test_refreshes_take_fewer_simulations_than_a_search_from_nothing(whole):
    warm, cold = (column(whole, name, "control") for name in ("product_trials", "cold_product_trials"))
    assert cold[2] is not None
    assert warm[2] < cold[2]
    assert (column(whole, "deviation_price", "control") == column(whole, "deviation_price", "control")[0]).all()


def test_stopped_and_resumed_ends_with_the_same_bits(scenario, whole, tmp_path):
    out = tmp_path / "stopped"
    with pytest.raises(jaxsim.Interrupted):
        jaxsim.rolling(scenario, **OPTIONS, out=out, progress=StopAfterOne())
    assert not open_run(out).finished
    resumed = jaxsim.rolling(scenario, **OPTIONS, out=out, resume=True)
    for name in NAMES:
        assert resumed.tables[name].equals(whole.tables[name]), name


def test_drift_changes_what_happens_and_bias_what_is_believed(scenario, whole):
    options: dict[str, Any] = OPTIONS | {"weeks": 2, "cold_every": 0}
    plain, drifting = (jaxsim.rolling(scenario, **options, drift=drift) for drift in (0.0, 1.0))
    shy = jaxsim.rolling(scenario, **options, bias=0.5)
    arrived = lambda result: np.array(result.tables["rolling_nodes"]["none"])
    fill = lambda result: column(result, "fill_rate", "none")
    assert fill(drifting)[0] == fill(plain)[0]  # week 0 is as it was
    assert fill(drifting)[1] < fill(plain)[1]
    assert arrived(shy).sum() < arrived(plain).sum()


def test_prices_are_shifted_by_weeks():
    prices = Prices({ARRIVALS: np.array([[1.0, 2.0, 3.0]])})
    np.testing.assert_array_equal(shifted(prices)[ARRIVALS], [[2.0, 3.0, 3.0]])
    np.testing.assert_array_equal(shifted(prices, 2, last=False)[ARRIVALS], [[3.0, 0.0, 0.0]])


def test_iterations_until_no_more_is_left():
    found = Refresh(np.zeros(1), 1.0, (0.9, 0.6, 0.3, 0.3, 0.0), 1)
    assert found.left == pytest.approx(0.2)
    assert found.iterations_to(0.4 + 1e-9) == 4
    assert found.iterations_to(0.1) is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weeks": 0}, "at least 1 week"),
        ({"resume": True}, "to go on with a rolling study, name its run folder"),
        ({"drift": -1.0}, "drift must be above -1"),
        ({"bias": 0.0}, "bias above 0"),
    ],
)
def test_bad_settings_are_refused(scenario, options, message):
    with pytest.raises(RunError, match=message):
        jaxsim.rolling(scenario, **options)


def test_the_command_says_what_each_week_showed(scenario, tmp_path, capsys):
    arguments = ["rolling", str(scenario), "--weeks", "1", "--trials", "2", "--out", str(tmp_path / "run")]
    assert cli.main(arguments) == 0
    assert "stale" in capsys.readouterr().out
    assert (tmp_path / "run" / "rolling.png").exists()
