"""A resource: what is limited, how an outcome uses it, and what a price on it adds to the cost of an order.

Labor at a node limits the units that arrive there in a week; a node's space limits the units that are on hand at its
end. A search finds prices under which the use of every resource meets its plan.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float64, Int, Num

from jaxsim.outcome import Outcome
from jaxsim.system import System


class Usage(NamedTuple):
    """How much of a resource each product-trial uses, and where it counts."""

    units: Num[np.ndarray, "products trials weeks slots"]
    """Whole numbers, or expected ones."""
    node: Int[np.ndarray, "products slots"]
    """Row of the plan; −1 where a slot uses nothing."""


@dataclass(frozen=True)
class Charge:
    """What prices add to the costs of a buying LP; None where they add nothing. Currency per unit."""

    order: Float64[np.ndarray, "distributions days"] | None = None
    """On p: of a unit ordered on each day under each lead-time distribution, which is that of a vendor and a node."""
    overage: Float64[np.ndarray, "weeks nodes spans"] | None = None
    """On h: of a unit left over at a node by the review of each week, when the next review is 1, 2, … W weeks or more
    away."""

    def __add__(self, other: "Charge") -> "Charge":
        """The charge of both."""
        return Charge(_sum(self.order, other.order), _sum(self.overage, other.overage))


def _sum(a: Float[np.ndarray, "..."] | None, b: Float[np.ndarray, "..."] | None) -> Float[np.ndarray, "..."] | None:
    return b if a is None else a if b is None else a + b


@dataclass(frozen=True)
class Resource:
    """Something limited, as four functions of a system.

    A node's purchase orders, its pallets or its space in week w each take one `Resource` in a file of their own;
    engines, measures and search know nothing else of them. What a price can change is said by the fields of `Charge`.
    Two resources that are not built yet would fit as follows.

    Transfer lanes: rows of the plan are lanes (origin → destination), usage counts the units sent (`Outcome.moved`, by
    week). A price makes the routes over a lane dearer, so `Charge` gets a third field `route`, the price of each
    transfer by week, and the engines take w from the cheapest route under it (`jaxsim.system.slots.route_cost`)
    instead of `lp_route_cost`.

    Vendors: rows of the plan are vendors, usage counts the units ordered by week (`Outcome.orders`, the slots of a
    product all counting towards its vendor). A price is a charge on p, `Charge.order`, of all distributions of the
    vendor. It is the same for all nodes, so it moves units only when a policy may choose how much to order.
    """

    name: str
    plan: Callable[[System], Float64[np.ndarray, "nodes weeks"]]
    """What is planned in each node-week, units; NaN where there is no plan."""
    usage: Callable[[System, Outcome], Usage]
    """How a simulated outcome uses it: one realized future a trial."""
    charge: Callable[[System, Float64[np.ndarray, "nodes weeks"]], Charge]
    """What prices, currency per unit, add to the buying LPs."""
    reachable: Callable[[System], Bool[np.ndarray, "nodes weeks"]]
    """Where a price enters any buying LP; elsewhere it would mean nothing."""
    expected: Callable[[System, Outcome], Usage] | None = None
    """Use with lead times integrated out, whose mean is that of `usage`; None where that is not so simple."""

    def judged(self, system: System, outcome: Outcome) -> Usage:
        """The use that steers a search and is judged by: the expected one where there is one."""
        return (self.expected or self.usage)(system, outcome)

    @property
    def basis(self) -> str:
        """Which use is judged: "expected" or "realized"."""
        return "realized" if self.expected is None else "expected"
