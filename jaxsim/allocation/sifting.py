"""Linear programs with many columns and few rows, by HiGHS on the columns that matter.

    minimize c'x   subject to   row_low ≤ A x ≤ row_high,   lower ≤ x ≤ upper

A transportation problem of 1,000 warehouses and 1,000 locations has a million columns, of which an optimal basis uses
two thousand. Sifting (Bixby, Gregory, Lustig, Marsten and Shanno, *Very large-scale linear programming*, 1992) solves
the LP of some columns, prices all the others at its duals, adds those that would improve it, and ends when none would:
then the duals prove optimality for all columns. A small LP starts with all of them and ends at once.

An infeasible LP is solved once more with costs of violation in place of its own: the least violation, and duals that
prove it, the same way.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import highspy
import numpy as np
import scipy.sparse
from jaxtyping import Bool, Float64, Int

from jaxsim import interrupts
from jaxsim.highs import QuietHighs

WHOLE = 20_000
"""Columns up to which an LP is solved whole."""
_PRICE_TOLERANCE = 1e-9
_OPTIONS = {
    "threads": 1,
    "parallel": "off",
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}


@dataclass(frozen=True)
class ColumnLP:
    """An LP; lower bounds are finite."""

    cost: Float64[np.ndarray, " columns"]
    lower: Float64[np.ndarray, " columns"]
    upper: Float64[np.ndarray, " columns"]
    matrix: scipy.sparse.csc_array
    """Rows × columns."""
    row_low: Float64[np.ndarray, " rows"]
    row_high: Float64[np.ndarray, " rows"]
    violation_cost: Float64[np.ndarray, " rows"]
    """What a unit of violation of each row counts where not all rows can be kept."""


class Answer(NamedTuple):
    """An optimum; of an infeasible LP a point of least violation, and prices that prove that it is the least."""

    feasible: bool
    x: Float64[np.ndarray, " columns"]
    y: Float64[np.ndarray, " rows"]
    """∂objective/∂bound of each row."""
    violation: Float64[np.ndarray, " rows"]
    """How much each row misses its bounds by, in its units; 0 where the LP is feasible."""
    columns: int
    """Columns that HiGHS has seen."""


def sift(lp: ColumnLP, first: Int[np.ndarray, " some"]) -> Answer:
    """Solve the LP.

    Args:
        first: columns to begin with; all where there are few.

    Raises:
        RuntimeError: HiGHS ends otherwise than optimal or infeasible, as where there is no least cost.
        KeyboardInterrupt: a signal has asked for an end.
    """
    restricted = _Restricted(lp, first)
    if restricted.minimize(violation=False):
        return restricted.answer(feasible=True)
    restricted.minimize(violation=True)
    found = restricted.answer(feasible=False)
    largest = max(1.0, float(np.abs(np.r_[lp.row_low, lp.row_high][np.isfinite(np.r_[lp.row_low, lp.row_high])]).max()))
    if float(found.violation.max(initial=0.0)) > 1e-9 * largest:
        return found
    if not restricted.minimize(violation=False):  # some columns together are feasible now
        raise RuntimeError("HiGHS finds no optimum of an allocation that is feasible to rounding")
    return restricted.answer(feasible=True)


class _Restricted:
    """The LP of some columns in HiGHS, with two columns of violation for each row, fixed to 0 while not needed."""

    def __init__(self, lp: ColumnLP, first: Int[np.ndarray, " some"]) -> None:
        self.lp = lp
        self.rows, self.columns = len(lp.row_low), len(lp.cost)
        self.known = np.zeros(self.columns, bool)
        self.order = np.zeros(0, np.int64)
        self.cost = lp.cost
        self.transposed = scipy.sparse.csr_array(lp.matrix.T)
        self.highs: Any = QuietHighs()
        for option, value in _OPTIONS.items():
            self.highs.setOptionValue(option, value)
        self._begin()
        chosen = np.zeros(self.columns, bool)
        chosen[first if self.columns > WHOLE else slice(None)] = True
        self._add(np.flatnonzero(chosen | (lp.lower != 0)))

    def _begin(self) -> None:
        """Rows, and their columns of violation: +1 for what is missing, then −1 for what is too much."""
        model: Any = highspy.HighsLp()
        eye: Any = scipy.sparse.eye_array(self.rows, format="csc")
        both: Any = scipy.sparse.hstack([eye, -eye], format="csc")
        model.num_row_, model.num_col_ = self.rows, 2 * self.rows
        model.col_cost_, model.col_lower_ = np.zeros(2 * self.rows), np.zeros(2 * self.rows)
        model.col_upper_ = np.zeros(2 * self.rows)
        model.row_lower_, model.row_upper_ = self.lp.row_low, self.lp.row_high
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_, model.a_matrix_.index_ = both.indptr, both.indices
        model.a_matrix_.value_ = both.data
        self.highs.passModel(model)

    def _add(self, which: Int[np.ndarray, " new"]) -> None:
        lp, part = self.lp, scipy.sparse.csc_array(self.lp.matrix[:, which])
        self.highs.addCols(
            len(which), self.cost[which], lp.lower[which], lp.upper[which], part.nnz,
            part.indptr[:-1].astype(np.int32), part.indices.astype(np.int32), part.data,
        )  # fmt: skip
        self.known[which] = True
        self.order = np.concatenate([self.order, which])

    def minimize(self, *, violation: bool) -> bool:
        """Sift until no column is missing; False where the LP of the known columns is infeasible."""
        self._price(violation)
        while True:
            interrupts.check()
            self.highs.run()
            status = self.highs.getModelStatus()
            if status == highspy.HighsModelStatus.kInfeasible:
                return False
            if status != highspy.HighsModelStatus.kOptimal:
                name = self.highs.modelStatusToString(status)
                raise RuntimeError(f"HiGHS ends an allocation with the status {name!r}")
            missing = self._missing()
            if not missing.size:
                return True
            self._add(missing)

    def _price(self, violation: bool) -> None:
        """Costs of the LP, or those of violation alone."""
        slack = np.arange(2 * self.rows, dtype=np.int32)
        charge = np.tile(self.lp.violation_cost, 2) if violation else np.zeros(2 * self.rows)
        free = np.full(2 * self.rows, np.inf) if violation else np.zeros(2 * self.rows)
        self.cost = np.zeros(self.columns) if violation else self.lp.cost
        self.highs.changeColsCost(2 * self.rows, slack, charge)
        self.highs.changeColsBounds(2 * self.rows, slack, np.zeros(2 * self.rows), free)
        place = np.arange(2 * self.rows, 2 * self.rows + len(self.order), dtype=np.int32)
        self.highs.changeColsCost(len(self.order), place, self.cost[self.order])

    def _missing(self) -> Int[np.ndarray, " new"]:
        """Columns to add: those that would improve most."""
        if self.known.all():
            return np.zeros(0, np.int64)
        reduced = self.cost - self.transposed @ np.array(self.highs.getSolution().row_dual)
        size = max(1e-300, float(np.abs(self.cost).max(initial=0.0)), float(self.lp.violation_cost.max(initial=0.0)))
        better = np.flatnonzero(~self.known & (reduced < -_PRICE_TOLERANCE * size) & (self.lp.upper > 0))
        most = 4 * self.rows
        if len(better) > most:
            better = better[np.argpartition(reduced[better], most)[:most]]
        return better

    def answer(self, *, feasible: bool) -> Answer:
        solution = self.highs.getSolution()
        values = np.array(solution.col_value)
        x = self.lp.lower.copy()
        x[self.order] = np.clip(values[2 * self.rows :], self.lp.lower[self.order], self.lp.upper[self.order])
        off = values[: self.rows] + values[self.rows : 2 * self.rows]
        return Answer(feasible, x, np.array(solution.row_dual), np.where(feasible, 0.0, off), int(self.known.sum()))


def cheapest_by(group: Int[np.ndarray, " columns"], cost: Float64[np.ndarray, " columns"], count: int) -> Any:
    """Mask of the `count` cheapest columns of each group."""
    order = np.lexsort((cost, group))
    ranked = group[order]
    start = np.r_[True, ranked[1:] != ranked[:-1]]
    first = np.maximum.accumulate(np.where(start, np.arange(len(order)), 0))
    mask: Bool[np.ndarray, " columns"] = np.zeros(len(group), bool)
    mask[order[np.arange(len(order)) - first < count]] = True
    return mask
