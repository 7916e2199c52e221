"""Variances, differences and the wMAPD's error, against numbers worked out by hand."""

import dataclasses
import math

import equinox as eqx
import jax
import numpy as np
import pytest
from instances import random_outcome

from jaxsim.measures import (
    Estimate,
    adherence,
    contributions,
    kpis,
    paired_ratios,
    paired_totals,
    ratio,
    relative_fall,
    total,
    utilization,
    wmapd,
)
from jaxsim.measures.estimates import linearized, variance_strata
from jaxsim.measures.indicators import INDICATORS
from jaxsim.measures.service import fill_rate, preferred_node_availability, simulated_preferred_availability
from jaxsim.resources import ARRIVALS
from jaxsim.system import build
from validation.random_scenarios import random_scenario

SCALE, STRATA = np.array([2.0, 2.0, 1.0]), np.array([0, 0, 1])
VALUES = np.array([[1.0, 3.0], [5.0, 5.0], [10.0, 14.0]])


def test_two_stage_variance_by_hand():
    """Total 4 + 10 + 12; between products (1 − 2/4) · 2 · 18 = 18 and 0; between trials 2 · 2/2 = 2 and 8/2 = 4."""
    found = total(SCALE, STRATA, VALUES)
    assert found.mean == pytest.approx(26.0)
    assert found.standard_error == pytest.approx(math.sqrt(18 + 2 + 4))


def test_a_single_trial_by_hand():
    """The lone product, whose trials are unknown, joins the others: z = 2, 10, 10, so 3/2 · 128/3 = 64."""
    assert total(SCALE, STRATA, VALUES[:, :1]).standard_error == pytest.approx(8.0)


def test_lone_strata_join_a_neighbor_only_where_they_need_one():
    sampling_weight, strata = np.array([3.0, 2.0, 2.0, 4.0, 1.0]), np.array([0, 1, 1, 2, 3])
    assert variance_strata(sampling_weight, strata, 1).tolist() == [0, 0, 0, 0, 0]
    assert variance_strata(sampling_weight, strata, 2).tolist() == [0, 0, 0, 0, 1]
    assert variance_strata(np.array([5.0, 6.0]), np.array([0, 1]), 2).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("sampling_weight", "trials", "known"), [(1.0, 1, False), (3.0, 1, False), (3.0, 4, False), (1.0, 4, True)]
)
def test_what_one_product_cannot_tell_is_nan(sampling_weight, trials, known):
    """A product that stands for itself alone has an error over trials; nothing else of one product is known."""
    values = np.arange(1.0, trials + 1)[None]
    assert np.isfinite(total(np.array([sampling_weight]), None, values).standard_error) == known
    system = build(random_scenario(0), np.full(12, sampling_weight))
    products = system.products
    first = jax.tree.map(lambda values: values[:1], products)
    one = dataclasses.replace(system, product_names=system.product_names[:1], products=first)
    found = utilization(one, random_outcome(one, 0, trials))
    assert np.isfinite(found.standard_error).all() == known


def test_linearized_parts_add_up_to_nothing_and_give_the_ratio():
    rng = np.random.default_rng(0)
    top, bottom, sampling_weight = rng.gamma(2, 1, (9, 3)), rng.gamma(2, 1, (9, 3)), rng.uniform(1, 4, 9)
    value, rest = linearized(sampling_weight, top, bottom)
    assert value == pytest.approx((sampling_weight @ top.mean(1)) / (sampling_weight @ bottom.mean(1)))
    assert sampling_weight @ rest.mean(1) == pytest.approx(0.0, abs=1e-12)
    nudged = (sampling_weight @ (top + 1e-6 * rest).mean(1)) / (sampling_weight @ bottom.mean(1))
    assert nudged == pytest.approx(value, abs=1e-12)


def test_a_paired_difference_by_hand():
    """See the same numbers in `tests/runs/test_compare.py`: variance 3, against 20 + 15 of independent ones, / 40²."""
    asked = np.full((2, 2), 10.0)
    first, second = np.array([[8.0, 10.0], [6.0, 6.0]]), np.array([[9.0, 10.0], [6.0, 8.0]])
    found = paired_ratios(np.full(2, 2.0), None, (first, asked), (second, asked))
    assert found.mean == pytest.approx(0.075)
    assert found.standard_error == pytest.approx(math.sqrt(3) / 40)
    assert found.variance_ratio == pytest.approx(35 / 3)


def test_what_is_added_to_both_sides_does_not_matter():
    rng = np.random.default_rng(1)
    common, noise = 100 * rng.normal(size=(20, 2)), rng.normal(size=(20, 2))
    sampling_weight = np.full(20, 3.0)
    found = paired_totals(sampling_weight, None, common, common + noise)
    assert found.standard_error == pytest.approx(total(sampling_weight, None, noise).standard_error)
    assert found.variance_ratio > 1000


def test_a_relative_fall_by_hand():
    """Of 30/40 to 33/40: (y − R x) fall by 1.1 times the first's less the second's, whose error is a total's."""
    asked = np.full((2, 2), 10.0)
    first, second = np.array([[8.0, 10.0], [6.0, 6.0]]), np.array([[9.0, 10.0], [6.0, 8.0]])
    weight = np.full(2, 2.0)
    found = relative_fall(weight, None, (first, asked), (second, asked))
    assert found.mean == pytest.approx(-0.1)
    rest = (1.1 * (first - 7.5) - (second - 8.25)) / 30
    assert found.standard_error == pytest.approx(total(weight, None, rest).standard_error)
    same = relative_fall(weight, None, (first, asked), (first, asked))
    assert (same.mean, same.standard_error) == (0.0, 0.0)
    nothing = relative_fall(weight, None, (0 * first, asked), (first, asked))
    assert math.isnan(nothing.mean)


