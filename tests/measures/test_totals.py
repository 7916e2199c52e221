"""Totals over a population: by plain loops, additive over its blocks, and equal to what the whole is measured by."""

import dataclasses
import math

import equinox as eqx
import numpy as np
import pytest
from instances import random_outcome

from jaxsim.measures import (
    INDICATORS,
    NORMAL_95,
    WMAPD,
    Estimate,
    OrderGroups,
    Totals,
    adherence,
    bound_of,
    contributions,
    joint_bound,
    kpis,
    kpis_of,
    lower_bound,
    utilization,
    wmapd,
    wmapd_bound,
)
from jaxsim.measures.indicators import DEVIATION
from jaxsim.measures.totals import PARTS
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, STORAGE
from jaxsim.system import System, build
from validation.random_scenarios import random_scenario

SEEDS, RESOURCES = range(4), (ARRIVALS, STORAGE)


def instance(seed: int, trials: int = 3) -> tuple[System, Outcome]:
    """A system with plans of both resources that nothing meets, and an outcome."""
    system = build(random_scenario(seed))
    plan = np.random.default_rng(seed).uniform(20, 400, system.network.plan.shape)
    plan[0, 0] = np.nan
    both = lambda s: (s.network.plan, s.network.storage_plan)
    return eqx.tree_at(both, system, (plan, 0.7 * plan[::-1])), random_outcome(system, seed, trials)


def take(system: System, outcome: Outcome, rows: np.ndarray) -> tuple[System, Outcome]:
    """Some products."""
    counts = {field.name: getattr(outcome, field.name)[rows] for field in dataclasses.fields(outcome)}
    return system.take(rows), Outcome(**counts)


def plans_of(system: System):
    return {each: each.plan(system) for each in RESOURCES}


