"""Key performance indicators of a simulated plan: what a unit costs, how fast it arrives, what it emits.

Costs are per unit *demanded*, which capacity costs cannot change, so two runs with the same draws compare directly.
Capacity costs λ are a steering signal and never counted as a cost. Purchase cost (unit_cost of the units ordered) is
reported beside the total and not in it: what stays on hand is not lost.
"""

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, ratio
from jaxsim.measures.service import (
    delivered,
    demanded,
    fill_rate,
    preferred_node_availability,
    simulated_preferred_availability,
)
from jaxsim.outcome import Outcome
from jaxsim.system import System

COST_PARTS = ("sourcing", "transfer", "shipping", "overage", "lost_sales")

PerTrial = Float64[np.ndarray, "products trials"]


def costs(system: System, outcome: Outcome) -> dict[str, PerTrial]:
    """Cost of each product-trial over the horizon, by part, in currency.

    `sourcing` is paid on units ordered, `transfer` on units placed, `shipping` on units delivered, `overage` is
    overage_cost / 7 for every unit at every end of day, `lost_sales` is lost_sale_cost for every unit lost, `purchase`
    is unit_cost for every unit ordered.
    """
    products = system.products
    moved, served = outcome.moved, outcome.served
    unit_days = outcome.inventory.sum((2, 3), dtype=np.int64)
    ordered = outcome.orders.sum(2, dtype=np.int64)
    return {
        "sourcing": np.einsum("atl,al->at", ordered, np.where(products.orderable, products.sourcing_cost, 0.0)),
        "transfer": np.einsum("atlm,alm->at", moved, _between_slots(system, system.network.transfer_cost)),
        "shipping": np.einsum("atpr,apr->at", served, _to_regions(system, system.network.shipping_cost)),
        "overage": unit_days * (products.overage_cost / 7.0)[:, None],
        "lost_sales": outcome.lost.sum(2, dtype=np.int64) * products.lost_sale_cost[:, None],
        "purchase": ordered.sum(2) * products.unit_cost[:, None],
    }


def kpis(system: System, outcome: Outcome, strata: Int[np.ndarray, "products"] | None = None) -> dict[str, Estimate]:
    """All indicators with standard errors over sample and trials; every value is a ratio of totals, NaN when its
    denominator is 0.

    - `<part>_cost_per_unit` for the parts of `costs`, and `cost_per_unit` for their sum without purchase: currency per
      unit demanded.
    - `cost_per_unit_delivered`: the same sum per unit delivered.
    - `purchase_cost_per_unit`: per unit demanded, not part of the sum.
    - `fill_rate`, `preferred_node_availability`, `simulated_preferred_availability`: see `jaxsim.measures.service`.
    - `two_day_share`: units delivered with at most two shipping days / units delivered.
    - `overage_share` ("inventory waste"): unit-days on hand beyond the order-up-to level / all unit-days on hand, see
      `overage`.
    - `co2_per_unit`: kg CO2 of transfers and shipping per unit delivered.
    """
    scale = system.products.scale
    of = lambda top, bottom: ratio(scale, strata, top, bottom)
    asked, sent, parts = demanded(outcome), delivered(outcome), costs(system, outcome)
    total = sum(parts[part] for part in COST_PARTS)
    excess, held = overage(system, outcome)
    table = {f"{part}_cost_per_unit": of(parts[part], asked) for part in COST_PARTS}
    return table | {
        "cost_per_unit": of(total, asked),
        "cost_per_unit_delivered": of(total, sent),
        "purchase_cost_per_unit": of(parts["purchase"], asked),
        "fill_rate": fill_rate(system, outcome, strata),
        "preferred_node_availability": preferred_node_availability(system, outcome, strata=strata),
        "simulated_preferred_availability": simulated_preferred_availability(system, outcome, strata),
        "two_day_share": of(_within(system, outcome, 2), sent),
        "overage_share": of(excess, held),
        "co2_per_unit": of(emissions(system, outcome), sent),
    }


def emissions(system: System, outcome: Outcome) -> PerTrial:
    """kg CO2 of transfers and shipping of each product-trial."""
    transfers = np.einsum("atlm,alm->at", outcome.moved, _between_slots(system, system.network.transfer_co2))
    return transfers + np.einsum("atpr,apr->at", outcome.served, _to_regions(system, system.network.shipping_co2))


def overage(system: System, outcome: Outcome) -> tuple[PerTrial, PerTrial]:
    """Unit-days on hand beyond the order-up-to level, and all unit-days on hand, of each product-trial.

    The level of a week is that of the latest review, or of the first review in the weeks before it; on-hand units are
    averaged over the week and added over nodes. These units are more than the product should hold even with nothing on
    order.
    """
    held = outcome.inventory.sum(3, dtype=np.int64).astype(np.float64)
    beyond = np.maximum(held - 7.0 * _current_level(system)[:, None], 0.0)
    return beyond.sum(2), held.sum(2)


def _current_level(system: System) -> Int[np.ndarray, "products weeks"]:
    """Order-up-to level of the latest review at the end of each week (of the first review before that)."""
    products = system.products
    review_weeks, first = (products.review_days // 7)[:, None], (products.first_review_day // 7)[:, None]
    week = np.arange(system.weeks)
    latest = np.maximum(first + (week - first) // review_weeks * review_weeks, first)
    return np.take_along_axis(products.order_up_to, np.minimum(latest, system.weeks - 1), axis=1)


def _within(system: System, outcome: Outcome, days: int) -> PerTrial:
    """Units delivered with at most `days` shipping days."""
    shipping_days = system.network.shipping_days
    fast = ((shipping_days >= 0) & (shipping_days <= days)).astype(np.float64)
    return np.einsum("atpr,apr->at", outcome.served, _to_regions(system, fast))


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
    """A matrix of deliveries at each region's choices; 0 where there is no choice."""
    choice = system.products.choice
    rows = np.arange(len(choice))[:, None, None]
    values = matrix[system.products.node[rows, choice], np.arange(choice.shape[2])]
    return np.where((choice >= 0) & np.isfinite(values), values, 0.0)
