"""What Python users call: on folders and scenarios in memory, with methods of their own, saved as runs."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import jaxsim
from jaxsim.cost_search import CurvatureUpdate, DampedBfgs, DecayingMaximum, StopReason
from jaxsim.runs.folder import RunError, open_run
from jaxsim.studies.progress import Silent

SIMULATION: dict[str, Any] = {"products": 20, "trials": 2, "seed": 3}

pytestmark = pytest.mark.usefixtures("fast_engine")


class Frozen:
    """A curvature of one's own: the first estimate is kept."""

    def __call__(self, matrix, transition):
        return CurvatureUpdate(matrix, skipped=True)


class AfterTwo:
    """A stop rule of one's own."""

    def __call__(self, path):
        return StopReason.STALLED if len(path) == 2 else None


@pytest.fixture
def found(scenario) -> jaxsim.Result:
    """A search in memory."""
    return jaxsim.search(scenario, **SIMULATION, iterations=5)


def test_a_scenario_in_memory_gives_the_numbers_of_its_folder(scenario, found):
    again = jaxsim.search(jaxsim.load(scenario), **SIMULATION, iterations=5)
    for name in ("costs", "utilization", "history"):
        assert getattr(again, name).equals(getattr(found, name)), name
    assert again.kpis.equals(found.kpis)
    assert again.metrics.to_json() | {"seconds": 0} == found.metrics.to_json() | {"seconds": 0}


def test_tables_say_what_metrics_say(found):
    row, metrics = found.kpis.to_pylist()[0], found.metrics
    assert (row["constrained"], row["basis"]) == (metrics.expected_kpis[row["indicator"]].result.mean, "expected")
    assert row["label"]
    assert metrics.result == metrics.wmapd_expected
    assert found.iterations.num_rows == found.metrics.iterations == 5
    assert {"node", "week", "cost"} <= set(found.costs.column_names)


def test_saved_result_is_the_run_folder_of_the_command(scenario, found, tmp_path):
    jaxsim.search(scenario, **SIMULATION, iterations=5, out=tmp_path / "kept")
    found.save(tmp_path / "saved")
    kept, saved = open_run(tmp_path / "kept"), open_run(tmp_path / "saved")
    names = lambda run: {file.name for file in run.path.iterdir()} - {"checkpoints"}
    assert names(kept) == names(saved)
    assert kept.config() == saved.config()
    assert kept.manifest() == saved.manifest()
    for name in ("costs", "utilization", "history", "contributions"):
        assert kept.arrow(name).equals(saved.arrow(name)), name
    again = jaxsim.load_result(tmp_path / "saved")
    assert again.metrics.to_json() == found.metrics.to_json()
    assert again.costs.equals(found.costs)
    with pytest.raises(RunError, match="not empty"):
        found.save(tmp_path / "saved")
    found.save(tmp_path / "saved", overwrite=True)


