"""What the environment reads, carries from day to day, is told and records.

Arrays are batch-last: the trailing axis is the product-trial.

The public axis order is products, trials, …; inside the scan the batch is the last axis instead, because XLA
vectorizes that axis on CPUs and coalesces it on GPUs, and because code written for one product-trial then serves a
batch unchanged.
"""

from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int32, UInt32

from jaxsim.demand.source import WeekDraw
from jaxsim.kernels.buying import Status


class Inputs(NamedTuple):
    """Constants of a chunk of product-trials; see `jaxsim.system.Products` for meanings and units."""

    key: UInt32[Array, "2 batch"]
    trial: UInt32[Array, " batch"]
    backlogged: Bool[Array, " batch"]
    case_pack: Int32[Array, " batch"]
    first_review_day: Int32[Array, " batch"]
    review_days: Int32[Array, " batch"]
    node: Int32[Array, "slots batch"]
    kind: Int32[Array, "slots batch"]
    orderable: Bool[Array, "slots batch"]
    lead_time_distribution: Int32[Array, "slots batch"]
    lp_sourcing_cost: Float[Array, "slots batch"]
    lp_overage_cost: Float[Array, "slots batch"]
    lp_route_cost: Float[Array, "slots regions batch"]
    segment_width: Float[Array, "weeks regions segments batch"]
    segment_value: Float[Array, "segments batch"]
    order_up_to: Int32[Array, "weeks batch"]
    transit_days: Int32[Array, "slots slots batch"]
    target: Int32[Array, "weeks slots batch"]
    placement_weight: Int32[Array, "slots batch"]
    preference: Int32[Array, "ranks regions batch"]
    demand: Float[Array, "weeks numbers batch"] | Int32[Array, "weeks numbers batch"]
    """What `Shape.draw` makes each week's units of."""
    demand_share: Float[Array, "regions batch"]
    on_hand: Int32[Array, "slots batch"]
    in_flight: Int32[Array, "calendar slots batch"]
    in_transit: Int32[Array, "days slots batch"] | None
    backlog: Int32[Array, "regions batch"] | None

    def reviewed(self, day: Int32[Array, ""]) -> Bool[Array, " batch"]:
        """Which product-trials are reviewed on a day: only they order."""
        since = day - self.first_review_day
        return (since >= 0) & (since % self.review_days == 0)


class Shape(NamedTuple):
    """What a compilation holds fixed beside the shapes of arrays; hashable."""

    draw: WeekDraw
    """How a week's units follow from `Inputs.demand`."""
    weekday_share: tuple[float, ...]
    ring: int
    """Longest transfer + 1, days."""
    sources: int
    """Leading slots that placement sends from."""


class Shared(eqx.Module):
    """What all chunks share."""

    cumulative: Float[Array, "distributions lead_days"]
    """Cumulative lead-time probabilities."""
    capacity_cost: Float[Array, "distributions days"]
    """c(λ) of an order placed on each day under each lead-time distribution."""
    overage_charge: Float[Array, "weeks nodes spans"] | None
    """What prices add to h (`jaxsim.resources.Charge.overage`); None where they add nothing."""
    shape: Shape = eqx.field(static=True)


class State(NamedTuple):
    """A morning, after its receipts and before its decisions."""

    day: Int32[Array, ""]
    received: Int32[Array, "slots batch"]
    """Vendor units that arrived this morning; they are in `on_hand`."""
    received_transfers: Int32[Array, "slots batch"]
    """Units from other slots, likewise."""
    on_hand: Int32[Array, "slots batch"]
    ordered: Int32[Array, "weeks slots batch"]
    """Units ordered by the review of each week; a product has at most one review a week."""
    due: Int32[Array, "weeks slots batch"]
    """Day on which those units arrive."""
    on_order: Int32[Array, "slots batch"]
    transfers: Int32[Array, "ring slots batch"]
    """Transfer units by arrival day modulo the ring's length."""
    in_transit: Int32[Array, "slots batch"]
    served: Int32[Array, "ranks regions batch"]
    lost: Int32[Array, "regions batch"]
    backlog: Int32[Array, "regions batch"]
    """Backlogged units."""
    moved: Int32[Array, "sources slots batch"]
    """Units served, lost and moved since the start."""
    fault: Int32[Array, " batch"]
    """The first fault of each product-trial, 0 without one (`jaxsim.simulator.guard`)."""

    @property
    def incoming(self) -> Int32[Array, "slots batch"]:
        """Units on the way to each slot."""
        return self.on_order + self.in_transit


class Order(NamedTuple):
    """What a buying policy decides; nothing for product-trials that are not reviewed."""

    quantity: Int32[Array, " batch"]
    """Q, the sum of `units`."""
    lp_order: Float[Array, "slots batch"]
    """The buying LP's order vector before rounding, in the floating type of `Inputs.lp_route_cost`; 0 without an LP."""
    units: Int32[Array, "slots batch"]
    """Units to order into each slot: whole case packs, into orderable slots only."""
    status: Int32[Array, " batch"]
    """`jaxsim.kernels.buying.Status` of the review's LP: anything but `OPTIMAL` stops the run."""

    @classmethod
    def of_units(cls, inputs: Inputs, units: Int32[Array, "slots batch"]) -> "Order":
        """An order that no LP was solved for."""
        quantity = units.sum(0, dtype=jnp.int32)
        no_lp = jnp.zeros(units.shape, inputs.lp_route_cost.dtype)
        return cls(quantity, no_lp, units, jnp.full_like(quantity, Status.OPTIMAL))

    @classmethod
    def none(cls, inputs: Inputs) -> "Order":
        """No units."""
        return cls.of_units(inputs, jnp.zeros_like(inputs.on_hand))


class Review(NamedTuple):
    """What a review sees of its product-trial before it decides, and how much it orders: the data of its buying LP."""

    supply: Int32[Array, "slots batch"]
    """Units on hand or on the way to each slot."""
    backlog: Int32[Array, "regions batch"]
    quantity: Int32[Array, " batch"]
    """Q; 0 without a review."""

    @classmethod
    def of(cls, state: State, quantity: Int32[Array, " batch"]) -> "Review":
        """The review of a morning."""
        return cls(state.on_hand + state.incoming, state.backlog, quantity)


class Service(NamedTuple):
    """What a fulfillment policy decides."""

    units: Int32[Array, "ranks regions batch"]
    """Units for each region from its rank-p slot."""
    taken: Int32[Array, "slots batch"]
    """The same units by the slot that gives them."""

    @classmethod
    def of_units(cls, inputs: Inputs, units: Int32[Array, "ranks regions batch"]) -> "Service":
        """A decision of which only the units are known."""
        slots = jnp.arange(inputs.on_hand.shape[0], dtype=inputs.preference.dtype)[:, None, None, None]
        taken = jnp.where(inputs.preference[None] == slots, units[None], 0).sum((1, 2), dtype=jnp.int32)
        return cls(units, taken)


class Day(NamedTuple):
    """A day's record, field by field as in `jaxsim.outcome.Trajectory`."""

    received: Int32[Array, "slots batch"]
    received_transfers: Int32[Array, "slots batch"]
    order_quantity: Int32[Array, " batch"]
    lp_order: Float[Array, "slots batch"]
    orders: Int32[Array, "slots batch"]
    lead_time: Int32[Array, "slots batch"]
    moved: Int32[Array, "sources slots batch"]
    demand: Int32[Array, "regions batch"]
    served: Int32[Array, "ranks regions batch"]
    lost: Int32[Array, "regions batch"]
    backlog: Int32[Array, "regions batch"]
    on_hand: Int32[Array, "slots batch"]
