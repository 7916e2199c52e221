"""What a simulated plan costs, holds too long and emits: one number per product-trial, over the whole horizon.

Capacity costs λ are a steering signal and never counted as a cost.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import PerTrial
from jaxsim.outcome import Outcome
from jaxsim.system import System

Count = Callable[[System, Outcome], PerTrial]
"""What each product-trial of an outcome adds to a total."""


def sourcing(system: System, outcome: Outcome) -> PerTrial:
    """Sourcing cost of units ordered, currency."""
    products = system.products
    cost = np.where(products.orderable, products.sourcing_cost, 0.0)
    return np.einsum("atl,al->at", outcome.orders.sum(2, dtype=np.int64), cost)


def transfer(system: System, outcome: Outcome) -> PerTrial:
    """Transfer cost of units placed, currency."""
    return np.einsum("atlm,alm->at", outcome.moved, _between_slots(system, system.network.transfer_cost))


def shipping(system: System, outcome: Outcome) -> PerTrial:
    """Shipping cost of units delivered, currency."""
    return np.einsum("atpr,apr->at", outcome.served, _to_regions(system, system.network.shipping_cost))


def overage(system: System, outcome: Outcome) -> PerTrial:
    """overage_cost / 7 for every unit on hand at every end of day, currency."""
    unit_days = outcome.inventory_unit_days.sum((2, 3), dtype=np.int64)
    return unit_days * (system.products.overage_cost / 7.0)[:, None]


def lost_sales(system: System, outcome: Outcome) -> PerTrial:
    """lost_sale_cost for every unit lost, currency."""
    return outcome.lost.sum(2, dtype=np.int64) * system.products.lost_sale_cost[:, None]


def backlog(system: System, outcome: Outcome) -> PerTrial:
    """lost_sale_cost / 7 for every unit waiting at every end of day, currency."""
    unit_days = outcome.backlog_unit_days.sum(2, dtype=np.int64)
    return unit_days * (system.products.lost_sale_cost / 7.0)[:, None]


def purchase(system: System, outcome: Outcome) -> PerTrial:
    """unit_cost for every unit ordered, currency."""
    return outcome.orders.sum(2, dtype=np.int64).sum(2) * system.products.unit_cost[:, None]


COSTS: dict[str, Count] = {
    "sourcing": sourcing,
    "transfer": transfer,
    "shipping": shipping,
    "overage": overage,
    "lost_sales": lost_sales,
    "backlog": backlog,
}
"""The parts of the total cost. Purchase cost is reported beside it and not in it: what stays on hand is not lost."""


def emissions(system: System, outcome: Outcome) -> PerTrial:
    """kg CO2 of transfers and shipping."""
    transfers = np.einsum("atlm,alm->at", outcome.moved, _between_slots(system, system.network.transfer_co2))
    return transfers + np.einsum("atpr,apr->at", outcome.served, _to_regions(system, system.network.shipping_co2))


def held_unit_days(system: System, outcome: Outcome) -> PerTrial:
    """Unit-days on hand."""
    return _weekly_unit_days(outcome).sum(2)


def excess_unit_days(system: System, outcome: Outcome) -> PerTrial:
    """Unit-days on hand beyond the order-up-to level.

    The level of a week is that of the latest review, or of the first review in the weeks before it; on-hand units are
    averaged over the week and added over nodes. These units are more than the product should hold even with nothing on
    order.
    """
    return np.maximum(_weekly_unit_days(outcome) - 7.0 * _current_level(system)[:, None], 0.0).sum(2)


def delivered_in_two_days(system: System, outcome: Outcome) -> PerTrial:
    """Units delivered with at most two shipping days."""
    days = system.network.shipping_days
    fast = ((days >= 0) & (days <= 2)).astype(np.float64)
    return np.einsum("atpr,apr->at", outcome.served, _to_regions(system, fast))


def _weekly_unit_days(outcome: Outcome) -> Float64[np.ndarray, "products trials weeks"]:
    return outcome.inventory_unit_days.sum(3, dtype=np.int64).astype(np.float64)


def _current_level(system: System) -> Int[np.ndarray, "products weeks"]:
    """Order-up-to level of the latest review at the end of each week (of the first review before that)."""
    products = system.products
    review_weeks, first = (products.review_days // 7)[:, None], (products.first_review_day // 7)[:, None]
    week = np.arange(system.weeks)
    latest = np.maximum(first + (week - first) // review_weeks * review_weeks, first)
    return np.take_along_axis(products.order_up_to, np.minimum(latest, system.weeks - 1), axis=1)


def _between_slots(
    system: System, matrix: Float64[np.ndarray, "nodes nodes"]
) -> Float64[np.ndarray, "products slots slots"]:
    """A matrix of moves at each product's slots; 0 where the move or a slot does not exist (nothing moves there)."""
    node = system.products.node
    values = matrix[node[:, :, None], node[:, None, :]]
    exists = (node >= 0)[:, :, None] & (node >= 0)[:, None, :]
    return np.where(exists & np.isfinite(values), values, 0.0)


def _to_regions(
    system: System, matrix: Float64[np.ndarray, "nodes regions"]
) -> Float64[np.ndarray, "products ranks regions"]:
    """A matrix of deliveries at each region's preferences; 0 where there is none."""
    preference = system.products.preference
    rows = np.arange(len(preference))[:, None, None]
    values = matrix[system.products.node[rows, preference], np.arange(preference.shape[2])]
    return np.where((preference >= 0) & np.isfinite(values), values, 0.0)
