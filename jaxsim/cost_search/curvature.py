"""Estimates of the Hessian-like matrix H of the dual, H[h, i] = change of violation h per unit of cost i.

H is kept symmetric negative semidefinite: raising a cost lowers the arrivals that pay it. A search makes a first,
diagonal estimate; a `Curvature` replaces it after every simulation. `DampedBfgs` is the paper's eq. (7);
`LpSensitivity` adds up how each buying LP's order responds to costs.
"""

import dataclasses
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What one simulation tells the search."""

    utilization: Float64[np.ndarray, " h"]
    """Ũ in units, a number for each node-week of the plan."""
    extras: dict[str, float] = dataclasses.field(default_factory=dict)
    """Figures to report beside the iteration, such as preferred node availability."""
    error: Float64[np.ndarray, " h"] | None = None
    """Standard error of Ũ, units, where it is known."""
    sensitivity: Callable[[], Float64[np.ndarray, "h h"]] | None = None
    """Computes ∂Ũ/∂λ at the costs, units per cost, when the simulation can tell: 0 in rows and columns of which it
    cannot."""


@dataclasses.dataclass(frozen=True)
class Transition:
    """The last move of the search: from one simulated cost vector to the next."""

    iteration: int
    """Of the simulation at the end of the move."""
    cost_step: Float64[np.ndarray, " h"]
    """δ_λ, cost."""
    violation_change: Float64[np.ndarray, " h"]
    """δ_V, units."""
    evaluation: Evaluation
    """The simulation at the end of the move."""


@dataclasses.dataclass(frozen=True)
class CurvatureUpdate:
    """A new H, and whether the transition was left out of it (wrong curvature)."""

    matrix: Float64[np.ndarray, "h h"]
    skipped: bool


@runtime_checkable
class Curvature(Protocol):
    """A rule that replaces H after a simulation; it must return a symmetric negative semidefinite matrix."""

    def __call__(self, matrix: Float64[np.ndarray, "h h"], transition: Transition) -> CurvatureUpdate: ...


@dataclasses.dataclass(frozen=True)
class DampedBfgs:
    """Eq. (7) with Powell's damping.

    A transition whose own curvature −δ_Vᵀδ_λ is below `damping` times what H predicts (−δ_λᵀHδ_λ) is blended with the
    prediction until it is not, so that H stays negative definite. A transition is skipped when the blend would need
    less than `least_weight` of the observation, or when the step is zero.
    """

    damping: float = 0.2
    least_weight: float = 0.1

    def __post_init__(self) -> None:
        if not 0 < self.damping < 1 or not 0 <= self.least_weight < 1:
            raise ValueError("DampedBfgs: damping must lie in (0, 1) and least_weight in [0, 1)")

    def __call__(self, matrix: Float64[np.ndarray, "h h"], transition: Transition) -> CurvatureUpdate:
        step, change = transition.cost_step, -transition.violation_change
        predicted = -(matrix @ step)
        predicted_curvature = float(step @ predicted)
        curvature = float(step @ change)
        if not predicted_curvature > 0:
            return CurvatureUpdate(matrix, skipped=True)
        weight = 1.0
        if curvature < self.damping * predicted_curvature:
            weight = (1 - self.damping) * predicted_curvature / (predicted_curvature - curvature)
        if weight < self.least_weight:
            return CurvatureUpdate(matrix, skipped=True)
        change = weight * change + (1 - weight) * predicted
        curvature = float(step @ change)
        new = matrix - np.outer(change, change) / curvature + np.outer(predicted, predicted) / predicted_curvature
        return CurvatureUpdate((new + new.T) / 2, skipped=False)


@dataclasses.dataclass(frozen=True)
class LpSensitivity:
    """H = Σ γ Pᵀ (∂x/∂c) P over the buying LPs of the simulation, averaged over iterations.

    It is computed every few iterations, as it changes slowly. Node-weeks of which no LP tells, such as those of other
    resources than arrivals, keep the diagonal that they have.
    """

    every: int = 4
    """Iterations from one to the next."""
    weight: float = 0.5
    """Of the newest in the average."""

    def __post_init__(self) -> None:
        if self.every < 1 or not 0 < self.weight <= 1:
            raise ValueError("LpSensitivity: every must be at least 1 and weight in (0, 1]")

    def __call__(self, matrix: Float64[np.ndarray, "h h"], transition: Transition) -> CurvatureUpdate:
        if transition.iteration % self.every or transition.evaluation.sensitivity is None:
            return CurvatureUpdate(matrix, skipped=False)
        found = transition.evaluation.sensitivity()
        found = (found + found.T) / 2
        untold = ~found.any(1)
        found[untold, untold] = np.diag(matrix)[untold]
        if transition.iteration == 0:
            return CurvatureUpdate(found, skipped=False)
        return CurvatureUpdate((1 - self.weight) * matrix + self.weight * found, skipped=False)


def diagonal_start(
    plan: Float64[np.ndarray, " h"],
    cost_step: Float64[np.ndarray, " h"],
    violation_change: Float64[np.ndarray, " h"],
    *,
    cost_scale: float,
    spread: float,
) -> Float64[np.ndarray, "h h"]:
    """Diagonal H⁰ of the first two simulations (section 2.4.3).

    One elasticity κ = −δ_Vᵀδ_λ / δ_λᵀ diag(u) δ_λ says how strongly arrivals, relative to plan, answer a cost; it is
    read from all node-weeks together, so cross effects average out. Each element's own secant −δ_V/δ_λ is then trusted
    within a factor `spread` of κ u_h; 1 trusts only κ. When the first step raised what it should have lowered (κ ≤ 0),
    κ falls back to 1 / `cost_scale`: a cost of one scale moves a node-week by its whole plan.

    Args:
        plan: u, units.
        cost_step: δ_λ from the first to the second simulation, cost.
        violation_change: δ_V, units.
        cost_scale: Cost per unit that matters to buying decisions.
        spread: Trusted ratio of an element's secant to the common one, at least 1.
    """
    size = np.maximum(plan, 1e-3 * max(float(plan.mean()), 1e-300))
    weight = float(cost_step @ (size * cost_step))
    elasticity = -float(violation_change @ cost_step) / weight if weight > 0 else 0.0
    if not elasticity > 1e-3 / cost_scale:
        elasticity = 1 / cost_scale
    common = elasticity * size
    moved = np.abs(cost_step) > 1e-6 * cost_scale
    secant = np.where(moved, -violation_change / np.where(moved, cost_step, 1.0), common)
    return np.diag(-np.clip(secant, common / spread, common * spread))
