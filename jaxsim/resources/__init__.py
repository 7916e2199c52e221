"""What is limited: resources, their plans and prices.

`resource` says what a resource is; `arrivals` and `storage` are the two that scenarios plan, one file each; `RESOURCES`
has them all. `prices` is the type that the engines take, and `node_weeks` names the entries of a plan and packs them
into the vectors of a search.
"""

from jaxsim.resources.arrivals import ARRIVALS
from jaxsim.resources.node_weeks import NodeWeeks
from jaxsim.resources.planned import RESOURCES, Planned, planned_resources
from jaxsim.resources.prices import Costs, Prices, charge_of, checked_prices
from jaxsim.resources.resource import Charge, Resource, Usage
from jaxsim.resources.storage import STORAGE

__all__ = [
    "ARRIVALS",
    "RESOURCES",
    "STORAGE",
    "Charge",
    "Costs",
    "NodeWeeks",
    "Planned",
    "Prices",
    "Resource",
    "Usage",
    "charge_of",
    "checked_prices",
    "planned_resources",
]
