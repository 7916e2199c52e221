"""Simulate a scenario, with capacity costs or without.

load sample → simulate without costs (→ with costs) → bound → measures → tables
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jaxsim.measures import wmapd_bound
from jaxsim.runs.claim import claimed
from jaxsim.runs.folder import RunFolder
from jaxsim.scenario import Source
from jaxsim.scenario import fingerprint as fingerprint_of
from jaxsim.studies.costs import CostTable, costs_name, read_costs
from jaxsim.studies.measured import cost_table, measure, metrics, tables
from jaxsim.studies.problem import facts, load_problem, named, simulator
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.result import Result
from jaxsim.studies.settings import AnyPolicies, Simulation

Begin = Callable[[dict[str, dict[str, Any]], dict[str, Any]], RunFolder]
"""Starts a run folder with its configuration and facts."""


def simulate(
    scenario: Source,
    *,
    products: int = Simulation.products,
    trials: int = 2,
    seed: int = Simulation.seed,
    engine: str = Simulation.engine,
    policies: AnyPolicies | None = None,
    costs: CostTable | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Simulate a scenario without capacity costs and, when there are any, with them.

    Args:
        scenario: folder of a scenario, or a `Scenario`.
        products: products to sample; all when the scenario has no more.
        trials: futures of each product.
        seed: of sampling, demand and lead times.
        engine: "scan" (fast) or "events" (exact).
        policies: who buys, places and fulfills, see `docs/extending.md`; the engine's defaults when left out.
        costs: table of node, week, cost (an Arrow table or any data frame), or its file; the rest costs nothing.
        out: run folder to write; see also `Result.save`.
        overwrite: replace a run that is there.
        progress: where to say what is done.

    Raises:
        ScenarioError: the scenario cannot be used.
        RunError: a setting, the costs or the folder cannot be used.
    """
    settings = Simulation(products, trials, seed, engine, policies)
    if out is None:
        return _simulated(scenario, settings, costs, None, progress or Silent())
    with claimed(Path(out)) as claim:
        begin = lambda config, facts: claim.begin(config, facts, overwrite)
        return _simulated(scenario, settings, costs, begin, progress or Silent())


def _simulated(
    scenario: Source, settings: Simulation, costs: CostTable | None, begin: Begin | None, progress: Progress
) -> Result:
    """The stages.

    Args:
        begin: starts the run folder, when there is to be one.
    """
    started = time.perf_counter()
    fingerprint = fingerprint_of(scenario)
    progress.stage(f"loading {named(scenario)}")
    problem = load_problem(scenario, settings.products, settings.seed)
    charged = None if costs is None else read_costs(costs, problem.system.network)
    config: dict[str, dict[str, Any]] = {"scenario": {"path": named(scenario)}, "simulation": settings.to_config()}
    config["simulation"]["costs"] = None if costs is None else costs_name(costs)
    made_from = facts(problem, fingerprint, settings.seed)
    simulate, trials = simulator(problem, settings), settings.trials_of(len(problem.strata))
    run = None if begin is None else begin(config, made_from)
    progress.stage(f"simulating {len(problem.strata):,} of {problem.population:,} products without capacity costs")
    outcome = simulate(None)
    unconstrained, constrained, charged_table = measure(problem, outcome), None, {}
    if charged is not None:
        progress.stage("simulating with capacity costs")
        constrained = measure(problem, simulate(charged))
        charged_table = {"costs": cost_table(problem, problem.planned.pack_prices(charged))}
    numbers = metrics(
        problem,
        unconstrained,
        constrained,
        bound=wmapd_bound(problem.system, outcome, problem.planned.resources),
        product_trials=len(problem.strata) * trials * (1 if constrained is None else 2),
        seconds=time.perf_counter() - started,
    )
    result = Result(numbers, config, made_from, charged_table | tables(problem, unconstrained, constrained))
    if run is not None:
        result.write_to(run)
    return result
