"""The paper's Algorithm 2: diagonal start, damped BFGS, and a QP within step limits; the best simulated costs win.

λ⁰ (small, uniform) → simulate → first step along V/u → simulate → diagonal H⁰
then: simulate → V = Ũ − u → update H (7) → solve the QP (8a)–(8c) → λ + δ
"""

import dataclasses

import numpy as np
from jaxtyping import Float64

from jaxsim.cost_search.box_qp import solve_box_qp
from jaxsim.cost_search.curvature import Curvature, DampedBfgs, Evaluation, Transition, diagonal_start
from jaxsim.cost_search.limits import Bisection, DecayingMaximum, Recent, SignCut, StepLimit, combine
from jaxsim.cost_search.method import Answer, Move, of_priced
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import IterationCount, StopReason, StopRule


@dataclasses.dataclass(frozen=True)
class Paper:
    """Methods and parameters of Algorithm 2, checked once."""

    start_cost: float = 1e-3
    """λ⁰ of every node-week, in cost scales."""
    first_step: float = 0.2
    """The heuristic first step is first_step · clip(V/u, −1, 1), in cost scales."""
    secant_spread: float = 2.0
    """Factor within which `diagonal_start` trusts an element's own secant."""
    curvature: Curvature = dataclasses.field(default_factory=DampedBfgs)
    limits: tuple[StepLimit, ...] = (DecayingMaximum(), Bisection(), SignCut())
    stop: tuple[StopRule, ...] = (IterationCount(30),)

    def __post_init__(self) -> None:
        if not (0 < self.first_step < np.inf and np.isfinite(self.start_cost)):
            raise ValueError("Paper: first_step must be positive, start_cost finite")
        if not self.secant_spread >= 1:
            raise ValueError("Paper: secant_spread must be at least 1")
        if not self.limits or not self.stop:
            raise ValueError("Paper: a search needs at least one step limit and one stop rule")

    @property
    def memory(self) -> int:
        """Points before the latest that it looks at."""
        return 1 + max(limit.memory for limit in self.limits)

    def start(self, space: Space) -> Float64[np.ndarray, " h"]:
        """Small uniform costs (step 1)."""
        return np.where(space.priced, self.start_cost * space.cost_scale, 0.0)

    def move(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState, evaluation: Evaluation) -> Move:
        """The step after a simulation, which `state` has booked."""
        matrix, skipped = self._matrix(plan, space, state, evaluation)
        step, limited = self._step(plan, space, state, matrix)
        return Move(matrix, state.gain, 1.0, state.costs[-1] + step, limited, skipped)

    def answer(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState) -> Answer:
        """The costs of least wMAPD that were simulated."""
        return Answer(state.best_costs, state.best_utilization, state.best_iteration)

    def stopped(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState) -> StopReason | None:
        """What the first stop rule that has anything to say says."""
        return next((reason for rule in self.stop if (reason := rule(state.path)) is not None), None)

    def _matrix(
        self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState, evaluation: Evaluation
    ) -> tuple[Float64[np.ndarray, "priced priced"], bool]:
        """H after the latest simulation, and whether the latest move was skipped."""
        if state.iteration < 2:
            return state.curvature, False
        cost_step, violation_change = state.costs[-1] - state.costs[-2], state.violation[-1] - state.violation[-2]
        matrix, priced = state.curvature, space.priced
        if state.iteration == 2:
            matrix = self._first_matrix(plan, space, cost_step, violation_change)
        of_move = of_priced(evaluation, priced)
        update = self.curvature(
            matrix, Transition(state.iteration - 1, cost_step[priced], violation_change[priced], of_move)
        )
        return update.matrix, update.skipped

    def _first_matrix(
        self,
        plan: Float64[np.ndarray, " h"],
        space: Space,
        cost_step: Float64[np.ndarray, " h"],
        violation_change: Float64[np.ndarray, " h"],
    ) -> Float64[np.ndarray, "priced priced"]:
        """H⁰, with an elasticity of its own for each part."""
        matrix = np.zeros((len(plan), len(plan)))
        for part in space.parts():
            matrix[np.ix_(part, part)] = diagonal_start(
                plan[part],
                cost_step[part],
                violation_change[part],
                cost_scale=float(np.median(space.cost_scale[part])),
                spread=self.secant_spread,
            )
        return matrix[np.ix_(space.priced, space.priced)]

    def _step(
        self,
        plan: Float64[np.ndarray, " h"],
        space: Space,
        state: SearchState,
        matrix: Float64[np.ndarray, "priced priced"],
    ) -> tuple[Float64[np.ndarray, " h"], float]:
        """Next δ_λ, and the share of its priced elements that ended at a limit."""
        priced, step = space.priced, np.zeros(len(plan))
        if not priced.any():
            return step, 0.0
        violation = state.violation[-1]
        if state.iteration == 1:
            relative = np.zeros(len(plan))
            for part in space.parts():
                relative[part] = violation[part] / np.maximum(plan[part], 1e-3 * plan[part].mean())
            step = self.first_step * space.cost_scale * np.clip(relative, -1.0, 1.0)
            return step, float(np.mean(np.abs(relative[priced]) >= 1))
        points = state.costs[:, priced], state.violation[:, priced]
        lower, upper = combine(self.limits, Recent(state.iteration - 1, *points, space.cost_scale[priced]))
        step[priced] = solve_box_qp(matrix, violation[priced], lower, upper).step
        return step, float(np.mean((step[priced] <= lower) | (step[priced] >= upper)))
