"""A tiny scenario, and an engine that answers costs at once: arrivals follow a soft choice among a product's nodes."""

from pathlib import Path

import numpy as np
import pytest

from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, checked_prices
from jaxsim.scenario.generate import generate
from jaxsim.system import System


def soft_engine(system: System):
    """Engine whose products spread their mean demand over their orderable nodes, less where costs are higher."""
    products, every = system.products, np.arange(len(system.product_names))
    count, slots = products.node.shape
    ranks, regions = products.preference.shape[1:]
    weekly = np.maximum(system.source.numbers(every, 0 * every).mean(2), 1.0) * 10

    def simulate(costs):
        costs = checked_prices(system, costs).of(ARRIVALS, system)
        price = products.sourcing_cost[:, None, :] + costs[products.node].transpose(0, 2, 1)
        share = np.where(products.orderable[:, None, :], np.exp(-price), 0.0)
        share /= np.maximum(share.sum(2, keepdims=True), 1e-12)
        arrivals = np.rint(weekly[:, :, None] * share).astype(np.int32)[:, None]
        zeros = lambda *shape: np.zeros((count, 1, *shape), np.int32)
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
    monkeypatch.setattr("jaxsim.studies.problem.engine", lambda name, system, *_: soft_engine(system))
