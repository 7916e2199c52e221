"""A sampled scenario ready to simulate, and the two engines behind one signature."""

import dataclasses
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float64, Int

from jaxsim import reference
from jaxsim.interrupts import check
from jaxsim.outcome import Outcome
from jaxsim.resources import Costs, Planned, planned_resources
from jaxsim.runs.folder import RunError
from jaxsim.sampling import population_of, stratified_sample, work_saved
from jaxsim.scenario import Scenario, Source, load, product_statistics
from jaxsim.simulator import Simulator
from jaxsim.studies.settings import ENGINES, AnyPolicies, Simulation
from jaxsim.system import System, build, check_trials

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


def named(scenario: Source) -> str:
    """What a scenario is called in messages and configurations."""
    return "a scenario in memory" if isinstance(scenario, Scenario) else os.fspath(scenario)


def load_problem(scenario: Source, size: int, seed: int) -> Problem:
    """Read product statistics, draw the sample, read only its rows and make the arrays.

    Raises:
        ScenarioError: the scenario cannot be used.
        RunError: it has no products.
    """
    population = population_of(product_statistics(scenario))
    if not population.names:
        raise RunError(f"{named(scenario)} has no products")
    sample = stratified_sample(population, size, seed)
    scenario_sample = load(scenario, sample.names)
    row = {name: i for i, name in enumerate(sample.names)}
    order = np.array([row[name] for name in scenario_sample.products])
    system = build(scenario_sample, sample.sampling_weight[order])
    return Problem(system, sample.stratum[order], len(population.names), work_saved(population, sample))


def with_trials(settings: Simulation, system: System) -> Simulation:
    """The settings with their number of trials: of sample paths of demand, half at most unless it was given."""
    trials, there = settings.trials_of(len(system.product_names)), system.source.trials
    if settings.trials is None and there is not None:
        trials = min(trials, max(1, there // 2))
    return dataclasses.replace(settings, trials=trials)


def unseen_trial(system: System, trials: int) -> int:
    """First of `trials` trials whose demand the trials 0 … `trials` − 1 of another seed did not show.

    Another seed makes other demand of quantiles. Of sample paths it takes the next ones; where there are too few, the
    first ones again.
    """
    there = system.source.trials
    return trials if there is not None and there >= 2 * trials else 0


def facts(problem: Problem, fingerprint: str, seed: int) -> dict[str, Any]:
    """What a manifest says beside versions and device."""
    nodes, weeks = problem.plan.shape
    return {
        "scenario_sha256": fingerprint,
        "seed": seed,
        "products": problem.population,
        "sampled_products": len(problem.strata),
        "nodes": nodes,
        "weeks": weeks,
        "node_weeks": len(problem.planned.plan),
        "sampling_work_saved": problem.work_saved if math.isfinite(problem.work_saved) else None,
    }


def simulator(problem: Problem, settings: Simulation, seed: int | None = None, first_trial: int = 0) -> Engine:
    """The engine that the settings name, set up for the problem; `seed` stands in for theirs."""
    seed = settings.seed if seed is None else seed
    trials = settings.trials_of(len(problem.strata))
    return engine(settings.engine, problem.system, trials, seed, first_trial, settings.policies)


def engine(
    name: str, system: System, trials: int, seed: int, first_trial: int = 0, policies: AnyPolicies | None = None
) -> Engine:
    """The engine of that name, set up for a system.

    Args:
        policies: of that engine; its defaults when left out.

    Raises:
        RunError: there is no engine of that name.
        ValueError: there are fewer sample paths of demand than trials.
    """
    if name not in ENGINES:
        raise RunError(f"there is no engine {name!r}; there are {' and '.join(ENGINES)}")
    check_trials(system, first_trial, trials)
    settings: dict[str, Any] = {"policies": policies, "trials": trials, "first_trial": first_trial, "seed": seed}
    if name == "scan":
        return Simulator(system, **settings).run
    return lambda costs: reference.run(system, costs, **settings, on_progress=lambda _: check()).outcome()
