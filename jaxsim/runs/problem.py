"""A sampled scenario ready to simulate, and the two engines behind one signature."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.interrupts import check
from jaxsim.outcome import Outcome
from jaxsim.resources import Costs, Planned, planned_resources
from jaxsim.runs.folder import RunError
from jaxsim.sampling import population_of, stratified_sample, work_saved
from jaxsim.scenario import load, product_statistics
from jaxsim.system import System, build, check_trials

ENGINES = ("scan", "events")
"""The scan engine and the exact one."""

Engine = Callable[[Costs], Outcome]
"""Simulates prices; None is the same as zero prices."""


@dataclass(frozen=True)
class Problem:
    """Arrays of a sample of products, and what it says of the population."""

    system: System
    strata: Int[np.ndarray, " products"]
    population: int
    """Products of the scenario."""
    work_saved: float
    """How many times as many products a simple random sample would need for the same error."""

    @property
    def plan(self) -> Float64[np.ndarray, "nodes weeks"]:
        """Labor plan, NaN where there is none."""
        return self.system.network.plan

    @cached_property
    def planned(self) -> Planned:
        """The resources that the scenario plans."""
        return planned_resources(self.system)


def load_problem(scenario: Path, size: int, seed: int) -> Problem:
    """Read product statistics, draw the sample, read only its rows and make the arrays."""
    population = population_of(product_statistics(scenario))
    if not population.names:
        raise RunError(f"{scenario} has no products")
    sample = stratified_sample(population, size, seed)
    scenario_sample = load(scenario, sample.names)
    row = {name: i for i, name in enumerate(sample.names)}
    order = np.array([row[name] for name in scenario_sample.products])
    system = build(scenario_sample, sample.sampling_weight[order])
    return Problem(system, sample.stratum[order], len(population.names), work_saved(population, sample))


def unseen_trial(system: System, trials: int) -> int:
    """First of `trials` trials whose demand the trials 0 … `trials` − 1 of another seed did not show.

    Another seed makes other demand of quantiles. Of sample paths it takes the next ones; where there are too few, the
    first ones again.
    """
    there = system.source.trials
    return trials if there is not None and there >= 2 * trials else 0


def engine(name: str, system: System, trials: int, seed: int, first_trial: int = 0) -> Engine:
    """The engine of that name, set up for a system.

    Raises:
        RunError: there is no engine of that name.
        ValueError: there are fewer sample paths of demand than trials.
    """
    if name not in ENGINES:
        raise RunError(f"there is no engine {name!r}; there are {' and '.join(ENGINES)}")
    check_trials(system, first_trial, trials)
    if name == "scan":
        from jaxsim.simulator import Simulator  # compiles; the event engine does without

        return Simulator(system, trials=trials, seed=seed, first_trial=first_trial).run
    from jaxsim import reference

    settings: dict[str, Any] = {"trials": trials, "first_trial": first_trial, "seed": seed}
    return lambda costs: reference.run(system, costs, **settings, on_progress=lambda _: check()).outcome()
