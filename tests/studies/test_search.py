"""Studies with a fast stand-in for the engine: what they leave, and that a stopped search ends with the same bits."""

import errno
import json
import os
from threading import Event
from typing import Any

import numpy as np
import pytest

from jaxsim import interrupts
from jaxsim.atomic import WriteError
from jaxsim.runs.folder import RunError, RunFolder, open_run
from jaxsim.studies.problem import engine, load_problem
from jaxsim.studies.progress import Interruptible, Silent
from jaxsim.studies.search import Interrupted, search
from jaxsim.studies.settings import ENGINES, Simulation
from jaxsim.studies.simulate import simulate

SIMULATION: dict[str, Any] = {"products": 20, "trials": 2, "seed": 3}
SEARCH: dict[str, Any] = SIMULATION | {"iterations": 8}

pytestmark = pytest.mark.usefixtures("fast_engine")


class StopAfter(Silent):
    """Interrupts a search, as Ctrl-C would, after some step."""

    def __init__(self, steps: int):
        self.steps = steps

    def step(self, done, total, text):
        """Raise at the step."""
        if done == self.steps:
            raise KeyboardInterrupt


def tables(run):
    """All numbers of a run that do not measure time."""
    found = {}
    for name in ("iterations", "history", "costs", "utilization"):
        for column, values in run.table(name).items():
            if column != "seconds":
                found[name, column] = values
    return found


def assert_same_bits(a, b):
    """Equal tables and metrics, to the bit."""
    first, second = tables(a), tables(b)
    assert first.keys() == second.keys()
    for key, values in first.items():
        np.testing.assert_array_equal(values, second[key], err_msg=str(key))
    assert metrics_of(a) | {"seconds": 0} == metrics_of(b) | {"seconds": 0}


def metrics_of(run):
    """The content of `metrics.json`."""
    return json.loads(run.metrics_file.read_text("utf-8"))


def interrupt(*_):
    """What Ctrl-C does."""
    raise KeyboardInterrupt


def searched(scenario, out, **options) -> RunFolder:
    """The run folder of a search that came to its end."""
    search(scenario, out=out, **(SEARCH | options))
    return open_run(out)


def stopped_after(step: int, scenario, out) -> RunFolder:
    """The run folder of a search that was interrupted."""
    with pytest.raises(Interrupted):
        search(scenario, out=out, **SEARCH, progress=StopAfter(step))
    return open_run(out)


@pytest.fixture
def whole(scenario, tmp_path):
    """A search that was not stopped."""
    return searched(scenario, tmp_path / "whole")


def test_search_leaves_the_promised_files(whole):
    metrics = metrics_of(whole)
    wanted = (
        "wmapd_unconstrained wmapd wmapd_bound wmapd_out_of_sample pna_unconstrained pna iterations promoted_iteration"
    )
    assert set(f"{wanted} product_trials seconds".split()) <= metrics.keys()
    assert metrics["wmapd"] <= metrics["wmapd_unconstrained"]
    iterations = whole.table("iterations")
    assert {"iteration", "wmapd", "bound", "pna", "step", "seconds"} <= iterations.keys()
    assert iterations["iteration"].tolist() == list(range(metrics["iterations"]))
    assert metrics["promoted_iteration"] == iterations["iteration"][-1]
    assert {"projected_violation", "projected_noise", "gap", "product_trials"} <= iterations.keys()
    assert whole.table("costs").keys() == {"resource", "node", "week", "cost", "reachable"}
    assert {"node", "week", "plan", "unconstrained", "constrained"} <= whole.table("utilization").keys()
    assert len(list(whole.checkpoints.iterdir())) == 3


def test_the_papers_method_promotes_its_best_iteration(scenario, tmp_path):
    """It sees one sample throughout, so what it promotes is what it saw."""
    run = searched(scenario, tmp_path / "paper", method="paper")
    metrics, iterations = metrics_of(run), run.table("iterations")
    assert iterations["wmapd"][metrics["promoted_iteration"]] == iterations["wmapd"].min() == metrics["wmapd"]
    assert "projected_violation" not in iterations


@pytest.mark.parametrize("step", [1, 2, 5])
def test_interrupted_and_resumed_ends_with_the_same_bits(scenario, tmp_path, whole, step):
    out = tmp_path / "stopped"
    stopped = stopped_after(step, scenario, out)
    assert not stopped.finished
    assert len(stopped.table("iterations")["wmapd"]) == step
    assert np.isfinite(stopped.table("costs")["cost"]).all()
    assert_same_bits(searched(scenario, out, resume=True), whole)


def test_resumes_past_a_damaged_checkpoint(scenario, tmp_path, whole):
    out = tmp_path / "stopped"
    run = stopped_after(5, scenario, out)
    for file in sorted(run.checkpoints.iterdir())[1:]:
        file.write_bytes(b"damaged")
    assert_same_bits(searched(scenario, out, resume=True), whole)


def test_all_checkpoints_damaged_is_said_and_the_search_begins_anew(scenario, tmp_path, whole):
    out = tmp_path / "stopped"
    run = stopped_after(5, scenario, out)
    for file in run.checkpoints.iterdir():
        file.write_bytes(b"damaged")
    with pytest.warns(RuntimeWarning, match="all checkpoints .* damaged"):
        again = searched(scenario, out, resume=True)
    assert_same_bits(again, whole)


def test_resumes_without_a_checkpoint(scenario, tmp_path, whole, monkeypatch):
    out = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.search.wmapd_bound", interrupt)
        with pytest.raises(Interrupted):
            searched(scenario, out)
    assert_same_bits(searched(scenario, out, resume=True), whole)


