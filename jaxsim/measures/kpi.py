"""Key performance indicators of a simulated plan: what a unit costs, how fast it arrives, what it emits.

Every indicator is a ratio of two totals of the columns that `contributions` gives each product-trial (`INDICATORS` says
which), so that runs which kept these columns can be compared product-trial by product-trial.

Costs are per unit *demanded*, which capacity costs cannot change, so two runs with the same draws compare directly.
Capacity costs λ are a steering signal and never counted as a cost. Purchase cost (unit_cost of the units ordered) is
reported beside the total and not in it: what stays on hand is not lost.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, PerTrial, ratio
from jaxsim.measures.service import delivered, demanded, preferred_availability
from jaxsim.outcome import Outcome
from jaxsim.system import System

COST_PARTS = ("sourcing", "transfer", "shipping", "overage", "lost_sales", "backlog")

INDICATORS: dict[str, tuple[tuple[str, ...], str]] = {
    **{f"{part}_cost_per_unit": ((f"{part}_cost",), "asked") for part in COST_PARTS},
    "cost_per_unit": (tuple(f"{part}_cost" for part in COST_PARTS), "asked"),
    "cost_per_unit_delivered": (tuple(f"{part}_cost" for part in COST_PARTS), "delivered"),
    "purchase_cost_per_unit": (("purchase_cost",), "asked"),
    "fill_rate": (("delivered",), "asked"),
    "preferred_node_availability": (("preferred_available",), "preferred_wanted"),
    "simulated_preferred_availability": (("preferred_delivered",), "asked"),
    "two_day_share": (("delivered_in_two_days",), "delivered"),
    "overage_share": (("excess_unit_days",), "held_unit_days"),
    "co2_per_unit": (("co2",), "delivered"),
}
"""Each indicator's numerator (columns of `contributions`, added) and denominator (a column)."""


def contributions(system: System, outcome: Outcome) -> dict[str, PerTrial]:
    """What each product-trial adds to numerators and denominators of the indicators.

    - `asked`, `delivered`, `delivered_in_two_days` (at most two shipping days), `preferred_delivered` (from the
      region's preferred node): units over the horizon.
    - `<part>_cost` for the parts of `costs`: currency.
    - `preferred_available`, `preferred_wanted`: Σ min(D60, Ī) and Σ D60 of preferred node availability, units, see
      `jaxsim.measures.service`.
    - `excess_unit_days`, `held_unit_days`: see `overage`.
    - `co2`: kg.
    """
    sent = delivered(outcome)
    available, wanted = preferred_availability(system, outcome)
    excess, held = overage(system, outcome)
    columns = {
        "asked": demanded(outcome),
        "delivered": sent,
        "delivered_in_two_days": _within(system, outcome, 2),
        "preferred_delivered": outcome.served[:, :, 0].sum(2, dtype=np.int64),
        "preferred_available": available,
        "preferred_wanted": wanted,
        "excess_unit_days": excess,
        "held_unit_days": held,
        "co2": emissions(system, outcome),
    }
    columns |= {f"{part}_cost": values for part, values in costs(system, outcome).items()}
    return {name: np.asarray(values, np.float64) for name, values in columns.items()}


def kpis(system: System, outcome: Outcome, strata: Int[np.ndarray, " products"] | None = None) -> dict[str, Estimate]:
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
    return kpis_of(system.products.sampling_weight, strata, contributions(system, outcome))


def kpis_of(
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"] | None,
    columns: Mapping[str, PerTrial],
) -> dict[str, Estimate]:
    """`kpis` from the columns of `contributions`."""
    return {name: ratio(sampling_weight, strata, *ratio_parts(columns, name)) for name in INDICATORS}


def ratio_parts(columns: Mapping[str, PerTrial], name: str) -> tuple[PerTrial, PerTrial]:
    """Numerator and denominator of an indicator, of each product-trial."""
    top, bottom = INDICATORS[name]
    return sum((columns[column] for column in top[1:]), columns[top[0]]), columns[bottom]


def costs(system: System, outcome: Outcome) -> dict[str, PerTrial]:
    """Cost of each product-trial over the horizon, by part, in currency.

    `sourcing` is paid on units ordered, `transfer` on units placed, `shipping` on units delivered, `overage` is
    overage_cost / 7 for every unit at every end of day, `lost_sales` is lost_sale_cost for every unit lost,
    `backlog` is lost_sale_cost / 7 for every unit waiting at every end of day, `purchase` is unit_cost for every unit
    ordered.
    """
    products = system.products
    moved, served = outcome.moved, outcome.served
    unit_days = outcome.inventory_unit_days.sum((2, 3), dtype=np.int64)
    ordered = outcome.orders.sum(2, dtype=np.int64)
    return {
        "sourcing": np.einsum("atl,al->at", ordered, np.where(products.orderable, products.sourcing_cost, 0.0)),
        "transfer": np.einsum("atlm,alm->at", moved, _between_slots(system, system.network.transfer_cost)),
        "shipping": np.einsum("atpr,apr->at", served, _to_regions(system, system.network.shipping_cost)),
        "overage": unit_days * (products.overage_cost / 7.0)[:, None],
        "lost_sales": outcome.lost.sum(2, dtype=np.int64) * products.lost_sale_cost[:, None],
        "backlog": outcome.backlog_unit_days.sum(2, dtype=np.int64) * (products.lost_sale_cost / 7.0)[:, None],
        "purchase": ordered.sum(2) * products.unit_cost[:, None],
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
    held = outcome.inventory_unit_days.sum(3, dtype=np.int64).astype(np.float64)
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
    """A matrix of deliveries at each region's preferences; 0 where there is none."""
    preference = system.products.preference
    rows = np.arange(len(preference))[:, None, None]
    values = matrix[system.products.node[rows, preference], np.arange(preference.shape[2])]
    return np.where((preference >= 0) & np.isfinite(values), values, 0.0)
