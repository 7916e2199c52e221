"""Search for capacity costs: Algorithm 2 of the paper, one method per file.

`search` runs the loop. `SearchConfig` holds the methods: a curvature estimate (`curvature`), step limits (`limits`),
stop rules (`stopping`); each step is a box QP (`box_qp`). `SearchState` is what a checkpoint needs (`state`).
"""

from jaxsim.search.box_qp import BoxSolution, solve_box_qp
from jaxsim.search.curvature import Curvature, CurvatureUpdate, DampedBfgs, Evaluation, Transition, diagonal_start
from jaxsim.search.limits import Bisection, DecayingMaximum, Recent, SignCut, StepLimit, combine
from jaxsim.search.scale import cost_scale, typical_cost_spread
from jaxsim.search.search import IterationRecord, SearchConfig, SearchResult, search, start_state
from jaxsim.search.space import Space
from jaxsim.search.state import SearchState
from jaxsim.search.stopping import IterationCount, Stalled, StopReason, StopRule, WithinFactorOfBound

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
