"""What a policy is, and the three that a simulation asks: the decision-making systems e of Algorithm 1.

A policy decides and changes nothing: the engine changes the state, and refuses a decision that cannot be done.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

from jaxsim.reference.decision import Buy, Fulfill, Place
from jaxsim.reference.policies.buy import BuyByLP
from jaxsim.reference.policies.fulfill import FulfillByPreference
from jaxsim.reference.policies.place import PlaceByTarget
from jaxsim.reference.prices import PriceLists
from jaxsim.reference.product import Product, State


@runtime_checkable
class BuyingPolicy(Protocol):
    """Decides what is ordered on review days."""

    def init(self, product: Product) -> Any:
        """The memory at the start of a product-trial; None for none."""
        ...

    def __call__(self, product: Product, state: State, day: int, prices: PriceLists, memory: Any) -> tuple[Buy, Any]:
        """Decide after the receipts of `day`; returns the order and the memory after.

        Args:
            prices: λ of arrivals and those of other resources; `buy.order_charge` says what they add to an order.
        """
        ...


@runtime_checkable
class PlacementPolicy(Protocol):
    """Decides every day what is sent between slots, after the day's order."""

    def __call__(self, product: Product, state: State, day: int) -> Place:
        """Units by origin and destination."""
        ...


@runtime_checkable
class FulfillmentPolicy(Protocol):
    """Decides every day who is served, when the day's demand is known."""

    def __call__(self, product: Product, state: State) -> Fulfill:
        """Units by round and region."""
        ...


class Policies(NamedTuple):
    """The policies of a simulation."""

    buy: BuyingPolicy = BuyByLP()
    place: PlacementPolicy = PlaceByTarget()
    fulfill: FulfillmentPolicy = FulfillByPreference()
