"""What a study can be told: values that are checked once, and their text in a run's configuration."""

import dataclasses
from typing import Any

from jaxsim.cost_search import (
    Curvature,
    DampedBfgs,
    DecayingMaximum,
    IterationCount,
    LpSensitivity,
    Newton,
    Paper,
    Stalled,
    StepLimit,
    StopRule,
    WithinFactorOfBound,
)
from jaxsim.reference import policies as events
from jaxsim.runs.folder import RunError
from jaxsim.simulator import policies as scan
from jaxsim.studies.deviation_price import Given, deviation_price

AnyPolicies = scan.Policies | events.Policies
"""Of the scan engine, or of the event engine."""

ENGINES = ("scan", "events")
"""The scan engine and the exact one."""

CURVATURES: dict[str, type[Curvature]] = {"sensitivity": LpSensitivity, "bfgs": DampedBfgs}
"""Curvature estimates by name."""

METHODS = ("newton", "paper")
"""Search methods: the default, and Algorithm 2 of the paper as published."""

ARRIVALS_BASES = ("expected", "realized")
"""What utilization a search steers by."""

PRODUCT_TRIALS, LEAST_TRIALS = 14_000, 2
"""Of an iteration of a search, unless the user says otherwise: half as many products as that, and trials that make it.
Two trials at least, since one says nothing of its own noise, by which a search aims and stops."""


@dataclasses.dataclass(frozen=True)
class Effort:
    """What a search by newton takes, and how near the bound it aims, where nothing else is said."""

    product_trials: int
    """Of an iteration; of products, that many by `LEAST_TRIALS`."""
    iterations: int
    steady: float
    """See `jaxsim.cost_search.Newton`, as for the next two."""
    average: int
    prices: tuple[float, float]
    target: float
    """Multiple of the bound at which the price of deviation is aimed when none is given."""
    reach: float
    """Cost scales that a step moves a cost at most."""


EFFORTS = {
    "default": Effort(PRODUCT_TRIALS, 20, 10.0, 5, (0.25, 2.0), 1.8, 1.0),
    "high": Effort(3 * PRODUCT_TRIALS, 80, 30.0, 20, (0.25, 12.0), 1.15, 2.0),
}
"""The default ends below twice the bound, in what people would see; the other comes as near to it as prices of up to 36
cost scales do, at the service that this costs."""


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What is simulated."""

    products: int = 2_000
    """Products of the sample; all when the scenario has no more."""
    trials: int | None = 2
    """Futures of each product; with one alone, standard errors are too large. None: as many as make `product_trials`
    of the sample, at least `LEAST_TRIALS`."""
    seed: int = 0
    engine: str = "scan"
    policies: AnyPolicies | None = None
    """Who buys, places and fulfills: values of the engine's own kind; its defaults when left out."""
    product_trials: int = PRODUCT_TRIALS
    """Product-trials that `trials` of None make."""

    def __post_init__(self) -> None:
        if self.products < 1 or (self.trials is not None and self.trials < 1):
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

    def trials_of(self, products: int) -> int:
        """Trials of a sample of so many products."""
        return max(LEAST_TRIALS, round(self.product_trials / products)) if self.trials is None else self.trials

    def to_config(self) -> dict[str, Any]:
        """Settings as a table of a run's configuration; policies by what they are, left out when there are none."""
        names = ("products", "trials", "seed", "engine")
        config = {name: value for name in names if (value := getattr(self, name)) is not None}
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

    iterations: int | None = None
    """The most; None: 20, or the paper's 30."""
    method: str = "newton"
    """A name of `METHODS`."""
    deviation_price: Given = None
    """ρ in currency per unit, see `deviation_price`; the paper's method has none."""
    arrivals: str = "expected"
    """A name of `ARRIVALS_BASES`."""
    curvature: str | Curvature | None = None
    """A name of `CURVATURES`, or a rule of one's own; None: the method's."""
    limits: tuple[StepLimit, ...] | None = None
    """Step limits in place of the method's."""
    stop: tuple[StopRule, ...] | None = None
    """Stop rules beside the number of iterations; None: the method's."""
    evaluate_trials: int | None = None
    """Futures of the evaluation that a search ends with; 0 for none, None for what takes no longer than the search."""
    effort: str = "default"
    """A name of `EFFORTS`."""

    def __post_init__(self) -> None:
        if self.iterations is not None and self.iterations < 1:
            raise RunError("the number of iterations must be at least 1")
        if self.evaluate_trials:
            check_evaluation_trials(self.evaluate_trials)
        choices = ("method", METHODS), ("arrivals", ARRIVALS_BASES), ("effort", tuple(EFFORTS))
        for what, value, names in ((what, getattr(self, what), names) for what, names in choices):
            if value not in names:
                raise RunError(f"{what}: there is no {value!r}; there are {' and '.join(names)}")
        if isinstance(self.curvature, str) and self.curvature not in CURVATURES:
            raise RunError(f"there is no curvature {self.curvature!r}; there are {', '.join(CURVATURES)}")
        own = () if isinstance(self.curvature, str | None) else (self.curvature,)
        for rule in (*own, *(self.limits or ()), *(self.stop or ())):
            if not callable(rule):
                raise RunError(f"{rule!r} is no rule of a search, as it cannot be called")
        if self.method == "paper" and self.deviation_price is not None:
            raise RunError("the paper's method has no price of deviation; leave it out, or search by newton")
        deviation_price(self.deviation_price)

    def to_config(self) -> dict[str, Any]:
        """Settings as a table of a run's configuration; rules by what they are, absent ones left out."""
        config: dict[str, Any] = {name: getattr(self, name) for name in ("iterations", "method", "arrivals")}
        config["deviation_price"] = deviation_price(self.deviation_price).to_config()
        config["curvature"] = None if self.curvature is None else _text(self.curvature)
        config["evaluate_trials"] = self.evaluate_trials
        config["effort"] = None if self.effort == "default" else self.effort
        rules = {"limits": self.limits, "stop": self.stop}
        config |= {name: [_text(rule) for rule in given] for name, given in rules.items() if given is not None}
        return {name: value for name, value in config.items() if value is not None}

    @property
    def most_iterations(self) -> int:
        """The number of iterations after which the search ends."""
        return self.iterations or {"newton": EFFORTS[self.effort].iterations, "paper": 30}[self.method]

    def of_bound(self, bound: float) -> Newton | Paper:
        """The method and its parameters.

        Args:
            bound: least wMAPD that any costs could reach in the sample.
        """
        count = IterationCount(self.most_iterations)
        curvature = CURVATURES[self.curvature]() if isinstance(self.curvature, str) else self.curvature
        given: dict[str, Any] = {"curvature": curvature, "limits": self.limits}
        given = {name: value for name, value in given.items() if value is not None}
        if self.method == "paper":
            stop = (WithinFactorOfBound(bound), Stalled(patience=12)) if self.stop is None else self.stop
            return Paper(stop=(count, *stop), **given)
        effort = EFFORTS[self.effort]
        given |= {name: getattr(effort, name) for name in ("steady", "average", "prices")}
        given.setdefault("limits", (DecayingMaximum(effort.reach, decay=1.0),))
        if self.deviation_price is None and bound > 0:
            given["target"] = effort.target * bound
        return Newton(stop=(count, *(self.stop or ())), at_noise=self.stop is None, **given)


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
