"""What a study can be told: values that are checked once, and their text in a run's configuration."""

import dataclasses
from typing import Any

from jaxsim.cost_search import (
    Curvature,
    DampedBfgs,
    IterationCount,
    SearchConfig,
    Stalled,
    StepLimit,
    StopRule,
    WithinFactorOfBound,
)
from jaxsim.reference import policies as events
from jaxsim.runs.folder import RunError
from jaxsim.simulator import policies as scan

AnyPolicies = scan.Policies | events.Policies
"""Of the scan engine, or of the event engine."""

ENGINES = ("scan", "events")
"""The scan engine and the exact one."""

CURVATURES: dict[str, type[Curvature]] = {"bfgs": DampedBfgs}
"""Curvature estimates by name."""


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What is simulated."""

    products: int = 2_000
    """Products of the sample; all when the scenario has no more."""
    trials: int = 2
    """Futures of each product; with one alone, standard errors are too large."""
    seed: int = 0
    engine: str = "scan"
    policies: AnyPolicies | None = None
    """Who buys, places and fulfills: values of the engine's own kind; its defaults when left out."""

    def __post_init__(self) -> None:
        if self.products < 1 or self.trials < 1:
            raise RunError("the numbers of products and of trials must be at least 1")
        if not 0 <= self.seed < 2**63:
            raise RunError("the seed must be a whole number from 0 to 2**63 - 1")
        if self.engine not in ENGINES:
            raise RunError(f"there is no engine {self.engine!r}; there are {' and '.join(ENGINES)}")
        kind = scan.Policies if self.engine == "scan" else events.Policies
        if self.policies is not None and not isinstance(self.policies, kind):
            raise RunError(
                f"the policies of the engine {self.engine!r} are {kind.__module__.rpartition('.')[0]}.Policies"
            )

    def to_config(self) -> dict[str, Any]:
        """Settings as a table of a run's configuration; policies by what they are, left out when there are none."""
        names = ("products", "trials", "seed", "engine")
        config = {name: getattr(self, name) for name in names}
        return config if self.policies is None else config | {"policies": _text(self.policies)}


def check_evaluation_trials(trials: int) -> None:
    """Refuse trials that say nothing of the error of an evaluation.

    Raises:
        RunError: there are fewer than two.
    """
    if trials < 2:
        raise RunError(f"an evaluation needs at least 2 trials, not {trials}: one says nothing of its own error")


@dataclasses.dataclass(frozen=True)
class Search:
    """How costs are searched."""

    iterations: int = 30
    """The most."""
    curvature: str | Curvature = "bfgs"
    """A name of `CURVATURES`, or a rule of one's own."""
    limits: tuple[StepLimit, ...] | None = None
    """Step limits in place of those of `SearchConfig`."""
    stop: tuple[StopRule, ...] | None = None
    """Stop rules beside the number of iterations; None stops near the bound and when nothing improves."""
    evaluate_trials: int | None = None
    """Futures of the evaluation that a search ends with; 0 for none, None for what takes no longer than the search."""

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise RunError("the number of iterations must be at least 1")
        if self.evaluate_trials:
            check_evaluation_trials(self.evaluate_trials)
        if isinstance(self.curvature, str) and self.curvature not in CURVATURES:
            raise RunError(f"there is no curvature {self.curvature!r}; there are {', '.join(CURVATURES)}")
        own = () if isinstance(self.curvature, str) else (self.curvature,)
        for rule in (*own, *(self.limits or ()), *(self.stop or ())):
            if not callable(rule):
                raise RunError(f"{rule!r} is no rule of a search, as it cannot be called")

    def to_config(self) -> dict[str, Any]:
        """Settings as a table of a run's configuration; rules by what they are, absent ones left out."""
        config: dict[str, Any] = {"iterations": self.iterations, "curvature": _text(self.curvature)}
        if self.evaluate_trials is not None:
            config["evaluate_trials"] = self.evaluate_trials
        rules = {"limits": self.limits, "stop": self.stop}
        return config | {name: [_text(rule) for rule in given] for name, given in rules.items() if given is not None}

    def methods(self, bound: float) -> SearchConfig:
        """Methods and parameters of the algorithm.

        Args:
            bound: least wMAPD that any costs could reach.
        """
        stop = (WithinFactorOfBound(bound), Stalled(patience=12)) if self.stop is None else self.stop
        config = SearchConfig(
            curvature=CURVATURES[self.curvature]() if isinstance(self.curvature, str) else self.curvature,
            stop=(IterationCount(self.iterations), *stop),
        )
        return config if self.limits is None else dataclasses.replace(config, limits=self.limits)


def _text(method: Any) -> str:
    """A method in words that are the same in every process: its name, a dataclass with its fields, or its class."""
    if isinstance(method, str):
        return method
    if isinstance(method, scan.Policies | events.Policies):
        return ", ".join(f"{name} {_text(getattr(method, name))}" for name in ("buy", "place", "fulfill"))
    if dataclasses.is_dataclass(method):
        return repr(method)
    kind = method if hasattr(method, "__qualname__") else type(method)
    return f"{kind.__module__}.{kind.__qualname__}"
