"""The stages of a command, from tables to a run folder.

    simulate   load sample → simulate without costs (→ with costs) → measures → tables
    search     load sample → simulate without costs → bound → search, a checkpoint per iteration
               → promote the best costs → simulate them again → simulate other products and futures → measures → tables

`search_study` may be stopped at any moment and called again with `resume`: it ends with the same bits.
"""

import dataclasses
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64

from jaxsim.draws import independent_seed
from jaxsim.measures import adherence, preferred_node_availability, wmapd_bound
from jaxsim.resources import Prices
from jaxsim.runs import checkpoint, folder
from jaxsim.runs.claim import Claim, claimed
from jaxsim.runs.costs import read_costs
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.runs.journal import Journal, from_arrays
from jaxsim.runs.measured import (
    Measured,
    contribution_columns,
    cost_columns,
    measure,
    metrics,
    utilization_columns,
    utilizations,
)
from jaxsim.runs.metrics import Figure, Metrics
from jaxsim.runs.problem import ENGINES, Engine, Problem, engine, load_problem, unseen_trial
from jaxsim.runs.progress import Progress, Silent
from jaxsim.scenario import fingerprint
from jaxsim.search import (
    Curvature,
    DampedBfgs,
    Evaluation,
    IterationCount,
    IterationRecord,
    SearchConfig,
    SearchResult,
    SearchState,
    Space,
    Stalled,
    WithinFactorOfBound,
    cost_scale,
    search,
)

CURVATURES: dict[str, type[Curvature]] = {"bfgs": DampedBfgs}
"""Curvature estimates by name."""


@dataclasses.dataclass(frozen=True)
class Simulation:
    """What is simulated; checked once."""

    products: int = 2_000
    """Products of the sample; all when the scenario has no more."""
    trials: int = 2
    """Futures of each product; with one alone, standard errors are too large."""
    seed: int = 0
    engine: str = "scan"

    def __post_init__(self) -> None:
        if self.products < 1 or self.trials < 1:
            raise RunError("the numbers of products and of trials must be at least 1")
        if not 0 <= self.seed < 2**63:
            raise RunError("the seed must be a whole number from 0 to 2**63 - 1")
        if self.engine not in ENGINES:
            raise RunError(f"there is no engine {self.engine!r}; there are {' and '.join(ENGINES)}")


@dataclasses.dataclass(frozen=True)
class Search:
    """How costs are searched; checked once."""

    iterations: int = 30
    curvature: str = "bfgs"

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise RunError("the number of iterations must be at least 1")
        if self.curvature not in CURVATURES:
            raise RunError(f"there is no curvature {self.curvature!r}; there are {', '.join(CURVATURES)}")


@dataclasses.dataclass(frozen=True)
class Study:
    """What a search left: its folder, and whether it was stopped before its end."""

    run: RunFolder
    interrupted: bool


