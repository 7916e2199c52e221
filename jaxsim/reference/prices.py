"""Prices of resources as plain numbers."""

from dataclasses import dataclass

from jaxsim.resources import ARRIVALS, STORAGE, Charge, Costs, checked_prices
from jaxsim.system import System


@dataclass(frozen=True)
class PriceLists:
    """Prices by node and week, currency per unit."""

    arrivals: list[list[float]]
    """λ."""
    storage: list[list[float]]
    """μ."""
    further: Charge
    """What the prices of resources that this engine does not know add to the buying LPs."""


def price_lists(system: System, costs: Costs) -> PriceLists:
    """The prices under which a system is simulated.

    Raises:
        ValueError: as `jaxsim.resources.checked_prices`.
    """
    prices = checked_prices(system, costs)
    further = Charge()
    for resource, values in prices.items():
        if resource not in (ARRIVALS, STORAGE):
            further = further + resource.charge(system, values)
    return PriceLists(prices.of(ARRIVALS, system).tolist(), prices.of(STORAGE, system).tolist(), further)
