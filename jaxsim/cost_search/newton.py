"""Projected, damped Newton steps in the box of the price of deviation, on fresh draws; the search that is the default.

    λ ← clip(λ + s_k δ),   δ = argmax ½ δᵀ G (H − μ D) δ + δᵀ V   within the step limits and the box

Every iteration simulates other futures (and, of a large population, other products), so noise is averaged out instead
of fitted. H comes from the LPs themselves (`LpSensitivity`); G, a number for each resource, corrects its size by how
utilization answered the last steps. Steps shrink as s_k = min(1, (steady / (k + 1))^power), and the result is the mean
of the last iterates (Polyak and Juditsky 1992).
"""

import dataclasses

import numpy as np
from jaxtyping import Float64

from jaxsim.cost_search.box_qp import solve_box_qp
from jaxsim.cost_search.curvature import Curvature, Evaluation, LpSensitivity, Transition
from jaxsim.cost_search.deviation import AT_END, deviation_gap, projected_violation
from jaxsim.cost_search.limits import DecayingMaximum, Recent, StepLimit, combine
from jaxsim.cost_search.method import Answer, Move, of_priced
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import IterationCount, StopReason, StopRule

LEAST_SIZE = 0.05
"""Part of the mean plan that a node-week's own plan counts for at least, where it stands for how units answer costs."""
SNAP = 0.06
"""Mean costs within this part of a cost scale, or of the box, of an end of the box are put there: shortened steps come
near an end and never reach it. Farther moves would change what node-weeks cost beside each other."""
AT_NOISE = 1.2
"""Times its noise floor that the projected violation of the mean may be where a search has nothing left to mend: noise
is in the violation, and has moved the costs too."""
AIMING = 3
"""First iteration after which the price of deviation is aimed: wMAPD has come down by then."""
EXPONENT, AIM_STEP = 2.0, 1.25
"""By which power of the distance from the target the price moves, and by how much at most: it takes about 1.6 times the
price for 6% less wMAPD. Nor does the box grow by more than a step limit, or its ends would run away from costs."""
GAINS = (1.0, 10.0)
"""Least and largest."""


