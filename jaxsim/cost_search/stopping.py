"""When a search ends: tiny rules over the path of wMAPD, one number per simulated iteration."""

import dataclasses
import enum
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64


class StopReason(enum.Enum):
    """Why a search ended, as a sentence."""

    ITERATIONS = "The permitted number of iterations was used."
    NEAR_BOUND = "The best wMAPD came within the wanted factor of the bound."
    AT_NOISE = "What is left of the violation that costs can mend is at the noise of the simulations."
    STALLED = "The best wMAPD did not improve enough for several iterations."
    INTERRUPTED = "The search was interrupted; the last complete iteration was kept."


@runtime_checkable
class StopRule(Protocol):
    """Looks at the wMAPD of all iterations so far; None to go on."""

    def __call__(self, path: Float64[np.ndarray, " iterations"]) -> StopReason | None: ...


@dataclasses.dataclass(frozen=True)
class IterationCount:
    """Stop after K simulations (the first two included)."""

    iterations: int = 30

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError("IterationCount: iterations must be at least 1")

    def __call__(self, path: Float64[np.ndarray, " iterations"]) -> StopReason | None:
        return StopReason.ITERATIONS if len(path) >= self.iterations else None


@dataclasses.dataclass(frozen=True)
class WithinFactorOfBound:
    """Stop when the best wMAPD is at most `factor` × `bound`."""

    bound: float
    factor: float = 1.05

    def __post_init__(self) -> None:
        if not (self.bound >= 0 and self.factor >= 1):
            raise ValueError("WithinFactorOfBound: bound must be at least 0 and factor at least 1")

    def __call__(self, path: Float64[np.ndarray, " iterations"]) -> StopReason | None:
        return StopReason.NEAR_BOUND if len(path) and path.min() <= self.factor * self.bound else None


@dataclasses.dataclass(frozen=True)
class Stalled:
    """Stop when the best wMAPD fell by less than the fraction `improvement` over the last `patience` iterations."""

    patience: int = 8
    improvement: float = 0.005

    def __post_init__(self) -> None:
        if self.patience < 1 or not 0 <= self.improvement < 1:
            raise ValueError("Stalled: patience must be at least 1 and improvement in [0, 1)")

    def __call__(self, path: Float64[np.ndarray, " iterations"]) -> StopReason | None:
        if len(path) <= self.patience:
            return None
        before = path[: -self.patience].min()
        return StopReason.STALLED if path.min() > (1 - self.improvement) * before else None
