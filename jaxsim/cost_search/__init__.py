"""Search for capacity costs: Algorithm 2 of the paper, one method per file.

`search` runs the loop. `SearchConfig` holds the methods: a curvature estimate (`curvature`), step limits (`limits`),
stop rules (`stopping`); each step is a box QP (`box_qp`). `SearchState` is what a checkpoint needs (`state`).
"""

from jaxsim.cost_search.box_qp import BoxSolution, solve_box_qp
from jaxsim.cost_search.curvature import Curvature, CurvatureUpdate, DampedBfgs, Evaluation, Transition, diagonal_start
from jaxsim.cost_search.limits import Bisection, DecayingMaximum, Recent, SignCut, StepLimit, combine
from jaxsim.cost_search.scale import cost_scale, typical_cost_spread
from jaxsim.cost_search.search import IterationRecord, SearchConfig, SearchResult, search, start_state
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import IterationCount, Stalled, StopReason, StopRule, WithinFactorOfBound

__all__ = [
    "Bisection",
    "BoxSolution",
    "Curvature",
    "CurvatureUpdate",
    "DampedBfgs",
    "DecayingMaximum",
    "Evaluation",
    "IterationCount",
    "IterationRecord",
    "Recent",
    "SearchConfig",
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
    "diagonal_start",
    "search",
    "solve_box_qp",
    "start_state",
    "typical_cost_spread",
]
