"""The arrays of a scenario's sample: everything that both engines read, made once in float64 on the host.

`docs/semantics.md` defines each quantity. Leading axis of every `Products` field is the sampled product; a product's
local nodes sit in *slots* (cross docks, then storage, then fulfillment nodes; empty slots have node −1). All fields are
NumPy arrays: an engine moves to its device what it needs, chunk by chunk.
"""

import dataclasses

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Bool, Float64, Int, Int32, UInt32

from jaxsim.demand.source import DemandSource

CROSS_DOCK, STORAGE, FULFILLMENT = 1, 2, 3
"""Codes in `Products.kind`; 0 marks an empty slot."""


class Network(eqx.Module):
    """Nodes, regions and the moves between them. `inf` cost and −1 days mark moves that do not exist."""

    nodes: tuple[str, ...] = eqx.field(static=True)
    regions: tuple[str, ...] = eqx.field(static=True)
    inbound: Bool[np.ndarray, " nodes"]
    shipping_cost: Float64[np.ndarray, "nodes regions"]
    shipping_days: Int32[np.ndarray, "nodes regions"]
    shipping_co2: Float64[np.ndarray, "nodes regions"]
    transfer_cost: Float64[np.ndarray, "nodes nodes"]
    transfer_days: Int32[np.ndarray, "nodes nodes"]
    transfer_co2: Float64[np.ndarray, "nodes nodes"]
    plan: Float64[np.ndarray, "nodes weeks"]
    """Labor plan in units; NaN where a node-week has no plan (every node that is not inbound)."""
    storage_plan: Float64[np.ndarray, "nodes weeks"]
    """Units to have on hand at most at the end of each week; NaN where a node-week has no plan."""


class LeadTimes(eqx.Module):
    """Distinct (vendor, node) lead-time distributions; index 0 … τ is the number of days."""

    node: Int32[np.ndarray, " distributions"]
    probability: Float64[np.ndarray, "distributions days"]
    cumulative: Float64[np.ndarray, "distributions days"]


class Products(eqx.Module):
    """Per-product arrays. Quantities are units, costs are currency per unit, spans are days."""

    id: UInt32[np.ndarray, "products 2"]
    sampling_weight: Float64[np.ndarray, " products"]
    """Sampling weight γ: how many products of the population this one stands for."""
    backlogged: Bool[np.ndarray, " products"]
    """Whether unserved demand waits; otherwise it is lost."""
    case_pack: Int32[np.ndarray, " products"]
    first_review_day: Int32[np.ndarray, " products"]
    review_days: Int32[np.ndarray, " products"]
    unit_cost: Float64[np.ndarray, " products"]
    lost_sale_cost: Float64[np.ndarray, " products"]
    """Per unit lost, or per unit and week that it waits."""
    overage_cost: Float64[np.ndarray, " products"]
    """Per unit and week."""

    node: Int32[np.ndarray, "products slots"]
    kind: Int32[np.ndarray, "products slots"]
    orderable: Bool[np.ndarray, "products slots"]
    lead_time_distribution: Int32[np.ndarray, "products slots"]
    """Row of `LeadTimes`; 0 where not orderable."""
    sourcing_cost: Float64[np.ndarray, "products slots"]

    lp_sourcing_cost: Float64[np.ndarray, "products slots"]
    """p of the buying LP, tie-broken."""
    lp_overage_cost: Float64[np.ndarray, "products slots"]
    """h, tie-broken."""
    lp_route_cost: Float64[np.ndarray, "products slots regions"]
    """w, tie-broken; inf without a route."""
    segment_width: Float64[np.ndarray, "products weeks regions segments"]
    """d, for the review of each week (0 in weeks without one)."""
    segment_value: Float64[np.ndarray, "products segments"]
    """b, the same for all regions."""
    order_up_to: Int32[np.ndarray, "products weeks"]
    """S, for the review of each week (0 in weeks without one)."""

    transit_days: Int32[np.ndarray, "products slots slots"]
    """Days of a transfer from slot (first) to slot (second); −1 where placement cannot send."""
    target: Int32[np.ndarray, "products weeks slots"]
    placement_weight: Int32[np.ndarray, "products slots"]
    """Demand share in millionths."""
    preference: Int32[np.ndarray, "products ranks regions"]
    """Slot that a region asks in each round; −1 when it has no more."""

    demand_share: Float64[np.ndarray, "products regions"]
    region_p60: Float64[np.ndarray, "products weeks regions"]
    """60th percentile of a region's weekly demand as forecast, for preferred node availability."""
    on_hand: Int32[np.ndarray, "products slots"]
    in_flight: Int32[np.ndarray, "products calendar slots"]
    """Vendor units on the way by arrival day; the last row holds what arrives after the horizon."""
    in_transit: Int32[np.ndarray, "products days slots"] | None = None
    """Units on the way from other slots at the start, by arrival day, fewer days than the longest transfer and one
    takes; none when left out, as in every scenario that starts anew."""
    backlog: Int32[np.ndarray, "products regions"] | None = None
    """Units of demand that wait at the start; none when left out."""


class System(eqx.Module):
    """Arrays of a sample of a scenario."""

    product_names: tuple[str, ...] = eqx.field(static=True)
    source: DemandSource
    """What customers do; what buying believes of it is in order-up-to levels, segments, targets and `region_p60`."""
    weekday_share: Float64[np.ndarray, "7"]
    """Share of a week's demand that falls on each of its days."""
    network: Network
    lead_times: LeadTimes
    products: Products

    def take(self, rows: Int[np.ndarray, " taken"]) -> "System":
        """The system of some of the products, with everything else as it is."""
        names = tuple(self.product_names[row] for row in rows)
        products = jax.tree.map(lambda values: values[rows], self.products)
        return dataclasses.replace(self, product_names=names, products=products, source=self.source.take(rows))

    @property
    def weeks(self) -> int:
        """Weeks W of the horizon."""
        return self.network.plan.shape[1]

    @property
    def reviews(self) -> Bool[np.ndarray, "products days"]:
        """Review days of each product within the horizon."""
        since = np.arange(7 * self.weeks) - self.products.first_review_day[:, None]
        return (since >= 0) & (since % self.products.review_days[:, None] == 0)