def test_a_finished_search_is_left_as_it_is(scenario, whole):
    left = whole.metrics_file.read_bytes()
    found = search(scenario, out=whole.path, **SEARCH, resume=True)
    assert found.costs.equals(whole.arrow("costs"))
    assert whole.metrics_file.read_bytes() == left


def test_refuses_another_scenario_or_settings(scenario, other_scenario, tmp_path):
    out = tmp_path / "run"
    stopped_after(2, scenario, out)
    with pytest.raises(RunError, match="another scenario"):
        searched(other_scenario, out, resume=True)
    with pytest.raises(RunError, match="seed = 3, not 4"):
        searched(scenario, out, seed=4, resume=True)
    with pytest.raises(RunError, match="iterations = 8, not 9"):
        searched(scenario, out, iterations=9, resume=True)
    with pytest.raises(RunError, match="not empty"):
        searched(scenario, out)


class Told(Silent):
    """Remembers what it is told."""

    def __init__(self):
        self.stages, self.steps = [], []

    def stage(self, text):
        """Remember the stage."""
        self.stages.append(text)

    def step(self, done, total, text):
        """Remember the step."""
        self.steps.append((done, text))


def test_progress_and_text_and_tables_number_iterations_alike(scenario, tmp_path):
    told = Told()
    run = searched(scenario, tmp_path / "run", progress=told)
    table, promoted = run.table("iterations"), run.metrics().promoted_iteration
    assert promoted is not None
    steps = [step for step in told.steps if step[1].startswith("iteration")]
    numbers = [int(text.split()[1]) for _, text in steps]
    assert numbers == table["iteration"].tolist() == list(range(len(steps)))
    assert [done for done, _ in steps] == [number + 1 for number in numbers]
    assert f"{table['wmapd'][promoted]:.1%}" in told.steps[promoted][1]
    assert any(text.endswith(f"the costs of iteration {promoted}") for text in told.stages)


@pytest.mark.parametrize("signaled", ["stage", "step"])
def test_a_signal_is_looked_at_between_stages_and_steps(signaled, monkeypatch):
    told = Told()
    progress = Interruptible(told)
    progress.stage("first")
    progress.step(1, 2, "one")
    monkeypatch.setattr(interrupts, "_requested", Event())
    interrupts._requested.set()
    with pytest.raises(KeyboardInterrupt):
        progress.stage("second") if signaled == "stage" else progress.step(2, 2, "two")
    assert told.stages == ["first"]
    assert [text for _, text in told.steps] == (["one"] if signaled == "stage" else ["one", "two"])


def test_both_engines_look_for_signals_as_they_run(scenario, monkeypatch):
    system = load_problem(scenario, 3, 1).system
    engines = [engine(name, system, trials=1, seed=5) for name in ENGINES]
    monkeypatch.setattr(interrupts, "_requested", Event())
    interrupts._requested.set()
    for run in engines:
        with pytest.raises(KeyboardInterrupt):
            run(None)


def test_a_full_disk_names_the_file_and_the_search_goes_on_later(scenario, tmp_path, whole, monkeypatch):
    out, fsync, left = tmp_path / "full", os.fsync, [9]

    def full(handle):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WriteError, match=r"cannot write .*full/checkpoints/.*: No space left"):
            searched(scenario, out)
    assert RunFolder(out).resumable
    assert_same_bits(searched(scenario, out, resume=True), whole)


def test_overwriting_fails_before_the_old_run_goes(scenario, tmp_path, whole, monkeypatch):
    before = whole.metrics()
    with monkeypatch.context() as patch:
        for again in (search, simulate):
            patch.setattr(f"{again.__module__}.wmapd_bound", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                again(scenario, **SIMULATION, out=whole.path, overwrite=True)
    assert whole.metrics() == before
    assert len(list(whole.checkpoints.iterdir())) == 3
    simulate(scenario, **SIMULATION, out=whole.path, overwrite=True)
    plain = open_run(whole.path)
    assert not plain.has("history")
    assert not plain.checkpoints.exists()


def test_refuses_an_unknown_engine(scenario):
    with pytest.raises(RunError, match="no engine 'event'; there are scan and events"):
        Simulation(engine="event")
    with pytest.raises(RunError, match="no engine 'event'; there are scan and events"):
        engine("event", load_problem(scenario, 3, 1).system, trials=1, seed=1)


def test_the_event_engine_honors_the_first_trial(scenario):
    """As the scan engine does (`tests/test_engines.py`)."""
    system = load_problem(scenario, 3, 1).system
    both = engine("events", system, trials=2, seed=5)(None)
    second = engine("events", system, trials=1, seed=5, first_trial=1)(None)
    np.testing.assert_array_equal(both.arrivals[:, 1:], second.arrivals)


def test_no_seed_that_a_user_would_take_is_used_out_of_sample(scenario, monkeypatch):
    seeds = []
    noted = lambda path, size, seed: (seeds.append(seed), load_problem(path, size, seed))[1]
    monkeypatch.setattr("jaxsim.studies.search.load_problem", noted)
    for seed in (0, 1, 2):
        search(scenario, products=20, seed=seed, iterations=2)
    assert seeds[::2] == [0, 1, 2]
    assert min(seeds[1::2]) > 2**32
    assert len(set(seeds)) == 6


def test_simulation_with_the_promoted_costs_agrees_with_the_search(scenario, whole):
    costs = whole.path / "costs.parquet"
    found = simulate(scenario, **SIMULATION, costs=costs)
    assert found.metrics.wmapd == whole.metrics().wmapd
    assert found.utilization.equals(whole.arrow("utilization"))


def test_simulation_without_costs(scenario, tmp_path):
    simulate(scenario, **SIMULATION, out=tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert run.metrics().wmapd is None
    assert "wmapd" not in metrics_of(run)
    assert "constrained" not in run.table("utilization")
