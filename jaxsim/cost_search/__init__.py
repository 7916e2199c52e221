"""Search for capacity costs, one concept per file.

`search` runs the loop; a *method* says how it moves: `Newton` (`newton`, the default) in the box of a price of
deviation (`deviation`), or `Paper` (`paper`), Algorithm 2 as published. Methods are made of a curvature estimate
(`curvature`), step limits (`limits`), stop rules (`stopping`) and a box QP (`box_qp`). `SearchState` is what a
checkpoint needs.
"""

from jaxsim.cost_search.box_qp import BoxSolution, solve_box_qp
from jaxsim.cost_search.curvature import (
    Curvature,
    CurvatureUpdate,
    DampedBfgs,
    Evaluation,
    LpSensitivity,
    Transition,
    diagonal_start,
)
from jaxsim.cost_search.deviation import Projected, deviation_gap, projected_violation
from jaxsim.cost_search.limits import Bisection, DecayingMaximum, Recent, SignCut, StepLimit, combine
from jaxsim.cost_search.method import Answer, Method, Move
from jaxsim.cost_search.newton import Newton
from jaxsim.cost_search.paper import Paper
from jaxsim.cost_search.scale import cost_scale, typical_cost_spread
from jaxsim.cost_search.search import Evaluate, IterationRecord, SearchResult, search, start_state
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import IterationCount, Stalled, StopReason, StopRule, WithinFactorOfBound

__all__ = [
    "Answer",
    "Bisection",
    "BoxSolution",
    "Curvature",
    "CurvatureUpdate",
    "DampedBfgs",
    "DecayingMaximum",
    "Evaluate",
    "Evaluation",
    "IterationCount",
    "IterationRecord",
    "LpSensitivity",
    "Method",
    "Move",
    "Newton",
    "Paper",
    "Projected",
    "Recent",
    "SearchResult",
    "SearchState",
    "SignCut",
    "Space",
    "Stalled",
    "StepLimit",
    "StopReason",
    "StopRule",
    "Transition",
    "WithinFactorOfBound",
    "combine",
    "cost_scale",
    "deviation_gap",
    "diagonal_start",
    "projected_violation",
    "search",
    "solve_box_qp",
    "start_state",
    "typical_cost_spread",
]
