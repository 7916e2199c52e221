"""The resources that a system has plans of, and vectors over all their node-weeks, one resource after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.resources.arrivals import ARRIVALS
from jaxsim.resources.node_weeks import NodeWeeks
from jaxsim.resources.prices import Prices
from jaxsim.resources.resource import Resource
from jaxsim.resources.storage import STORAGE
from jaxsim.system import System

RESOURCES = (ARRIVALS, STORAGE)
"""Every resource that a scenario may plan, in the order of the search's vectors."""


@dataclass(frozen=True, eq=False)
class Planned:
    """Resources with a plan and their node-weeks; H is the number of all of these together."""

    node_weeks: Mapping[Resource, NodeWeeks]
    plan: Float64[np.ndarray, " h"]
    """Units."""

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources, in the order of vectors."""
        return tuple(self.node_weeks)

    @property
    def reachable(self) -> Bool[np.ndarray, " h"]:
        """Node-weeks that get a price."""
        return np.concatenate([each.reachable for each in self.node_weeks.values()])

    @property
    def resource(self) -> np.ndarray:
        """Name of the resource of each node-week, (h,)."""
        return np.repeat([each.name for each in self.resources], [len(each) for each in self.node_weeks.values()])

    def split(self, values: Float64[np.ndarray, " h"]) -> dict[Resource, Float64[np.ndarray, " part"]]:
        """A vector's part of each resource."""
        ends = np.cumsum([len(each) for each in self.node_weeks.values()])[:-1]
        return dict(zip(self.resources, np.split(values, ends), strict=True))

    def pack(self, values: Mapping[Resource, Float64[np.ndarray, "nodes weeks"]]) -> Float64[np.ndarray, " h"]:
        """The vector of values by resource, node and week."""
        return np.concatenate([each.pack(values[resource]) for resource, each in self.node_weeks.items()])

    def prices(self, values: Float64[np.ndarray, " h"]) -> Prices:
        """Prices from a vector of them; 0 in node-weeks without a plan."""
        parts = self.split(values)
        return Prices({resource: each.unpack(parts[resource]) for resource, each in self.node_weeks.items()})

    def pack_prices(self, prices: Prices) -> Float64[np.ndarray, " h"]:
        """The vector of prices; inverse of `prices` where there is a plan."""
        shape = next(iter(self.node_weeks.values())).planned.shape
        return self.pack({each: prices.get(each, np.zeros(shape)) for each in self.resources})

    def columns(self) -> dict[str, np.ndarray]:
        """Columns resource, node and week of a table with a row per node-week."""
        parts = [each.columns() for each in self.node_weeks.values()]
        return {"resource": self.resource} | {
            name: np.concatenate([part[name] for part in parts]) for name in ("node", "week")
        }


def planned_resources(system: System, resources: Sequence[Resource] = RESOURCES) -> Planned:
    """Those of the resources that the system has a plan of; the first one in any case."""
    plans = {resource: resource.plan(system) for resource in resources}
    found = [each for i, each in enumerate(resources) if i == 0 or not np.isnan(plans[each]).all()]
    nodes = system.network.nodes
    node_weeks = {each: NodeWeeks.of_plan(nodes, plans[each], each.reachable(system)) for each in found}
    return Planned(node_weeks, np.concatenate([node_weeks[each].pack(plans[each]) for each in found]))
