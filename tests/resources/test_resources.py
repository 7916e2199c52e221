"""Resources: what prices add to buying LPs, where they reach, and vectors over node-weeks."""

import dataclasses

import equinox as eqx
import numpy as np
import pytest

from jaxsim import reference
from jaxsim.conformance import compare
from jaxsim.measures import utilization
from jaxsim.outcome import Outcome
from jaxsim.reference.policies.buy import capacity_cost, overage_charge
from jaxsim.reference.prices import price_lists
from jaxsim.reference.product import product_of
from jaxsim.resources import (
    ARRIVALS,
    RESOURCES,
    STORAGE,
    Charge,
    NodeWeeks,
    Prices,
    Resource,
    Usage,
    charge_of,
    checked_prices,
    planned_resources,
)
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from validation.random_scenarios import random_scenario


@pytest.fixture(scope="module")
def system() -> System:
    system = build(random_scenario(4, networks=3, products=4, weeks=4))
    plan = np.full_like(system.network.plan, np.nan)
    plan[1, 2:] = 5.0, 7.0
    return eqx.tree_at(lambda s: s.network.storage_plan, system, plan)


def random_prices(system: System, seed: int) -> Prices:
    random = np.random.default_rng(seed)
    return Prices({name: random.normal(0, 1, system.network.plan.shape) for name in ("arrivals", "storage")})


