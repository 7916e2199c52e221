"""Search capacity costs for a scenario.

    load sample → simulate without costs → bound → search, a checkpoint per iteration
    → promote the best costs → simulate them again → simulate other products and futures → measures → tables

With a run folder a search may be stopped at any moment and called again with `resume`: it ends with the same bits.
"""

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim import cost_search
from jaxsim.cost_search import (
    Curvature,
    Evaluation,
    IterationRecord,
    SearchResult,
    SearchState,
    Space,
    StepLimit,
    StopRule,
    cost_scale,
)
from jaxsim.draws import independent_seed
from jaxsim.measures import adherence, preferred_node_availability, wmapd_bound
from jaxsim.resources import Prices
from jaxsim.runs import checkpoint, folder
from jaxsim.runs.claim import Claim, claimed
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.runs.metrics import Figure
from jaxsim.scenario import Source
from jaxsim.scenario import fingerprint as fingerprint_of
from jaxsim.studies.journal import Journal, from_arrays
from jaxsim.studies.measured import cost_table, measure, metrics, tables, utilizations
from jaxsim.studies.problem import Engine, Problem, facts, load_problem, named, simulator, unseen_trial
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.result import Result, load_result
from jaxsim.studies.settings import AnyPolicies, Search, Simulation


class Interrupted(KeyboardInterrupt):
    """A search was stopped; `tables` holds what it had found: iterations, history, and the best costs so far."""

    def __init__(self, tables: dict[str, pa.Table]) -> None:
        super().__init__("the search was interrupted")
        self.tables = tables


