"""What a search asks of its method, which is a value: where to start, how to move, when to stop, what the answer is."""

import dataclasses
from typing import Protocol

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.cost_search.curvature import Evaluation
from jaxsim.cost_search.space import Space
from jaxsim.cost_search.state import SearchState
from jaxsim.cost_search.stopping import StopReason


@dataclasses.dataclass(frozen=True)
class Move:
    """Where a search goes after a simulation."""

    curvature: Float64[np.ndarray, "priced priced"]
    """H, of the node-weeks that have a price."""
    gain: Float64[np.ndarray, " parts"]
    """See `SearchState.gain`."""
    price: float
    """See `SearchState.price`."""
    costs: Float64[np.ndarray, " h"]
    """λ to simulate next."""
    limited: float
    """Share of priced node-weeks whose step ended at a limit."""
    skipped: bool
    """The last move was left out of H."""
    figures: dict[str, float] = dataclasses.field(default_factory=dict)
    """What else to report of the iteration."""


@dataclasses.dataclass(frozen=True)
class Answer:
    """The costs that a search has found so far."""

    costs: Float64[np.ndarray, " h"]
    utilization: Float64[np.ndarray, " h"]
    """Units, in the sample that was simulated; NaN before there is any."""
    iteration: int
    """Of the simulation that made them; −1 before the first."""

    @classmethod
    def nothing(cls, size: int) -> "Answer":
        """No costs, before the first simulation."""
        return cls(np.zeros(size), np.full(size, np.nan), -1)


class Method(Protocol):
    """A frozen value; everything that changes is in `SearchState`."""

    @property
    def memory(self) -> int:
        """Points before the latest that it looks at."""
        ...

    def start(self, space: Space) -> Float64[np.ndarray, " h"]:
        """Costs of the first simulation."""
        ...

    def move(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState, evaluation: Evaluation) -> Move:
        """Where to go after a simulation, which `state` has booked as its latest point."""
        ...

    def answer(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState) -> Answer:
        """What is promoted if the search ends now."""
        ...

    def stopped(self, plan: Float64[np.ndarray, " h"], space: Space, state: SearchState) -> StopReason | None:
        """Why the search ends now; None to go on."""
        ...


def of_priced(evaluation: Evaluation, priced: Bool[np.ndarray, " h"]) -> Evaluation:
    """What a simulation tells of the node-weeks that have a price."""
    tell, error = evaluation.sensitivity, evaluation.error
    return dataclasses.replace(
        evaluation,
        utilization=evaluation.utilization[priced],
        error=None if error is None else error[priced],
        sensitivity=None if tell is None else lambda: tell()[np.ix_(priced, priced)],
    )