def equal(a, b, rtol=1e-12):
    """Arrays by name, equal to rounding."""
    assert a.keys() == b.keys()
    for name, values in a.items():
        np.testing.assert_allclose(values, b[name], rtol=rtol, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("seed", SEEDS)
def test_use_by_loops(seed):
    system, outcome = instance(seed)
    found = Totals.of(system, outcome, RESOURCES)
    for resource in RESOURCES:
        for usage, units in (
            (resource.judged(system, outcome), found.use[resource].judged.sum(0)),
            (resource.usage(system, outcome), found.use[resource].realized),
        ):
            expected = np.zeros_like(units)
            for product, slot in np.argwhere(usage.node >= 0):
                expected[:, usage.node[product, slot]] += usage.units[product, :, :, slot]
            np.testing.assert_allclose(units, expected, rtol=1e-12)
        usage, variance = resource.judged(system, outcome), np.zeros_like(system.network.plan)
        for product, slot in np.argwhere(usage.node >= 0):
            variance[usage.node[product, slot]] += np.var(usage.units[product, :, :, slot], axis=0, ddof=1)
        np.testing.assert_allclose(found.use[resource].variance, variance, rtol=1e-12, atol=1e-9)
    for name, values in contributions(system, outcome).items():
        assert found.columns[name].sum(0) == pytest.approx(values.sum(0))
        for part, total in enumerate(found.columns[name]):
            assert total == pytest.approx(values[system.products.id[:, 0] % PARTS == part].sum(0))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_population_is_measured_as_a_sample_of_all_its_products(seed):
    system, outcome = instance(seed)
    found, plans = Totals.of(system, outcome, RESOURCES), plans_of(system)
    used = {each: utilization(system, outcome, resource=each) for each in RESOURCES}
    for resource in RESOURCES:
        np.testing.assert_allclose(found.utilization(resource).mean, used[resource].mean)
        np.testing.assert_allclose(found.utilization(resource).standard_error, used[resource].standard_error)
    whole, total = adherence(system, outcome, used), found.adherence(plans)
    assert (total.wmapd, total.noise) == pytest.approx((whole.wmapd, whole.noise))
    assert total.contribution.sum(0) == pytest.approx(whole.contribution.sum(0))
    table = kpis_of(found.weight, None, found.columns)
    for name, estimate in kpis(system, outcome).items():
        assert table[name].mean == pytest.approx(estimate.mean, nan_ok=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_realized_future(seed):
    system, outcome = instance(seed)
    found, plans = Totals.of(system, outcome, RESOURCES), plans_of(system)
    futures = []
    for trial in range(3):
        one = cut(outcome, slice(trial, trial + 1))
        used = [utilization(system, one, resource=each, realized=True).mean for each in RESOURCES]
        futures.append(wmapd(np.stack(used), np.stack([plans[each] for each in RESOURCES])))
    assert found.realized_wmapd(plans) == pytest.approx(np.array(futures))
    assert found.spread(ARRIVALS) == pytest.approx(found.use[ARRIVALS].realized.std(0, ddof=1))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("blocks", [2, 5, 12])
def test_blocks_add_up_to_the_whole(seed, blocks):
    """Also when a block's tables hold fewer lead-time distributions, in other rows, and fewer slots."""
    system, outcome = instance(seed)
    rows = np.array_split(np.random.default_rng(seed).permutation(12), blocks)
    parts = [take(*_with_own_distributions(system, outcome, each)) for each in rows]
    whole, first = Totals.of(system, outcome, RESOURCES), Totals.of(*parts[0], RESOURCES)
    equal(sum((Totals.of(*each, RESOURCES) for each in parts[1:]), first).to_arrays(), whole.to_arrays())
    groups = sum((OrderGroups.of(*each) for each in parts[1:]), OrderGroups.of(*parts[0]))
    bound, together = lower_bound(system, outcome), bound_of(groups, system.network.plan)
    assert together.groups == bound.groups
    assert together.wmapd == pytest.approx(bound.wmapd, rel=1e-6, abs=1e-9)
    assert together.standard_error == pytest.approx(bound.standard_error, rel=1e-3, abs=1e-6)
    joint = joint_bound(groups, plans_of(system))
    assert joint.mean == pytest.approx(wmapd_bound(system, outcome, RESOURCES), rel=1e-6, abs=1e-9)


def _with_own_distributions(system, outcome, rows):
    """A block as it is built from its own tables: distributions of its products alone, a day longer than the others."""
    used = np.unique(system.products.lead_time_distribution[rows])
    lead = system.lead_times
    wide = lambda values, last: np.pad(values[used], ((0, 0), (0, 1)), constant_values=((0, 0), (0, last)))
    own = dataclasses.replace(
        lead, node=lead.node[used], probability=wide(lead.probability, 0.0), cumulative=wide(lead.cumulative, 1.0)
    )
    number = np.searchsorted(used, system.products.lead_time_distribution).clip(0, len(used) - 1).astype(np.int32)
    both = lambda s: (s.lead_times, s.products.lead_time_distribution)
    return eqx.tree_at(both, system, (own, number)), outcome, rows


@pytest.mark.parametrize("seed", SEEDS)
def test_arrays_read_back(seed):
    system, outcome = instance(seed)
    found, groups = Totals.of(system, outcome, RESOURCES), OrderGroups.of(system, outcome)
    equal(Totals.from_arrays(found.to_arrays(), RESOURCES).to_arrays(), found.to_arrays(), rtol=0)
    equal(OrderGroups.from_arrays(groups.to_arrays()).to_arrays(), groups.to_arrays(), rtol=0)


def test_the_bounds_error_is_that_of_its_dual_objective():
    """Quantities moved by one standard error of a trial move the bound as the derivative says, while prices stay."""
    system, outcome = instance(2, trials=40)
    groups = OrderGroups.of(system, outcome)
    found = bound_of(groups, system.network.plan)
    assert found.wmapd > 0
    values = []
    for trial in range(40):
        nudged = groups.quantity + 1e-4 * (
            groups.quantity[:, trial : trial + 1] - groups.quantity.mean(1, keepdims=True)
        )
        moved = bound_of(dataclasses.replace(groups, quantity=nudged), system.network.plan)
        values.append((moved.wmapd - found.wmapd) / 1e-4)
    assert np.std(values, ddof=1) / math.sqrt(40) == pytest.approx(found.standard_error, rel=0.02)


@pytest.mark.usefixtures("unchecked_types")
def test_intervals_hold_the_truth():
    """Of 300 studies of four trials each, 95% intervals of wMAPD, a ratio, a node-week and changes hold the truth.

    Most of the twelve products are parts of their own, so an error rests on some 30 numbers that vary freely, and the
    normal law covers 94%. A true coverage of 0.94 is called too low with a chance of 1e-3; errors 30% too small, which
    cover 82%, pass with one of 3e-4, and those of a single part, which cover 86%, with one of 4e-2.
    """
    system, first = instance(1, trials=1200)
    assert len(set(system.products.id[:, 0] % PARTS)) >= 7
    second = mixed(first, random_outcome(system, 2, 1200))
    truth = estimates(system, first, second)[0]
    four = [slice(4 * n, 4 * n + 4) for n in range(300)]
    studies = [estimates(system, cut(first, trials), cut(second, trials)) for trials in four]
    means, errors = np.moveaxis(np.array(studies), 1, 0)
    coverage = (np.abs(means - truth) <= NORMAL_95 * errors).mean(0)
    assert (coverage >= 0.895).all(), coverage
    ratio = np.sqrt((errors**2).mean(0)) / means.std(0, ddof=1)
    assert (np.abs(ratio - 1) < 0.15).all(), ratio


def test_sample_paths_may_move_all_products_together(monkeypatch):
    """Every product has the same surplus in a trial: only errors of the population's own totals tell it."""
    system, outcome = instance(2, trials=30)
    surplus = np.arange(30, dtype=np.int32)[None, :, None, None]
    together = dataclasses.replace(outcome, orders=outcome.orders + surplus * (outcome.orders > 0))
    apart = Totals.of(system, together, RESOURCES)
    monkeypatch.setattr("jaxsim.demand.source.QuantileSource.trials", property(lambda _: 30))
    found = Totals.of(system, together, RESOURCES)
    assert len(found.weight) == 1
    assert found.columns["sourcing_cost"] == pytest.approx(apart.columns["sourcing_cost"].sum(0)[None])
    usage = ARRIVALS.judged(system, together)
    units = np.zeros((30, *system.network.plan.shape))
    for product, slot in np.argwhere(usage.node >= 0):
        units[:, usage.node[product, slot]] += usage.units[product, :, :, slot]
    error = units.std(0, ddof=1) / math.sqrt(30)
    np.testing.assert_allclose(found.utilization(ARRIVALS).standard_error, error, atol=1e-9)
    assert error.sum() > 1.3 * apart.utilization(ARRIVALS).standard_error.sum()


def cut(outcome: Outcome, trials: slice) -> Outcome:
    """Some trials."""
    return Outcome(**{field.name: getattr(outcome, field.name)[:, trials] for field in dataclasses.fields(outcome)})


def mixed(first: Outcome, second: Outcome) -> Outcome:
    """Every other product of each: half of all draws are common."""
    counts = {field.name: getattr(first, field.name).copy() for field in dataclasses.fields(first)}
    for name, values in counts.items():
        values[::2] = getattr(second, name)[::2]
    return Outcome(**counts)


def estimates(system: System, first: Outcome, second: Outcome) -> np.ndarray:
    """Means and errors of two cases and of their differences."""
    plans, ratio = {ARRIVALS: ARRIVALS.plan(system)}, INDICATORS["fill_rate"]
    totals = [Totals.of(system, each, (ARRIVALS,)) for each in (first, second)]
    one, two = (each.adherence(plans) for each in totals)
    before, after = ({DEVIATION: each.contribution} for each in (one, two))
    used = totals[0].utilization(ARRIVALS)
    large = np.unravel_index(np.nanargmax(used.mean), used.mean.shape)
    found = [
        Estimate(one.wmapd, one.standard_error),
        WMAPD.difference(totals[0].weight, None, before, after, two.wmapd - one.wmapd),
        ratio.estimate(totals[0].weight, None, totals[0].columns),
        ratio.difference(totals[0].weight, None, totals[0].columns, totals[1].columns),
        Estimate(used.mean[large], used.standard_error[large]),
    ]
    return np.array([[each.mean for each in found], [each.standard_error for each in found]])


def test_one_trial_is_refused():
    system, outcome = instance(1, trials=1)
    with pytest.raises(ValueError, match="at least two trials"):
        Totals.of(system, outcome, RESOURCES)
