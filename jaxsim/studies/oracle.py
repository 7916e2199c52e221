"""What a search asks the simulator: utilization under costs, on draws of the iteration's own, and how it answers costs.

Iterations take turns with a few *batches*, each with futures and, where the sample is not the whole population,
products of its own. A search that sees several averages over what it would fit if it saw one; that there are few keeps
the bases of their LPs, and their arrays, where they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from jaxsim.cost_search import Evaluation, Space, cost_scale
from jaxsim.draws import independent_seed
from jaxsim.measures import preferred_node_availability, utilization
from jaxsim.resources import ARRIVALS, Planned
from jaxsim.resources.arrivals import response
from jaxsim.scenario import Source
from jaxsim.simulator import Simulator
from jaxsim.simulator.policies import Policies
from jaxsim.studies.deviation_price import DeviationPrice
from jaxsim.studies.problem import Engine, Problem, load_problem, simulator
from jaxsim.studies.settings import Simulation
from jaxsim.system import System, check_trials

BATCHES, WHOLE_BATCHES = 4, 16
"""Of a sample, and where it is the whole population: a batch is then no more than other futures of its products."""
CURVATURE_TRIALS = 1_500
"""Product-trials whose buying LPs tell the curvature; they are simulated for that alone."""
CURVATURE = "curvature"
"""Purpose of the seed of their sample and draws."""
BARRIER = 1e-3
"""At which LPs tell how orders answer costs. At 1e-4 the matrix is a little nearer to that of small changes and much
more of it is sampling noise; its size, which a search corrects, is farther off at larger ones."""


@dataclass(frozen=True)
class Batch:
    """A sample of products with futures of its own."""

    problem: Problem
    simulate: Engine
    product_trials: int


@dataclass
class Oracle:
    """Simulates costs for a search; counts what it simulates."""

    batches: Sequence[Batch]
    curvature: tuple[System, Simulator] | None = None
    """Sample that tells the curvature; None where the search asks for none."""
    realized: bool = False
    """Steer by realized instead of expected arrivals."""
    product_trials: int = field(default=0, init=False)
    """Simulated so far."""

    @property
    def trials(self) -> int:
        """Futures of each product in all batches together."""
        return sum(batch.product_trials // len(batch.problem.strata) for batch in self.batches)

    @property
    def planned(self) -> Planned:
        """The node-weeks that costs are searched for."""
        return self.batches[0].problem.planned

    def __call__(self, costs: Float64[np.ndarray, " h"], iteration: int) -> Evaluation:
        """Utilization under costs on the batch whose turn it is."""
        batch = self.batches[iteration % len(self.batches)]
        system, strata, planned = batch.problem.system, batch.problem.strata, self.planned
        outcome = batch.simulate(planned.prices(costs))
        self.product_trials += batch.product_trials
        used = {each: utilization(system, outcome, strata, each, realized=self.realized) for each in planned.resources}
        pack = lambda name: planned.pack({each: np.asarray(getattr(found, name)) for each, found in used.items()})
        pna = preferred_node_availability(system, outcome, strata=strata)
        return Evaluation(pack("mean"), {"pna": float(pna.mean)}, pack("standard_error"), self._sensitivity(costs))

    def _sensitivity(self, costs: Float64[np.ndarray, " h"]) -> Callable[[], Float64[np.ndarray, "h h"]] | None:
        """∂Ũ/∂λ of arrivals; 0 in the rows and columns of other resources."""
        if self.curvature is None:
            return None
        (system, simulator), planned = self.curvature, self.planned
        prices, nodes = planned.prices(costs), planned.node_weeks[ARRIVALS]

        def compute() -> Float64[np.ndarray, "h h"]:
            matrix = np.zeros((len(costs), len(costs)))
            orders = simulator.reviews(prices).response(prices, BARRIER)
            self.product_trials += simulator.product_trials
            cells = np.flatnonzero(nodes.planned)
            part = np.flatnonzero(planned.resource == ARRIVALS.name)
            matrix[np.ix_(part, part)] = response(system, orders)[np.ix_(cells, cells)]
            return matrix

        return compute


def load_oracle(
    scenario: Source, first: Problem, settings: Simulation, *, fresh: bool, curvature: bool, realized: bool
) -> Oracle:
    """The oracle of a scenario.

    Args:
        first: the sample of the first batch, which others share when it is the whole population.
        fresh: whether iterations take turns with batches; else all see the first. Of sample paths of demand at most
            half are used, so that others are left to judge by.
        curvature: whether the search asks for it.
    """
    whole, seed = len(first.strata) == first.population, settings.seed

    def problem_of(number: int) -> Problem:
        if whole or not number:
            return first
        return load_problem(scenario, settings.products, independent_seed(seed, f"batch {number}"))

    count = 1 if not fresh else WHOLE_BATCHES if whole else BATCHES
    told = load_problem(scenario, CURVATURE_TRIALS, independent_seed(seed, CURVATURE)).system if curvature else None
    return oracle_of(problem_of, count, settings, seed, told, realized)


def oracle_of(
    problem_of: Callable[[int], Problem],
    count: int,
    settings: Simulation,
    seed: int,
    told: System | None,
    realized: bool = False,
) -> Oracle:
    """The oracle of problems that are there already.

    Args:
        problem_of: the sample of a batch by its number, all of as many products.
        count: of batches; of sample paths of demand, at most half are used.
        seed: of draws, in place of that of the settings.
        told: products that tell the curvature; None where the search does not ask for it.
    """
    first = problem_of(0)
    trials, there = settings.trials_of(len(first.strata)), first.system.source.trials
    count = count if there is None else max(1, min(count, there // 2 // trials))
    batches = []
    for number in range(count):
        problem = problem_of(number)
        simulate = simulator(problem, settings, seed, number * trials)
        batches.append(Batch(problem, simulate, len(problem.strata) * trials))
    return Oracle(batches, None if told is None else (told, _telling(told, settings, seed)), realized)


def _telling(system: System, settings: Simulation, seed: int) -> Simulator:
    """Simulator of the products that tell the curvature."""
    trials, there = max(1, CURVATURE_TRIALS // len(system.product_names)), system.source.trials
    trials = trials if there is None else min(trials, there)
    check_trials(system, 0, trials)
    policies = settings.policies if isinstance(settings.policies, Policies) else None
    return Simulator(system, policies=policies, trials=trials, seed=independent_seed(seed, CURVATURE))


def space_of(problem: Problem, price: DeviationPrice) -> Space:
    """Scale, resource, reach and price of deviation of the searched prices."""
    planned = problem.planned
    part = np.repeat(np.arange(len(planned.resources)), [len(each) for each in planned.node_weeks.values()])
    scale = np.array([cost_scale(problem.system, resource) for resource in planned.resources])[part]
    under, over = price.of(planned.columns()["node"], scale, scale[0])
    return Space(scale, part, planned.reachable, under, over)
