"""Placement by target: cross docks forward what they have, storage nodes replenish fulfillment nodes."""

from dataclasses import dataclass

from jaxsim.reference.decision import Place
from jaxsim.reference.product import Product, State
from jaxsim.reference.proportion import split_in_proportion
from jaxsim.system import CROSS_DOCK, FULFILLMENT, STORAGE


@dataclass(frozen=True)
class PlaceByTarget:
    """Sends by the shortfall of every destination."""

    def __call__(self, product: Product, state: State, day: int) -> Place:
        """Decide what every cross dock and then every storage slot sends today (semantics, step 3).

        Each slot sees what the slots before it sent: those units are on their way, and shrink the shortfalls.
        """
        slots = range(len(product.node))
        target = product.target[day // 7]
        incoming = [state.on_order[slot] + state.in_transit[slot] for slot in slots]
        backlog = [0 for _ in slots]  # a backlogged unit is short where its region would have it from
        for region, preferred in enumerate(product.preference[0]):
            if preferred >= 0:
                backlog[preferred] += state.backlog[region]
        moved = [[0] * len(slots) for _ in slots]
        for kind, send in ((CROSS_DOCK, _forward), (STORAGE, _replenish)):
            for origin in slots:
                if product.kind[origin] != kind or state.on_hand[origin] == 0:
                    continue
                destinations = _destinations(product, origin)
                shortfall = [
                    max(0, target[slot] + backlog[slot] - state.on_hand[slot] - incoming[slot]) for slot in destinations
                ]
                weight = [product.placement_weight[slot] for slot in destinations]
                for slot, units in zip(destinations, send(state.on_hand[origin], shortfall, weight), strict=True):
                    moved[origin][slot] = units
                    incoming[slot] += units
        return Place(tuple(map(tuple, moved)))


def _destinations(product: Product, origin: int) -> list[int]:
    """Slots further down the network that `origin` has a transfer to."""
    accepted = (STORAGE, FULFILLMENT) if product.kind[origin] == CROSS_DOCK else (FULFILLMENT,)
    return [
        slot for slot, days in enumerate(product.transit_days[origin]) if days >= 0 and product.kind[slot] in accepted
    ]


def _forward(stock: int, shortfall: list[int], weight: list[int]) -> list[int]:
    """All of the stock, by shortfall, else by demand share, else equally."""
    if not shortfall:
        return []
    equal = [1] * len(shortfall)
    return split_in_proportion(stock, next(w for w in (shortfall, weight, equal) if sum(w) > 0))


def _replenish(stock: int, shortfall: list[int], weight: list[int]) -> list[int]:
    """Every shortfall, or the stock in proportion to shortfalls when it does not suffice."""
    del weight
    return shortfall if sum(shortfall) <= stock else split_in_proportion(stock, shortfall)
