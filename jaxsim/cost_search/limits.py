"""Step limits, (8b) and (8c): each is a small rule that bounds the next cost step of every node-week.

    DecayingMaximum   |δ_h| ≤ initial · decayᵏ                             exponentially decayed maximum step
    Bisection         at most half way to a recent cost of the other sign
    SignCut           no step against the sign of the violation            (8c)

`combine` takes the most binding of them. Every rule leaves δ = 0 feasible, so the box is never empty.
"""

import dataclasses
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64


@dataclasses.dataclass(frozen=True)
class Recent:
    """What the rules may look at: the last few simulated points, the latest last."""

    iteration: int
    """k, the iteration of the latest point."""
    costs: Float64[np.ndarray, "points h"]
    violation: Float64[np.ndarray, "points h"]
    """V = Ũ − u, units."""
    cost_scale: Float64[np.ndarray, " h"]
    """Cost per unit that matters to buying decisions."""


Box = tuple[Float64[np.ndarray, " h"], Float64[np.ndarray, " h"]]
"""Lower and upper bound of the cost step."""


@runtime_checkable
class StepLimit(Protocol):
    """A rule for the next step; `memory` is how many points before the latest it looks at."""

    @property
    def memory(self) -> int: ...

    def __call__(self, recent: Recent) -> Box: ...


@dataclasses.dataclass(frozen=True)
class DecayingMaximum:
    """|δ_h| ≤ max(initial · decayᵏ, least), in units of the cost scale."""

    initial: float = 1.0
    decay: float = 0.94
    least: float = 0.0

    def __post_init__(self) -> None:
        if not (self.initial > 0 and 0 < self.decay <= 1 and self.least >= 0):
            raise ValueError("DecayingMaximum: initial must be positive, decay in (0, 1] and least at least 0")

    @property
    def memory(self) -> int:
        return 0

    def __call__(self, recent: Recent) -> Box:
        reach = recent.cost_scale * max(self.initial * self.decay**recent.iteration, self.least)
        return -reach, reach


@dataclasses.dataclass(frozen=True)
class Bisection:
    """At most `fraction` of the way to a cost of the last `memory` points at which the violation had the other sign."""

    memory: int = 2
    fraction: float = 0.5

    def __post_init__(self) -> None:
        if self.memory < 1 or not 0 < self.fraction <= 1:
            raise ValueError("Bisection: memory must be at least 1 and fraction in (0, 1]")

    def __call__(self, recent: Recent) -> Box:
        costs, violation = recent.costs[-1], recent.violation[-1]
        distance = recent.costs[-1 - self.memory : -1] - costs
        opposed = (recent.violation[-1 - self.memory : -1] >= 0) != (violation >= 0)
        above = np.where(opposed & (distance > 0), distance, np.inf).min(axis=0, initial=np.inf)
        below = np.where(opposed & (distance < 0), distance, -np.inf).max(axis=0, initial=-np.inf)
        return self.fraction * below, self.fraction * above


@dataclasses.dataclass(frozen=True)
class SignCut:
    """Element-wise subgradient consistency (8c): a cost may only rise where the plan is exceeded, only fall where it is
    not."""

    @property
    def memory(self) -> int:
        return 0

    def __call__(self, recent: Recent) -> Box:
        over = recent.violation[-1] >= 0
        return np.where(over, 0.0, -np.inf), np.where(over, np.inf, 0.0)


def combine(limits: tuple[StepLimit, ...], recent: Recent) -> Box:
    """Most binding lower and upper bound of all `limits`, in cost.

    Raises:
        ValueError: A node-week's step stays unbounded (no rule gives a maximum).
    """
    boxes = [limit(recent) for limit in limits]
    if not boxes:
        raise ValueError("limits: a search needs at least one rule that bounds every step")
    lower = np.max([box[0] for box in boxes], axis=0)
    upper = np.min([box[1] for box in boxes], axis=0)
    if not (np.isfinite(lower).all() and np.isfinite(upper).all()):
        raise ValueError("limits: a search needs at least one rule that bounds every step")
    return lower, upper
