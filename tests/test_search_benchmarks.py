"""The comparison of search methods runs, counts what methods simulate, and judges on draws of its own."""

import sys
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.search import Sizes, compare
from benchmarks.search_methods import NAMES, OURS, Contestant, contestants
from benchmarks.search_report import draw, table
from benchmarks.search_rivals import Rival
from benchmarks.search_truth import Truth
from jaxsim.scenario.generate import generate
from jaxsim.studies.evaluate import evaluate


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenarios") / "tiny"
    generate(folder, "tiny", 1)
    return folder


@pytest.mark.slow
def test_methods_run_on_one_oracle_until_their_budget_is_spent(scenario: Path, tmp_path: Path) -> None:
    sizes = Sizes(budget=8_000, growth=2.0, truth_product_trials=200, products=24, trials=20)
    facts, *runs = compare(
        scenario, [each for each in OURS if each.name in ("newton", "paper, realized arrivals")], [0], sizes
    )
    assert [run["method"] for run in runs] == ["newton", "paper, realized arrivals"]
    for run in runs:
        assert run["final"]["product_trials"] >= 8_000
        assert run["final"]["truth"]["wmapd"] < facts["unconstrained"]["wmapd"]
    report = {"scenarios": {"tiny": facts | {"runs": runs}}}
    assert "| tiny (" in table(report)
    draw(report, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 0


RIVAL = """
import numpy as np
from benchmarks.rivals.search import compete

def walk(arena):
    print("libraries print")
    steps = np.random.default_rng(arena.task.seed).normal(0, 0.2, (40, arena.task.size))
    best, least = np.zeros(arena.task.size), np.inf
    for step in steps if arena.task.method == "walk" else steps[:2]:
        # What was asked before costs nothing again.
        answers = [arena.ask(best + step, 0, best).wmapd for _ in range(2)]
        if answers[0] < least:
            best, least = best + step, answers[0]
    return best

compete("numpy", {"walk": walk, "stop early": walk, "fail": None})
"""
"""A rival as its own process sees it."""


def _contestants(folder: Path, *methods: str) -> list[Contestant]:
    """The rival above in what looks like an environment of its own."""
    python = Rival("made_up", "").python(folder)
    python.parent.mkdir(parents=True)
    (folder / "rival.py").write_text(RIVAL)
    python.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c 'exec(open(\"{folder}/rival.py\").read())'\n")
    python.chmod(0o755)
    return [Contestant(each, partial(Rival("made_up", each).run, environments=folder)) for each in methods]


@pytest.mark.slow
def test_a_rival_in_another_process_is_counted_and_judged_and_does_the_same_again(
    scenario: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    sizes = Sizes(budget=8_000, growth=1.5, truth_product_trials=200, products=24, trials=20)
    chosen = _contestants(tmp_path, "walk", "stop early")
    _, walk, early, walk_1, early_1 = compare(scenario, chosen, [0, 1], sizes)
    _, again, _ = compare(scenario, chosen, [0], sizes)
    assert walk["final"]["evaluations"] == -(-8_000 // (24 * 20))
    assert walk["final"]["product_trials"] == 24 * 20 * walk["final"]["evaluations"]
    assert (early["final"]["evaluations"], early["final"]["product_trials"]) == (2, 2 * 24 * 20)
    assert min(walk["final"]["seconds"].values()) >= 0
    assert walk["final"]["seconds"]["curvature"] == 0
    assert again["path"] == walk["path"] != walk_1["path"]
    assert early["path"] != early_1["path"]
    assert walk["versions"] == {"numpy": np.__version__}
    left_out = list(compare(scenario, _contestants(tmp_path / "failing", "fail"), [0], sizes))[1:]
    assert not left_out
    assert "fail: its process ended with 1, left out" in capfd.readouterr().out


def test_rivals_that_are_not_installed_are_left_out_by_name(tmp_path: Path) -> None:
    methods = contestants(tmp_path)
    assert [each.name for each in methods] == list(NAMES)
    assert not any(each.there for each in methods if isinstance(each.needs, Path))
    assert all(each.there for each in OURS)


def test_truth_is_what_evaluate_says_within_its_noise(scenario: Path) -> None:
    truth = Truth(scenario, trials=8, seed=1)
    costs = np.where(np.arange(len(truth.planned.plan)) % 2, 0.8, -0.3)
    found, said = truth(costs), evaluate(scenario, _table(truth, costs), trials=8).metrics.wmapd_expected
    assert said is not None
    assert found.wmapd == pytest.approx(said.mean, abs=2 * found.noise)
    assert truth(np.zeros_like(costs)) == truth.unconstrained


def _table(truth: Truth, costs: np.ndarray) -> pa.Table:
    return pa.table(truth.planned.columns() | {"cost": costs})
