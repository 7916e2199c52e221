"""What is true of capacity costs: expectations over every product of a scenario, on draws that no search has.

`jaxsim.evaluate` says the same of one vector of costs and reads the scenario each time; here the systems, the draws and
the bases of the LPs stay, so that many vectors along a search's path are judged quickly and on the same draws.
"""

import functools
import itertools
import operator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from jaxsim.draws import independent_seed
from jaxsim.measures import INDICATORS, OrderGroups, Totals, joint_bound, relative_fall
from jaxsim.measures.indicators import PNA
from jaxsim.resources import planned_resources
from jaxsim.scenario import Source, load, product_names
from jaxsim.simulator import Simulator
from jaxsim.system import build

PART = 16_384
"""Products simulated at a time, at most."""


@dataclass(frozen=True)
class Judgment:
    """Expected figures of costs, fractions."""

    wmapd: float
    noise: float
    """wMAPD that the draws alone would show at perfect adherence."""
    pna_loss: float
    """Fall of preferred node availability, relative to what there is without costs, on the same draws."""
    pna_loss_error: float
    """Its standard error."""


class Truth:
    """A population ready to be simulated, and its figures without capacity costs."""

    def __init__(self, scenario: Source, trials: int, seed: int) -> None:
        """Read all products and simulate them without costs.

        Args:
            trials: futures of each product, at least 2. seed: of the draws.
        """
        names = product_names(scenario)
        self.products, self.trials, seed = len(names), trials, independent_seed(seed, "truth")
        edges = np.linspace(0, len(names), -(-len(names) // PART) + 1).astype(int)
        blocks = [names.slice(start, end - start).to_pylist() for start, end in itertools.pairwise(edges)]
        systems = [build(load(scenario, block), np.ones(len(block))) for block in blocks]
        self.planned = planned_resources(systems[0])
        self._plans = {each: each.plan(systems[0]) for each in self.planned.resources}
        self._simulators = [Simulator(system, trials=trials, seed=seed) for system in systems]
        plain, groups = zip(*map(self._without_costs, self._simulators), strict=True)
        self._plain = functools.reduce(operator.add, plain)
        self.bound = float(joint_bound(functools.reduce(operator.add, groups), self._plans).mean)
        self.unconstrained = self.judge(self._plain)

    def __call__(self, costs: Float64[np.ndarray, " h"]) -> Judgment:
        """Judge costs λ of the planned node-weeks, currency per unit."""
        return self.judge(self.totals(costs))

    def totals(self, costs: Float64[np.ndarray, " h"]) -> Totals:
        """Totals over the population under costs."""
        prices = self.planned.prices(costs)
        parts = (Totals.of(each.system, each.run(prices), self.planned.resources) for each in self._simulators)
        return functools.reduce(operator.add, parts)

    def violation(self, totals: Totals) -> Float64[np.ndarray, " h"]:
        """V = Ũ − u of the planned node-weeks, units."""
        used = {each: totals.utilization(each).mean for each in self.planned.resources}
        return self.planned.pack(used) - self.planned.plan

    def judge(self, totals: Totals) -> Judgment:
        """Figures of totals."""
        adherence = totals.adherence(self._plans)
        parts = [INDICATORS[PNA].parts(each.columns) for each in (self._plain, totals)]
        fall = relative_fall(totals.weight, None, *parts)
        return Judgment(adherence.wmapd, adherence.noise, float(fall.mean), float(fall.standard_error))

    def _without_costs(self, simulator: Simulator) -> tuple[Totals, OrderGroups]:
        outcome = simulator.run(None)
        return Totals.of(simulator.system, outcome, self.planned.resources), OrderGroups.of(simulator.system, outcome)