@dataclasses.dataclass(frozen=True)
class Newton:
    """Methods and parameters, checked once."""

    curvature: Curvature = dataclasses.field(default_factory=LpSensitivity)
    limits: tuple[StepLimit, ...] = (DecayingMaximum(decay=1.0),)
    stop: tuple[StopRule, ...] = (IterationCount(20),)
    steady: float = 10.0
    """Iterations before steps begin to shrink."""
    power: float = 0.7
    """How fast they shrink then; Robbins and Monro (1951) ask for more than 1/2 and at most 1."""
    damping: float = 0.1
    """μ: part of the diagonal that is added to H."""
    average: int = 5
    """Iterates that the result is the mean of."""
    at_noise: bool = True
    """Stop when the projected violation of the mean is at its noise floor, once steps have shrunk for two means."""
    target: float | None = None
    """wMAPD at which the price of deviation is aimed before steps shrink, within `prices`; None leaves it as it is."""
    prices: tuple[float, float] = (0.25, 2.0)
    """Least and largest multiple of the space's price of deviation."""

    def __post_init__(self) -> None:
        if not (self.steady > 0 and 0.5 < self.power <= 1 and self.damping >= 0 and self.average >= 1):
            raise ValueError(
                "Newton: steady must be positive, power in (1/2, 1], damping at least 0, average at least 1"
            )
        if not self.limits or not self.stop:
            raise ValueError("Newton: a search needs at least one step limit and one stop rule")

    @property
    def memory(self) -> int:
        """Points before the latest that it looks at."""
        return max(self.average - 1, 1, *(limit.memory for limit in self.limits))

    def start(self, space: Space) -> Float64[np.ndarray, " h"]:
        """Costs of the first simulation: none."""
        return np.zeros(len(space.priced))

    def move(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState, evaluation: Evaluation) -> Move:
        """The step after a simulation, which `state` has booked."""
        matrix, skipped = self._matrix(plan, space, state, evaluation)
        gain = self._gain(space, state)
        answer = _answer(space, matrix, gain)
        at = space.at_price(float(state.price))  # of the point that was simulated
        found = projected_violation(at, plan, state.costs[-1], state.violation[-1], state.error[-1])
        price = self._price(plan, at, state, answer, found.noise)
        figures = {"projected_violation": found.violation, "projected_noise": found.noise}
        figures["gap"] = deviation_gap(at, plan, state.costs[-1], state.violation[-1])
        figures["price_of_deviation"] = price
        space = space.at_price(price)
        step, limited = self._step(plan, space, state, answer)
        costs = np.clip(state.costs[-1] + step, *space.box())  # at once where the box has become smaller
        return Move(matrix, gain, price, costs, limited, skipped, figures)

    def answer(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState) -> Answer:
        """The mean of the last iterates, the next one included; its utilization is the mean of theirs."""
        if state.iteration == 0:
            return Answer.nothing(len(plan))
        iterates = np.vstack([state.costs, state.next_costs])[-self.average :]
        costs, (least, most) = iterates.mean(0), space.at_price(float(state.price)).box()
        near = SNAP * np.minimum(space.cost_scale, most - least)
        costs = np.where(costs >= most - near, most, np.where(costs <= least + near, least, costs))
        utilization = plan + state.violation[-self.average :].mean(0)
        return Answer(np.where(space.priced, costs, 0.0), utilization, state.iteration - 1)

    def stopped(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState) -> StopReason | None:
        """Why to stop now; None to go on."""
        if self.at_noise and state.iteration >= self.steady + 2 * self.average:
            last = slice(-self.average, None)
            mean = lambda values: values[last].mean(0)
            error = np.sqrt((state.error[last] ** 2).sum(0)) / len(state.error[last])
            at = space.at_price(float(state.price))
            violation = projected_violation(at, plan, mean(state.costs), mean(state.violation), error)
            if violation.violation <= AT_NOISE * violation.noise:
                return StopReason.AT_NOISE
        return next((reason for rule in self.stop if (reason := rule(state.path)) is not None), None)

    def _price(
        self,
        plan: Float64[np.ndarray, " h"],
        at: Space,
        state: SearchState,
        answer: Float64[np.ndarray, "priced priced"],
        noise: float,
    ) -> float:
        """The price of deviation: dearer while wMAPD is to end above the target, cheaper while below it.

        Where it is to end is what H predicts after the step that the present price asks for, and what the mean of the
        last iterates keeps of the noise, which H takes for something to mend.

        Args:
            at: the space at the present price. answer: of `_answer`. noise: of the point's projected violation.
        """
        price = float(state.price)
        if self.target is None or not at.priced.any() or not AIMING < state.iteration <= self.steady:
            return price
        priced, violation = at.priced, state.violation[-1].copy()
        violation[priced] += answer @ self._step(plan, at, state, answer)[0][priced]
        kept = noise / np.sqrt(self.average) if np.isfinite(noise) else 0.0
        wmapd = np.abs(violation).sum() / plan.sum() + kept
        factor = (wmapd / max(self.target, 1e-9)) ** EXPONENT
        reach = combine(self.limits, _recent(at, state))[1]
        dearest = np.maximum(*(np.abs(end[priced]) for end in at.box()))
        rise = 1 + float(np.median(reach / np.maximum(dearest, AT_END * at.cost_scale[priced])))
        return float(np.clip(price * np.clip(factor, 1 / AIM_STEP, min(AIM_STEP, rise)), *self.prices))

    def _matrix(
        self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState, evaluation: Evaluation
    ) -> tuple[Float64[np.ndarray, "priced priced"], bool]:
        """H after the latest simulation, and whether the latest move was left out of it."""
        priced, matrix = space.priced, state.curvature
        change = np.zeros((2, int(priced.sum())))
        if state.iteration == 1:  # a cost of one scale moves a node-week by its whole plan
            matrix = np.diag(-(_size(plan) / space.cost_scale)[priced])
        else:
            change = np.stack([np.diff(values[-2:], axis=0)[0, priced] for values in (state.costs, state.violation)])
        transition = Transition(state.iteration - 1, change[0], change[1], of_priced(evaluation, priced))
        update = self.curvature(matrix, transition)
        return update.matrix, update.skipped

    def _gain(self, space: Space, state: SearchState) -> Float64[np.ndarray, " parts"]:
        """G: of each part, the least-squares factor between what H said of the last step and what was seen, averaged.

        Only of full steps: after short ones what is seen is noise, and it seems to answer, since the noise of the point
        before decided the step.
        """
        gain = state.gain.copy()
        if state.iteration == 1 or state.iteration - 1 > self.steady:
            return gain
        priced = np.flatnonzero(space.priced)
        step, change = (np.diff(values[-2:], axis=0)[0, priced] for values in (state.costs, state.violation))
        predicted = state.curvature @ step
        for number, part in enumerate(space.parts()):
            rows = np.searchsorted(priced, part)
            size = float(predicted[rows] @ predicted[rows])
            seen = float(change[rows] @ predicted[rows]) / size if size > 0 else 1.0
            before = seen if state.iteration == 2 else gain[number]
            gain[number] = np.clip(np.sqrt(max(before, 0.1) * max(seen, 0.1)), *GAINS)
        return gain

    def _step(
        self,
        plan: Float64[np.ndarray, " h"],
        space: Space,
        state: SearchState,
        answer: Float64[np.ndarray, "priced priced"],
    ) -> tuple[Float64[np.ndarray, " h"], float]:
        """The shortened step, and the share of priced node-weeks that ended at a limit before."""
        priced, costs, step = space.priced, state.costs[-1], np.zeros(len(plan))
        if not priced.any():
            return step, 0.0
        floor = (LEAST_SIZE * _size(plan) / space.cost_scale)[priced]
        damped = answer - self.damping * np.diag(np.maximum(-np.diag(answer), floor))
        lower, upper = combine(self.limits, _recent(space, state))
        least, most = (end[priced] - costs[priced] for end in space.box())
        lower, upper = np.minimum(np.maximum(lower, least), 0.0), np.maximum(np.minimum(upper, most), 0.0)
        full = solve_box_qp(damped, state.violation[-1][priced], lower, upper, tolerance=1e-8).step
        step[priced] = min(1.0, (self.steady / state.iteration) ** self.power) * full
        return step, float(np.mean((full <= lower) | (full >= upper)))


def _answer(
    space: Space, matrix: Float64[np.ndarray, "priced priced"], gain: Float64[np.ndarray, " parts"]
) -> Float64[np.ndarray, "priced priced"]:
    """How V answers costs: H, each part corrected by its gain."""
    root = np.ones(len(space.priced))
    for number, part in enumerate(space.parts()):
        root[part] = np.sqrt(gain[number])
    return matrix * root[space.priced, None] * root[space.priced]


def _recent(space: Space, state: SearchState) -> Recent:
    """What step limits look at."""
    priced = space.priced
    return Recent(state.iteration - 1, state.costs[:, priced], state.violation[:, priced], space.cost_scale[priced])


def _size(plan: Float64[np.ndarray, " h"]) -> Float64[np.ndarray, " h"]:
    """Units that a node-week's answer to a cost is measured by."""
    return np.maximum(plan, LEAST_SIZE * plan.mean())