def test_a_save_that_fails_leaves_nothing(found, tmp_path, monkeypatch):
    monkeypatch.setattr("jaxsim.runs.folder.RunFolder.write_metrics", _full)
    with pytest.raises(OSError, match="no room"):
        found.save(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def _full(*_):
    raise OSError("no room")


def test_costs_of_a_search_go_into_a_simulation(scenario, found):
    costs = {name: found.costs[name] for name in ("node", "week", "cost")}
    for given in (found.costs, costs):
        steered = jaxsim.simulate(scenario, **SIMULATION, costs=given)
        assert steered.metrics.wmapd == found.metrics.wmapd
    with pytest.raises(RunError, match="a table in memory: table costs, column cost: missing column"):
        jaxsim.simulate(scenario, **SIMULATION, costs=found.costs.drop_columns(["cost"]))
    with pytest.raises(TypeError, match="costs is a int"):
        jaxsim.simulate(scenario, **SIMULATION, costs=3)


def test_compare_takes_results_and_folders(scenario, found, tmp_path):
    plain = jaxsim.simulate(scenario, **SIMULATION, out=tmp_path / "plain")
    first = found.costs["node"].to_numpy() == found.costs["node"][0].as_py()
    dear = found.costs.set_column(found.costs.column_names.index("cost"), "cost", pa.array(5.0 * first))
    steered = jaxsim.simulate(scenario, **SIMULATION, costs=dear)
    of_results, of_folders = jaxsim.compare(plain, steered), jaxsim.compare(tmp_path / "plain", steered)
    assert of_results.not_paired is None
    assert of_results.table.equals(of_folders.table)
    row = next(row for row in of_results.table.to_pylist() if row["indicator"] == "sourcing_cost_per_unit")
    change = steered.metrics.kpis["sourcing_cost_per_unit"].change
    assert change
    assert row["difference"] == pytest.approx(change.mean)
    assert row["low"] < row["difference"] < row["high"]
    assert row["second"] - row["first"] == pytest.approx(row["difference"])


def test_says_which_tables_a_result_lacks(scenario):
    plain = jaxsim.simulate(scenario, **SIMULATION)
    with pytest.raises(RunError, match="no table costs: it is of a simulation without costs"):
        _ = plain.costs
    with pytest.raises(RunError, match="no table iterations"):
        _ = plain.iterations


def test_methods_of_ones_own_pass_through(scenario, found):
    frozen = jaxsim.search(scenario, **SIMULATION, iterations=5, curvature=Frozen())
    assert all(frozen.iterations["curvature_skipped"].to_pylist())
    assert not frozen.history.equals(found.history)
    small = jaxsim.search(scenario, **SIMULATION, iterations=5, limits=[DecayingMaximum(initial=1e-3)])
    largest = lambda result: np.abs(np.diff(costs_by_iteration(result), axis=0)).max()
    assert 0 < largest(small) < largest(found) / 100
    short = jaxsim.search(scenario, **SIMULATION, iterations=5, stop=[AfterTwo()])
    assert short.metrics.iterations == 2
    assert short.metrics.stopped == StopReason.STALLED.value


def costs_by_iteration(result: jaxsim.Result):
    """Absolute costs, iterations × node-weeks."""
    costs = np.abs(result.history["cost"].to_numpy())
    return costs.reshape(result.iterations.num_rows, -1)


def test_methods_of_ones_own_are_kept_in_words_and_resumed(scenario, tmp_path):
    options = SIMULATION | {"iterations": 4, "curvature": DampedBfgs(0.3), "stop": [AfterTwo()], "out": tmp_path / "r"}
    jaxsim.search(scenario, **options)
    search = open_run(tmp_path / "r").config()["search"]
    assert search["curvature"] == "DampedBfgs(damping=0.3, least_weight=0.1)"
    assert search["stop"] == [f"{__name__}.AfterTwo"]
    assert jaxsim.search(scenario, **options, resume=True).metrics.iterations == 2
    changes: list[dict[str, Any]] = [{"curvature": DampedBfgs(0.4)}, {"stop": []}, {"limits": [DecayingMaximum()]}]
    for change in changes:
        with pytest.raises(RunError, match="cannot be resumed"):
            jaxsim.search(scenario, **(options | change), resume=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"products": 0}, "at least 1"),
        ({"engine": "magic"}, "no engine 'magic'"),
        ({"curvature": "newton"}, "no curvature 'newton'"),
        ({"method": "guess"}, "method: there is no 'guess'; there are newton and paper"),
        ({"effort": "heroic"}, "effort: there is no 'heroic'; there are default and high"),
        ({"arrivals": "hoped"}, "arrivals: there is no 'hoped'"),
        ({"deviation_price": -1.0}, "must be a number of at least 0"),
        ({"deviation_price": "dear"}, "a number, a pair"),
        ({"deviation_price": {"nowhere": 1.0}}, "no node with a plan is called 'nowhere'"),
        ({"deviation_price": 1.0, "method": "paper"}, "the paper's method has no price of deviation"),
        ({"curvature": 3}, "cannot be called"),
        ({"stop": ["soon"]}, "'soon' is no rule"),
        ({"resume": True}, "name its run folder"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refuses_settings_that_cannot_be(scenario, options, message):
    with pytest.raises(RunError, match=message):
        jaxsim.search(scenario, **options)


@pytest.mark.parametrize("given", [0.5, [0.2, 0.7], {"every": 0.5, "first": (0.0, 0.1)}])
def test_costs_stay_in_the_box_of_the_price_of_deviation(scenario, given):
    """Of one price, of an asymmetric one, and of one by node, where a plan that may be missed from below has none."""
    nodes = jaxsim.search(scenario, **SIMULATION, iterations=1).costs["node"].to_pylist()
    by_node = isinstance(given, dict)
    price = dict.fromkeys(nodes, given["every"]) | {nodes[0]: given["first"]} if by_node else given
    found = jaxsim.search(scenario, **SIMULATION, iterations=12, deviation_price=price)
    cost, node = found.costs["cost"].to_numpy(), np.array(nodes)
    pair = lambda value: (value, value) if isinstance(value, float) else value
    for name in set(nodes):
        under, over = pair(price[name] if by_node else price)
        assert (cost[node == name] >= -under).all()
        assert (cost[node == name] <= over).all()
    assert cost.any()


def test_a_search_starts_from_given_costs(scenario, found):
    again = jaxsim.search(scenario, **SIMULATION, iterations=1, start=found.costs)
    np.testing.assert_allclose(again.history["cost"].to_numpy(), found.costs["cost"].to_numpy())


def test_an_interrupted_search_in_memory_gives_what_it_found(scenario):
    with pytest.raises(jaxsim.Interrupted) as stopped:
        jaxsim.search(scenario, **SIMULATION, iterations=5, progress=StopAt(3))
    assert stopped.value.tables["iterations"].num_rows == 3
    assert isinstance(stopped.value.tables["costs"], pa.Table)


@dataclasses.dataclass
class StopAt(Silent):
    """Interrupts at a step, as Ctrl-C would."""

    at: int

    def step(self, done, total, text):
        """Raise at the step."""
        if done == self.at:
            raise KeyboardInterrupt