def search(
    scenario: Source,
    *,
    products: int = Simulation.products,
    trials: int = Simulation.trials,
    seed: int = Simulation.seed,
    engine: str = Simulation.engine,
    policies: AnyPolicies | None = None,
    iterations: int = Search.iterations,
    curvature: str | Curvature = "bfgs",
    limits: Sequence[StepLimit] | None = None,
    stop: Sequence[StopRule] | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Search capacity costs, such that arrivals meet the labor plan.

    Args:
        scenario: folder of a scenario, or a `Scenario`.
        products: products to sample; all when the scenario has no more.
        trials: futures of each product.
        seed: of sampling, demand and lead times.
        engine: "scan" (fast) or "events" (exact).
        policies: who buys, places and fulfills, see `docs/extending.md`; the engine's defaults when left out.
        iterations: the most.
        curvature: "bfgs", or a rule of one's own, see `jaxsim.cost_search.Curvature`.
        limits: step limits in place of the usual ones, see `jaxsim.cost_search.StepLimit`.
        stop: stop rules beside the number of iterations, in place of the usual ones, see `jaxsim.cost_search.StopRule`.
        out: run folder to write, with a checkpoint after every iteration; see also `Result.save`.
        overwrite: replace a run that is there.
        resume: go on with the search in `out`, whose settings must be these.
        progress: where to say what is done.

    Raises:
        ScenarioError: the scenario cannot be used.
        RunError: a setting or the folder cannot be used, or the folder is of another scenario or other settings.
        Interrupted: Ctrl-C stopped the search; with a run folder it can go on.
        KeyboardInterrupt: Ctrl-C stopped it before there was anything to go on with.
    """
    simulation = Simulation(products, trials, seed, engine, policies)
    settings = Search(iterations, curvature, _rules(limits), _rules(stop))
    study = _Study(scenario, simulation, settings, progress or Silent())
    if out is None:
        if resume:
            raise RunError("to go on with a search, name its run folder as `out`")
        return _searched(study, None, overwrite, resume)
    with claimed(Path(out)) as claim:
        try:
            return _searched(study, claim, overwrite, resume)
        except KeyboardInterrupt as stopped:
            if not (resume or claim.begun):
                raise
            found = stopped.tables if isinstance(stopped, Interrupted) else {}
    raise Interrupted(found)  # here, so that what the run folder holds stays there


@dataclasses.dataclass(frozen=True)
class _Study:
    """What is searched, and how."""

    scenario: Source
    simulation: Simulation
    settings: Search
    progress: Progress

    def config(self) -> dict[str, dict[str, Any]]:
        """The run's configuration."""
        return {
            "scenario": {"path": named(self.scenario)},
            "simulation": self.simulation.to_config(),
            "search": self.settings.to_config(),
        }


def _searched(study: _Study, claim: Claim | None, overwrite: bool, resume: bool) -> Result:
    """The stages; in a run folder when one is claimed."""
    scenario, simulation, progress, config = study.scenario, study.simulation, study.progress, study.config()
    started = time.perf_counter()
    fingerprint = fingerprint_of(scenario)
    run = None if claim is None or not resume else _resumed(claim.path, fingerprint, config)
    if run is not None and run.finished:
        return load_result(run.path)
    progress.stage(f"loading {named(scenario)}")
    problem = load_problem(scenario, simulation.products, simulation.seed)
    made_from = facts(problem, fingerprint, simulation.seed)
    simulate = simulator(problem, simulation)
    if claim is not None and run is None:
        run = claim.begin(config, made_from, overwrite)
    store = None if run is None else _Checkpoints(run, fingerprint, config)
    progress.stage(f"simulating {len(problem.strata):,} of {problem.population:,} products without capacity costs")
    outcome = simulate(None)
    unconstrained = measure(problem, outcome)
    journal, state, bound = store.latest() if store else (Journal(), None, None)
    if bound is None:
        progress.stage("bounding what costs can reach")
        bound = wmapd_bound(problem.system, outcome, problem.planned.resources)
    progress.stage(f"searching; wMAPD {unconstrained.wmapd.mean:.1%} without costs, at least {bound:.1%} with any")
    found = _search(study, problem, simulate, store, journal, state, bound)
    path = _path_tables(problem, journal, found)
    if run is not None:
        run.write_tables(path)
    if found.interrupted:
        raise Interrupted(path)
    progress.stage(f"promoting the costs of iteration {found.promoted_iteration}")
    costs = problem.planned.prices(found.costs)
    try:
        constrained = measure(problem, simulate(costs))
        progress.stage("simulating other products and futures")
        out_of_sample = _out_of_sample(scenario, simulation, costs)
    except KeyboardInterrupt as stopped:
        raise Interrupted(path) from stopped
    earlier = sum(journal.figures["seconds"]) - sum(record.seconds for record in found.records)
    numbers = metrics(
        problem,
        unconstrained,
        constrained,
        bound,
        wmapd_out_of_sample=out_of_sample,
        iterations=len(journal),
        promoted_iteration=found.promoted_iteration,
        stopped=found.reason.value,
        product_trials=len(problem.strata) * simulation.trials * (len(journal) + 3),
        seconds=time.perf_counter() - started + earlier,
    )
    result = Result(numbers, config, made_from, path | tables(problem, unconstrained, constrained))
    if run is not None:
        result.write_to(run)
    return result


def _resumed(out: Path, fingerprint: str, config: Mapping[str, Mapping[str, Any]]) -> RunFolder:
    """The run folder to go on with, when it is of this scenario and these settings."""
    run = folder.open_run(out)
    if run.manifest().get("scenario_sha256") != fingerprint:
        raise RunError(f"{out} was made from another scenario, so it cannot be resumed with this one")
    stored = run.config()
    for table in ("simulation", "search"):
        there = stored.get(table, {})
        for key in {**there, **config[table]}:
            was, now = there.get(key, "not set"), config[table].get(key, "not set")
            if was != now:
                raise RunError(f"{out} was made with {key} = {was}, not {now}, so it cannot be resumed with that")
    return run


class _Checkpoints:
    """Where a search is kept after every iteration, in its run folder."""

    def __init__(self, run: RunFolder, fingerprint: str, config: Mapping[str, Any]) -> None:
        settings = folder.fingerprint({key: config[key] for key in ("simulation", "search")})
        self._folder, self._identity = run.checkpoints, checkpoint.Identity(fingerprint, settings)

    def latest(self) -> tuple[Journal, SearchState | None, float | None]:
        """Where the search begins: at its newest undamaged checkpoint, if there is one."""
        found = checkpoint.latest(self._folder, self._identity)
        return (Journal(), None, None) if found is None else from_arrays(found.arrays)

    def save(self, state: SearchState, journal: Journal, bound: float) -> None:
        """Keep the state after an iteration."""
        arrays = journal.to_arrays(state, bound)
        checkpoint.save(self._folder, self._identity, checkpoint.Checkpoint(state.iteration, arrays))


def _search(
    study: _Study,
    problem: Problem,
    simulate: Engine,
    store: _Checkpoints | None,
    journal: Journal,
    state: SearchState | None,
    bound: float,
) -> SearchResult:
    """Algorithm 2, from `state` on, with a checkpoint after every iteration where there is a store."""
    planned = problem.planned

    def evaluate(costs: Float64[np.ndarray, " h"]) -> Evaluation:
        outcome = simulate(planned.prices(costs))
        used = planned.pack({each: np.asarray(found.mean) for each, found in utilizations(problem, outcome).items()})
        pna = preferred_node_availability(problem.system, outcome, strata=problem.strata)
        return Evaluation(used, {"pna": float(pna.mean)})

    def keep(state: SearchState, record: IterationRecord) -> None:
        journal.add(state, record, planned.plan, bound)
        if store is not None:
            store.save(state, journal, bound)
        figures = f"wMAPD {record.wmapd:6.1%}   best {state.best_wmapd:6.1%}   {record.seconds:.2f} s"
        text = f"iteration {record.iteration:3d}   {figures}"
        study.progress.step(state.iteration, study.settings.iterations, text)

    config, space = study.settings.methods(bound), _space(problem)
    return cost_search.search(evaluate, planned.plan, config, space=space, state=state, on_iteration=keep)


def _space(problem: Problem) -> Space:
    """Scale, resource and reach of the searched prices."""
    planned = problem.planned
    part = np.repeat(np.arange(len(planned.resources)), [len(each) for each in planned.node_weeks.values()])
    scale = np.array([cost_scale(problem.system, resource) for resource in planned.resources])
    return Space(scale[part], part, planned.reachable)


def _path_tables(problem: Problem, journal: Journal, found: SearchResult) -> dict[str, pa.Table]:
    """Tables of what was searched so far, complete or not; none before the first iteration."""
    if not len(journal):
        return {}
    return {
        "iterations": pa.table(journal.iteration_columns()),
        "history": pa.table(journal.history_columns(problem.planned.columns())),
        "costs": cost_table(problem, found.costs),
    }


def _out_of_sample(scenario: Source, simulation: Simulation, costs: Prices) -> Figure:
    """Adherence under the costs on another sample of products, with other draws and sample paths."""
    seed = independent_seed(simulation.seed, "out of sample")
    fresh = load_problem(scenario, simulation.products, seed)
    outcome = simulator(fresh, simulation, seed, unseen_trial(fresh.system, simulation.trials))(costs)
    return Figure.of(adherence(fresh.system, outcome, utilizations(fresh, outcome), fresh.strata))


def _rules(given: Sequence[Any] | None) -> tuple[Any, ...] | None:
    return None if given is None else tuple(given)
