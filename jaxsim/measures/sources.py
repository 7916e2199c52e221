"""Who uses a resource in a node-week: order sets and products, and how far a single order can move it.

An *order set* is the nodes that products may be ordered into. What is kept of a block of products adds up over blocks
as totals do: `Sources.of(one) + Sources.of(other)`. Ties go to the product that comes first, so blocks of any size say
the same.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.sums import sums_by
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, Resource, Usage
from jaxsim.resources.arrivals import arrival_by_week
from jaxsim.system import System

TOP = 3
"""Products, and order sets, that are named of a node-week."""


@dataclasses.dataclass(frozen=True)
class Held:
    """Use of one resource, means over trials of γ-weighted units."""

    by_set: Float64[np.ndarray, "sets slots weeks"]
    """Of the products of each order set at each of its nodes, what was in flight there at the start included."""
    units: Float64[np.ndarray, "nodes weeks top"]
    """Of the products that use most, the largest first; 0 where there are no more."""
    product: np.ndarray
    """Their names, (nodes, weeks, top); empty where there are no more."""
    step: Float64[np.ndarray, "nodes weeks"]
    """The most units that one review of one product can bring or take: its whole order, where it arrives in this
    node-week, in expectation. Orders are whole case packs, so a pack is never more. Of other resources than arrivals,
    the use of the largest product."""

    def __add__(self, other: "Held") -> "Held":
        """Of both; sets are merged by `Sources`."""
        units, product = np.concatenate([self.units, other.units], 2), np.concatenate([self.product, other.product], 2)
        first = np.argsort(-units, axis=2, kind="stable")[:, :, :TOP]
        take = lambda values: np.take_along_axis(values, first, 2)
        step = np.maximum(self.step, other.step)
        return Held(np.concatenate([self.by_set, other.by_set]), take(units), take(product), step)


@dataclasses.dataclass(frozen=True)
class Sources:
    """Users of resources."""

    node: Int[np.ndarray, "sets slots"]
    """Nodes of each order set, ascending; −1 where it has no more."""
    held: dict[Resource, Held]

    @classmethod
    def of(cls, system: System, outcome: Outcome, resources: Sequence[Resource]) -> "Sources":
        """Sources of an outcome, as its resources judge use (`Resource.judged`)."""
        products = system.products
        slots = int(products.orderable.sum(1).max(initial=0))
        node = np.where(products.orderable, products.node.astype(np.int64), np.iinfo(np.int64).max)
        node = np.sort(node, axis=1)[:, :slots]
        sets, member = np.unique(np.where(node == np.iinfo(np.int64).max, -1, node), axis=0, return_inverse=True)
        member = member.reshape(-1)
        return cls(sets, {each: _held(system, outcome, each, sets, member) for each in resources})

    def __add__(self, other: "Sources") -> "Sources":
        """Sources of both, which are of different products."""
        slots = max(self.node.shape[1], other.node.shape[1])
        mine, others = _widened(self, slots), _widened(other, slots)
        sets, member = np.unique(np.concatenate([mine.node, others.node]), axis=0, return_inverse=True)
        held = {}
        for resource, each in mine.held.items():
            both = each + others.held[resource]
            by_set = sums_by(member.reshape(-1), len(sets), both.by_set)
            held[resource] = dataclasses.replace(both, by_set=by_set)
        return Sources(sets, held)

    def rows(self, resource: Resource, node: int, week: int, nodes: Sequence[str]) -> list[dict[str, Any]]:
        """Rows kind ("order set" or "product"), name and units of those that use most of a node-week.

        Args:
            nodes: names of all nodes; the name of an order set is those of its nodes.
        """
        held, at = self.held[resource], self.node == node
        units = np.where(at, held.by_set[:, :, week], 0.0).sum(1)
        first = np.argsort(-units, kind="stable")[:TOP]
        of_set = lambda number: " + ".join(str(nodes[int(i)]) for i in self.node[number] if i >= 0)
        sets = [("order set", of_set(number), units[number]) for number in first]
        pairs = zip(held.product[node, week], held.units[node, week], strict=True)
        every = [*sets, *(("product", str(name), used) for name, used in pairs)]
        return [{"kind": kind, "name": name, "units": float(used)} for kind, name, used in every if used > 0]

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays, as a checkpoint holds them."""
        arrays = {"node": self.node}
        for resource, held in self.held.items():
            arrays |= {f"{name}/{resource.name}": getattr(held, name) for name in _HELD}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], resources: Sequence[Resource]) -> "Sources":
        """Inverse of `to_arrays`."""
        held = {each: Held(**{name: arrays[f"{name}/{each.name}"] for name in _HELD}) for each in resources}
        return cls(arrays["node"], held)


