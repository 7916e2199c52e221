"""Algorithm 2: simulation-based search for capacity costs λ, one per node-week of the labor plan (or of several plans).

    λ⁰ (small, uniform) → simulate → first step along V/u → simulate → diagonal H⁰
    then: simulate → V = Ũ − u → update H (7) → solve the QP (8a)–(8c) → λ + δ

The simulator is a function of λ; methods (curvature, step limits, stopping) are values in `SearchConfig`. The search is
deterministic: from a `SearchState` it goes on to the same bits as if it had never stopped.
"""

import dataclasses
import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.cost_search.box_qp import solve_box_qp
from jaxsim.cost_search.curvature import Curvature, DampedBfgs, Evaluation, Transition, diagonal_start
from jaxsim.cost_search.limits import Bisection, DecayingMaximum, Recent, SignCut, StepLimit, combine
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import IterationCount, StopReason, StopRule
from jaxsim.measures.adherence import wmapd

Evaluate = Callable[[Float64[np.ndarray, " h"]], Evaluation]
"""Simulates λ (cost per unit, one per node-week of the plan)."""


@dataclasses.dataclass(frozen=True)
class SearchConfig:
    """Methods and parameters of a search, checked once."""

    cost_scale: float = 1.0
    """Cost per unit that matters to buying decisions (about the spread of what a product's nodes cost it); other costs
    here are multiples of it. A `Space` has one for each node-week instead."""
    start_cost: float = 1e-3
    """λ⁰ of every node-week."""
    first_step: float = 0.2
    """The heuristic first step is first_step · clip(V/u, −1, 1)."""
    secant_spread: float = 2.0
    """Factor within which `diagonal_start` trusts an element's own secant."""
    curvature: Curvature = dataclasses.field(default_factory=DampedBfgs)
    limits: tuple[StepLimit, ...] = (DecayingMaximum(), Bisection(), SignCut())
    stop: tuple[StopRule, ...] = (IterationCount(30),)

    def __post_init__(self) -> None:
        if not (0 < self.cost_scale < np.inf and 0 < self.first_step < np.inf and np.isfinite(self.start_cost)):
            raise ValueError("SearchConfig: cost_scale and first_step must be positive, start_cost finite")
        if not self.secant_spread >= 1:
            raise ValueError("SearchConfig: secant_spread must be at least 1")
        if not self.limits or not self.stop:
            raise ValueError("SearchConfig: a search needs at least one step limit and one stop rule")


@dataclasses.dataclass(frozen=True)
class IterationRecord:
    """What an iteration reports."""

    iteration: int
    wmapd: float
    step_norm: float
    """Euclidean norm of the next cost step, cost."""
    limited_fraction: float
    """Share of node-weeks whose next step ends at a limit."""
    curvature_skipped: bool
    """The last move was left out of H."""
    seconds: float
    """Simulation and step together."""
    extras: dict[str, float]


@dataclasses.dataclass(frozen=True)
class SearchResult:
    """The promoted costs (the best simulated, not the last) and the state to go on from."""

    costs: Float64[np.ndarray, " h"]
    utilization: Float64[np.ndarray, " h"]
    wmapd: float
    promoted_iteration: int
    """−1, with zero costs and NaN utilization, when not even the first simulation was completed."""
    reason: StopReason
    state: SearchState
    records: tuple[IterationRecord, ...]
    """Records of this call's iterations; those before a resume were reported then."""

    @property
    def interrupted(self) -> bool:
        return self.reason is StopReason.INTERRUPTED


def search(
    evaluate: Evaluate,
    plan: Float64[np.ndarray, " h"],
    config: SearchConfig = SearchConfig(),
    *,
    space: Space | None = None,
    state: SearchState | None = None,
    on_iteration: Callable[[SearchState, IterationRecord], None] | None = None,
) -> SearchResult:
    """Search costs λ so that utilization meets the plan (Algorithm 2).

    Args:
        evaluate: Simulates λ. A KeyboardInterrupt inside it ends the search with `interrupted` set.
        plan: u, units per node-week, at least 0 with a positive total.
        config: Methods and parameters.
        space: What the node-weeks are; one resource, all of it with `config.cost_scale` and a price, when left out.
        state: State to resume from, of a search with the same plan, config and space.
        on_iteration: Called after every iteration with the new state (to save it) and its record.

    Raises:
        ValueError: The plan is unusable, or `state` or `space` does not fit it.
        FloatingPointError: A simulation returned a number that is not finite; names iteration and node-week.
    """
    space = Space.uniform(len(plan), config.cost_scale) if space is None else space
    _check_plan(plan, space, state)
    state = start_state(space, config) if state is None else state
    records: list[IterationRecord] = []
    try:
        while (reason := _stop_reason(config, state)) is None:
            state, record = _iterate(evaluate, plan, space, config, state)
            records.append(record)
            if on_iteration is not None:
                on_iteration(state, record)
    except KeyboardInterrupt:
        reason = StopReason.INTERRUPTED
    return SearchResult(
        costs=state.best_costs,
        utilization=state.best_utilization,
        wmapd=state.best_wmapd,
        promoted_iteration=state.best_iteration,
        reason=reason,
        state=state,
        records=tuple(records),
    )


def start_state(space: Space, config: SearchConfig) -> SearchState:
    """State before the first simulation: small uniform costs (Algorithm 2, step 1)."""
    n, priced = len(space.priced), int(space.priced.sum())
    return SearchState(
        iteration=0,
        next_costs=np.where(space.priced, config.start_cost * space.cost_scale, 0.0),
        curvature=np.zeros((priced, priced)),
        costs=np.zeros((0, n)),
        violation=np.zeros((0, n)),
        path=np.zeros(0),
        best_iteration=-1,
        best_costs=np.zeros(n),
        best_utilization=np.full(n, np.nan),
    )


