"""Two solvers of the bound's LP, one contract: split each group's quantity so that arrivals come closest to plan.

    minimize Σ_h |Σ_c P_hc x_c − gap_h|   subject to   Σ_{c in group g} x_c = Q_g, x ≥ 0

`solve_highs` is for LPs of up to some ten thousand columns. `solve_interior` is for larger ones, where HiGHS takes
minutes: a predictor–corrector interior point whose normal equations shrink to one dense matrix over node-weeks, because
a group's row touches only its own columns. Neither is trusted: the caller recomputes primal and dual objective from
what they return.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import highspy
import numpy as np
import scipy.linalg
import scipy.sparse
from jaxtyping import Float64, Int

from jaxsim.highs import QuietHighs

Solver = Callable[[Float64[np.ndarray, " m"]], Float64[np.ndarray, " m"]]
"""Solves A diag(weight) Aᵀ y = r for y."""


@dataclasses.dataclass(frozen=True)
class SplitProblem:
    """Columns are (group, slot) pairs in group order."""

    quantity: Float64[np.ndarray, " groups"]
    """Q, units, positive."""
    start: Int[np.ndarray, " groups"]
    """First column of each group; every group has at least one."""
    arrival: scipy.sparse.csc_array
    """P: node-weeks × columns, probabilities of arrival."""
    gap: Float64[np.ndarray, " h"]
    """Plan less what is in flight, units."""

    @property
    def columns(self) -> int:
        """Columns of P."""
        return self.arrival.indptr.size - 1

    @property
    def lengths(self) -> Int[np.ndarray, " groups"]:
        """Columns of each group."""
        return np.diff(np.append(self.start, self.columns))

    def shares(self) -> scipy.sparse.csc_array:
        """P with every column times its group's quantity: the LP in shares of Q."""
        return scipy.sparse.csc_array(self.arrival * np.repeat(self.quantity, self.lengths)[None, :])

    def owners(self) -> scipy.sparse.csc_array:
        """groups × columns, 1 where the column is the group's."""
        columns = self.columns
        return scipy.sparse.csc_array(
            (np.ones(columns), np.repeat(np.arange(len(self.start)), self.lengths), np.arange(columns + 1)),
            shape=(len(self.start), columns),
        )


@dataclasses.dataclass(frozen=True)
class Split:
    """What a solver found; neither feasible nor optimal unless recomputed so."""

    units: Float64[np.ndarray, " columns"] | None
    """x, or None when the solver has no point."""
    prices: Float64[np.ndarray, " h"]
    """π, within [−1, 1]."""
    status: str


def solve_highs(problem: SplitProblem, *, time_limit: float, threads: int) -> Split:
    """Solve with HiGHS's interior point (no crossover), in shares of Q and multiples of the mean gap."""
    rows, columns = len(problem.gap), problem.columns
    size = max(float(np.abs(problem.gap).mean()), 1e-300)
    eye: Any = scipy.sparse.eye_array(rows, format="csc")
    blocks: Any = [[problem.shares() / size, -eye, eye], [problem.owners(), None, None]]
    matrix: Any = scipy.sparse.block_array(blocks, format="csc")
    lp: Any = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = np.r_[np.zeros(columns), np.ones(2 * rows)]
    lp.col_lower_, lp.col_upper_ = np.zeros(columns + 2 * rows), np.full(columns + 2 * rows, np.inf)
    lp.row_lower_ = lp.row_upper_ = np.r_[problem.gap / size, np.ones(len(problem.start))]
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    highs = QuietHighs()
    options = {
        "time_limit": time_limit,
        "threads": threads,
        "solver": "ipm",
        "run_crossover": "off",
    }
    for option, value in (options | {"ipm_optimality_tolerance": 1e-6}).items():
        highs.setOptionValue(option, value)
    highs.passModel(lp)
    highs.run()
    solution = highs.getSolution()
    prices = np.clip(np.array(solution.row_dual)[:rows], -1.0, 1.0) if solution.dual_valid else np.zeros(rows)
    units = np.array(solution.col_value)[:columns] * np.repeat(problem.quantity, problem.lengths)
    status = highs.modelStatusToString(highs.getModelStatus())
    return Split(units if solution.value_valid else None, prices, status)