def simulate_study(
    scenario: Path,
    out: Path,
    simulation: Simulation,
    *,
    costs_file: Path | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> RunFolder:
    """Simulate a scenario without costs and, when there is a file of them, with costs."""
    with claimed(out) as claim:
        return _simulated(scenario, claim, simulation, costs_file, overwrite, progress or Silent())


def _simulated(
    scenario: Path, claim: Claim, simulation: Simulation, costs_file: Path | None, overwrite: bool, progress: Progress
) -> RunFolder:
    started = time.perf_counter()
    identity = fingerprint(scenario)
    progress.stage(f"loading {scenario}")
    problem = load_problem(scenario, simulation.products, simulation.seed)
    costs = None if costs_file is None else read_costs(costs_file, problem.system.network)
    config = {"scenario": {"path": str(scenario)}, "simulation": dataclasses.asdict(simulation)}
    config["simulation"]["costs"] = None if costs_file is None else str(costs_file)
    simulate = engine(simulation.engine, problem.system, simulation.trials, simulation.seed)
    run = claim.begin(config, _facts(problem, identity, simulation.seed), overwrite)
    progress.stage(f"simulating {len(problem.strata):,} of {problem.population:,} products without capacity costs")
    outcome = simulate(None)
    unconstrained, constrained = measure(problem, outcome), None
    if costs is not None:
        progress.stage("simulating with capacity costs")
        constrained = measure(problem, simulate(costs))
        run.write_table("costs", cost_columns(problem, problem.planned.pack_prices(costs)))
    found = metrics(
        problem,
        unconstrained,
        constrained,
        bound=wmapd_bound(problem.system, outcome, problem.planned.resources),
        product_trials=len(problem.strata) * simulation.trials * (1 if constrained is None else 2),
        seconds=time.perf_counter() - started,
    )
    _finish(run, problem, unconstrained, constrained, found)
    return run


def search_study(
    scenario: Path,
    out: Path,
    simulation: Simulation,
    settings: Search,
    *,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Study:
    """Search capacity costs for a scenario, or go on with a search that was stopped.

    Raises:
        KeyboardInterrupt: it was stopped before its run was begun, so there is none to go on with.
    """
    with claimed(out) as claim:
        try:
            return _searched(scenario, claim, simulation, settings, overwrite, resume, progress or Silent())
        except KeyboardInterrupt:
            if not (resume or claim.begun):
                raise
            return Study(RunFolder(claim.path), interrupted=True)


def _searched(
    scenario: Path,
    claim: Claim,
    simulation: Simulation,
    settings: Search,
    overwrite: bool,
    resume: bool,
    progress: Progress,
) -> Study:
    started = time.perf_counter()
    config = {
        "scenario": {"path": str(scenario)},
        "simulation": dataclasses.asdict(simulation),
        "search": dataclasses.asdict(settings),
    }
    identity = checkpoint.Identity(
        fingerprint(scenario), folder.fingerprint({key: config[key] for key in ("simulation", "search")})
    )
    run = _resumed(claim.path, identity, config) if resume else None
    if run is not None and run.finished:
        return Study(run, interrupted=False)
    progress.stage(f"loading {scenario}")
    problem = load_problem(scenario, simulation.products, simulation.seed)
    simulate = engine(simulation.engine, problem.system, simulation.trials, simulation.seed)
    if run is None:
        run = claim.begin(config, _facts(problem, identity.scenario, simulation.seed), overwrite)
    progress.stage(f"simulating {len(problem.strata):,} of {problem.population:,} products without capacity costs")
    outcome = simulate(None)
    unconstrained = measure(problem, outcome)
    journal, state, bound = _start(run, identity)
    if bound is None:
        progress.stage("bounding what costs can reach")
        bound = wmapd_bound(problem.system, outcome, problem.planned.resources)
    progress.stage(f"searching; wMAPD {unconstrained.wmapd.mean:.1%} without costs, at least {bound:.1%} with any")
    result = _search(problem, simulate, settings, run, identity, journal, state, bound, progress)
    _write_search_tables(run, problem, journal, result)
    if result.interrupted:
        return Study(run, interrupted=True)
    progress.stage(f"promoting the costs of iteration {result.promoted_iteration}")
    costs = problem.planned.prices(result.costs)
    constrained = measure(problem, simulate(costs))
    progress.stage("simulating other products and futures")
    earlier = sum(journal.figures["seconds"]) - sum(record.seconds for record in result.records)
    found = metrics(
        problem,
        unconstrained,
        constrained,
        bound,
        wmapd_out_of_sample=_out_of_sample(scenario, simulation, costs),
        iterations=len(journal),
        promoted_iteration=result.promoted_iteration,
        stopped=result.reason.value,
        product_trials=len(problem.strata) * simulation.trials * (len(journal) + 3),
        seconds=time.perf_counter() - started + earlier,
    )
    _finish(run, problem, unconstrained, constrained, found)
    return Study(run, interrupted=False)


def _finish(
    run: RunFolder, problem: Problem, unconstrained: Measured, constrained: Measured | None, found: Metrics
) -> None:
    """Write the tables of a finished run, and the metrics, which mark it as finished, last."""
    run.write_table("utilization", utilization_columns(problem, unconstrained, constrained))
    run.write_table("contributions", contribution_columns(problem, unconstrained, constrained))
    run.write_metrics(found)


def _facts(problem: Problem, identity: str, seed: int) -> dict[str, Any]:
    """What a manifest says beside versions and device."""
    nodes, weeks = problem.plan.shape
    return {
        "scenario_sha256": identity,
        "seed": seed,
        "products": problem.population,
        "sampled_products": len(problem.strata),
        "nodes": nodes,
        "weeks": weeks,
        "node_weeks": len(problem.planned.plan),
        "sampling_work_saved": problem.work_saved if math.isfinite(problem.work_saved) else None,
    }


def _resumed(out: Path, identity: checkpoint.Identity, config: dict[str, Any]) -> RunFolder:
    """The run folder to go on with, when it is of this scenario and these settings."""
    run = folder.open_run(out)
    if run.manifest().get("scenario_sha256") != identity.scenario:
        raise RunError(f"{out} was made from another scenario, so it cannot be resumed with this one")
    stored = run.config()
    for table in ("simulation", "search"):
        for key, value in config[table].items():
            if stored.get(table, {}).get(key) != value:
                was = stored.get(table, {}).get(key, "not set")
                raise RunError(f"{out} was made with {key} = {was}, not {value}, so it cannot be resumed with that")
    return run


def _start(run: RunFolder, identity: checkpoint.Identity) -> tuple[Journal, SearchState | None, float | None]:
    """Where the search begins: at its newest undamaged checkpoint, if there is one."""
    found = checkpoint.latest(run.checkpoints, identity)
    return (Journal(), None, None) if found is None else from_arrays(found.arrays)


def _search(
    problem: Problem,
    simulate: Engine,
    settings: Search,
    run: RunFolder,
    identity: checkpoint.Identity,
    journal: Journal,
    state: SearchState | None,
    bound: float,
    progress: Progress,
) -> SearchResult:
    """Algorithm 2 with a checkpoint after every iteration."""
    planned = problem.planned

    def evaluate(costs: Float64[np.ndarray, " h"]) -> Evaluation:
        outcome = simulate(planned.prices(costs))
        used = planned.pack({each: np.asarray(found.mean) for each, found in utilizations(problem, outcome).items()})
        pna = preferred_node_availability(problem.system, outcome, strata=problem.strata)
        return Evaluation(used, {"pna": float(pna.mean)})

    def keep(state: SearchState, record: IterationRecord) -> None:
        journal.add(state, record, planned.plan, bound)
        arrays = journal.to_arrays(state, bound)
        checkpoint.save(run.checkpoints, identity, checkpoint.Checkpoint(state.iteration, arrays))
        figures = f"wMAPD {record.wmapd:6.1%}   best {state.best_wmapd:6.1%}   {record.seconds:.2f} s"
        progress.step(state.iteration, settings.iterations, f"iteration {record.iteration:3d}   {figures}")

    config = SearchConfig(
        curvature=CURVATURES[settings.curvature](),
        stop=(IterationCount(settings.iterations), WithinFactorOfBound(bound), Stalled(patience=12)),
    )
    return search(evaluate, planned.plan, config, space=_space(problem), state=state, on_iteration=keep)


def _space(problem: Problem) -> Space:
    """Scale, resource and reach of the searched prices."""
    planned = problem.planned
    part = np.repeat(np.arange(len(planned.resources)), [len(each) for each in planned.node_weeks.values()])
    scale = np.array([cost_scale(problem.system, resource) for resource in planned.resources])
    return Space(scale[part], part, planned.reachable)


def _write_search_tables(run: RunFolder, problem: Problem, journal: Journal, result: SearchResult) -> None:
    """Tables of what was searched so far, complete or not."""
    if not len(journal):
        return
    columns = cost_columns(problem, result.costs)
    run.write_table("iterations", journal.iteration_columns())
    run.write_table("history", journal.history_columns(problem.planned.columns()))
    run.write_table("costs", columns)


def _out_of_sample(scenario: Path, simulation: Simulation, costs: Prices) -> Figure:
    """Adherence under the costs on another sample of products, with other draws and sample paths."""
    seed, trials = independent_seed(simulation.seed, "out of sample"), simulation.trials
    other = load_problem(scenario, simulation.products, seed)
    outcome = engine(simulation.engine, other.system, trials, seed, unseen_trial(other.system, trials))(costs)
    return Figure.of(adherence(other.system, outcome, utilizations(other, outcome), other.strata))
