"""An example of the suite: a scenario, capacity costs and a seed; and what the two engines make of it."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TypeVar

import numpy as np
from hypothesis import strategies as st

from jaxsim import reference
from jaxsim.conformance import Balance, Comparison, balance, compare
from jaxsim.outcome import Trajectory
from jaxsim.resources import Costs, Prices
from jaxsim.scenario import Scenario
from jaxsim.scenario.check import faults_of
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from tests.conformance.frames import MOST_PRODUCTS, SLOTS, Frame, padded
from validation.random_scenarios import Chooser, Rows, random_rows, tabulated

T = TypeVar("T")

CHUNK = 32
"""Product-trials of a compilation; examples of many trials take several chunks."""


@dataclass(frozen=True)
class Example:
    """A scenario, its prices by node and week, and what the engines are called with.

    The scenario is made when it is asked for, because jaxsim's checks of types draw random numbers, which a strategy of
    hypothesis must not.
    """

    rows: Rows
    frame: Frame
    costs: np.ndarray
    costs_are: str
    storage_prices: np.ndarray
    storage_prices_are: str
    trials: int
    seed: int

    @cached_property
    def scenario(self) -> Scenario:
        """The tables, checked."""
        scenario = tabulated(self.rows, self.frame.weeks)
        assert not (faults := faults_of(scenario.tables)), faults
        return scenario

    @cached_property
    def system(self) -> System:
        """Arrays in the common shape."""
        return padded(build(self.scenario))

    @property
    def prices(self) -> Prices:
        """Prices of arrivals, and of storage where the frame has them."""
        of = {"arrivals": self.costs} | ({"storage": self.storage_prices} if self.frame.storage else {})
        return Prices(of)

    @property
    def products(self) -> int:
        """Products that are not filling."""
        return len(self.rows["products"])


@dataclass(frozen=True)
class Finding:
    """Both trajectories of an example's own products, and what was found in them."""

    system: System
    scan: Trajectory
    events: Trajectory
    comparison: Comparison
    balances: tuple[Balance, Balance]


class Drawn:
    """A `Chooser` that hypothesis drives and shrinks."""

    def __init__(self, draw: st.DrawFn):
        self._draw = draw

    def integer(self, low: int, high: int) -> int:
        """A whole number; shrinks to `low`."""
        return self._draw(st.integers(low, high)) if low < high else low

    def pick(self, options: Sequence[T]) -> T:
        """One of the options; shrinks to the first."""
        return options[self.integer(0, len(options) - 1)]


@st.composite
def examples(draw: st.DrawFn, frame: Frame) -> Example:
    """Examples of a frame."""
    return example_of(Drawn(draw), frame)


def example_of(choose: Chooser, frame: Frame) -> Example:
    """An example made of choices."""
    rows = random_rows(
        choose,
        [""],
        (1, MOST_PRODUCTS),
        frame.weeks,
        further_quantiles=frame.further_quantiles,
        weekdays=frame.weekdays,
        forecasts=True,
        paths=frame.paths,
        storage_plan=frame.storage,
    )
    costs_are = choose.pick(("both signs", "zero", "both signs", "large"))
    costs = _prices(choose, costs_are, len(rows["nodes"]), frame)
    storage_prices_are = choose.pick(("both signs", "zero", "both signs", "large")) if frame.storage else "zero"
    storage_prices = _prices(choose, storage_prices_are, len(rows["nodes"]), frame)
    trials = choose.pick((2, 2, 2, 2, 2, 2, 2, 9))
    seed = choose.pick((0, choose.integer(0, 10**6), 2**63 + 7))
    return Example(rows, frame, costs, costs_are, storage_prices, storage_prices_are, trials, seed)


def _prices(choose: Chooser, they_are: str, nodes: int, frame: Frame) -> np.ndarray:
    """Prices of the nodes that there are; 0 of those that fill up the arrays."""
    prices = np.zeros((SLOTS, frame.weeks))
    if they_are != "zero":
        scale = {"both signs": 0.2, "large": 1000.0}[they_are]
        for at in np.ndindex(nodes, frame.weeks):
            prices[at] = scale * choose.pick((0.0, 1.0, -1.0, 0.25, -2.5, 7.0))
    return prices


def simulated(example: Example) -> Finding:
    """Run both engines and compare; the products that fill up the arrays are simulated by the scan engine only."""
    system, own = example.system, np.arange(example.products)
    trials, seed = example.trials, example.seed
    run = fast_run(example)
    scan = Trajectory(**{field.name: getattr(run, field.name)[own] for field in fields(Trajectory)})
    events = reference.run(system, example.prices, trials=trials, seed=seed, products=own.tolist())
    return finding_of(system.take(own), scan, events, example.prices)


def fast_run(example: Example) -> Trajectory:
    """The scan engine's trajectory, that of the products which fill up the arrays included."""
    simulator = Simulator(example.system, trials=example.trials, seed=example.seed, chunk=CHUNK, threads=1)
    return simulator.trajectory(example.prices)


def finding_of(system: System, scan: Trajectory, events: Trajectory, costs: Costs) -> Finding:
    """Compare trajectories."""
    balances = balance(system, scan), balance(system, events)
    return Finding(system, scan, events, compare(system, scan, events, costs), balances)
