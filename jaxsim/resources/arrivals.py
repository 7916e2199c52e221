"""Arrivals from vendors, limited by the labor plan; a price on them is the paper's capacity cost λ.

What steers and judges is *expected* arrivals: units on the way at the start, and each simulated order spread over the
weeks in which it may arrive. Their mean over trials is that of realized arrivals, as a lead time is drawn independently
of the order that it delays; their variance is far smaller, since most of that of realized arrivals is in lead times.
"""

import numpy as np
import scipy.sparse
from jaxtyping import Bool, Float64, Int

from jaxsim.outcome import Outcome
from jaxsim.resources.resource import Charge, Resource, Usage
from jaxsim.system import System


def _plan(system: System) -> Float64[np.ndarray, "nodes weeks"]:
    return system.network.plan


def _usage(system: System, outcome: Outcome) -> Usage:
    """Units that vendors deliver (Algorithm 2, step 8)."""
    return Usage(outcome.arrivals, system.products.node)


def _expected(system: System, outcome: Outcome) -> Usage:
    """Units that vendors deliver in expectation over lead times, given the simulated orders: in flight + Σ orders ·
    P(week of arrival | distribution, weekday of the review)."""
    products, weeks = system.products, system.weeks
    later = arrival_by_week(system, products.lead_time_distribution, products.first_review_day[:, None] % 7)
    units = np.repeat(in_flight_arrivals(system)[:, None], outcome.orders.shape[1], axis=1)
    for lag in range(weeks):
        units[:, :, lag:] += outcome.orders[:, :, : weeks - lag] * later[:, None, None, :, lag]
    return Usage(units, products.node)


def in_flight_arrivals(system: System) -> Float64[np.ndarray, "products weeks slots"]:
    """Units on the way at the start by week of arrival."""
    calendar = system.products.in_flight[:, : 7 * system.weeks]
    return calendar.reshape(len(calendar), system.weeks, 7, -1).sum(2).astype(np.float64)


def arrival_by_week(
    system: System, distribution: Int[np.ndarray, "..."], weekday: Int[np.ndarray, "..."]
) -> Float64[np.ndarray, "... weeks"]:
    """P(an order arrives w weeks after the week of its review); what is beyond 1 may arrive after W weeks.

    Args:
        distribution: row of the lead times. weekday: of the review, 0 … 6; both are broadcast.
    """
    probability = system.lead_times.probability
    after = np.zeros((len(probability), 7, system.weeks))
    for day in range(7):
        weeks_later = (day + np.arange(probability.shape[1])) // 7
        for week in range(system.weeks):
            after[:, day, week] = probability[:, weeks_later == week].sum(1)
    return after[distribution, weekday]


def _charge(system: System, prices: Float64[np.ndarray, "nodes weeks"]) -> Charge:
    """c(λ) of eq. (6): expected price of the week of arrival; arrivals after the horizon cost nothing."""
    lead_times = system.lead_times
    days = 7 * prices.shape[1]
    span = lead_times.probability.shape[1]
    daily = np.concatenate([np.repeat(prices, 7, axis=1), np.zeros((prices.shape[0], span))], axis=1)[lead_times.node]
    ahead = np.lib.stride_tricks.sliding_window_view(daily, span, axis=1)[:, :days]
    return Charge(order=np.einsum("lds,ls->ld", ahead, lead_times.probability))


def response(
    system: System, orders: Float64[np.ndarray, "products weeks slots slots"]
) -> Float64[np.ndarray, "cells cells"]:
    """∂Ũ/∂λ of node-weeks, cells = nodes × weeks: Σ_a γ_a Σ_w Pᵀ (∂x/∂c) P, as P spreads orders over the weeks of
    arrival and, transposed, prices over the orders that pay them; units per cost.

    Args:
        orders: ∂x/∂c of each week's review (`jaxsim.simulator.frozen.FrozenReviews.response`).
    """
    products, weeks = system.products, system.weeks
    later = arrival_by_week(system, products.lead_time_distribution, products.first_review_day[:, None] % 7)
    later = np.where(products.orderable[:, :, None], later, 0.0)
    product, week, slot, lag = np.nonzero(np.broadcast_to(later[:, None], (len(later), weeks, *later.shape[1:])))
    inside = week + lag < weeks
    product, week, slot, lag = product[inside], week[inside], slot[inside], lag[inside]
    row = (product * weeks + week) * later.shape[1] + slot
    cell = products.node[product, slot].astype(np.int64) * weeks + week + lag
    shape = (orders.shape[0] * weeks * later.shape[1], len(system.network.nodes) * weeks)
    arrivals = scipy.sparse.csr_array((later[product, slot, lag], (row, cell)), shape=shape)
    weighted = orders * products.sampling_weight[:, None, None, None]
    blocks = weighted.reshape(-1, *orders.shape[2:])
    number = np.arange(len(blocks))
    middle = scipy.sparse.bsr_array((blocks, number, np.append(number, len(blocks))), shape=(shape[0], shape[0]))
    return (arrivals.T @ (middle @ arrivals)).toarray()


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


ARRIVALS = Resource("arrivals", _plan, _usage, _charge, _reachable, _expected)
"""Units from vendors that arrive at a node in a week."""
