# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""OR-Tools on the buying LP: its minimum-cost flow, which takes whole numbers only, and GLOP with a kept model.

The network: pool to node (c, cap), node to region (w), node to sink (h), region to sink in M arcs (-b, width); supplies
at the nodes, the order total at the pool. Its arcs are the LP's columns, in their order.
"""

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow
from ortools.linear_solver import pywraplp

from benchmarks.rivals.lps import Changes, LPs, asked, measure, report

BITS = (30, 20)
"""Costs and quantities are rounded to whole numbers of about so many bits: exact to rounding, and faster but coarse."""

GLOP = "use_preprocessing: false use_scaling: false"
"""The fastest of those tried, cold and hot; see the README."""


class MinCostFlow:
    """Costs of arcs cannot be changed, so every LP is a new network; it has no hot start."""

    starts = ("cold",)

    def __init__(self, lps: LPs, bits: int) -> None:
        nodes, regions, segments = lps.shape
        node, region = np.arange(nodes), nodes + np.arange(regions)
        self._pool, self._sink = nodes + regions, nodes + regions + 1
        ends = lambda *parts: np.concatenate(parts).astype(np.int32)
        to_sink = np.full(regions * segments, self._sink)
        self._tails = ends(np.full(nodes, self._pool), np.repeat(node, regions), node, np.repeat(region, segments))
        self._heads = ends(node, np.tile(region, nodes), np.full(nodes, self._sink), to_sink)
        self._scale, self._flow, self._columns = 2.0 ** (bits - 10), SimpleMinCostFlow(), self._tails.size
        self.name = f"OR-Tools min-cost flow, {bits} bits"

    def solve(self, lps: LPs, index: int, changes: Changes, hot: bool) -> np.ndarray | None:
        """Round, make the network, and solve."""
        nodes, whole = lps.shape[0], lambda array: np.rint(array * self._scale).astype(np.int64)
        right = whole(lps.right[index])
        everything = right[:nodes].sum() + right[-1]
        supply = np.zeros(self._sink + 1, np.int64)
        supply[:nodes], supply[self._pool], supply[self._sink] = right[:nodes], right[-1], -everything
        upper = whole(np.minimum(lps.upper[index], everything / self._scale))
        self._flow = SimpleMinCostFlow()
        cost = whole(lps.cost[index])
        self._arcs = self._flow.add_arcs_with_capacity_and_unit_cost(self._tails, self._heads, upper, cost)
        self._flow.set_nodes_supplies(np.arange(supply.size, dtype=np.int32), supply)
        if self._flow.solve() != self._flow.OPTIMAL:
            return None
        return self._flow.flows(self._arcs[:nodes]) / self._scale

    def point(self) -> np.ndarray:
        """All columns."""
        return self._flow.flows(self._arcs) / self._scale


class Glop:
    """One model for LPs of one shape; hot, it goes on from its last basis."""

    name = "OR-Tools GLOP, kept model"
    starts = ("cold", "hot")

    def __init__(self, lps: LPs) -> None:
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        rows, columns = lps.matrix.shape
        self._x = [self._solver.NumVar(0, self._solver.infinity(), "") for _ in range(columns)]
        self._rows = [self._solver.Constraint(0, 0) for _ in range(rows)]
        for row, column in zip(*np.nonzero(lps.matrix), strict=True):
            self._rows[row].SetCoefficient(self._x[column], float(lps.matrix[row, column]))
        self._objective = self._solver.Objective()
        self._objective.SetMinimization()
        self._solver.SetSolverSpecificParametersAsString(GLOP)
        kinds = pywraplp.MPSolverParameters
        self._warmth = {False: kinds.INCREMENTALITY_OFF, True: kinds.INCREMENTALITY_ON}
        self._parameters, self._incrementality = kinds(), kinds.INCREMENTALITY

    def solve(self, lps: LPs, index: int, changes: Changes, hot: bool) -> np.ndarray | None:
        """Hand over what changed, number by number, which is the only way, and run."""
        of = lambda array, places: zip(places.tolist(), array[index][places].tolist(), strict=True)
        for column, cost in of(lps.cost, changes.cost):
            self._objective.SetCoefficient(self._x[column], cost)
        for column, upper in of(lps.upper, changes.upper):
            self._x[column].SetUb(upper)
        for row, right in of(lps.right, changes.right):
            self._rows[row].SetBounds(right, right)
        self._parameters.SetIntegerParam(self._incrementality, self._warmth[hot])
        if self._solver.Solve(self._parameters) != pywraplp.Solver.OPTIMAL:
            return None
        return np.array([x.solution_value() for x in self._x[: lps.shape[0]]])

    def point(self) -> np.ndarray:
        """All columns."""
        return np.array([x.solution_value() for x in self._x])


def main() -> None:
    """Run and print."""
    lps, before, passes = asked()
    solvers = [Glop(lps), *(MinCostFlow(lps, bits) for bits in BITS)]
    report([row for solver in solvers for row in measure(solver, lps, before, passes)], "ortools")


if __name__ == "__main__":
    main()
