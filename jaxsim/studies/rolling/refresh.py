"""The weekly refresh: costs of the weeks ahead, searched from what the weeks before have left.

A warm refresh starts from last week's costs, shifted by a week, at the same price of deviation: costs are near, so its
steps shrink after a few of them. A cold one starts from no costs, as a search does.
"""

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from jaxsim import cost_search
from jaxsim.cost_search import DecayingMaximum, IterationCount, Newton
from jaxsim.draws import independent_seed
from jaxsim.measures import wmapd_bound
from jaxsim.resources import Planned, Prices
from jaxsim.studies.deviation_price import DeviationPrice
from jaxsim.studies.oracle import BATCHES, CURVATURE_TRIALS, oracle_of, space_of
from jaxsim.studies.problem import Problem, simulator
from jaxsim.studies.settings import Search, Simulation
from jaxsim.system import System

WARM_ITERATIONS, STEADY, AVERAGE = 8, 4.0, 3
"""Of a warm refresh: iterations, those before steps shrink, and iterates that costs are the mean of."""
REACH = 4.0
"""Cost scales that a step of a refresh moves a cost at most. Most costs are near where they belong after a week, but
some change ends, and with steps of one scale those take all the iterations that there are."""


_LIMITS = (DecayingMaximum(REACH, decay=1.0),)


@dataclass(frozen=True)
class Refresh:
    """Costs of a refresh, and what they took."""

    costs: Float64[np.ndarray, " h"]
    price: float
    """Multiple of the price of deviation that it ended with."""
    violations: tuple[float, ...]
    """Projected violation of each iteration."""
    product_trials: int

    @property
    def left(self) -> float:
        """Projected violation of the last iterations, their mean: what is left to mend, and noise."""
        return float(np.mean(self.violations[-AVERAGE:]))

    def iterations_to(self, violation: float) -> int | None:
        """Iterations until as many as are averaged leave no more than this; None where it never comes to it."""
        means = np.convolve(self.violations, np.full(AVERAGE, 1 / AVERAGE), "valid")
        reached = np.flatnonzero(means <= violation)
        return int(reached[0]) + AVERAGE if len(reached) else None


def cold(problem: Problem, week: int, given: DeviationPrice, price: float | None, settings: Simulation) -> Refresh:
    """A refresh from no costs.

    Args:
        problem: of the weeks ahead. week: its first.
        given: price of deviation. price: multiple of it; aimed as `jaxsim.search` does when left out.
    """
    if price is not None:
        return _refresh(problem, week, given, price, settings, Newton(at_noise=False, limits=_LIMITS), None)
    outcome = simulator(problem, settings)(None)
    bound = float(wmapd_bound(problem.system, outcome, problem.planned.resources))
    method = Search(deviation_price=given.to_config()).of_bound(bound)
    assert isinstance(method, Newton)
    return _refresh(problem, week, given, 1.0, settings, method, None)


def warm(
    problem: Problem, week: int, given: DeviationPrice, price: float, settings: Simulation, start: np.ndarray
) -> Refresh:
    """A refresh from costs."""
    method = Newton(stop=(IterationCount(WARM_ITERATIONS),), steady=STEADY, average=AVERAGE, limits=_LIMITS)
    return _refresh(problem, week, given, price, settings, method, start)


def shifted(prices: Prices, weeks: int = 1, last: bool = True) -> Prices:
    """Prices some weeks later: what was of week w + `weeks` is of week w.

    Args:
        last: weeks beyond the last one have its prices, else none.
    """

    def of(values: np.ndarray) -> np.ndarray:
        kept = values[:, weeks:]
        fill = values[:, -1:] if last else np.zeros_like(values[:, -1:])
        return np.concatenate([kept, np.repeat(fill, values.shape[1] - kept.shape[1], axis=1)], axis=1)

    return Prices({resource: of(values) for resource, values in prices.items()})


def packed(planned: Planned, prices: Prices) -> Float64[np.ndarray, " h"]:
    """The vector of prices in the node-weeks that are planned and can be priced."""
    return np.where(planned.reachable, planned.pack_prices(prices), 0.0)


def _refresh(
    problem: Problem,
    week: int,
    given: DeviationPrice,
    price: float,
    settings: Simulation,
    method: Newton,
    start: np.ndarray | None,
) -> Refresh:
    seed = independent_seed(settings.seed, f"refresh, week {week}")
    oracle = oracle_of(lambda _: problem, BATCHES, settings, seed, _told(problem.system, seed))
    space = space_of(problem, given).at_price(price)
    found = cost_search.search(oracle, problem.planned.plan, method, space=space, start=start)
    if found.interrupted:
        raise KeyboardInterrupt
    violations = tuple(record.extras["projected_violation"] for record in found.records)
    return Refresh(found.costs, price * float(found.state.price), violations, oracle.product_trials)


def _told(system: System, seed: int) -> System:
    """Products that tell the curvature: those of most units, and some of the others for all of them."""
    count = len(system.product_names)
    if count <= CURVATURE_TRIALS:
        return system
    units = system.products.sampling_weight * system.source.volume
    order = np.argsort(-units, kind="stable")
    half = CURVATURE_TRIALS // 2
    rest = np.random.default_rng(seed).choice(order[half:], CURVATURE_TRIALS - half, replace=False)
    weight = system.products.sampling_weight.copy()
    weight[rest] *= (count - half) / len(rest)
    whole = dataclasses.replace(system, products=dataclasses.replace(system.products, sampling_weight=weight))
    return whole.take(np.sort(np.concatenate([order[:half], rest])))
