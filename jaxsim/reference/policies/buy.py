"""Buying by the LP: how many units to order, the LP that splits them over slots, and whole case packs."""

from collections.abc import Sequence
from dataclasses import dataclass

from jaxsim.reference.buying_lp import BuyingProblem, solve
from jaxsim.reference.decision import Buy
from jaxsim.reference.prices import PriceLists
from jaxsim.reference.product import Product, State

MILLIONTH = 1_000_000
"""The LP's order is snapped to this part of a case pack before it is rounded."""


@dataclass(frozen=True)
class BuyByLP:
    """The policy π^buy(S; λ) of eq. (6): order up to a level, split by the LP, in whole case packs; no memory."""

    def init(self, product: Product) -> None:
        """Nothing."""

    def __call__(self, product: Product, state: State, day: int, prices: PriceLists, memory: None) -> tuple[Buy, None]:
        """Decide the order of a review day (semantics, step 2).

        Raises:
            RuntimeError: HiGHS did not solve the LP.
        """
        quantity = order_quantity(product, state, day)
        if quantity == 0:
            return Buy.of_units([0] * len(product.node)), memory
        problem = buying_problem(product, state, day, prices, quantity)
        lp_order = [0.0] * len(product.node)
        answer = solve(problem, f"product {product.name}, day {day}")
        for slot, units in zip(used_slots(product), answer.order, strict=True):
            lp_order[slot] = units
        orders = round_to_packs(lp_order, quantity, product.case_pack, product.orderable)
        return Buy(quantity, tuple(lp_order), tuple(orders)), memory


def order_quantity(product: Product, state: State, day: int) -> int:
    """Units Q that lift the inventory position to the order-up-to level of a review day."""
    supply = sum(map(sum, (state.on_hand, state.on_order, state.in_transit)))
    return packs_to_level(product.order_up_to[day // 7], supply - sum(state.backlog), product.case_pack)


def used_slots(product: Product) -> list[int]:
    """Slots that hold a node: the k of the buying LP."""
    return [slot for slot, node in enumerate(product.node) if node >= 0]


def buying_problem(product: Product, state: State, day: int, prices: PriceLists, quantity: int) -> BuyingProblem:
    """The LP that splits an order of `quantity` units over the used slots.

    Units that wait are certain demand: they widen their region's first segment.
    """
    slots = used_slots(product)
    on_the_way = [on_order + transit for on_order, transit in zip(state.on_order, state.in_transit, strict=True)]
    return BuyingProblem(
        order_cost=[product.sourcing_cost[slot] + order_charge(product, slot, day, prices) for slot in slots],
        cap=[quantity if product.orderable[slot] else 0 for slot in slots],
        supply=[state.on_hand[slot] + on_the_way[slot] for slot in slots],
        overage_cost=[product.overage_cost[slot] + overage_charge(product, slot, day, prices) for slot in slots],
        route_cost=[product.route_cost[slot] for slot in slots],
        segment_width=[
            [first + backlog, *rest]
            for (first, *rest), backlog in zip(product.segment_width[day // 7], state.backlog, strict=True)
        ],
        segment_value=product.segment_value,
        quantity=quantity,
    )


def packs_to_level(order_up_to: int, position: int, case_pack: int) -> int:
    """Units Q that bring the inventory position up to S: the nearest whole number of case packs, halves up."""
    shortage = max(0, order_up_to - position)
    return (2 * shortage + case_pack) // (2 * case_pack) * case_pack


def order_charge(product: Product, slot: int, day: int, prices: PriceLists) -> float:
    """What prices add to the cost of a unit ordered today into `slot`."""
    charge = capacity_cost(product, slot, day, prices.arrivals)
    if prices.further.order is not None and product.orderable[slot]:
        charge += float(prices.further.order[product.distribution[slot], day])
    return charge


def overage_charge(product: Product, slot: int, day: int, prices: PriceLists) -> float:
    """What prices add to the cost of a unit left over at `slot` until the next review."""
    weeks, week = product.days // 7, day // 7
    stays = product.review_days // 7
    charge = sum(prices.storage[product.node[slot]][week : week + stays], 0.0)
    if prices.further.overage is not None:
        charge += float(prices.further.overage[week, product.node[slot], min(stays, weeks) - 1])
    return charge


def capacity_cost(product: Product, slot: int, day: int, costs: list[list[float]]) -> float:
    """c_l(λ), currency per unit ordered today into `slot`: the expected λ of its week of arrival (eq. 6).

    Args:
        costs: λ, currency per unit by node and week. Arrivals past the horizon cost nothing,
            and a slot that is not orderable has none.
    """
    by_week = costs[product.node[slot]]
    arrivals = enumerate(product.lead_time_probability[slot], start=day)
    return sum((by_week[arrival // 7] * chance for arrival, chance in arrivals if arrival < product.days), 0.0)


def round_to_packs(lp_order: Sequence[float], quantity: int, case_pack: int, orderable: Sequence[bool]) -> list[int]:
    """Whole case packs of the LP's order, units by slot, summing to `quantity`: by largest remainder.

    Remainders are millionths of a pack (halves of one to even, as `round` does). Ties go to the lower slot.

    Raises:
        RuntimeError: the order does not sum to `quantity` closely enough to be rounded to it.
    """
    millionths = [round(units / case_pack * MILLIONTH) for units in lp_order]
    packs = [n // MILLIONTH for n in millionths]
    remainder = [n % MILLIONTH for n in millionths]
    candidates = sorted((slot for slot, ok in enumerate(orderable) if ok), key=lambda slot: (-remainder[slot], slot))
    missing = quantity // case_pack - sum(packs)
    if not 0 <= missing <= len(candidates) or min(packs) < 0:
        raise RuntimeError(f"order {list(lp_order)} cannot be rounded to {quantity} units in packs of {case_pack}")
    for slot in candidates[:missing]:
        packs[slot] += 1
    return [n * case_pack for n in packs]
