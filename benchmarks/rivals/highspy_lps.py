"""HiGHS through highspy with a kept model, from scratch and from the last basis."""

import highspy
import numpy as np

from benchmarks.rivals.lps import Changes, LPs, asked, measure, report

OPTIONS = {
    "output_flag": False,
    "solver": "simplex",
    "presolve": "off",
    "parallel": "off",
    "threads": 1,
    "simplex_scale_strategy": 0,
    "dual_simplex_cost_perturbation_multiplier": 0.0,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}
"""The fastest of those tried, cold and hot; see the README. Tolerances below the default cost nothing here."""


class Highs:
    """One model for LPs of one shape."""

    name = "highspy, kept model"
    starts = ("cold", "hot")

    def __init__(self, lps: LPs) -> None:
        rows, columns = lps.matrix.shape
        column, row = np.nonzero(lps.matrix.T)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = columns, rows
        model.col_cost_ = model.col_lower_ = np.zeros(columns)
        model.col_upper_ = np.full(columns, highspy.kHighsInf)
        model.row_lower_ = model.row_upper_ = np.zeros(rows)
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = np.searchsorted(column, np.arange(columns + 1)).astype(np.int32)
        model.a_matrix_.index_ = row.astype(np.int32)
        model.a_matrix_.value_ = lps.matrix[row, column]
        self._highs, self._nodes = highspy.Highs(), lps.shape[0]
        for option, setting in OPTIONS.items():
            self._highs.setOptionValue(option, setting)
        self._highs.passModel(model)

    def solve(self, lps: LPs, index: int, changes: Changes, hot: bool) -> np.ndarray | None:
        """Hand over what changed, and run."""
        highs, (cost, upper, right) = self._highs, changes
        if not hot:
            highs.clearSolver()
        if cost.size:
            highs.changeColsCost(cost.size, cost, lps.cost[index][cost])
        if upper.size:
            highs.changeColsBounds(upper.size, upper, np.zeros(upper.size), lps.upper[index][upper])
        if right.size:
            now = lps.right[index][right]
            highs.changeRowsBounds(right.size, right, now, now)  # pyright: ignore[reportAttributeAccessIssue]
        highs.run()
        if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.array(highs.getSolution().col_value[: self._nodes])

    def point(self) -> np.ndarray:
        """All columns."""
        return np.array(self._highs.getSolution().col_value)


def main() -> None:
    """Run and print."""
    lps, before, passes = asked()
    report(measure(Highs(lps), lps, before, passes), "highspy")


if __name__ == "__main__":
    main()