_HELD = tuple(field.name for field in dataclasses.fields(Held))


def _widened(sources: Sources, slots: int) -> Sources:
    """With room for so many nodes a set."""
    more = ((0, 0), (0, slots - sources.node.shape[1]))
    pad = lambda held: dataclasses.replace(held, by_set=np.pad(held.by_set, (*more, (0, 0))))
    node = np.pad(sources.node, more, constant_values=-1)
    return Sources(node, {resource: pad(held) for resource, held in sources.held.items()})


def _held(
    system: System,
    outcome: Outcome,
    resource: Resource,
    sets: Int[np.ndarray, "sets slots"],
    member: Int[np.ndarray, " products"],
) -> Held:
    """Use of a resource; `member` is the set of each product."""
    usage, nodes = resource.judged(system, outcome), len(system.network.nodes)
    product, slot = np.nonzero(usage.node >= 0)
    node, weight = usage.node[product, slot].astype(np.int64), system.products.sampling_weight[product]
    mean = _means(usage)[product, slot] * weight[:, None]
    used = sums_by(member[product] * nodes + node, len(sets) * nodes, mean).reshape(len(sets), nodes, -1)
    by_set = np.where((sets >= 0)[:, :, None], used[np.arange(len(sets))[:, None], sets], 0.0)
    units, names = _largest(node, mean, np.array(system.product_names)[product], nodes)
    step = _steps(system, outcome) if resource is ARRIVALS else units[:, :, 0]
    return Held(by_set, units, names, step)


def _means(usage: Usage) -> Float64[np.ndarray, "products slots weeks"]:
    """Units over trials."""
    return np.moveaxis(usage.units.mean(1, dtype=np.float64), 1, 2)


def _largest(
    node: Int[np.ndarray, " rows"], units: Float64[np.ndarray, "rows weeks"], name: np.ndarray, nodes: int
) -> tuple[Float64[np.ndarray, "nodes weeks top"], np.ndarray]:
    """Units and names of the rows that have most in each node-week."""
    weeks = units.shape[1]
    most, names = np.zeros((nodes, weeks, TOP)), np.full((nodes, weeks, TOP), "", name.dtype)
    by_node = np.argsort(node, kind="stable")
    edges = np.searchsorted(node[by_node], np.arange(nodes + 1))
    for number in range(nodes):
        rows = by_node[edges[number] : edges[number + 1]]
        first = np.argsort(-units[rows], axis=0, kind="stable")[:TOP]
        found = np.take_along_axis(units[rows], first, 0)
        most[number, :, : len(first)] = found.T
        names[number, :, : len(first)] = np.where(found > 0, name[rows][first], "").T
    return most, names


def _steps(system: System, outcome: Outcome) -> Float64[np.ndarray, "nodes weeks"]:
    """Of each node-week, the most that one review of one product could send there: see `Held.step`."""
    products, weeks = system.products, system.weeks
    ordered = outcome.orders.sum(3, dtype=np.int64).mean(1) * products.sampling_weight[:, None]
    later = arrival_by_week(system, products.lead_time_distribution, products.first_review_day[:, None] % 7)
    reach = np.zeros((*later.shape[:2], weeks))
    for lag in range(weeks):
        sent = ordered[:, None, : weeks - lag] * later[:, :, lag, None]
        reach[:, :, lag:] = np.maximum(reach[:, :, lag:], sent)
    step = np.zeros((len(system.network.nodes), weeks))
    np.maximum.at(step, products.node[products.orderable], reach[products.orderable])
    return step
