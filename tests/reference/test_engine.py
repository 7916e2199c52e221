"""Whole product-trials of the event engine: by hand, and by laws that every system obeys."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from jaxsim.outcome import Trajectory
from jaxsim.reference import Buy, DecisionKind, Fulfill, Place, Policies, decisions, run
from jaxsim.reference.prices import PriceLists
from jaxsim.reference.product import Product, State
from jaxsim.system import CROSS_DOCK, FULFILLMENT, STORAGE


def test_orders_and_arrivals_by_hand(system_of):
    """No demand, S = 30, packs of 4, 17 on hand, 3 arriving on day 2, reviews on days 3 and 10, lead time 5 days."""
    result = run(
        system_of(
            on_hand=17,
            in_flight=[(2, 0, 3)],
            orderable=True,
            order_up_to=30,
            case_pack=4,
            first_review_day=3,
            lead_time=[{5: 1.0}],
        )
    )
    assert result.received[0, 0, :, 0].nonzero()[0].tolist() == [2, 8]
    assert result.received[0, 0, [2, 8], 0].tolist() == [3, 12]
    assert result.order_quantity[0, 0].tolist() == [0, 0, 0, 12] + [0] * 10  # 10 short is 2.5 packs; on day 10 none is
    assert result.orders[0, 0, 3, 0] == result.lp_order[0, 0, 3, 0] == 12
    assert result.lead_time[0, 0, 3, 0] == 5
    assert result.on_hand[0, 0, :, 0].tolist() == [17, 17, 20, 20, 20, 20, 20, 20] + [32] * 6
    assert result.outcome().arrivals[0, 0, :, 0].tolist() == [3, 12]
    assert result.outcome().orders[0, 0, :, 0].tolist() == [12, 0]


def test_single_product_with_constant_demand(system_of):
    """50 units a week in one region, 30 on hand, S = 60 on days 0 and 7, lead time 3 days: lost sales until day 3."""
    result = run(
        system_of(
            quantiles=(50, 50, 50),
            on_hand=30,
            orderable=True,
            order_up_to=60,
            lead_time=[{3: 1.0}],
        )
    )
    demand = result.demand[0, 0, :, 0].tolist()
    assert sum(demand[:7]) == sum(demand[7:]) == 50
    stock, position_7 = 30, 0
    for day in range(14):
        stock += {3: 30, 10: 60 - position_7}.get(day, 0)
        if day == 7:
            position_7 = stock
        served = min(stock, demand[day])
        stock -= served
        assert result.served[0, 0, day, 0, 0] == served
        assert result.lost[0, 0, day, 0] == demand[day] - served
        assert result.on_hand[0, 0, day, 0] == stock
    assert result.order_quantity[0, 0].tolist() == [30] + [0] * 6 + [60 - position_7] + [0] * 6


def test_cross_dock_to_storage_to_fulfillment_by_hand(system_of):
    """Day 1: 16 units reach the dock and go on at once, in proportion 15 : 5; the fulfillment slot stays one short.

    Storage sends that one on day 3. Of the 2 units of day 5 the fulfillment slot needs none any more, and those that
    storage gets are booked past the horizon.
    """
    result = run(
        system_of(
            (CROSS_DOCK, STORAGE, FULFILLMENT),
            weeks=1,
            in_flight=[(1, 0, 16), (5, 0, 2)],
            target=[0, 15, 9],
            on_hand=[0, 0, 4],
            transfers={(0, 1): 2, (0, 2): 1, (1, 2): 3},
            preference=((2,),),
        )
    )
    moves = [(*where, result.moved[0, 0][where]) for where in zip(*result.moved[0, 0].nonzero(), strict=True)]
    assert moves == [(1, 0, 1, 12), (1, 0, 2, 4), (3, 1, 2, 1), (5, 0, 1, 2)]
    assert result.received_transfers[0, 0, [2, 3, 6]].tolist() == [[0, 0, 4], [0, 12, 0], [0, 0, 1]]
    assert result.received_transfers.sum() == 17
    stock = [[0, 0, 4], [0, 0, 4], [0, 0, 8], [0, 11, 8], [0, 11, 8], [0, 11, 8], [0, 11, 9]]
    assert result.on_hand[0, 0].tolist() == stock


def test_arrivals_past_the_horizon_stay_in_flight(system_of):
    """The order of day 0 (lead time 30 days) never arrives, yet the review of day 7 counts it."""
    result = run(system_of(orderable=True, order_up_to=10, lead_time=[{30: 1.0}], in_flight=[(14, 0, 3)]))
    assert result.order_quantity[0, 0].nonzero()[0].tolist() == [0]
    assert result.order_quantity[0, 0, 0] == 7
    assert result.lead_time[0, 0, 0, 0] == 30
    assert result.received.sum() == result.on_hand.sum() == 0


def test_capacity_costs_move_orders(system_of):
    """Two equal slots, the first a little cheaper; lead time 9 days, so only week 1 matters."""
    system = system_of(
        (FULFILLMENT, FULFILLMENT),
        orderable=True,
        order_up_to=10,
        sourcing_cost=[1.0, 1.1],
        lead_time=[{9: 1.0}] * 2,
    )
    ordered = lambda costs: run(system, np.array(costs)).orders[0, 0, 0].tolist()
    assert run(system).orders[0, 0, 0].tolist() == [10, 0]
    assert ordered([[0.0, 0.2], [0.0, 0.0]]) == [0, 10]
    assert ordered([[0.0, 0.0], [0.0, -0.2]]) == [0, 10]
    assert ordered([[5.0, 0.0], [-5.0, 0.0]]) == [10, 0]
    assert ordered([[0.0, 0.05], [0.0, 0.0]]) == [10, 0]


def test_empty_slots_and_products_without_orderable_slot(system_of):
    result = run(system_of((FULFILLMENT, 0), on_hand=[5, 0], order_up_to=50, quantiles=(1, 1, 1)))
    assert result.order_quantity.sum() == 0
    assert result.served.sum() == 2
    assert result.on_hand[0, 0, -1].tolist() == [3, 0]


@pytest.fixture(scope="module")
def random_run(random_system) -> Trajectory:
    return run(random_system, trials=2, seed=11)


def test_units_are_conserved(random_system, random_run):
    """By slot and day: stock changes by what is received, sent and served; and no counts are negative."""
    t, products = random_run, random_system.products
    sent, preference = t.moved.sum(4), products.preference
    for a in range(len(preference)):
        served = np.zeros_like(t.on_hand[a])
        for (rank, region), slot in np.ndenumerate(preference[a]):
            if slot >= 0:
                served[:, :, slot] += t.served[a, :, :, rank, region]
            else:
                assert not t.served[a, :, :, rank, region].any()
        change = t.received[a] + t.received_transfers[a] - sent[a] - served
        np.testing.assert_array_equal(t.on_hand[a], products.on_hand[a] + change.cumsum(1))
    np.testing.assert_array_equal(t.demand.cumsum(2), (t.served.sum(3) + t.lost).cumsum(2) + t.backlog)
    np.testing.assert_array_equal(t.orders.sum(3), t.order_quantity)
    np.testing.assert_allclose(t.lp_order.sum(3), t.order_quantity, atol=1e-7)
    for field in dataclasses.fields(t):
        assert getattr(t, field.name).min() >= -1e-9, field.name


def test_every_arrival_was_ordered_or_sent(random_system, random_run):
    t, products = random_run, random_system.products
    days = t.on_hand.shape[2]
    for a, k in np.ndindex(t.on_hand.shape[:2]):
        vendor, transfer = products.in_flight[a].copy(), np.zeros_like(products.in_flight[a])
        for day, slot in np.argwhere(t.orders[a, k]):
            vendor[min(days, day + t.lead_time[a, k, day, slot]), slot] += t.orders[a, k, day, slot]
        for day, origin, slot in np.argwhere(t.moved[a, k]):
            arrival = min(days, day + products.transit_days[a, origin, slot])
            transfer[arrival, slot] += t.moved[a, k, day, origin, slot]
        np.testing.assert_array_equal(t.received[a, k], vendor[:-1])
        np.testing.assert_array_equal(t.received_transfers[a, k], transfer[:-1])


def test_random_systems_exercise_every_decision(random_run):
    t = random_run
    assert all(getattr(t, field.name).any() for field in dataclasses.fields(t))
    assert ((t.lp_order > 0.01).sum(3) > 1).any()


def test_orders_are_whole_packs_close_to_the_lp(random_system, random_run):
    pack = random_system.products.case_pack[:, None, None, None]
    assert not (random_run.orders % pack).any()
    assert (np.abs(random_run.orders - random_run.lp_order) < pack * (1 + 1e-6)).all()
    assert not (random_run.orders * ~random_system.products.orderable[:, None, None]).any()


def assert_same(left: Trajectory, right: Trajectory):
    for field in dataclasses.fields(left):
        np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name), field.name)


def rows(result: Trajectory, index) -> Trajectory:
    return Trajectory(**{field.name: getattr(result, field.name)[index] for field in dataclasses.fields(result)})


def test_runs_repeat_and_products_and_trials_are_independent(random_system, random_run):
    assert_same(run(random_system, trials=2, seed=11, products=[7, 2]), rows(random_run, [7, 2]))
    assert_same(run(random_system, trials=1, seed=11), rows(random_run, np.s_[:, :1]))
    assert (run(random_system, seed=12).demand != random_run.demand[:, :1]).any()
    assert (random_run.demand[:, 0] != random_run.demand[:, 1]).any()


def test_decisions_are_in_order_of_time_and_are_what_the_run_did(random_system, random_run):
    kinds = list(DecisionKind)
    for product in range(4):
        sequence = decisions(random_system, product, 1, seed=11)
        order = [(decision.time, kinds.index(decision.kind)) for decision in sequence]
        assert order == sorted(set(order))
        bought = np.zeros_like(random_run.orders[product, 1])
        moved = np.zeros_like(random_run.moved[product, 1])
        for decision in sequence:
            if isinstance(decision.action, Buy):
                bought[decision.time] = decision.action.orders
            if isinstance(decision.action, Place):
                moved[decision.time] = decision.action.moved
        np.testing.assert_array_equal(bought, random_run.orders[product, 1])
        np.testing.assert_array_equal(moved, random_run.moved[product, 1])


def test_reviews_come_at_their_days(system_of):
    sequence = decisions(system_of(weeks=6, orderable=True, first_review_day=4, review_weeks=2), 0)
    assert [decision.time for decision in sequence if decision.kind is DecisionKind.BUY] == [4, 18, 32]
    assert [decision.kind for decision in sequence if decision.time == 4] == list(DecisionKind)


def test_progress_counts_product_trials(system_of):
    counts = []
    run(system_of(), trials=3, on_progress=counts.append)
    assert counts == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"costs": np.zeros((1, 3))}, r"shape \(nodes, weeks\) = \(1, 2\), got shape \(1, 3\)"),
        ({"costs": np.array([[0.0, np.nan]])}, "finite"),
        ({"trials": 0}, "trials"),
        ({"seed": -1}, "seed"),
        ({"products": [1]}, "products"),
    ],
)
def test_bad_arguments(system_of, arguments, message):
    with pytest.raises(ValueError, match=message):
        run(system_of(), **arguments)


def test_nothing_arrives_on_the_day_it_was_sent(system_of):
    with pytest.raises(ValueError, match="at least one day"):
        run(system_of(orderable=True, lead_time=[{0: 1.0}]))
    run(system_of(lead_time=[{0: 1.0}]))  # a law that no slot uses
    with pytest.raises(ValueError, match="at least one day"):
        run(system_of((STORAGE, FULFILLMENT), transfers={(0, 1): 0}))


def always(action: Buy | Place | Fulfill) -> Policies:
    """Policies of which one always decides the same."""

    class AlwaysBuy:
        def init(self, product: Product) -> None:
            return None

        def __call__(self, product: Product, state: State, day: int, prices: PriceLists, memory: None) -> Any:
            return action, memory

    class AlwaysPlace:
        def __call__(self, product: Product, state: State, day: int) -> Any:
            return action

    class AlwaysFulfill:
        def __call__(self, product: Product, state: State) -> Any:
            return action

    if isinstance(action, Buy):
        return Policies(buy=AlwaysBuy())
    return Policies(place=AlwaysPlace()) if isinstance(action, Place) else Policies(fulfill=AlwaysFulfill())


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (Buy.of_units((0, 1)), "the buying policy orders .* not orderable"),
        (Buy.of_units((-1, 0)), "the buying policy orders negative units"),
        (Place(((0, 0), (1, 0))), "the placement policy sends .* no transfer"),
        (Place(((0, 6), (0, 0))), "the placement policy sends 6 units from slot 0, which has 5"),
        (Fulfill(((1,),)), "the fulfillment policy serves region 0 more than it asks"),
        (Fulfill(((3,),)), "the fulfillment policy takes"),
        (Fulfill(((-1,),)), "the fulfillment policy serves negative units"),
    ],
)
def test_a_decision_that_cannot_be_done_stops_the_run(system_of, action, message):
    system = system_of(
        (STORAGE, FULFILLMENT),
        on_hand=[5, 2],
        orderable=[True, False],
        transfers={(0, 1): 1},
        preference=((1,),),
    )
    with pytest.raises(RuntimeError, match="product lamp, day 0, " + message):
        run(system, policies=always(action))
