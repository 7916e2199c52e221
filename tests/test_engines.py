"""The scan engine against the exact one on a generated scenario, and against itself: chunks, threads, compilations.

`tests/conformance` compares the two on random scenarios.
"""

import dataclasses
from typing import Any

import numpy as np
import pytest

from jaxsim import reference
from jaxsim.conformance import balance, compare
from jaxsim.measures import utilization
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, STORAGE, Prices
from jaxsim.scenario import load
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Simulator
from jaxsim.system import System, build


def random_costs(system: System, seed: int) -> np.ndarray:
    """Capacity costs of both signs, of the size of sourcing costs."""
    return np.random.default_rng(seed).normal(0.0, 1.0, system.network.plan.shape)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> System:
    folder = tmp_path_factory.mktemp("scenario") / "tiny"
    generate(folder, "tiny", seed=1)
    return build(load(folder))


@pytest.mark.parametrize("prices", ["none", "arrivals", "storage", "both"])
def test_engines_agree_on_tiny(tiny, prices):
    chosen = {"none": None, "arrivals": random_costs(tiny, 5), "storage": Prices({STORAGE: random_costs(tiny, 6)})}
    costs = chosen.get(prices, Prices({ARRIVALS: random_costs(tiny, 5), STORAGE: random_costs(tiny, 6)}))
    fast, exact = Simulator(tiny, trials=3, seed=7).trajectory(costs), reference.run(tiny, costs, trials=3, seed=7)
    found = compare(tiny, fast, exact, costs)
    assert found.agrees, str(found.first)
    assert not found.ties
    assert not any(balance(tiny, run).broken for run in (fast, exact))


@pytest.mark.slow
def test_storage_prices_move_stock(tiny):
    """A node that is paid for keeping units keeps more, one beside which the others are paid fewer."""
    simulator, nothing = Simulator(tiny, trials=3, seed=7), np.zeros(tiny.network.plan.shape)
    held = lambda prices: utilization(tiny, simulator.run(Prices({STORAGE: prices})), resource=STORAGE).mean.sum(1)
    paid = [nothing.copy() for _ in tiny.network.nodes]
    for node, prices in enumerate(paid):
        prices[node] = -5.0
    gains = np.array([(held(prices) - held(nothing))[node] for node, prices in enumerate(paid)])
    node = int(gains.argmax())
    assert (gains >= 0).all()
    assert gains[node] > 0
    assert held(-5.0 - paid[node])[node] < held(nothing)[node]


def test_storage_prices_of_zero_change_nothing(tiny):
    simulator, nothing = Simulator(tiny, trials=3, seed=7), np.zeros(tiny.network.plan.shape)
    for field in dataclasses.fields(Outcome):
        first, second = (getattr(simulator.run(costs), field.name) for costs in (None, Prices({STORAGE: nothing})))
        np.testing.assert_array_equal(first, second, field.name)


def test_counts_are_the_sums_of_the_days(tiny):
    simulator = Simulator(tiny, trials=3, seed=3)
    counts, summed = simulator.run(), simulator.trajectory().outcome()
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(counts, field.name), getattr(summed, field.name), field.name)


@pytest.mark.slow
def test_chunks_threads_and_companions_change_nothing(tiny):
    costs = random_costs(tiny, 2)
    whole = Simulator(tiny, trials=3, seed=11).run(costs)
    cut = Simulator(tiny, trials=3, seed=11, chunk=5, threads=1).run(costs)
    later = Simulator(tiny, trials=1, first_trial=2, seed=11).run(costs)
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(cut, field.name), field.name)
        np.testing.assert_array_equal(getattr(whole, field.name)[:, 2:], getattr(later, field.name), field.name)


def test_trials_are_numbered_in_the_event_engine_too(tiny):
    few, costs = tiny.take(np.arange(3)), random_costs(tiny, 2)
    whole = reference.run(few, costs, trials=3, seed=11).outcome()
    later = reference.run(few, costs, trials=2, first_trial=1, seed=11).outcome()
    for field in dataclasses.fields(Outcome):
        np.testing.assert_array_equal(getattr(whole, field.name)[:, 1:], getattr(later, field.name), field.name)
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        reference.run(few, first_trial=-1)


def test_one_compilation_per_system(tiny):
    from jaxsim.simulator import simulator as module

    jitted: Any = module._simulate  # what jax.jit returns has a cache that its type does not mention
    simulator = Simulator(tiny, trials=2, seed=1, chunk=8)
    simulator.run()
    compiled = jitted._cache_size()
    simulator.run(random_costs(tiny, 0))
    simulator.run(random_costs(tiny, 1))
    assert jitted._cache_size() == compiled


def test_bad_arguments_are_named(tiny):
    with pytest.raises(ValueError, match=r"shape \(nodes, weeks\)"):
        Simulator(tiny).run(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="finite"):
        Simulator(tiny).run(np.full(tiny.network.plan.shape, np.nan))
    with pytest.raises(ValueError, match="lp_dtype"):
        Simulator(tiny, lp_dtype="bfloat16")
    with pytest.raises(ValueError, match="seed"):
        Simulator(tiny, seed=-1)
    with pytest.raises(ValueError, match="positive"):
        Simulator(tiny, trials=0)
