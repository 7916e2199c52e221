"""Weeks one by one, each started from what the one before left, are the weeks at once; in both engines."""

import dataclasses

import numpy as np
import pytest

from jaxsim import reference
from jaxsim.conformance import balance, compare
from jaxsim.demand.source import PathSource
from jaxsim.measures.service import demanded
from jaxsim.outcome import Trajectory
from jaxsim.simulator import Simulator
from jaxsim.studies.rolling.window import DAYS, after_week, at_start, window
from jaxsim.system import LeadTimes, System, build
from validation.random_scenarios import random_scenario

WEEKS = 3


def certain(system: System) -> System:
    """The system with one future: each lead time is its likeliest, and demand is given by region, on Mondays alone."""
    rng = np.random.default_rng(3)
    regions = system.products.demand_share.shape[1]
    units = rng.integers(0, 30, (len(system.product_names), 1, system.weeks, regions))
    probability = np.zeros_like(system.lead_times.probability)
    likeliest = system.lead_times.probability.argmax(1)
    probability[np.arange(len(probability)), likeliest] = 1.0
    return dataclasses.replace(
        system,
        source=PathSource(units),
        weekday_share=np.eye(7)[0],
        lead_times=LeadTimes(system.lead_times.node, probability, probability.cumsum(1)),
    )


@pytest.fixture(scope="module", params=[2, 5])
def system(request: pytest.FixtureRequest) -> System:
    return certain(build(random_scenario(request.param, products=12, weeks=WEEKS)))


def first_week(days: Trajectory) -> Trajectory:
    return Trajectory(**{field.name: getattr(days, field.name)[:, :, :DAYS] for field in dataclasses.fields(days)})


def same(one: Trajectory, other: Trajectory) -> None:
    for field in dataclasses.fields(one):
        np.testing.assert_allclose(getattr(one, field.name), getattr(other, field.name), atol=1e-6, err_msg=field.name)


def test_weeks_one_by_one_are_the_weeks_at_once(system):
    whole, carried = Simulator(system).trajectory(), at_start(system)
    seen = dict.fromkeys(("in_transit", "backlog", "in_flight"), 0)
    for week in range(WEEKS):
        part = window(system, week, WEEKS - week, carried)
        days = Simulator(part).trajectory()
        later = {field.name: getattr(whole, field.name)[:, :, DAYS * week :] for field in dataclasses.fields(whole)}
        same(days, Trajectory(**later))
        carried = after_week(carried, part, days)
        seen = {name: count + getattr(carried, name).sum() for name, count in seen.items()}
    assert all(count > 0 for count in seen.values()), seen


def test_engines_agree_on_weeks_that_start_from_others(system):
    carried = at_start(system)
    for week in range(2):
        part = window(system, week, 2, carried)
        fast, exact = Simulator(part, seed=week).trajectory(), reference.run(part, seed=week)
        found = compare(part, fast, exact)
        assert found.agrees, str(found.first)
        asked = fast.demand.sum((2, 3))
        np.testing.assert_array_equal(demanded(part, fast.outcome()), asked)
        assert not any(balance(part, run).broken for run in (fast, exact))
        carried = after_week(carried, part, exact)


def test_a_week_that_is_not_there_is_refused(system):
    with pytest.raises(ValueError, match=f"weeks {WEEKS - 1} to {WEEKS} are not in a system of {WEEKS} weeks"):
        window(system, WEEKS - 1, 2, at_start(system))


def test_transfers_longer_than_any_are_refused(system):
    longest = int(system.products.transit_days.max())
    late = np.zeros((len(system.product_names), longest + 2, system.products.node.shape[1]), np.int32)
    wrong = dataclasses.replace(system, products=dataclasses.replace(system.products, in_transit=late))
    with pytest.raises(ValueError, match=f"in_transit has {longest + 2} days; no transfer takes more than {longest}"):
        Simulator(wrong)
