"""The loop of a search for costs λ, one per node-week of the labor plan (or of several plans).

    costs of the first simulation → simulate → V = Ũ − u → move → simulate → …

The simulator is a function of λ, the method a value (`jaxsim.cost_search.method`). A search is deterministic: from a
`SearchState` it goes on to the same bits as if it had never stopped.
"""

import dataclasses
import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from jaxsim.cost_search.curvature import Evaluation
from jaxsim.cost_search.method import Method
from jaxsim.cost_search.newton import Newton
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import StopReason
from jaxsim.measures.adherence import wmapd

Evaluate = Callable[[Float64[np.ndarray, " h"], int], Evaluation]
"""Simulates λ (cost per unit, one per node-week of the plan) in an iteration, which may choose the draws."""


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
    """The costs that were found and the state to go on from."""

    costs: Float64[np.ndarray, " h"]
    utilization: Float64[np.ndarray, " h"]
    """Units, in the sample that was simulated."""
    wmapd: float
    """Of `utilization`; inf before the first simulation."""
    promoted_iteration: int
    """Iteration that made the costs; −1, with zero costs and NaN utilization, when not even the first simulation was
    completed."""
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
    method: Method | None = None,
    *,
    space: Space | None = None,
    start: Float64[np.ndarray, " h"] | None = None,
    state: SearchState | None = None,
    on_iteration: Callable[[SearchState, IterationRecord], None] | None = None,
) -> SearchResult:
    """Search costs λ so that utilization meets the plan.

    Args:
        evaluate: Simulates λ. A KeyboardInterrupt inside it ends the search with `interrupted` set.
        plan: u, units per node-week, at least 0 with a positive total.
        method: `Newton`, the default, or `Paper`, or one of your own.
        space: What the node-weeks are; one resource, all of it with a price and a cost scale of 1, when left out.
        start: Costs of the first simulation in place of the method's.
        state: State to resume from, of a search with the same plan, method and space.
        on_iteration: Called after every iteration with the new state (to save it) and its record.

    Raises:
        ValueError: The plan is unusable, or `start`, `state` or `space` does not fit it.
        FloatingPointError: A simulation returned a number that is not finite; names iteration and node-week.
    """
    method = Newton() if method is None else method
    space = Space.uniform(len(plan), 1.0) if space is None else space
    _check(plan, space, start, state)
    state = start_state(space, method, start) if state is None else state
    records: list[IterationRecord] = []
    try:
        while (reason := method.stopped(plan, space, state)) is None:
            state, record = _iterate(evaluate, plan, space, method, state)
            records.append(record)
            if on_iteration is not None:
                on_iteration(state, record)
    except KeyboardInterrupt:
        reason = StopReason.INTERRUPTED
    answer = method.answer(plan, space, state)
    return SearchResult(
        costs=answer.costs,
        utilization=answer.utilization,
        wmapd=wmapd(answer.utilization, plan) if answer.iteration >= 0 else float("inf"),
        promoted_iteration=answer.iteration,
        reason=reason,
        state=state,
        records=tuple(records),
    )


def start_state(space: Space, method: Method, start: Float64[np.ndarray, " h"] | None = None) -> SearchState:
    """State before the first simulation."""
    n, priced = len(space.priced), int(space.priced.sum())
    least, most = space.box()
    nothing = np.zeros((0, n))
    return SearchState(
        iteration=0,
        next_costs=method.start(space) if start is None else np.clip(start, least, most),
        curvature=np.zeros((priced, priced)),
        gain=np.ones(len(space.parts())),
        price=np.array(1.0),
        costs=nothing,
        violation=nothing,
        error=nothing,
        path=np.zeros(0),
        best_iteration=-1,
        best_costs=np.zeros(n),
        best_utilization=np.full(n, np.nan),
    )


def _check(
    plan: Float64[np.ndarray, " h"], space: Space, start: Float64[np.ndarray, " h"] | None, state: SearchState | None
) -> None:
    if plan.ndim != 1 or not np.isfinite(plan).all() or (plan < 0).any() or not plan.sum() > 0:
        raise ValueError("search: the plan must be a vector of finite numbers, none negative, with a positive total")
    if space.priced.shape != plan.shape or not (np.isfinite(space.cost_scale) & (space.cost_scale > 0)).all():
        raise ValueError("search: the space must have a positive cost scale for each node-week of the plan")
    for name in ("under", "over"):
        bound = getattr(space, name)
        if bound is not None and (bound.shape != plan.shape or np.isnan(bound).any() or (bound < 0).any()):
            raise ValueError(f"search: the space must have a price {name} plan of at least 0 for each node-week")
    if start is not None and (start.shape != plan.shape or not np.isfinite(start).all()):
        raise ValueError("search: the start must be a finite cost for each node-week of the plan")
    if state is not None and state.next_costs.shape != plan.shape:
        raise ValueError(f"search: the state has {len(state.next_costs)} node-weeks, the plan {len(plan)}")
    if state is not None and len(state.curvature) != space.priced.sum():
        raise ValueError(f"search: the state has {len(state.curvature)} prices, the space {space.priced.sum()}")


def _iterate(
    evaluate: Evaluate, plan: Float64[np.ndarray, " h"], space: Space, method: Method, state: SearchState
) -> tuple[SearchState, IterationRecord]:
    """Simulate the costs that are next, and move."""
    started = time.perf_counter()
    evaluation = evaluate(state.next_costs.copy(), state.iteration)
    _check_utilization(evaluation.utilization, plan, state.iteration)
    simulated = _observe(evaluation, plan, method, state)
    move = method.move(plan, space, simulated, evaluation)
    moved = {"curvature": move.curvature, "gain": move.gain, "price": np.array(move.price)}
    new = dataclasses.replace(simulated, **moved, next_costs=move.costs)
    record = IterationRecord(
        iteration=state.iteration,
        wmapd=float(new.path[-1]),
        step_norm=float(np.linalg.norm(move.costs - new.costs[-1])),
        limited_fraction=move.limited,
        curvature_skipped=move.skipped,
        seconds=time.perf_counter() - started,
        extras=evaluation.extras | move.figures,
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
    evaluation: Evaluation, plan: Float64[np.ndarray, " h"], method: Method, state: SearchState
) -> SearchState:
    """Book a simulation: the last few points, the path and the best iterate."""
    utilization = np.array(evaluation.utilization, np.float64)
    error = np.full(len(plan), np.nan) if evaluation.error is None else np.array(evaluation.error, np.float64)
    score = wmapd(utilization, plan)
    better = score < state.best_wmapd
    book = lambda points, new: np.vstack([points, new])[-1 - method.memory :]
    return dataclasses.replace(
        state,
        iteration=state.iteration + 1,
        costs=book(state.costs, state.next_costs),
        violation=book(state.violation, utilization - plan),
        error=book(state.error, error),
        path=np.append(state.path, score),
        best_iteration=state.iteration if better else state.best_iteration,
        best_costs=state.next_costs if better else state.best_costs,
        best_utilization=utilization if better else state.best_utilization,
    )
