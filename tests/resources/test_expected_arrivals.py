"""Expected arrivals: by loops over lead times, unbiased, of less variance, and the same from both engines."""

import numpy as np
import pytest

from jaxsim import reference
from jaxsim.measures import utilization
from jaxsim.resources import ARRIVALS, STORAGE
from jaxsim.scenario import load
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from validation.random_scenarios import random_scenario

TRIALS = 64


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> System:
    return build(load(generate(tmp_path_factory.mktemp("scenarios") / "tiny", "tiny", seed=3).folder))


def test_by_loops():
    """Every order, lead time by lead time, from the calendar of review days."""
    system = build(random_scenario(4, networks=3, products=6, weeks=4))
    outcome, products = Simulator(system, trials=2, seed=1).run(), system.products
    units = ARRIVALS.judged(system, outcome).units
    weekly = products.in_flight[:, : 7 * system.weeks].reshape(len(units), system.weeks, 7, -1).sum(2)
    expected = np.repeat(weekly[:, None], 2, axis=1).astype(float)
    for product, day in np.argwhere(system.reviews):
        for slot, row in enumerate(products.lead_time_distribution[product]):
            for days, probability in enumerate(system.lead_times.probability[row]):
                if day + days < 7 * system.weeks:
                    ordered = outcome.orders[product, :, day // 7, slot]
                    expected[product, :, (day + days) // 7, slot] += ordered * probability
    assert outcome.orders.sum() > 0
    np.testing.assert_allclose(units, expected, atol=1e-9)


def test_both_engines_agree(tiny):
    system = tiny.take(np.arange(6))
    scan = Simulator(system, trials=2, seed=1).run()
    events = reference.run(system, None, trials=2, seed=1).outcome()
    np.testing.assert_array_equal(ARRIVALS.judged(system, scan).units, ARRIVALS.judged(system, events).units)


def test_unbiased_and_of_less_variance(tiny):
    """z-scores of realized − expected over all node-weeks are those of a mean of 0, at a sixth of the variance."""
    outcome = Simulator(tiny, trials=TRIALS, seed=1).run()
    realized, expected = (_by_trial(tiny, usage(tiny, outcome)) for usage in (ARRIVALS.usage, ARRIVALS.judged))
    difference = realized - expected
    error = difference.std(0, ddof=1) / np.sqrt(TRIALS)
    z = difference.mean(0)[error > 0] / error[error > 0]
    assert len(z) >= 10
    assert abs(z.mean()) < 0.7
    assert 0.4 < (z**2).mean() < 1.8
    assert np.abs(z).max() < 4
    assert realized.var(0).sum() > 6 * expected.var(0).sum()


def test_utilization_counts_both(tiny):
    outcome = Simulator(tiny, trials=8, seed=1).run()
    expected, realized = utilization(tiny, outcome), utilization(tiny, outcome, realized=True)
    assert realized.standard_error.sum() > 1.5 * expected.standard_error.sum()
    np.testing.assert_allclose(realized.mean.sum(1), _node_sums(tiny, outcome))
    assert (ARRIVALS.basis, STORAGE.basis) == ("expected", "realized")
    np.testing.assert_array_equal(
        utilization(tiny, outcome, resource=STORAGE).mean,
        utilization(tiny, outcome, resource=STORAGE, realized=True).mean,
    )


def _by_trial(system, usage) -> np.ndarray:
    """Units of every trial by node and week, (trials, nodes · weeks)."""
    total = np.zeros((usage.units.shape[1], len(system.network.nodes), system.weeks))
    for product, slot in np.argwhere(usage.node >= 0):
        total[:, usage.node[product, slot]] += usage.units[product, :, :, slot]
    return total.reshape(len(total), -1)


def _node_sums(system, outcome) -> np.ndarray:
    return _by_trial(system, ARRIVALS.usage(system, outcome)).mean(0).reshape(-1, system.weeks).sum(1)
