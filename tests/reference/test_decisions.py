"""The three decision-making systems on cases small enough for pencil and paper."""

import numpy as np
import pytest
from scipy.optimize import linprog

from jaxsim.reference.buying_lp import BuyingProblem, solve
from jaxsim.reference.policies import FulfillByPreference, PlaceByTarget
from jaxsim.reference.policies.buy import capacity_cost, packs_to_level, round_to_packs
from jaxsim.reference.product import State, initial_state, product_of
from jaxsim.reference.proportion import split_in_proportion
from jaxsim.system import CROSS_DOCK, FULFILLMENT, STORAGE


@pytest.mark.parametrize(
    ("units", "weights", "parts"),
    [
        (7, [1, 1, 1], [2, 2, 3]),
        (10, [3, 0, 1], [7, 0, 3]),  # ⌊10 · 3/4⌋ = 7 after the first and the second, 10 after the third
        (0, [5, 2], [0, 0]),
        (2, [1, 1, 1, 1], [0, 1, 0, 1]),
        (2_000_000_000, [999_999, 1], [1_999_998_000, 2000]),
    ],
)
def test_split_in_proportion(units, weights, parts):
    assert split_in_proportion(units, weights) == parts


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1]])
def test_split_in_proportion_needs_weights(weights):
    with pytest.raises(ValueError, match="weights"):
        split_in_proportion(3, weights)


@pytest.mark.parametrize(
    ("order_up_to", "position", "case_pack", "quantity"),
    [
        (30, 18, 4, 12),
        (30, 17, 4, 12),
        (30, 16, 4, 16),
        (30, 12, 4, 20),
        (30, 31, 4, 0),
        (30, 29, 4, 0),
        (30, 28, 4, 4),
    ],
)
def test_order_quantity_is_the_nearest_number_of_packs_halves_up(order_up_to, position, case_pack, quantity):
    assert packs_to_level(order_up_to, position, case_pack) == quantity


@pytest.mark.parametrize(
    ("lp_order", "case_pack", "orderable", "orders"),
    [
        ([5.0, 5.0], 10, [True, True], [10, 0]),  # tie: the lower slot
        ([4.99, 5.01], 10, [True, True], [0, 10]),
        ([4.999_999_9, 5.000_000_1], 10, [True, True], [10, 0]),  # equal to the millionth of a pack
        ([3.0, 8.0, 9.0], 10, [True, True, True], [0, 10, 10]),
        ([0.0, 1e-11, 20.0 - 1e-11], 10, [False, True, True], [0, 0, 20]),
        ([0.0, 12.0, 8.0], 4, [False, True, True], [0, 12, 8]),
        ([1.0, 127.0], 128, [True, True], [0, 128]),
    ],
)
def test_largest_remainder(lp_order, case_pack, orderable, orders):
    assert round_to_packs(lp_order, sum(orders), case_pack, orderable) == orders


def test_rounding_refuses_an_order_of_another_size():
    with pytest.raises(RuntimeError, match="cannot be rounded"):
        round_to_packs([10.0, 10.0], 50, 10, [True, True])


def lp(**changes) -> BuyingProblem:
    """Two slots, each one unit of cost from its own region and three from the other; each region wants 10 units."""
    same = {
        "order_cost": [0.0, 0.0],
        "cap": [20, 20],
        "supply": [0, 0],
        "overage_cost": [0.5, 0.5],
        "route_cost": [[1.0, 3.0], [3.0, 1.0]],
        "segment_width": [[6.0, 4.0], [6.0, 4.0]],
        "segment_value": [9.0, 5.0],
        "quantity": 20,
    }
    return BuyingProblem(**{**same, **changes})


@pytest.mark.parametrize(
    ("changes", "order"),
    [
        ({}, [10, 10]),
        ({"quantity": 5, "supply": [6, 0]}, [0, 5]),  # slot 0 has its first segment already, slot 1 has not
        ({"quantity": 12}, [6, 6]),  # the first segments come before the second ones
        ({"order_cost": [0.0, 2.5]}, [20, 0]),  # reaching across costs 2 more, less than ordering into slot 1
        ({"order_cost": [0.0, 1.5]}, [10, 10]),
        ({"order_cost": [0.0, 2.5], "cap": [15, 20]}, [15, 5]),
        ({"order_cost": [0.0, -2.5]}, [0, 20]),  # negative costs attract
        ({"order_cost": [0.0, 9.0], "route_cost": [[1.0, np.inf], [np.inf, 1.0]]}, [20, 0]),  # 10 of them overage
        ({"cap": [0, 20]}, [0, 20]),
    ],
)
def test_buying_lp_by_hand(changes, order):
    np.testing.assert_allclose(solve(lp(**changes), "case").order, order, atol=1e-9)


def test_buying_lp_says_what_has_no_optimum():
    with pytest.raises(RuntimeError, match=r"product lamp, day 3.*Infeasible"):
        solve(lp(cap=[5, 5]), "product lamp, day 3")


