"""Order quantities of products by what they may be split over: all that the bound on wMAPD needs of an outcome.

Products of one *kind* may be ordered into the same nodes and arrive there with the same probabilities by week, so their
order quantities add up. Kinds are known by these contents, not by rows of a system's arrays, so those of different
blocks of a population merge: `OrderGroups.of(one) + OrderGroups.of(other)`.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import scipy.sparse
from jaxtyping import Bool, Float64, Int

from jaxsim.measures.split_lp import SplitProblem
from jaxsim.measures.sums import sums_by
from jaxsim.outcome import Outcome
from jaxsim.resources.arrivals import arrival_by_week, in_flight_arrivals
from jaxsim.system import System

DIGITS = 1e12
"""Probabilities that agree in twelve digits are the same: the last bits depend on what else a block's tables hold."""


@dataclasses.dataclass(frozen=True)
class OrderGroups:
    """Kinds of products and what they order."""

    node: Int[np.ndarray, "kinds slots"]
    """Nodes that the kind may be ordered into, ascending; −1 where it has no more."""
    arrival: Float64[np.ndarray, "kinds slots weeks"]
    """P(an order arrives there w weeks after the week of its review); 0 in empty slots."""
    quantity: Float64[np.ndarray, "kinds trials weeks"]
    """Σ γ · units ordered in each trial by the week of the review."""
    fixed: Float64[np.ndarray, "nodes weeks"]
    """Σ γ · units in flight at the start, by week of arrival."""

    @classmethod
    def of(cls, system: System, outcome: Outcome) -> "OrderGroups":
        """Groups of an outcome."""
        products = system.products
        count = int(products.orderable.sum(1).max(initial=0))
        node = np.where(products.orderable, products.node, np.iinfo(products.node.dtype).max)
        slot = np.argsort(node, axis=1, kind="stable")[:, :count]
        take = lambda values: np.take_along_axis(values, slot, 1)
        arrival = arrival_by_week(system, take(products.lead_time_distribution), products.first_review_day[:, None] % 7)
        there = take(products.orderable)
        ordered = outcome.orders.sum(3, dtype=np.int64) * products.sampling_weight[:, None, None]
        orderable = there.any(1)
        return _merged(
            np.where(there, take(products.node), -1)[orderable].astype(np.int64),
            np.where(there[:, :, None], arrival, 0.0)[orderable],
            ordered[orderable],
            _in_flight_by_node(system),
        )

    def __add__(self, other: "OrderGroups") -> "OrderGroups":
        """Groups of both, which are of different products and the same trials."""
        slots = max(self.node.shape[1], other.node.shape[1])
        pads = [((0, 0), (0, slots - each.node.shape[1])) for each in (self, other)]
        node = [np.pad(each.node, pad, constant_values=-1) for each, pad in zip((self, other), pads, strict=True)]
        arrival = [np.pad(each.arrival, (*pad, (0, 0))) for each, pad in zip((self, other), pads, strict=True)]
        quantity = np.concatenate([self.quantity, other.quantity])
        return _merged(np.concatenate(node), np.concatenate(arrival), quantity, self.fixed + other.fixed)

    def problem(
        self, plan: Float64[np.ndarray, "nodes weeks"]
    ) -> tuple[SplitProblem, Float64[np.ndarray, "groups trials"]]:
        """The LP that splits the mean quantities: a group per kind and week with orders; and each group's quantity by
        trial.

        Args:
            plan: units, NaN where there is none.
        """
        planned = ~np.isnan(plan)
        kind, week = np.nonzero(self.quantity.mean(1) > 0)
        slots = self.node[kind] >= 0
        group, slot = np.nonzero(slots)
        matrix = _scatter(self.arrival[kind[group], slot], week[group], self.node[kind[group], slot], planned)
        start = np.cumsum(slots.sum(1)) - slots.sum(1)
        by_trial = self.quantity[kind, :, week]
        gap = (plan - self.fixed)[planned]
        return SplitProblem(by_trial.mean(1), start.astype(np.int64), matrix, gap), by_trial

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays, as a checkpoint holds them."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "OrderGroups":
        """Inverse of `to_arrays`."""
        return cls(**{field.name: arrays[field.name] for field in dataclasses.fields(cls)})


def _merged(
    node: Int[np.ndarray, "rows slots"],
    arrival: Float64[np.ndarray, "rows slots weeks"],
    quantity: Float64[np.ndarray, "rows trials weeks"],
    fixed: Float64[np.ndarray, "nodes weeks"],
) -> OrderGroups:
    """Groups of rows of which several may be of one kind."""
    if not node.size:
        return OrderGroups(node, arrival, quantity, fixed)
    contents = np.column_stack([node, np.rint(arrival * DIGITS).reshape(len(node), -1).astype(np.int64)])
    whole = np.ascontiguousarray(contents).view(f"V{contents.itemsize * contents.shape[1]}").ravel()
    _, example, kind = np.unique(whole, return_index=True, return_inverse=True)
    return OrderGroups(node[example], arrival[example], sums_by(kind.ravel(), len(example), quantity), fixed)


def _in_flight_by_node(system: System) -> Float64[np.ndarray, "nodes weeks"]:
    """f: γ-weighted units on the way at the start, by week of arrival."""
    products = system.products
    weighted, used = in_flight_arrivals(system) * products.sampling_weight[:, None, None], products.node >= 0
    nodes = len(system.network.nodes)
    return np.stack(
        [np.bincount(products.node[used], weighted[:, w][used], minlength=nodes) for w in range(system.weeks)], axis=1
    )


def _scatter(
    weekly: Float64[np.ndarray, "columns weeks"],
    order_week: Int[np.ndarray, " columns"],
    node: Int[np.ndarray, " columns"],
    planned: Bool[np.ndarray, "nodes weeks"],
) -> scipy.sparse.csc_array:
    """Columns of P: arrivals by (node, week) with a plan; weeks past the horizon and node-weeks without plan drop
    out."""
    constraint = np.full(planned.shape, -1)
    constraint[planned] = np.arange(planned.sum())
    column, later = np.nonzero(weekly > 0)
    week = order_week[column] + later
    inside = week < planned.shape[1]
    column, week, value = column[inside], week[inside], weekly[column[inside], later[inside]]
    row = constraint[node[column], week]
    used = row >= 0
    shape = (int(planned.sum()), len(weekly))
    return scipy.sparse.csc_array(scipy.sparse.coo_array((value[used], (row[used], column[used])), shape=shape))
