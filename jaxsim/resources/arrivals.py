"""Arrivals from vendors, limited by the labor plan; a price on them is the paper's capacity cost λ."""

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.outcome import Outcome
from jaxsim.resources.resource import Charge, Resource, Usage
from jaxsim.system import System


def _plan(system: System) -> Float64[np.ndarray, "nodes weeks"]:
    return system.network.plan


def _usage(system: System, outcome: Outcome) -> Usage:
    """Units that vendors deliver (Algorithm 2, step 8)."""
    return Usage(outcome.arrivals, system.products.node)


def _charge(system: System, prices: Float64[np.ndarray, "nodes weeks"]) -> Charge:
    """c(λ) of eq. (6): expected price of the week of arrival; arrivals after the horizon cost nothing."""
    lead_times = system.lead_times
    days = 7 * prices.shape[1]
    span = lead_times.probability.shape[1]
    daily = np.concatenate([np.repeat(prices, 7, axis=1), np.zeros((prices.shape[0], span))], axis=1)[lead_times.node]
    ahead = np.lib.stride_tricks.sliding_window_view(daily, span, axis=1)[:, :days]
    return Charge(order=np.einsum("lds,ls->ld", ahead, lead_times.probability))


def _reachable(system: System) -> Bool[np.ndarray, "nodes weeks"]:
    """Weeks in which an order of some review may arrive."""
    products, possible = system.products, system.lead_times.probability > 0
    distributions, span = possible.shape
    reviewed = np.zeros((distributions, 7 * system.weeks), bool)
    product, slot = np.nonzero(products.orderable)
    np.logical_or.at(reviewed, products.lead_time_distribution[product, slot], system.reviews[product])
    arrives = np.zeros((distributions, 7 * system.weeks + span), bool)
    for day in range(7 * system.weeks):
        arrives[:, day : day + span] |= reviewed[:, day, None] & possible
    weekly = arrives[:, : 7 * system.weeks].reshape(distributions, system.weeks, 7).any(2)
    reachable = np.zeros((len(system.network.nodes), system.weeks), bool)
    np.logical_or.at(reachable, system.lead_times.node, weekly)
    return reachable


ARRIVALS = Resource("arrivals", _plan, _usage, _charge, _reachable)
"""Units from vendors that arrive at a node in a week."""
