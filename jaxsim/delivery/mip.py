"""Mixed-integer programs in HiGHS: built column by column and row by row, stopped by time or by a signal.

The best point so far always comes back, with the bound that HiGHS has proven by then.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import highspy
import numpy as np
from jaxtyping import Float64

from jaxsim import interrupts
from jaxsim.delivery.schedule import Status
from jaxsim.highs import QuietHighs

GAP = 1e-9
"""Relative gap at which a plan is called optimal."""


class Found(NamedTuple):
    """Where a search ended."""

    x: Float64[np.ndarray, " columns"] | None
    """The best point; None where there is none."""
    bound: float
    """No point costs less."""
    status: Status


@dataclass
class Program:
    """Minimize Σ cost x subject to rows; columns and rows are numbered as they are added."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)
    _start: list[int] = field(default_factory=lambda: [0])
    _index: list[int] = field(default_factory=list)
    _value: list[float] = field(default_factory=list)

    def column(self, cost: float, low: float = 0.0, high: float = 1.0, *, whole: bool = True) -> int:
        """Add a column; returns its number."""
        for values, value in ((self.cost, cost), (self.low, low), (self.high, high)):
            values.append(value)
        self.whole.append(whole)
        return len(self.cost) - 1

    def row(self, low: float, entries: Mapping[int, float], high: float) -> None:
        """Add a row low ≤ Σ value x ≤ high."""
        self.row_low.append(low)
        self.row_high.append(high)
        self._index.extend(entries.keys())
        self._value.extend(entries.values())
        self._start.append(len(self._index))

    def minimize(self, seconds: float, start: Sequence[float] | None = None) -> Found:
        """Search for so many seconds at most, from a feasible point where there is one.

        Raises:
            RuntimeError: HiGHS ends in a way that is neither of these, or finds the rows infeasible.
        """
        if not self.cost:  # which HiGHS calls by a status of its own
            return Found(np.zeros(0), 0.0, Status.OPTIMAL)
        highs: Any = QuietHighs()
        options = {"time_limit": float(seconds), "threads": 1, "mip_rel_gap": GAP, "mip_abs_gap": 1e-9}
        for option, value in options.items():
            highs.setOptionValue(option, value)
        highs.passModel(self._model())
        if start is not None:
            solution: Any = highspy.HighsSolution()
            solution.col_value = list(start)
            highs.setSolution(solution)
        stop = _Stop()
        highs.HandleUserInterrupt = True
        for callback in (highs.cbMipInterrupt, highs.cbSimplexInterrupt, highs.cbIpmInterrupt):
            callback.subscribe(stop)
        highs.run()
        return _found(highs, stop.asked)

    def _model(self) -> Any:
        lp: Any = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.row_low)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = map(np.array, (self.cost, self.low, self.high))
        lp.row_lower_, lp.row_upper_ = np.array(self.row_low, float), np.array(self.row_high, float)
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if each else kinds.kContinuous for each in self.whole]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self._start, np.int32)
        lp.a_matrix_.index_, lp.a_matrix_.value_ = np.array(self._index, np.int32), np.array(self._value, float)
        return lp


class _Stop:
    """Stops HiGHS when a signal has asked for an end; one that raises, as in a notebook, is taken for the same."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, event: Any) -> None:
        try:
            self.asked = self.asked or interrupts.requested()
        except KeyboardInterrupt:
            self.asked = True
        if self.asked:
            event.interrupt()


def _found(highs: Any, stopped: bool) -> Found:
    status, info = highs.getModelStatus(), highs.getInfo()
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    x = np.array(highs.getSolution().col_value) if feasible else None
    bound = float(info.mip_dual_bound)
    bound = bound if math.isfinite(bound) else -math.inf
    kinds = highspy.HighsModelStatus
    if status == kinds.kOptimal:
        return Found(x, min(bound, float(info.objective_function_value)), Status.OPTIMAL)
    if stopped or status == kinds.kInterrupt:
        return Found(x, bound, Status.INTERRUPTED)
    if status == kinds.kTimeLimit:
        return Found(x, bound, Status.TIME_LIMIT)
    raise RuntimeError(f"HiGHS ends a schedule with the status {highs.modelStatusToString(status)!r}")
