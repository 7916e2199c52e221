"""What a simulation of product-trials returns, whichever engine ran it.

`Outcome` holds the counts that measures are made of, one row per product and trial. `Trajectory` holds every day of a
few product-trials, for tests, conformance checks and teaching. All counts are whole units; conservation is exact:
initial on-hand and in transit + arrivals = final on-hand + served + (still in transit between nodes), and
waiting at the start + demand = served + lost + (still waiting at the end).
"""

import dataclasses

import numpy as np
from jaxtyping import Float64, Int, Int32


@dataclasses.dataclass(frozen=True)
class Outcome:
    """Counts of each product-trial over the horizon (the paper's Algorithm 1, step 17).

    Slots are the product's own local nodes (`Products.node`); ranks are positions in a region's order of preference.
    """

    arrivals: Int32[np.ndarray, "products trials weeks slots"]
    """Units from vendors that arrived at each slot in each week: the utilization of (node, week)."""
    orders: Int32[np.ndarray, "products trials weeks slots"]
    """Units ordered into each slot by the review of each week."""
    inventory_unit_days: Int32[np.ndarray, "products trials weeks slots"]
    """End-of-day on-hand units, summed over the seven days of each week."""
    end_inventory: Int32[np.ndarray, "products trials weeks slots"]
    """On-hand units at the end of each week's last day: the storage that (node, week) uses."""
    served: Int32[np.ndarray, "products trials ranks regions"]
    """Units delivered to each region from its rank-p slot; rank 0 is the preferred node."""
    lost: Int32[np.ndarray, "products trials regions"]
    """Units of demand that no slot could serve and that did not wait."""
    backlog_unit_days: Int32[np.ndarray, "products trials weeks"]
    """Units of backlogged demand at the end of each day, summed over regions and the seven days of each week."""
    final_backlog: Int32[np.ndarray, "products trials regions"]
    """Units of demand still waiting at the end of the horizon."""
    moved: Int32[np.ndarray, "products trials slots slots"]
    """Units sent by placement from each slot (first) to each slot (second)."""


@dataclasses.dataclass(frozen=True)
class Trajectory:
    """Every day of product-trials, field by field; the engines are compared on it."""

    received: Int32[np.ndarray, "products trials days slots"]
    """Vendor units received."""
    received_transfers: Int32[np.ndarray, "products trials days slots"]
    """Units received from other slots."""
    order_quantity: Int32[np.ndarray, "products trials days"]
    """Q of the day's review in units; 0 without a review."""
    lp_order: Float64[np.ndarray, "products trials days slots"]
    """The buying LP's order vector before rounding, units."""
    orders: Int32[np.ndarray, "products trials days slots"]
    """Units ordered into each slot."""
    lead_time: Int32[np.ndarray, "products trials days slots"]
    """Days until the order of the day arrives; 0 where nothing was ordered."""
    moved: Int32[np.ndarray, "products trials days slots slots"]
    """Units sent by placement, from slot to slot."""
    demand: Int32[np.ndarray, "products trials days regions"]
    """Units asked for."""
    served: Int32[np.ndarray, "products trials days ranks regions"]
    """Units delivered to each region from its rank-p slot."""
    lost: Int32[np.ndarray, "products trials days regions"]
    """Units of demand left after the last round that do not wait."""
    backlog: Int32[np.ndarray, "products trials days regions"]
    """Units of demand waiting at the end of the day."""
    on_hand: Int[np.ndarray, "products trials days slots"]
    """End-of-day units on hand."""

    def outcome(self) -> Outcome:
        """Sum the days to the counts of an `Outcome`."""
        weekly = lambda x: x.reshape(*x.shape[:2], -1, 7, *x.shape[3:]).sum(3, dtype=np.int32)
        whole = lambda x: x.sum(2, dtype=np.int32)
        return Outcome(
            arrivals=weekly(self.received),
            orders=weekly(self.orders),
            inventory_unit_days=weekly(self.on_hand),
            end_inventory=self.on_hand[:, :, 6::7].astype(np.int32),
            served=whole(self.served),
            lost=whole(self.lost),
            backlog_unit_days=weekly(self.backlog).sum(3, dtype=np.int32),
            final_backlog=self.backlog[:, :, -1],
            moved=whole(self.moved),
        )
