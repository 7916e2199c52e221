"""The plain buying policy of the case study's "before", one product-trial at a time."""

from dataclasses import dataclass

from jaxsim.reference.decision import Buy
from jaxsim.reference.policies.buy import order_charge, order_quantity
from jaxsim.reference.prices import PriceLists
from jaxsim.reference.product import Product, State


@dataclass(frozen=True)
class BuyCheapest:
    """Everything into the orderable slot that is cheapest to order into, the first of equals."""

    def init(self, product: Product) -> None:
        """No memory."""
        return

    def __call__(self, product: Product, state: State, day: int, prices: PriceLists, memory: None) -> tuple[Buy, None]:
        """The whole order quantity in one slot."""
        orderable = [slot for slot, may in enumerate(product.orderable) if may]
        units = [0] * len(product.orderable)
        cost = lambda slot: product.sourcing_cost[slot] + order_charge(product, slot, day, prices)
        units[min(orderable, key=cost)] = order_quantity(product, state, day)
        return Buy.of_units(units), None
