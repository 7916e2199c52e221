"""Evaluations that are stopped go on with the same bits, by themselves and at the end of a search."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import jaxsim
from jaxsim.cost_search import IterationCount
from jaxsim.runs.folder import RunError, open_run
from jaxsim.studies.evaluate import evaluate
from jaxsim.studies.progress import Silent
from tests.studies.flat import values

TRIALS = 4
SEARCH: dict[str, Any] = {"products": 20, "trials": 2, "seed": 3, "iterations": 4}

pytestmark = pytest.mark.usefixtures("fast_engine")


class StopAfter(Silent):
    """Interrupts after a step of a kind, as Ctrl-C would, and remembers the steps."""

    def __init__(self, step: int, kind: str = ""):
        self.at, self.kind, self.steps = step, kind, []

    def step(self, done, total, text):
        """Raise at the step."""
        if text.startswith(self.kind):
            self.steps.append(done)
            if done == self.at:
                raise KeyboardInterrupt


def _interrupt(*_):
    raise KeyboardInterrupt


@pytest.fixture
def whole(small_blocks, scenario, costs, tmp_path):
    """An evaluation in four blocks that was not stopped."""
    evaluate(scenario, costs, trials=TRIALS, out=tmp_path / "whole")
    return open_run(tmp_path / "whole")


@pytest.mark.parametrize("step", [1, 3, 4])
def test_resumed_ends_with_the_same_bits(scenario, costs, tmp_path, whole, step):
    out = tmp_path / "stopped"
    with pytest.raises(jaxsim.Interrupted):
        evaluate(scenario, costs, trials=TRIALS, out=out, progress=StopAfter(step))
    run, told = open_run(out), StopAfter(0)
    assert run.resumable
    assert len(list(run.checkpoints.iterdir())) == min(step, 3)
    evaluate(scenario, costs, trials=TRIALS, out=out, progress=told, resume=True)
    assert told.steps == list(range(step + 1, 5))
    assert values(run.metrics()) == values(whole.metrics())
    for name in ("expected", "totals", "costs", "bottlenecks", "bottleneck_sources"):
        assert run.arrow(name).equals(whole.arrow(name))


def test_before_the_first_block_nothing_is_lost(scenario, costs, tmp_path, whole, monkeypatch):
    out = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.population.build", _interrupt)
        with pytest.raises(jaxsim.Interrupted):
            evaluate(scenario, costs, trials=TRIALS, out=out)
        with pytest.raises(KeyboardInterrupt):
            evaluate(scenario, costs, trials=TRIALS)
    evaluate(scenario, costs, trials=TRIALS, out=out, resume=True)
    assert values(open_run(out).metrics()) == values(whole.metrics())


def test_goes_on_with_nothing_else(scenario, other_scenario, costs, whole):
    left = whole.metrics_file.read_bytes()
    again = evaluate(scenario, costs, trials=TRIALS, out=whole.path, resume=True)
    assert again.expected.equals(whole.arrow("expected"))
    assert whole.metrics_file.read_bytes() == left
    dearer = costs.set_column(2, "cost", pa.array(np.ones(costs.num_rows)))
    for given, of, trials, message in (
        (scenario, costs, 5, "trials = 4, not 5"),
        (scenario, dearer, TRIALS, "costs_sha256 = .*, not "),
        (other_scenario, costs.slice(0, 0), TRIALS, "another scenario"),
    ):
        with pytest.raises(RunError, match=message):
            evaluate(given, of, trials=trials, out=whole.path, resume=True)
    with pytest.raises(RunError, match="not empty"):
        evaluate(scenario, costs, trials=TRIALS, out=whole.path)


@pytest.mark.usefixtures("small_blocks")
def test_a_search_stopped_in_its_evaluation(scenario, tmp_path):
    """Its iterations are not searched again, and neither are the blocks that were done."""
    options: dict[str, Any] = SEARCH | {"stop": [IterationCount(4)]}
    whole, out = jaxsim.search(scenario, **options), tmp_path / "stopped"
    with pytest.raises(jaxsim.Interrupted):
        jaxsim.search(scenario, **options, out=out, progress=StopAfter(2, "block"))
    told = StopAfter(0)
    found = jaxsim.search(scenario, **options, out=out, progress=told, resume=True)
    assert told.steps == [3, 4]
    assert values(found.metrics) == values(whole.metrics)
    for name, table in whole.tables.items():
        if name != "iterations":
            assert found.tables[name].equals(table), name


def test_a_search_ends_with_the_evaluation_of_its_costs(scenario):
    options: dict[str, Any] = SEARCH | {"method": "paper"}
    found = jaxsim.search(scenario, **options)
    metrics = found.metrics
    assert metrics.evaluated_trials == 5  # 2 · 24 · 5 of the 20 · 2 · (4 + 3) product-trials of the search
    assert metrics.product_trials == 2 * 24 * 5 + 20 * 2 * 7
    again = evaluate(scenario, found.costs, trials=5, seed=options["seed"])
    for name, _, figure in again.metrics.figures():
        assert getattr(metrics, name) == figure
    assert again.expected.equals(found.expected)
    assert {"wmapd", "wmapd_bound", "pna"} <= metrics.to_json().keys()
    shorter = jaxsim.search(scenario, products=5, trials=1, iterations=2, method="paper")
    assert shorter.metrics.evaluated_trials == 4
    none = jaxsim.search(scenario, **options, evaluate_trials=0)
    assert not none.metrics.expected
    assert none.metrics.result == none.metrics.wmapd == metrics.wmapd
    assert none.config["search"]["evaluate_trials"] == 0
    with pytest.raises(RunError, match="no table expected: it is of a search"):
        _ = none.expected
    with pytest.raises(RunError, match="at least 2 trials, not 1"):
        jaxsim.search(scenario, **options, evaluate_trials=1)
