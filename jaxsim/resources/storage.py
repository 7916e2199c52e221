"""Storage, limited by the storage plan: units on hand at a node at the end of a week.

It is judged by realized stock: what an order leaves on hand depends on when it arrives and on all that is served and
sent on until then, so lead times cannot be integrated out order by order.
"""

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.outcome import Outcome
from jaxsim.resources.resource import Charge, Resource, Usage
from jaxsim.system import System


def _plan(system: System) -> Float64[np.ndarray, "nodes weeks"]:
    return system.network.storage_plan


def _usage(system: System, outcome: Outcome) -> Usage:
    return Usage(outcome.end_inventory, system.products.node)


def _charge(system: System, prices: Float64[np.ndarray, "nodes weeks"]) -> Charge:
    """Σ of the prices of the weeks that a left-over unit stays; weeks past the horizon cost nothing."""
    weeks = system.weeks
    ahead = np.concatenate([prices, np.zeros_like(prices)], axis=1)
    stays = np.lib.stride_tricks.sliding_window_view(ahead, weeks, axis=1)[:, :weeks]
    return Charge(overage=np.ascontiguousarray(np.moveaxis(stays.cumsum(2), 1, 0)))


def _reachable(system: System) -> Bool[np.ndarray, "nodes weeks"]:
    """Weeks that a unit may stay for after a review of a product that has the node and can be ordered."""
    products, weeks = system.products, system.weeks
    orderable = np.logical_or.reduce(products.orderable, axis=1)
    reviewed = np.logical_or.reduce(system.reviews.reshape(-1, weeks, 7), axis=2) & orderable[:, None]
    span = np.minimum(products.review_days // 7, weeks)
    stays = np.zeros((len(span), weeks), bool)
    for product, week in np.argwhere(reviewed):
        stays[product, week : week + span[product]] = True
    reachable = np.zeros((len(system.network.nodes), weeks), bool)
    product, slot = np.nonzero(products.node >= 0)
    np.logical_or.at(reachable, products.node[product, slot], stays[product])
    return reachable


STORAGE = Resource("storage", _plan, _usage, _charge, _reachable)
"""Units on hand at a node at the end of a week."""
