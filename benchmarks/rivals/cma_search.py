# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""CMA-ES by the package cma, on wMAPD alone."""

import cma
import numpy as np

from benchmarks.rivals.search import Arena, compete

SIGMA = 0.3
"""First standard deviation of costs, cost scales."""


def cma_es(arena: Arena) -> np.ndarray:
    """A generation sees the same draws, the next one others; promoted is the mean of the distribution."""
    # Seed 0 is the clock to it.
    options = {"seed": arena.task.seed + 1, "verbose": -9}
    strategy = cma.CMAEvolutionStrategy(np.zeros(arena.task.size), SIGMA, options)
    generation = 0
    while True:
        candidates = strategy.ask()
        found = [arena.ask(each, generation, strategy.mean).wmapd for each in candidates]
        strategy.tell(candidates, found)
        generation += 1


if __name__ == "__main__":
    compete("cma", {"CMA-ES": cma_es})
