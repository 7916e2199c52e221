"""How large a cost per unit must be to matter: the natural scale of λ in a scenario."""

import numpy as np

from jaxsim.resources import STORAGE, Resource
from jaxsim.system import System

STORAGE_SCALE = 0.1
"""Price of storage that matters, as a part of that of arrivals. It is paid in each week of a stay, and what it moves
stays moved, so that it acts on all later weeks. Measured on `demo`: both plans are met better than with 0.3."""


def cost_scale(system: System, resource: Resource) -> float:
    """Price per unit of a resource that matters to buying decisions: the scale of its steps in a search."""
    return typical_cost_spread(system) * (STORAGE_SCALE if resource is STORAGE else 1.0)


def typical_cost_spread(system: System) -> float:
    """Mean over products, weighted by γ × weekly demand, of the spread of what ordering into the product's nodes costs,
    cost per unit.

    A node's cost is its sourcing cost plus the cheapest route to each region it reaches, weighted by the region's share
    of demand; the spread is the standard deviation over orderable nodes. It serves as `SearchConfig.cost_scale`. 1 when
    no product has a choice.
    """
    products = system.products
    reached = np.isfinite(products.lp_route_cost)
    share = np.where(reached, products.demand_share[:, None, :], 0.0)
    route = np.where(reached, products.lp_route_cost, 0.0)
    cost = products.lp_sourcing_cost + (share * route).sum(2) / np.maximum(share.sum(2), 1e-300)
    usable = products.orderable & (share.sum(2) > 0)
    count = usable.sum(1)
    cost = np.where(usable, cost, 0.0)
    mean = cost.sum(1) / np.maximum(count, 1)
    spread = np.sqrt((np.where(usable, cost - mean[:, None], 0.0) ** 2).sum(1) / np.maximum(count - 1, 1))
    weight = np.where(count > 1, products.sampling_weight * system.source.volume, 0.0)
    total = float(weight.sum())
    typical = float(weight @ spread) / total if total > 0 else 0.0
    return typical if typical > 0 else 1.0
