"""The node-weeks of a plan: their names, and how values of theirs are packed into a vector."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64


@dataclass(frozen=True, eq=False)
class NodeWeeks:
    """The H node-weeks that have a plan, by node and then by week: the order of the search's vectors."""

    nodes: tuple[str, ...]
    planned: Bool[np.ndarray, "nodes weeks"]
    reachable: Bool[np.ndarray, " h"]
    """Node-weeks whose price can change an order; the others get none."""

    @classmethod
    def of_plan(
        cls,
        nodes: Sequence[str],
        plan: Float64[np.ndarray, "nodes weeks"],
        reachable: Bool[np.ndarray, "nodes weeks"] | None = None,
    ) -> "NodeWeeks":
        """Node-weeks in which a plan, NaN where there is none, has a number; all reachable when that is left out."""
        planned = ~np.isnan(plan)
        return cls(tuple(nodes), planned, np.ones(planned.sum(), bool) if reachable is None else reachable[planned])

    def __len__(self) -> int:
        return int(self.planned.sum())

    def pack(self, values: Float[np.ndarray, "nodes weeks"]) -> Float[np.ndarray, " h"]:
        """The values of the node-weeks."""
        return values[self.planned]

    def unpack(self, values: Float64[np.ndarray, " h"]) -> Float64[np.ndarray, "nodes weeks"]:
        """The values in their places, 0 elsewhere."""
        matrix = np.zeros(self.planned.shape)
        matrix[self.planned] = values
        return matrix

    def columns(self) -> dict[str, np.ndarray]:
        """Columns node and week of a table with a row per node-week."""
        node, week = np.nonzero(self.planned)
        return {"node": np.array(self.nodes)[node], "week": week.astype(np.int64)}
