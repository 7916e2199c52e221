"""One run of a search method: what it asks is counted and timed, and what it would promote is judged in truth.

    method → ask(λ) → oracle → utilization → method → report(λ that would be promoted now) → truth, now and then

Truth is judged whenever the product-trials of the run have grown by a factor, outside of all clocks and counts.
"""

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from benchmarks.search_truth import Judgment
from jaxsim.cost_search import Evaluation, Space
from jaxsim.studies.oracle import Oracle


@dataclass(frozen=True)
class Seconds:
    """Wall seconds of a run so far; judgments are not in it."""

    simulation: float = 0.0
    curvature: float = 0.0
    """Sensitivities of LPs."""
    rest: float = 0.0
    """Everything else: box QPs, the method's own arithmetic, messages to a method in another process."""


@dataclass(frozen=True)
class Point:
    """A judged point of a run."""

    evaluations: int
    """Simulations that the method asked for."""
    product_trials: int
    """Of the method alone."""
    seconds: Seconds
    truth: Judgment
    own_stop: bool
    """The method's own rules would have ended the run here."""


class Course:
    """What a method sees of a run, and what is written down of it."""

    points: list[Point]
    versions: dict[str, str]
    """Of the packages that a method in another process runs."""

    def __init__(
        self,
        oracle: Oracle,
        space: Space,
        truth: Callable[[np.ndarray], Judgment],
        budget: int,
        growth: float,
        seed: int,
    ) -> None:
        """Start the clock.

        Args:
            space: scales and reach of the costs. truth: judges costs.
            budget: product-trials after which the run is over.
            growth: from one judgment to the next, as a factor of the product-trials.
            seed: of what a method draws itself.
        """
        self.space, self.seed, self.plan = space, seed, oracle.planned.plan
        self.points, self.versions = [], {}
        self._oracle, self._truth, self._budget, self._growth = oracle, truth, budget, growth
        self._evaluations, self._next = 0, 0.0
        self._simulation = self._curvature = self._judging = 0.0
        self._promoted = np.zeros(len(self.plan))
        self._own_stop = False
        self._started = time.perf_counter()

    def loaded(self) -> None:
        """Start the clock anew: what a method loaded so far is not timed."""
        self._started = time.perf_counter()

    @property
    def batches(self) -> int:
        """Draws that iterations take turns with."""
        return len(self._oracle.batches)

    @property
    def evaluations(self) -> int:
        """That the budget pays for, the last of which may go beyond it."""
        return -(-self._budget // self._oracle.batches[0].product_trials)

    @property
    def asked(self) -> int:
        """Evaluations so far."""
        return self._evaluations

    @property
    def spent(self) -> bool:
        """Whether the budget is used."""
        return self._oracle.product_trials >= self._budget

    def ask(self, costs: Float64[np.ndarray, " h"], iteration: int) -> Evaluation:
        """Simulate λ on the draws of an iteration."""
        started = time.perf_counter()
        found = self._oracle(costs, iteration)
        self._simulation += time.perf_counter() - started
        self._evaluations += 1
        tell = found.sensitivity
        if tell is None:
            return found

        def timed() -> Float64[np.ndarray, "h h"]:
            begun = time.perf_counter()
            matrix = tell()
            self._curvature += time.perf_counter() - begun
            return matrix

        return dataclasses.replace(found, sensitivity=timed)

    def report(self, costs: Float64[np.ndarray, " h"], own_stop: bool = False) -> None:
        """Say what would be promoted now, and whether the method by itself would stop here."""
        self._promoted = costs
        first_stop = own_stop and not self._own_stop
        self._own_stop |= own_stop
        if first_stop or self._oracle.product_trials >= self._next:
            self._judge(first_stop)

    def end(self) -> None:
        """Judge what was reported last, unless it was."""
        if not self.points or self.points[-1].evaluations < self._evaluations:
            self._judge(False)

    def _judge(self, own_stop: bool) -> None:
        now, spent = time.perf_counter(), self._oracle.product_trials
        rest = now - self._started - self._simulation - self._curvature - self._judging
        seconds = Seconds(self._simulation, self._curvature, rest)
        self.points.append(Point(self._evaluations, spent, seconds, self._truth(self._promoted), own_stop))
        self._next = self._growth * spent
        self._judging += time.perf_counter() - now
