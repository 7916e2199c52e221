"""What the day loop reads and carries. Arrays are batch-last: the trailing axis is the product-trial.

The public axis order is products, trials, …; inside the scan the batch is the last axis instead, because XLA
vectorizes that axis on CPUs and coalesces it on GPUs, and because code written for one product-trial then serves a
batch unchanged.
"""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float, Int8, Int32, UInt32


class Inputs(NamedTuple):
    """Constants of a chunk of product-trials; see `jaxsim.system.Products` for meanings and units."""

    key: UInt32[Array, "2 batch"]
    trial: UInt32[Array, " batch"]
    backlogged: Bool[Array, " batch"]
    case_pack: Int32[Array, " batch"]
    first_review_day: Int32[Array, " batch"]
    review_days: Int32[Array, " batch"]
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


class Shared(NamedTuple):
    """Arrays that all chunks share."""

    cumulative: Float[Array, "distributions lead_days"]
    """Cumulative lead-time probabilities."""
    capacity_cost: Float[Array, "distributions days"]
    """c(λ) of an order placed on each day under each lead-time distribution."""


class State(NamedTuple):
    """What a day hands to the next."""

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
    basis: Int8[Array, "bytes batch"]
    """Where the next buying LP starts; opaque (`jaxsim.kernels.buying.solve_from`)."""

    @property
    def incoming(self) -> Int32[Array, "slots batch"]:
        """Units on the way to each slot."""
        return self.on_order + self.in_transit


class Order(NamedTuple):
    """The buying decision of a review; zeros without one."""

    quantity: Int32[Array, " batch"]
    lp_order: Float[Array, "slots batch"]
    units: Int32[Array, "slots batch"]
    lead_time: Int32[Array, "slots batch"]
    status: Int32[Array, " batch"]
    """`jaxsim.kernels.buying.Status` of the review's LP."""


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
