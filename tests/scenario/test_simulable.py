"""What validates can be simulated: extreme numbers in any column are either faults, or both engines run with them."""

import numpy as np
import pytest

from jaxsim import reference
from jaxsim.demand.source import QuantileSource
from jaxsim.scenario import Scenario
from jaxsim.scenario.check import faults_of
from jaxsim.scenario.limits import order_up_to_at_most, weekly
from jaxsim.scenario.view import View
from jaxsim.simulator import Simulator
from jaxsim.system import MOST_UNITS, build, check_system
from tests.scenario.extremes import NUMBERS, all_extremes, base, piled, scaled


def sound(scenario: Scenario) -> bool:
    return not faults_of(scenario.tables)


@pytest.mark.slow
def test_arrays_of_what_validates_are_in_range():
    """Every column with every extreme, an eighth of them in each run of the random numbers."""
    scenario, random = base(1), np.random.default_rng(7)
    assert sound(scenario)
    verdicts = {True: 0, False: 0}
    for what, changed in all_extremes(scenario, 1):
        if random.random() < 1 / 8:
            good = sound(changed)
            verdicts[good] += 1
            if good:
                try:
                    check_system(build(changed))
                except ValueError as error:
                    pytest.fail(f"{what}: {error}")
    assert min(verdicts.values()) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_what_validates_runs_in_both_engines(seed):
    scenario, done = piled(base(seed), seed, sound)
    assert len(done) > len(NUMBERS) // 3
    system = build(scenario)
    fast, exact = Simulator(system, chunk=32).run(), reference.run(system).outcome()
    np.testing.assert_array_equal(fast.arrivals, exact.arrivals)
    np.testing.assert_array_equal(fast.served, exact.served)


def test_bound_of_levels_holds():
    """No order-up-to level, target or width exceeds what the rule counts with, and the rule lets big products pass."""
    random, largest = np.random.default_rng(0), 0
    for _, changed in scaled(base(3), "demand", random):
        if not sound(changed):
            continue
        bound, products = order_up_to_at_most(View(changed.tables)), build(changed).products
        given = changed.column("product_nodes", "base_stock").max()
        assert (products.order_up_to.max(1) <= bound).all()
        assert (products.segment_width.max((1, 2, 3)) <= bound).all()
        assert (products.target.max((1, 2)) <= np.maximum(bound, given)).all()
        largest = max(largest, products.order_up_to.max())
    assert largest > MOST_UNITS / 1000


def test_weekly_demand_is_that_of_the_engines():
    scenario = base(3)
    found = weekly(View(scenario.tables), "demand")
    source = build(scenario).source
    assert isinstance(source, QuantileSource)
    levels, quantiles = source.levels, source.quantiles
    mean = (np.diff(levels) * (quantiles[..., 1:] + quantiles[..., :-1]) / 2).sum(-1)
    np.testing.assert_allclose(found.mean, mean.ravel(), rtol=1e-12)
    np.testing.assert_array_equal(found.highest, quantiles[..., -1].ravel())