@pytest.mark.parametrize("size", [1, 100_000])
def test_buying_lp_agrees_with_scipy(size):
    random = np.random.default_rng(size)
    for _ in range(20):
        k, r, m = int(random.integers(1, 8)), int(random.integers(1, 6)), 4
        quantity = int(random.integers(1, 100)) * size
        p, h, w = random.uniform(0, 2, k), random.uniform(0.1, 0.3, k), random.uniform(0.5, 4, (k, r))
        width, value = random.uniform(0, 20, (r, m)) * size, np.array([9.0, 4.0, 2.0, 0.5])
        supply = random.integers(0, 30, k) * size
        problem = lp(
            order_cost=p.tolist(),
            cap=[quantity] * k,
            supply=supply.tolist(),
            overage_cost=h.tolist(),
            route_cost=w.tolist(),
            segment_width=width.tolist(),
            segment_value=value.tolist(),
            quantity=quantity,
        )
        eye, zero = np.eye(k), np.zeros
        slot_rows = np.hstack([-eye, np.kron(eye, np.ones(r)), eye, zero((k, r * m))])
        region_rows = np.hstack([zero((r, k)), np.tile(np.eye(r), k), zero((r, k)), -np.kron(np.eye(r), np.ones(m))])
        total = np.concatenate([np.ones(k), zero(k * r + k + r * m)])
        upper = np.concatenate([np.full(k, quantity), np.full(k * r + k, np.inf), width.ravel()]) / size
        solution = linprog(
            np.concatenate([p, w.ravel(), h, -np.tile(value, r)]),
            A_eq=np.vstack([slot_rows, region_rows, total]),
            b_eq=np.concatenate([supply, zero(r), [quantity]]) / size,
            bounds=np.stack([zero(len(upper)), upper], axis=1),
        )
        np.testing.assert_allclose(solve(problem, "case").order, solution.x[:k] * size, atol=1e-6 * size)


def test_capacity_cost_is_the_expected_cost_of_the_week_of_arrival(system_of):
    product = product_of(system_of(weeks=2, orderable=True, lead_time=[{1: 0.5, 6: 0.3, 13: 0.2}]), 0)
    costs = [[10.0, -100.0]]
    assert capacity_cost(product, 0, 0, costs) == pytest.approx(0.5 * 10 + 0.3 * 10 - 0.2 * 100)
    assert capacity_cost(product, 0, 3, costs) == pytest.approx(0.5 * 10 - 0.3 * 100)  # day 16 is past the horizon
    assert capacity_cost(product, 0, 13, costs) == 0


DOCK_AND_THREE = {"transfers": {(0, 1): 2, (0, 2): 1, (0, 3): 1}}


@pytest.mark.parametrize(
    ("on_hand", "target", "weight", "sent"),
    [
        ([10, 0, 5, 9], [0, 10, 8, 9], 0, [0, 7, 3, 0]),  # shortfalls 10, 3, 0: ⌊100/13⌋ = 7, then 10
        ([10, 0, 5, 9], 0, [0, 0, 250_000, 750_000], [0, 0, 2, 8]),  # nobody short: demand shares
        ([10, 0, 5, 9], 0, 0, [0, 3, 3, 4]),  # no shares either: equally
    ],
)
def test_cross_dock_splits_by_shortfall_then_share_then_equally(system_of, on_hand, target, weight, sent):
    kinds = (CROSS_DOCK, STORAGE, FULFILLMENT, FULFILLMENT)
    system = system_of(
        kinds, on_hand=on_hand, target=target, placement_weight=weight, preference=((2,),), **DOCK_AND_THREE
    )
    product = product_of(system, 0)
    moved = PlaceByTarget()(product, initial_state(product), 0).moved
    assert moved == (tuple(sent), (0,) * 4, (0,) * 4, (0,) * 4)


def test_cross_dock_without_destination_keeps_its_units(system_of):
    product = product_of(system_of((CROSS_DOCK, FULFILLMENT), on_hand=[10, 0], target=[0, 5], preference=((1,),)), 0)
    assert PlaceByTarget()(product, initial_state(product), 0).moved == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("stock", "sent"),
    [(20, [0, 8, 5]), (13, [0, 8, 5]), (6, [0, 3, 3]), (0, [0, 0, 0])],  # short: ⌊6 · 8/13⌋ = 3
)
def test_storage_replenishes_up_to_target_or_in_proportion(system_of, stock, sent):
    system = system_of(
        (STORAGE, FULFILLMENT, FULFILLMENT),
        on_hand=[stock, 2, 1],
        in_flight=[(9, 2, 4)],  # counts against the shortfall of slot 2
        target=[0, 10, 10],
        transfers={(0, 1): 1, (0, 2): 1},
        preference=((1,),),
    )
    product = product_of(system, 0)
    assert PlaceByTarget()(product, initial_state(product), 0).moved[0] == tuple(sent)


def test_later_slots_see_what_earlier_ones_sent(system_of):
    """The dock sends 4 of the 10 that slot 2 lacks, storage adds 6; what is on the way counts too."""
    system = system_of(
        (CROSS_DOCK, STORAGE, FULFILLMENT),
        on_hand=[4, 50, 0],
        target=[0, 0, 13],
        transfers={(0, 2): 1, (1, 2): 1},
        preference=((2,),),
    )
    product = product_of(system, 0)
    state = State(on_hand=[4, 50, 0], on_order=[0, 0, 1], in_transit=[0, 0, 2], demand=[0], backlog=[0])
    assert PlaceByTarget()(product, state, 0).moved == ((0, 0, 4), (0, 0, 6), (0, 0, 0))


def test_fulfillment_shares_short_stock_and_asks_the_next_rank(system_of):
    """Round 0: slot 0 has 5 for 6 + 4 asked, slot 1 serves region 2. Round 1: region 0 asks slot 1, which has 2 left.

    Region 1 has no second choice: its 2 unserved units are lost.
    """
    system = system_of(
        (FULFILLMENT, FULFILLMENT), shares=(0.5, 0.3, 0.2), preference=((0, 0, 1), (1, -1, 0)), on_hand=[5, 4]
    )
    product = product_of(system, 0)
    state = initial_state(product)
    state.demand = [6, 4, 2]
    assert FulfillByPreference()(product, state).served == ((3, 2, 2), (2, 0, 0))