def solve_interior(problem: SplitProblem, *, tolerance: float = 1e-6, iterations: int = 60) -> Split:
    """Solve by Mehrotra's predictor–corrector, to a relative gap of `tolerance` or the given number of iterations."""
    model = _Model(problem)
    x = np.concatenate([1.0 / np.repeat(problem.lengths, problem.lengths), np.zeros(2 * len(problem.gap))])
    columns = problem.columns
    miss = model.matrix @ x[:columns] - model.right[: len(problem.gap)]
    x[columns:] = np.concatenate([np.maximum(miss, 0.0), np.maximum(-miss, 0.0)]) + 1.0
    y = np.zeros(len(model.right))
    s = np.maximum(model.cost - model.transpose(y), 0.5)
    status = "Iteration limit reached"
    for _ in range(iterations):
        primal, dual = model.right - model.times(x), model.cost - s - model.transpose(y)
        center = float(x @ s) / x.size
        objective = 1.0 + abs(float(model.cost @ x))
        if max(float(x @ s) / objective, float(np.abs(primal).max()), float(np.abs(dual).max())) <= tolerance:
            status = "Optimal"
            break
        solve = model.factor(x / s)
        dx, _, ds = _direction(model, solve, x, s, primal, dual, -x * s)
        reach_x, reach_s = _reach(x, dx), _reach(s, ds)
        target = center * (float((x + reach_x * dx) @ (s + reach_s * ds)) / x.size / center) ** 3
        dx, dy, ds = _direction(model, solve, x, s, primal, dual, target - x * s - dx * ds)
        x = x + 0.995 * _reach(x, dx) * dx
        reach_s = 0.995 * _reach(s, ds)
        y, s = y + reach_s * dy, s + reach_s * ds
    units = x[:columns] * np.repeat(problem.quantity, problem.lengths)
    return Split(units, np.clip(y[: len(problem.gap)], -1.0, 1.0), status)


def _direction(
    model: "_Model",
    solve: Solver,
    x: Float64[np.ndarray, " n"],
    s: Float64[np.ndarray, " n"],
    primal: Float64[np.ndarray, " m"],
    dual: Float64[np.ndarray, " n"],
    complementarity: Float64[np.ndarray, " n"],
) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " m"], Float64[np.ndarray, " n"]]:
    """Newton direction: A dx = primal, Aᵀdy + ds = dual, s dx + x ds = complementarity."""
    weight = x / s
    dy = solve(primal + model.times(weight * dual - complementarity / s))
    ds = dual - model.transpose(dy)
    return (complementarity - x * ds) / s, dy, ds


def _reach(value: Float64[np.ndarray, " n"], step: Float64[np.ndarray, " n"]) -> float:
    """Longest step of at most 1 that keeps `value` nonnegative."""
    down = step < 0
    return min(1.0, float((-value[down] / step[down]).min(initial=np.inf)))


class _Model:
    """Rows: node-weeks, then groups. Columns: shares of Q, then units over and units under plan (in mean gaps)."""

    def __init__(self, problem: SplitProblem) -> None:
        self.size = max(float(np.abs(problem.gap).mean()), 1e-300)
        self.rows, self.columns = len(problem.gap), problem.columns
        self.start, self.lengths = problem.start, problem.lengths
        self.matrix = scipy.sparse.csr_array(problem.shares() / self.size)
        self.by_column = scipy.sparse.csc_array(self.matrix)
        self.matrix_transposed = scipy.sparse.csr_array(self.matrix.T)
        self.owners_transposed = scipy.sparse.csr_array(problem.owners().T)
        self.cost = np.concatenate([np.zeros(self.columns), np.ones(2 * self.rows)])
        self.right = np.concatenate([problem.gap / self.size, np.ones(len(problem.start))])

    def times(self, x: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " rows"]:
        """A x."""
        share, over, under = (
            x[: self.columns],
            x[self.columns : self.columns + self.rows],
            x[self.columns + self.rows :],
        )
        return np.concatenate([self.matrix @ share - over + under, np.add.reduceat(share, self.start)])

    def transpose(self, y: Float64[np.ndarray, " rows"]) -> Float64[np.ndarray, " n"]:
        """Aᵀ y."""
        price = y[: self.rows]
        return np.concatenate([self.matrix_transposed @ price + np.repeat(y[self.rows :], self.lengths), -price, price])

    def factor(self, weight: Float64[np.ndarray, " n"]) -> Solver:
        """Solver of A diag(weight) Aᵀ y = r: groups eliminated, one Cholesky factor over node-weeks."""
        share = weight[: self.columns]
        group = np.add.reduceat(share, self.start)
        relative = self._relative_to_heaviest(share)
        scaled = relative * share[None, :]
        mixed = scipy.sparse.csr_array(scaled @ self.owners_transposed)
        dense = (scaled @ relative.T).toarray() - ((mixed / group[None, :]) @ mixed.T).toarray()
        dense[np.diag_indices(self.rows)] += weight[self.columns :].reshape(2, -1).sum(0)
        dense[np.diag_indices(self.rows)] *= 1 + 1e-12
        factor = scipy.linalg.cho_factor(dense, lower=True)
        weighted = scipy.sparse.csr_array((self.matrix * share[None, :]) @ self.owners_transposed)

        def solve(right: Float64[np.ndarray, " rows"]) -> Float64[np.ndarray, " rows"]:
            top, bottom = right[: self.rows], right[self.rows :]
            price = scipy.linalg.cho_solve(factor, top - weighted @ (bottom / group))
            return np.concatenate([price, (bottom - weighted.T @ price) / group])

        return solve

    def _relative_to_heaviest(self, share: Float64[np.ndarray, " columns"]) -> scipy.sparse.csr_array:
        """Columns less the column of most weight in their group: the same Schur complement without its cancellation."""
        owner = np.repeat(np.arange(len(self.start)), self.lengths)
        order = np.lexsort((-share, owner))
        return scipy.sparse.csr_array(self.matrix - self.by_column[:, order[self.start][owner]])
