"""The comparison of search methods runs, counts what methods simulate, and judges on draws of its own."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from benchmarks.search import Sizes, compare
from benchmarks.search_methods import OURS
from benchmarks.search_report import draw, table
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


def test_truth_is_what_evaluate_says_within_its_noise(scenario: Path) -> None:
    truth = Truth(scenario, trials=8, seed=1)
    costs = np.where(np.arange(len(truth.planned.plan)) % 2, 0.8, -0.3)
    found, said = truth(costs), evaluate(scenario, _table(truth, costs), trials=8).metrics.wmapd_expected
    assert said is not None
    assert found.wmapd == pytest.approx(said.mean, abs=2 * found.noise)
    assert truth(np.zeros_like(costs)) == truth.unconstrained


def _table(truth: Truth, costs: np.ndarray) -> pa.Table:
    return pa.table(truth.planned.columns() | {"cost": costs})
