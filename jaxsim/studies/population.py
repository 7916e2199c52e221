"""Every product of a scenario, simulated in blocks without capacity costs and with them; what is kept are totals.

A *block* of products is read and built at a time, and parts of it are simulated at a time, so memory does not grow with
the population. Both cases of a part are the same products on the same draws: the pair is fair, and its differences are
known well. The draws are those of no search: their seed is made of the study's for this purpose alone.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import jax
import numpy as np
import pyarrow as pa

from jaxsim.draws import independent_seed
from jaxsim.measures import OrderGroups, Sources, Totals
from jaxsim.resources import Prices, Resource
from jaxsim.runs.checkpoint import part, under
from jaxsim.scenario import Source, load
from jaxsim.studies.problem import Engine, Problem, simulator
from jaxsim.studies.settings import Simulation
from jaxsim.system import System, build

BLOCK = 16_384
"""Products read and built at a time, at most."""
PRODUCT_TRIALS = {"cpu": 32_768, "gpu": 131_072}
"""Product-trials simulated at a time, at most: on a GPU two chunks of the engine, on a CPU what takes little memory."""


@dataclass(frozen=True)
class Pair:
    """Totals of the same products on the same draws."""

    unconstrained: Totals
    constrained: Totals
    groups: OrderGroups
    """What is ordered without costs."""
    sources: Sources
    """Who uses the resources with costs."""

    @classmethod
    def of(cls, system: System, simulate: Engine, costs: Prices, resources: tuple[Resource, ...]) -> "Pair":
        """Simulate a system without costs and with them."""
        outcome = simulate(None)
        plain, groups = Totals.of(system, outcome, resources), OrderGroups.of(system, outcome)
        outcome = simulate(costs)
        return cls(plain, Totals.of(system, outcome, resources), groups, Sources.of(system, outcome, resources))

    def __add__(self, other: "Pair") -> "Pair":
        """Totals of both, which are of different products."""
        return Pair(
            self.unconstrained + other.unconstrained,
            self.constrained + other.constrained,
            self.groups + other.groups,
            self.sources + other.sources,
        )

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays, as a checkpoint holds them."""
        arrays = under("unconstrained", self.unconstrained.to_arrays())
        arrays |= under("constrained", self.constrained.to_arrays())
        arrays |= under("groups", self.groups.to_arrays())
        return arrays | under("sources", self.sources.to_arrays())

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], resources: tuple[Resource, ...]) -> "Pair":
        """Inverse of `to_arrays`."""
        totals = lambda case: Totals.from_arrays(part(case, arrays), resources)
        groups, sources = OrderGroups.from_arrays(part("groups", arrays)), part("sources", arrays)
        pair = totals("unconstrained"), totals("constrained")
        return cls(*pair, groups, Sources.from_arrays(sources, resources))


@dataclass(frozen=True)
class Population:
    """Products of a scenario, and how they are to be simulated."""

    scenario: Source
    names: pa.ChunkedArray
    costs: Prices
    resources: tuple[Resource, ...]
    settings: Simulation
    """Trials, engine and policies; the seed is not that of the draws."""
    first_trial: int
    """Number of the first trial."""

    @property
    def trials(self) -> int:
        """Futures of each product."""
        return self.settings.trials_of(len(self.names))

    @property
    def blocks(self) -> int:
        """Blocks that it is simulated in."""
        return -(-len(self.names) // BLOCK)

    @property
    def product_trials(self) -> int:
        """Product-trials of both cases together."""
        return 2 * len(self.names) * self.trials

    def simulate(self, done: int = 0, pair: Pair | None = None) -> Iterator[tuple[int, Pair]]:
        """Simulate block by block: the number of blocks done, and the totals of all of them.

        Args:
            done: blocks that are done already. pair: their totals.
        """
        for number, system in self._systems(done):
            for rows in np.array_split(np.arange(len(system.product_names)), self._parts(system)):
                found = self._simulated(system.take(rows))
                pair = found if pair is None else pair + found
            assert pair is not None
            yield number + 1, pair

    def _systems(self, done: int) -> Iterator[tuple[int, System]]:
        """Number and system of each block; the next one is built while one is simulated."""
        edges = np.linspace(0, len(self.names), self.blocks + 1).astype(int)
        with ThreadPoolExecutor(1) as pool:
            later = None
            for number in range(done, self.blocks):
                now = later or pool.submit(self._built, edges[number], edges[number + 1])
                more = number + 1 < self.blocks
                later = pool.submit(self._built, edges[number + 1], edges[number + 2]) if more else None
                yield number, now.result()

    def _built(self, start: int, end: int) -> System:
        scenario = load(self.scenario, self.names.slice(start, end - start).to_pylist())
        return build(scenario, np.ones(end - start))

    def _parts(self, system: System) -> int:
        most = PRODUCT_TRIALS.get(jax.default_backend(), PRODUCT_TRIALS["gpu"])
        products = len(system.product_names)
        return min(-(-products * self.trials // most), products)

    def _simulated(self, system: System) -> Pair:
        """A part of a block, which is a sample of itself."""
        itself = Problem(system, np.zeros(len(system.product_names), np.int64), len(self.names), 1.0)
        seed = independent_seed(self.settings.seed, "evaluate")
        engine = simulator(itself, self.settings, seed, self.first_trial)
        return Pair.of(system, engine, self.costs, self.resources)
