"""A tiny scenario, and an engine that answers costs at once: arrivals follow a soft choice among a product's nodes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, checked_prices
from jaxsim.runs.folder import columns_of
from jaxsim.scenario import load
from jaxsim.scenario.generate import generate
from jaxsim.system import System


def soft_engine(system: System, trials: int = 1):
    """Engine whose products spread their mean demand over their orderable nodes, less where costs are higher.

    All demand of a trial is a few percent more or less than of the next one.
    """
    products, every = system.products, np.arange(len(system.product_names))
    count, slots = products.node.shape
    ranks, regions = products.preference.shape[1:]
    weekly = np.maximum(system.source.numbers(every, 0 * every).mean(2), 1.0) * 10
    level = 1 + 0.03 * np.sin(np.arange(trials))

    def simulate(costs):
        costs = checked_prices(system, costs).of(ARRIVALS, system)
        price = products.sourcing_cost[:, None, :] + costs[products.node].transpose(0, 2, 1)
        share = np.where(products.orderable[:, None, :], np.exp(-price), 0.0)
        share /= np.maximum(share.sum(2, keepdims=True), 1e-12)
        arrivals = np.rint((weekly[:, :, None] * share)[:, None] * level[:, None, None]).astype(np.int32)
        zeros = lambda *shape: np.zeros((count, trials, *shape), np.int32)
        served = zeros(ranks, regions)
        served[:, :, 0] = 3
        nothing = {"lost": zeros(regions), "backlog_unit_days": zeros(system.weeks), "final_backlog": zeros(regions)}
        return Outcome(arrivals, arrivals, arrivals * 7, arrivals, served, **nothing, moved=zeros(slots, slots))

    return simulate


@pytest.fixture(scope="session")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated tiny scenario."""
    folder = tmp_path_factory.mktemp("scenarios") / "tiny"
    generate(folder, "tiny", 1)
    return folder


@pytest.fixture(scope="session")
def other_scenario(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one."""
    folder = tmp_path_factory.mktemp("scenarios") / "other"
    generate(folder, "tiny", 2)
    return folder


@pytest.fixture
def fast_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let studies simulate with `soft_engine`."""
    monkeypatch.setattr("jaxsim.studies.problem.engine", lambda name, system, trials, *_: soft_engine(system, trials))


@pytest.fixture(scope="session")
def costs(scenario: Path) -> pa.Table:
    """Costs of every other node-week of the plan."""
    plan = columns_of(load(scenario).tables["labor_plan"])
    cost = np.where(np.arange(len(plan["node"])) % 2, 0.8, -0.3)
    return pa.table({"node": plan["node"], "week": plan["week"], "cost": cost})


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four blocks of six products, of which three in four trials are simulated at a time."""
    monkeypatch.setattr("jaxsim.studies.population.BLOCK", 7)
    monkeypatch.setattr("jaxsim.studies.population.PRODUCT_TRIALS", {"cpu": 12, "gpu": 12})
