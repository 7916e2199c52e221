"""The quadratic program of one search step, eqs. (8a)–(8c): a concave quadratic over a box.

    maximize ½ δᵀHδ + δᵀV   subject to   lower ≤ δ ≤ upper,   H negative semidefinite

Projected Newton (Bertsekas 1982): variables held at a bound by their gradient are fixed, the others take a Newton step
that is bent along the box, with a step length that must decrease the objective. Inside, variables are scaled to unit
curvature, so the result does not depend on the units of single node-weeks. A step limit, a sign cut (one bound is 0)
and a node-week that may not move at all (lower = upper) are all just bounds here.
"""

import dataclasses

import numpy as np
import scipy.linalg
from jaxtyping import Bool, Float64

MAX_ITERATIONS = 300
RIDGE = 1e-11
"""Added to the scaled Newton matrix (unit diagonal): singular directions then run into the box instead of failing."""


@dataclasses.dataclass(frozen=True)
class BoxSolution:
    """Maximizer of a box QP and its recomputed certificate."""

    step: Float64[np.ndarray, " n"]
    residual: float
    """∞-norm of z − clip(z − gradient), variables scaled to unit curvature, relative to max(1, ‖z‖∞, ‖V‖∞)."""
    iterations: int


@dataclasses.dataclass(frozen=True)
class _Problem:
    """minimize ½ zᵀAz − bᵀz over a box, with A scaled to unit diagonal."""

    matrix: Float64[np.ndarray, "n n"]
    linear: Float64[np.ndarray, " n"]
    lower: Float64[np.ndarray, " n"]
    upper: Float64[np.ndarray, " n"]

    def project(self, point: Float64[np.ndarray, " n"]) -> Float64[np.ndarray, " n"]:
        return np.clip(point, self.lower, self.upper)

    def residual(self, point: Float64[np.ndarray, " n"], gradient: Float64[np.ndarray, " n"]) -> float:
        if point.size == 0:
            return 0.0
        size = max(1.0, float(np.abs(point).max()), float(np.abs(self.linear).max()))
        return float(np.abs(point - self.project(point - gradient)).max()) / size


def solve_box_qp(
    matrix: Float64[np.ndarray, "n n"],
    gradient: Float64[np.ndarray, " n"],
    lower: Float64[np.ndarray, " n"],
    upper: Float64[np.ndarray, " n"],
    *,
    tolerance: float = 1e-13,
) -> BoxSolution:
    """Maximize ½ δᵀHδ + δᵀV over a box, H = `matrix`, V = `gradient` (8a).

    Args:
        matrix: H, symmetric negative semidefinite, units per cost; may be singular.
        gradient: V, units.
        lower, upper: Finite bounds of the step, in cost.
        tolerance: Residual (see `BoxSolution`) at which to stop.

    Raises:
        ValueError: Shapes differ, a number is not finite, a lower bound exceeds its upper bound, or H has a positive
            diagonal.
    """
    _check(matrix, gradient, lower, upper)
    curvature = -np.diag(matrix)
    typical = float(curvature.max(initial=0.0))
    scale = 1 / np.sqrt(np.maximum(curvature, max(typical, 1e-300) * 1e-12)) if typical > 0 else np.ones_like(curvature)
    problem = _Problem(
        matrix=-(matrix + matrix.T) / 2 * scale[:, None] * scale,
        linear=gradient * scale,
        lower=lower / scale,
        upper=upper / scale,
    )
    point, residual, iterations = _projected_newton(problem, tolerance)
    return BoxSolution(step=np.clip(point * scale, lower, upper), residual=residual, iterations=iterations)


def _check(
    matrix: Float64[np.ndarray, "rows columns"],
    gradient: Float64[np.ndarray, " n"],
    lower: Float64[np.ndarray, " below"],
    upper: Float64[np.ndarray, " above"],
) -> None:
    n = len(gradient)
    if matrix.shape != (n, n) or lower.shape != (n,) or upper.shape != (n,):
        raise ValueError(f"box QP: shapes {matrix.shape}, {gradient.shape}, {lower.shape}, {upper.shape} do not agree")
    if not all(np.isfinite(x).all() for x in (matrix, gradient, lower, upper)):
        raise ValueError("box QP: every number must be finite")
    if (lower > upper).any():
        raise ValueError(f"box QP: lower bound exceeds upper bound at {int(np.argmax(lower > upper))}")
    if (np.diag(matrix) > 0).any():
        raise ValueError("box QP: the matrix must be negative semidefinite, but a diagonal element is positive")


def _projected_newton(problem: _Problem, tolerance: float) -> tuple[Float64[np.ndarray, " n"], float, int]:
    point = problem.project(problem.linear)
    iterations = 0
    while True:
        gradient = problem.matrix @ point - problem.linear
        residual = problem.residual(point, gradient)
        if residual <= tolerance or iterations == MAX_ITERATIONS:
            return point, residual, iterations
        iterations += 1
        held = _held(problem, point, gradient)
        step = _bent_step(problem, point, gradient, _newton_direction(problem, gradient, ~held))
        if step is None:
            step = _bent_step(problem, point, gradient, -gradient)
        if step is None:  # no representable descent: the point is as good as float64 allows
            return point, residual, iterations
        point = problem.project(point + step)


def _held(
    problem: _Problem, point: Float64[np.ndarray, " n"], gradient: Float64[np.ndarray, " n"]
) -> Bool[np.ndarray, " n"]:
    """Variables at a bound (or within a whisker of it) that the gradient pushes outward."""
    whisker = 1e-14 * np.maximum(1.0, np.abs(point))
    fixed = problem.lower == problem.upper
    return (
        fixed
        | ((point <= problem.lower + whisker) & (gradient >= 0))
        | ((point >= problem.upper - whisker) & (gradient <= 0))
    )


def _newton_direction(
    problem: _Problem, gradient: Float64[np.ndarray, " n"], free: Bool[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """Newton step of the free variables; the ridge grows until the Cholesky factor exists."""
    direction = np.zeros_like(gradient)
    index = np.flatnonzero(free)
    if index.size == 0:
        return direction
    block = problem.matrix[np.ix_(index, index)]
    ridge = RIDGE
    while True:
        try:
            factor = scipy.linalg.cho_factor(block + ridge * np.eye(index.size), lower=True, check_finite=False)
            break
        except np.linalg.LinAlgError:
            ridge *= 100
    direction[index] = -scipy.linalg.cho_solve(factor, gradient[index], check_finite=False)
    return direction


def _bent_step(
    problem: _Problem,
    point: Float64[np.ndarray, " n"],
    gradient: Float64[np.ndarray, " n"],
    direction: Float64[np.ndarray, " n"],
) -> Float64[np.ndarray, " n"] | None:
    """Longest of 1, ½, ¼, … along the projected arc that decreases the objective enough; None when there is none.

    The decrease of a quadratic is computed from the step itself, without subtracting two objectives.
    """
    length = 1.0
    for _ in range(50):
        step = problem.project(point + length * direction) - point
        slope = float(gradient @ step)
        decrease = -(slope + 0.5 * float(step @ (problem.matrix @ step)))
        if decrease > 0 and decrease >= -1e-4 * slope:
            return step
        length *= 0.5
    return None