def test_charges_are_what_the_event_engine_reads(system):
    """c(λ) to rounding, and h(μ) − h to the bit, of every product, slot and review."""
    prices = random_prices(system, 1)
    charge, lists = charge_of(system, prices), price_lists(system, prices)
    assert charge.order is not None
    assert charge.overage is not None
    for row in range(len(system.product_names)):
        product = product_of(system, row)
        for slot, day in zip(*np.nonzero(np.outer(np.array(product.node) >= 0, system.reviews[row])), strict=True):
            span = min(product.review_days // 7, system.weeks)
            assert charge.overage[day // 7, product.node[slot], span - 1] == overage_charge(product, slot, day, lists)
            if product.orderable[slot]:
                found = charge.order[product.distribution[slot], day]
                assert found == pytest.approx(capacity_cost(product, slot, day, lists.arrivals), abs=1e-12)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_reachable_node_weeks_are_those_whose_price_enters_an_lp(system, resource):
    """Priced alone, a node-week changes the costs of some product's LP exactly when it is reachable."""
    reachable = resource.reachable(system)
    assert reachable.any()
    assert not reachable.all()
    products = [product_of(system, row) for row in range(len(system.product_names))]
    orderable = [product for product in products if any(product.orderable)]
    for node, week in np.ndindex(reachable.shape):
        values = np.zeros(reachable.shape)
        values[node, week] = 1.0
        lists = price_lists(system, Prices({resource: values}))
        charges = (
            capacity_cost(product, slot, day, lists.arrivals) if resource is ARRIVALS else
            overage_charge(product, slot, day, lists)
            for product in orderable
            for day in range(product.first_review_day, product.days, product.review_days)
            for slot in range(len(product.node))
            if product.node[slot] >= 0 and (product.orderable[slot] or resource is STORAGE)
        )  # fmt: skip
        assert any(charges) == reachable[node, week], (node, week)


@pytest.mark.slow
def test_an_unreachable_price_changes_nothing(system):
    simulator, nothing = Simulator(system, trials=2, seed=3), np.zeros(system.network.plan.shape)
    for resource in RESOURCES:
        dear = np.where(resource.reachable(system), 0.0, 50.0)
        first, second = (simulator.run(Prices({resource: prices})) for prices in (nothing, dear))
        for field in dataclasses.fields(Outcome):
            np.testing.assert_array_equal(getattr(first, field.name), getattr(second, field.name), field.name)


@pytest.mark.slow
def test_storage_counts_the_end_of_the_week(system):
    trajectory = Simulator(system, trials=2, seed=3).trajectory()
    used = utilization(system, trajectory.outcome(), resource=STORAGE).mean
    on_hand, node, gamma = trajectory.on_hand, system.products.node, system.products.sampling_weight
    expected = np.zeros_like(used)
    for (row, slot), at in np.ndenumerate(node):
        if at >= 0:
            expected[at] += gamma[row] * on_hand[row, :, 6::7, slot].mean(0)
    np.testing.assert_allclose(used, expected)


def test_node_weeks_pack_and_unpack():
    plan = np.array([[np.nan, np.nan], [3.0, 4.0]])
    node_weeks = NodeWeeks.of_plan(("a", "b"), plan, np.array([[True, True], [True, False]]))
    np.testing.assert_array_equal(node_weeks.pack(plan), [3.0, 4.0])
    np.testing.assert_array_equal(node_weeks.unpack(np.array([1.0, 2.0])), [[0.0, 0.0], [1.0, 2.0]])
    np.testing.assert_array_equal(node_weeks.reachable, [True, False])
    columns = node_weeks.columns()
    assert columns["node"].tolist() == ["b", "b"]
    assert columns["week"].tolist() == [0, 1]


def test_vectors_hold_one_resource_after_the_other(system):
    planned = planned_resources(system)
    labor = system.network.plan[~np.isnan(system.network.plan)]
    np.testing.assert_array_equal(planned.plan, [*labor, 5.0, 7.0])
    values = np.arange(1.0, len(planned.plan) + 1)
    prices = planned.prices(values)
    np.testing.assert_array_equal(prices[STORAGE][1], [0.0, 0.0, *values[-2:]])
    np.testing.assert_array_equal(planned.pack(prices), values)
    np.testing.assert_array_equal(planned.pack_prices(Prices({ARRIVALS: prices[ARRIVALS]})), [*values[:-2], 0.0, 0.0])
    columns = planned.columns()
    assert columns["resource"].tolist() == ["arrivals"] * len(labor) + ["storage"] * 2
    assert columns["node"][-2:].tolist() == [system.network.nodes[1]] * 2
    assert columns["week"][-2:].tolist() == [2, 3]
    bare = eqx.tree_at(lambda s: s.network.storage_plan, system, np.full_like(system.network.plan, np.nan))
    assert planned_resources(bare).resources == (ARRIVALS,)


def _orders_charge(system: System, prices: np.ndarray) -> Charge:
    return Charge(order=np.repeat(prices, 7, axis=1)[system.lead_times.node])


ORDERS = Resource(
    "orders",
    plan=lambda system: np.where(system.network.inbound[:, None], np.full_like(system.network.plan, 500.0), np.nan),
    usage=lambda system, outcome: Usage(outcome.orders, system.products.node),
    charge=_orders_charge,
    reachable=lambda system: np.broadcast_to(system.network.inbound[:, None], system.network.plan.shape),
)
"""Units ordered into a node in a week: a resource of one's own."""


@pytest.mark.slow
def test_a_resource_of_ones_own_is_priced_by_both_engines(system):
    random = np.random.default_rng(2)
    shape = system.network.plan.shape
    prices = Prices({"arrivals": random.normal(0, 1, shape), ORDERS: random.normal(0, 1, shape)})
    fast, exact = (
        Simulator(system, trials=2, seed=5).trajectory(prices),
        reference.run(system, prices, trials=2, seed=5),
    )
    assert compare(system, fast, exact, prices).agrees
    without = Simulator(system, trials=2, seed=5).trajectory(Prices({ARRIVALS: prices[ARRIVALS]}))
    assert (without.orders != fast.orders).any()
    used = utilization(system, fast.outcome(), resource=ORDERS).mean
    ordered = fast.orders.sum((1, 2, 3)) / 2
    np.testing.assert_allclose(used.sum(), system.products.sampling_weight @ ordered)


def test_prices_of_zero_charge_nothing(system):
    zero = np.zeros(system.network.plan.shape)
    charge = charge_of(system, checked_prices(system, Prices({"storage": zero})))
    assert charge.overage is None
    assert charge.order is not None
    assert not charge.order.any()