def _check_plan(plan: Float64[np.ndarray, " h"], space: Space, state: SearchState | None) -> None:
    if plan.ndim != 1 or not np.isfinite(plan).all() or (plan < 0).any() or not plan.sum() > 0:
        raise ValueError("search: the plan must be a vector of finite numbers, none negative, with a positive total")
    if space.priced.shape != plan.shape or not (np.isfinite(space.cost_scale) & (space.cost_scale > 0)).all():
        raise ValueError("search: the space must have a positive cost scale for each node-week of the plan")
    if state is not None and state.next_costs.shape != plan.shape:
        raise ValueError(f"search: the state has {len(state.next_costs)} node-weeks, the plan {len(plan)}")
    if state is not None and len(state.curvature) != space.priced.sum():
        raise ValueError(f"search: the state has {len(state.curvature)} prices, the space {space.priced.sum()}")


def _stop_reason(config: SearchConfig, state: SearchState) -> StopReason | None:
    return next((reason for rule in config.stop if (reason := rule(state.path)) is not None), None)


def _iterate(
    evaluate: Evaluate, plan: Float64[np.ndarray, " h"], space: Space, config: SearchConfig, state: SearchState
) -> tuple[SearchState, IterationRecord]:
    """One pass of Algorithm 2's loop: simulate, update H, solve the QP."""
    started = time.perf_counter()
    evaluation = evaluate(state.next_costs.copy())
    _check_utilization(evaluation.utilization, plan, state.iteration)
    simulated = _observe(evaluation, plan, config, state)
    matrix, skipped = _updated_curvature(evaluation, plan, space, config, simulated)
    step, limited = _next_step(plan, space, config, simulated, matrix)
    new = dataclasses.replace(simulated, curvature=matrix, next_costs=simulated.costs[-1] + step)
    record = IterationRecord(
        iteration=state.iteration,
        wmapd=float(new.path[-1]),
        step_norm=float(np.linalg.norm(step)),
        limited_fraction=limited,
        curvature_skipped=skipped,
        seconds=time.perf_counter() - started,
        extras=dict(evaluation.extras),
    )
    return new, record


def _check_utilization(utilization: Float64[np.ndarray, " h"], plan: Float64[np.ndarray, " h"], iteration: int) -> None:
    if utilization.shape != plan.shape:
        raise ValueError(f"search: utilization has shape {utilization.shape}, the plan {plan.shape}")
    finite = np.isfinite(utilization)
    if not finite.all():
        raise FloatingPointError(
            f"search iteration {iteration}: utilization of node-week {int(np.argmin(finite))} is not finite"
        )


def _observe(
    evaluation: Evaluation, plan: Float64[np.ndarray, " h"], config: SearchConfig, state: SearchState
) -> SearchState:
    """Book a simulation: the last few points, the path and the best iterate."""
    keep = 2 + max(limit.memory for limit in config.limits)
    utilization = np.array(evaluation.utilization, np.float64)
    score = wmapd(utilization, plan)
    better = score < state.best_wmapd
    return dataclasses.replace(
        state,
        iteration=state.iteration + 1,
        costs=np.vstack([state.costs, state.next_costs])[-keep:],
        violation=np.vstack([state.violation, utilization - plan])[-keep:],
        path=np.append(state.path, score),
        best_iteration=state.iteration if better else state.best_iteration,
        best_costs=state.next_costs if better else state.best_costs,
        best_utilization=utilization if better else state.best_utilization,
    )


def _updated_curvature(
    evaluation: Evaluation, plan: Float64[np.ndarray, " h"], space: Space, config: SearchConfig, state: SearchState
) -> tuple[Float64[np.ndarray, "priced priced"], bool]:
    """H after the latest simulation, and whether the latest move was skipped."""
    if state.iteration < 2:
        return state.curvature, False
    cost_step, violation_change = state.costs[-1] - state.costs[-2], state.violation[-1] - state.violation[-2]
    matrix = state.curvature
    if state.iteration == 2:
        matrix = _first_curvature(plan, space, config, cost_step, violation_change)
    priced = space.priced
    transition = Transition(cost_step[priced], violation_change[priced], _of_priced(evaluation, priced))
    update = config.curvature(matrix, transition)
    return update.matrix, update.skipped


def _first_curvature(
    plan: Float64[np.ndarray, " h"],
    space: Space,
    config: SearchConfig,
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
            spread=config.secant_spread,
        )
    return matrix[np.ix_(space.priced, space.priced)]


def _of_priced(evaluation: Evaluation, priced: Bool[np.ndarray, " h"]) -> Evaluation:
    """What a simulation tells of the node-weeks that have a price."""
    sensitivity = evaluation.sensitivity
    return dataclasses.replace(
        evaluation,
        utilization=evaluation.utilization[priced],
        sensitivity=None if sensitivity is None else sensitivity[np.ix_(priced, priced)],
    )


def _next_step(
    plan: Float64[np.ndarray, " h"],
    space: Space,
    config: SearchConfig,
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
        step = config.first_step * space.cost_scale * np.clip(relative, -1.0, 1.0)
        return step, float(np.mean(np.abs(relative[priced]) >= 1))
    recent = Recent(state.iteration - 1, state.costs[:, priced], state.violation[:, priced], space.cost_scale[priced])
    lower, upper = combine(config.limits, recent)
    step[priced] = solve_box_qp(matrix, violation[priced], lower, upper).step
    return step, float(np.mean((step[priced] <= lower) | (step[priced] >= upper)))
