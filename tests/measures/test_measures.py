"""Utilization, service and KPIs against plain loops; standard errors against repeated sampling."""

import equinox as eqx
import numpy as np
import pytest
from instances import random_outcome

from jaxsim.measures import kpis, preferred_node_availability, ratio, utilization
from jaxsim.measures.estimates import strata_of, total_variance
from jaxsim.system import build
from validation.random_scenarios import random_scenario

SEEDS = range(4)


def instance(seed: int, trials: int = 3):
    system = build(random_scenario(seed), np.random.default_rng(seed).choice([1.0, 2.0, 3.5], 12))
    return system, random_outcome(system, seed, trials)


@pytest.mark.parametrize("seed", SEEDS)
def test_utilization_and_its_error_node_by_node(seed):
    system, outcome = instance(seed)
    estimate, sampling_weight = utilization(system, outcome, realized=True), system.products.sampling_weight
    for n in range(len(system.network.nodes)):
        for week in range(system.weeks):
            arrived = (outcome.arrivals[:, :, week] * (system.products.node == n)[:, None]).sum(2)
            assert estimate.mean[n, week] == pytest.approx(sampling_weight @ arrived.mean(1))
            variance = total_variance(
                sampling_weight, strata_of(sampling_weight, None), arrived.mean(1), arrived.var(1, ddof=1), 3
            )
            assert estimate.standard_error[n, week] == pytest.approx(np.sqrt(variance))


def test_no_sampling_error_without_sampling():
    system, outcome = instance(1)
    system = eqx.tree_at(lambda s: s.products.sampling_weight, system, np.ones(12))
    outcome.arrivals[:] = outcome.arrivals[:, :1]
    assert (utilization(system, outcome, realized=True).standard_error == 0).all()


def test_one_trial_still_has_an_error():
    system, outcome = instance(2, trials=1)
    estimate = utilization(system, outcome)
    assert np.isfinite(estimate.standard_error).all()
    assert (estimate.standard_error[estimate.mean > 0] > 0).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_preferred_node_availability_by_loops(seed):
    system, outcome = instance(seed)
    products, top, bottom = system.products, 0.0, 0.0
    for a, gamma in enumerate(products.sampling_weight):
        for week in range(1, system.weeks):
            for slot in range(products.node.shape[1]):
                wanted = products.region_p60[a, week][products.preference[a, 0] == slot].sum()
                bottom += gamma * wanted
                top += gamma * np.minimum(wanted, outcome.inventory_unit_days[a, :, week, slot] / 7).mean()
    found = preferred_node_availability(system, outcome, weeks=slice(1, None)).mean
    assert found == pytest.approx(top / bottom, nan_ok=True) if bottom else np.isnan(found)


@pytest.mark.parametrize("seed", SEEDS)
def test_kpis_by_loops(seed):
    system, outcome = instance(seed)
    products, network, trials = system.products, system.network, 3
    parts = ("sourcing", "transfer", "shipping", "overage", "lost_sales", "backlog")
    total = dict.fromkeys((*parts, "co2", "fast", "sent", "lost", "first"), 0.0)
    for a, gamma in enumerate(products.sampling_weight):
        g = gamma / trials
        node, preference = products.node[a], products.preference[a]
        total["sourcing"] += (
            g * (outcome.orders[a].sum((0, 1)) * products.sourcing_cost[a])[products.orderable[a]].sum()
        )
        total["overage"] += g * outcome.inventory_unit_days[a].sum() * products.overage_cost[a] / 7
        total["lost_sales"] += g * outcome.lost[a].sum() * products.lost_sale_cost[a]
        total["backlog"] += g * outcome.backlog_unit_days[a].sum() * products.lost_sale_cost[a] / 7
        total["lost"] += g * (outcome.lost[a] + outcome.final_backlog[a]).sum()
        total["first"] += g * outcome.served[a, :, 0].sum()
        for i, j in np.ndindex(*outcome.moved.shape[2:]):
            units = g * outcome.moved[a, :, i, j].sum()
            if units:
                total["transfer"] += units * network.transfer_cost[node[i], node[j]]
                total["co2"] += units * network.transfer_co2[node[i], node[j]]
        for p, r in np.ndindex(*preference.shape):
            units = g * outcome.served[a, :, p, r].sum()
            if units:
                total["sent"] += units
                total["shipping"] += units * network.shipping_cost[node[preference[p, r]], r]
                total["co2"] += units * network.shipping_co2[node[preference[p, r]], r]
                total["fast"] += units * (network.shipping_days[node[preference[p, r]], r] <= 2)
    asked, table = total["sent"] + total["lost"], kpis(system, outcome)
    for part in parts:
        assert table[f"{part}_cost_per_unit"].mean == pytest.approx(total[part] / asked)
    cost = sum(total[part] for part in parts)
    assert table["cost_per_unit"].mean == pytest.approx(cost / asked)
    assert table["cost_per_unit_delivered"].mean == pytest.approx(cost / total["sent"])
    assert table["fill_rate"].mean == pytest.approx(total["sent"] / asked)
    assert table["simulated_preferred_availability"].mean == pytest.approx(total["first"] / asked)
    assert table["two_day_share"].mean == pytest.approx(total["fast"] / total["sent"])
    assert table["co2_per_unit"].mean == pytest.approx(total["co2"] / total["sent"])
    assert 0 <= table["overage_share"].mean <= 1
    assert all(np.isfinite(estimate.standard_error) for estimate in table.values() if np.isfinite(estimate.mean))


def test_a_ratio_of_nothing_is_nan():
    nothing = np.zeros((2, 3))
    assert np.isnan(ratio(np.ones(2), None, nothing, nothing).mean)


def test_standard_error_of_a_ratio_matches_repeated_sampling():
    """The spread of 2,000 estimates is within 15% of the mean standard error, over 5 of its own errors."""
    rng = np.random.default_rng(0)
    size = rng.lognormal(1, 0.5, 150)
    level = rng.uniform(0.5, 1.0, 150)
    found, errors = [], []
    for _ in range(2000):
        rows = rng.choice(150, 60, replace=False)
        bottom = size[rows, None] * rng.gamma(5, 0.2, (60, 4))
        top = bottom * level[rows, None] * rng.uniform(0.8, 1.2, (60, 4))
        estimate = ratio(np.full(60, 2.5), None, top, bottom)
        found.append(estimate.mean)
        errors.append(estimate.standard_error)
    assert np.std(found) == pytest.approx(np.mean(errors), rel=0.15)
    assert np.mean(found) == pytest.approx((level @ size) / size.sum(), abs=0.01)
