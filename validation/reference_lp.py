"""The buying LP handed to HiGHS row by row: a plain reference for tests and certificates."""

from typing import NamedTuple

import highspy
import numpy as np
from scipy.optimize import linprog

HIGHS_OPTIONS = {
    "output_flag": False,
    "solver": "simplex",
    "presolve": "off",
    "parallel": "off",
    "threads": 1,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}


class Answer(NamedTuple):
    """What HiGHS found; ``order`` and ``objective`` are None when the LP is infeasible."""

    feasible: bool
    objective: float | None
    order: np.ndarray | None


def constraint_matrix(nodes: int, regions: int, segments: int) -> np.ndarray:
    """Rows: supply of each node, demand of each region, order total. Columns: x, y, o, z, node or region first."""
    ship = np.zeros((nodes + regions + 1, nodes, regions))
    served = np.zeros((nodes + regions + 1, regions, segments))
    order = np.zeros((nodes + regions + 1, nodes))
    left = np.zeros((nodes + regions + 1, nodes))
    for k in range(nodes):
        order[k, k], order[-1, k], left[k, k], ship[k, k] = -1, 1, 1, 1
    for r in range(regions):
        ship[nodes + r, :, r], served[nodes + r, r] = 1, -1
    return np.hstack([a.reshape(len(a), -1) for a in (order, ship, left, served)])


class HighsBuyingLP:
    """One kept HiGHS model for LPs of one shape. Columns: x (K), y (K R), o (K), z (R M); rows: K + R + 1."""

    def __init__(self, nodes: int, regions: int, segments: int) -> None:
        self.shape = nodes, regions, segments
        columns = 2 * nodes + nodes * regions + regions * segments
        matrix = constraint_matrix(nodes, regions, segments)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = columns, nodes + regions + 1
        lp.col_cost_ = np.zeros(columns)
        lp.col_lower_, lp.col_upper_ = np.zeros(columns), np.ones(columns)
        lp.row_lower_ = lp.row_upper_ = np.zeros(nodes + regions + 1)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        rows, cols = np.nonzero(matrix.T)[::-1]
        lp.a_matrix_.start_ = np.searchsorted(cols, np.arange(columns + 1)).astype(np.int32)
        lp.a_matrix_.index_ = rows.astype(np.int32)
        lp.a_matrix_.value_ = matrix[rows, cols]
        self.columns = np.arange(columns, dtype=np.int32)
        self.rows = np.arange(nodes + regions + 1, dtype=np.int32)
        self.highs = highspy.Highs()
        for name, value in HIGHS_OPTIONS.items():
            self.highs.setOptionValue(name, value)
        self.highs.passModel(lp)

    def solve(self, problem: dict[str, np.ndarray], keep_basis: bool = False) -> Answer:
        """Solve one LP given as the fields of `BuyingLP`, without batch axes; from scratch unless ``keep_basis``."""
        nodes, regions, _ = self.shape
        value = np.broadcast_to(problem["segment_value"], problem["segment_width"].shape)
        closed = ~np.isfinite(problem["route_cost"])
        route = np.where(closed, 0.0, problem["route_cost"])
        cost = np.concatenate([problem["order_cost"], route.ravel(), problem["overage_cost"], -value.ravel()])
        everything = float(problem["supply"].sum() + problem["order_total"])
        unit = 2.0 ** np.round(np.log2(everything) - 10) if everything > 0 else 1.0
        step = 2.0 ** np.round(np.log2(np.abs(cost).max()) - 10) if np.abs(cost).max() > 0 else 1.0
        upper = np.concatenate([
            problem["order_cap"] / unit,
            np.where(closed, 0.0, highspy.kHighsInf).ravel(),
            np.full(nodes, highspy.kHighsInf),
            problem["segment_width"].ravel() / unit,
        ])  # fmt: skip
        right = np.concatenate([problem["supply"], np.zeros(regions), [problem["order_total"]]]) / unit
        highs = self.highs
        if not keep_basis:
            highs.clearSolver()
        highs.changeColsCost(len(cost), self.columns, cost / step)
        highs.changeColsBounds(len(cost), self.columns, np.zeros(len(cost)), upper)
        highs.changeRowsBounds(len(right), self.rows, right, right)  # pyright: ignore[reportAttributeAccessIssue]
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return Answer(False, None, None)
        point = np.array(highs.getSolution().col_value)
        return Answer(True, float(cost @ point) * unit, point[:nodes] * unit)


def solve_with_scipy(problem: dict[str, np.ndarray]) -> float:
    """Objective of one LP by `scipy.optimize.linprog`, from scratch, as a user would call it."""
    nodes, regions, segments = *problem["route_cost"].shape, problem["segment_width"].shape[1]
    value = np.broadcast_to(problem["segment_value"], problem["segment_width"].shape)
    cost = [problem["order_cost"], problem["route_cost"].ravel(), problem["overage_cost"], -value.ravel()]
    free = np.full(nodes * regions + nodes, np.inf)
    upper = np.concatenate([problem["order_cap"], free, problem["segment_width"].ravel()])
    right = np.concatenate([problem["supply"], np.zeros(regions), [problem["order_total"]]])
    matrix = constraint_matrix(nodes, regions, segments)
    bounds = np.stack([np.zeros_like(upper), upper], axis=1)
    return linprog(np.concatenate(cost), A_eq=matrix, b_eq=right, bounds=bounds).fun
