"""From checked tables to a `System`, in named stages."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from jaxsim import draws
from jaxsim.demand.forecast import Forecast
from jaxsim.demand.moments import Moments
from jaxsim.demand.source import DemandSource
from jaxsim.scenario import Scenario
from jaxsim.system import beliefs, planning
from jaxsim.system.arrays import Network, Products, System
from jaxsim.system.check import check_source
from jaxsim.system.local import Local, Ways, in_flight_of, local_of, ways_of
from jaxsim.system.network import Deliveries, deliveries_of, kinds_of, network_of
from jaxsim.system.prices import lp_prices

PLACEMENT_UNIT = 1_000_000
"""Demand shares are whole millionths in placement."""


def build(
    scenario: Scenario,
    sampling_weight: Sequence[float] | np.ndarray | None = None,
    *,
    source: DemandSource | None = None,
    forecast: Forecast | None = None,
) -> System:
    """Arrays of the products of a scenario.

    Args:
        scenario: checked tables, of all products or of a sample.
        sampling_weight: sampling weight γ of each row of `products`, 1 when left out.
        source: what customers do, in the rows of `products`; when left out the table `demand_paths`, or `demand`
            where there is none.
        forecast: what buying believes, likewise; when left out the table `forecast`, or `demand` where there is none.

    Raises:
        ValueError: `sampling_weight` has another length than `products`, or an entry that is not positive and finite;
            source or forecast are of other products, weeks or regions.
    """
    names = tuple(scenario.products)
    gamma = _checked_weight(names, sampling_weight)
    network, deliveries = network_of(scenario), deliveries_of(scenario)
    source = beliefs.source_of(scenario) if source is None else source
    forecast = beliefs.forecast_of(scenario) if forecast is None else forecast
    check_source(source, len(names), scenario.weeks, len(network.regions))
    if forecast.mean.shape != (len(names), scenario.weeks):
        raise ValueError(
            f"the forecast is of {forecast.mean.shape[0]} products and {forecast.mean.shape[1]} weeks; it must be of"
            f" {len(names)} products and {scenario.weeks} weeks"
        )
    products = _products(scenario, network, deliveries, gamma, forecast.moments)
    return System(names, source, beliefs.weekday_share_of(scenario), network, deliveries.lead_times, products)


def _checked_weight(
    names: tuple[str, ...], sampling_weight: Sequence[float] | np.ndarray | None
) -> Float64[np.ndarray, " products"]:
    gamma = np.ones(len(names)) if sampling_weight is None else np.asarray(sampling_weight, float)
    if gamma.shape != (len(names),) or not (np.isfinite(gamma) & (gamma > 0)).all():
        raise ValueError(f"sampling_weight must hold {len(names)} positive numbers, one for each row of products")
    return gamma


def _products(
    scenario: Scenario,
    network: Network,
    deliveries: Deliveries,
    gamma: Float64[np.ndarray, " products"],
    weekly: Moments,
) -> Products:
    """Every stage of a product's arrays; `weekly` is the forecast."""
    ids = draws.product_ids(scenario.products)
    local = local_of(scenario, network, kinds_of(scenario))
    demand_share = beliefs.demand_share_of(scenario)
    ways = ways_of(network, local, demand_share)
    distribution = deliveries.distribution(local.node, local.orderable, len(network.nodes))
    reviews = _reviews(scenario, deliveries, distribution, local)
    return Products(
        id=ids,
        sampling_weight=gamma,
        lead_time_distribution=distribution,
        in_flight=in_flight_of(scenario, network.nodes, local),
        demand_share=demand_share,
        **_terms(scenario, reviews),
        **_local_fields(local, ways),
        **lp_prices(ids, network, local, ways, scenario.column("products", "overage_cost") * reviews.weeks),
        **_plans(scenario, weekly, demand_share, reviews, local, ways),
    )


def _reviews(scenario: Scenario, deliveries: Deliveries, distribution: np.ndarray, local: Local) -> planning.Reviews:
    weeks = scenario.column("products", "review_weeks").astype(np.int32)
    lead_time = planning.mean_lead_time(deliveries.lead_times, distribution, local.orderable)
    return planning.Reviews(
        first_day=scenario.column("products", "first_review_day").astype(np.int32),
        weeks=weeks,
        horizon=7.0 * weeks + lead_time,
        in_stock=scenario.column("products", "target_in_stock"),
    )


def _terms(scenario: Scenario, reviews: planning.Reviews) -> dict[str, Any]:
    """What the table `products` says: costs, case packs, schedule."""
    costs = ("unit_cost", "lost_sale_cost", "overage_cost")
    return {
        "backlogged": scenario.column("products", "backlog"),
        "case_pack": scenario.column("products", "case_pack").astype(np.int32),
        "first_review_day": reviews.first_day,
        "review_days": 7 * reviews.weeks,
        **{name: scenario.column("products", name) for name in costs},
    }


def _local_fields(local: Local, ways: Ways) -> dict[str, Any]:
    """Slots, and how placement and fulfillment use them."""
    return {
        **{name: getattr(local, name) for name in ("node", "kind", "orderable", "sourcing_cost", "on_hand")},
        "transit_days": ways.transit_days,
        "preference": ways.preference,
        "placement_weight": np.round(PLACEMENT_UNIT * ways.share).astype(np.int32),
    }


def _plans(
    scenario: Scenario, weekly: Moments, demand_share: np.ndarray, reviews: planning.Reviews, local: Local, ways: Ways
) -> dict[str, Any]:
    """All that follows from the forecast."""
    order_up_to, width = planning.order_levels(
        weekly, demand_share, reviews, scenario.column("products", "order_up_to")
    )
    return {
        "order_up_to": order_up_to,
        "segment_width": width,
        "segment_value": planning.segment_value(scenario.column("products", "lost_sale_cost")),
        "target": planning.targets(weekly, local, ways, reviews),
        "region_p60": planning.region_p60(weekly, demand_share),
    }