def test_a_ratio_of_nothing_has_no_difference():
    nothing = np.zeros((2, 3))
    found = paired_ratios(np.ones(2), None, (nothing, nothing), (nothing, nothing + 1))
    assert all(math.isnan(x) for x in (found.mean, found.standard_error, found.variance_ratio))


@pytest.mark.parametrize("seed", range(4))
def test_indicators_are_ratios_of_their_contributions(seed):
    system = build(random_scenario(seed), np.random.default_rng(seed).choice([1.0, 2.0, 3.5], 12))
    outcome = random_outcome(system, seed)
    columns, table, sampling_weight = (
        contributions(system, outcome),
        kpis(system, outcome),
        system.products.sampling_weight,
    )
    assert table.keys() == INDICATORS.keys()
    service = {
        "fill_rate": fill_rate(system, outcome),
        "preferred_node_availability": preferred_node_availability(system, outcome),
        "simulated_preferred_availability": simulated_preferred_availability(system, outcome),
    }
    for name, estimate in table.items():
        np.testing.assert_equal(
            dataclasses.astuple(estimate),
            dataclasses.astuple(ratio(sampling_weight, None, *INDICATORS[name].parts(columns))),
        )
    for name, estimate in service.items():
        np.testing.assert_allclose(dataclasses.astuple(table[name]), dataclasses.astuple(estimate), rtol=1e-12)


def far_from_plan(seed: int, trials: int = 3):
    """A system whose plan is half or three times what arrives, and its outcome."""
    system = build(random_scenario(seed), np.random.default_rng(seed).choice([1.0, 2.0, 3.5], 12))
    outcome = random_outcome(system, seed, trials)
    used = np.asarray(utilization(system, outcome).mean)
    plan = np.where(np.indices(used.shape).sum(0) % 2, 0.5, 3.0) * used
    plan[0, 0] = np.nan
    return eqx.tree_at(lambda s: s.network.plan, system, plan), outcome


@pytest.mark.parametrize("seed", [1, 2, 4, 7])  # those in which some order may arrive in time
def test_wmapd_moves_with_its_contributions(seed):
    """More orders of one product-trial move wMAPD by what its contribution grows by."""
    system, outcome = far_from_plan(seed)
    sampling_weight, trials = system.products.sampling_weight, outcome.orders.shape[1]
    found = adherence(system, outcome, utilization(system, outcome))
    assert found.wmapd == wmapd(np.asarray(utilization(system, outcome).mean), system.network.plan)
    more = dataclasses.replace(outcome, orders=outcome.orders.copy())
    a, t = np.argwhere(np.abs(found.contribution - _without_orders(system, outcome)) > 1e-6)[0]
    more.orders[a, t] *= 2
    again = adherence(system, more, utilization(system, more))
    step = sampling_weight[a] * (again.contribution[a, t] - found.contribution[a, t]) / trials
    assert again.wmapd - found.wmapd == pytest.approx(step, abs=1e-12)
    assert step != 0


def _without_orders(system, outcome):
    """Contributions of what is in flight, at the signs of the outcome's deviations."""
    nothing = dataclasses.replace(outcome, orders=np.zeros_like(outcome.orders))
    return adherence(system, nothing, utilization(system, outcome)).contribution


def test_wmapd_error_counts_the_covariance_of_node_weeks():
    """Units that fall on either of two node-weeks, both over plan, do not move wMAPD; over and under, they do twice."""
    system = build(random_scenario(1), np.ones(12))
    outcome = random_outcome(system, 1, trials=4)
    arrivals = np.zeros_like(outcome.arrivals)
    a = int(np.argmax((system.products.node >= 0).sum(1)))
    slots = np.flatnonzero(system.products.node[a] >= 0)[:2]
    arrivals[a, :2, 0, slots[0]] = 10
    arrivals[a, 2:, 0, slots[1]] = 10
    outcome = dataclasses.replace(outcome, arrivals=arrivals)
    realized = dataclasses.replace(ARRIVALS, expected=None)
    used = utilization(system, outcome, resource=realized)
    nodes = system.products.node[a, slots]
    errors = []
    for second in (1.0, 9.0):
        plan = np.full_like(system.network.plan, np.nan)
        plan[nodes, 0] = 1.0, second
        planned = eqx.tree_at(lambda s: s.network.plan, system, plan)
        errors.append(adherence(planned, outcome, {realized: used}).standard_error)
    alone = used.standard_error[nodes[0], 0]
    assert errors[0] == pytest.approx(0.0, abs=1e-12)
    assert errors[1] == pytest.approx(2 * alone / 10)


def test_noise_floor_by_hand():
    """Two planned node-weeks of 10 and 30 units with errors 3 and 1."""
    system = build(random_scenario(1), np.ones(12))
    plan = np.full_like(system.network.plan, np.nan)
    plan[0, :2] = 10.0, 30.0
    errors = np.full_like(plan, 99.0)
    errors[0, :2] = 3.0, 1.0
    system = eqx.tree_at(lambda s: s.network.plan, system, plan)
    found = adherence(system, random_outcome(system, 1), Estimate(np.zeros_like(plan), errors))
    assert found.noise == pytest.approx(4 * math.sqrt(2 / math.pi) / 40)
