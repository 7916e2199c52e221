"""Search capacity costs for a scenario.

    load sample → simulate without costs → bound → search, a checkpoint per iteration
    → promote the best costs → simulate them again → simulate other products and futures
    → evaluate the whole population on fresh draws → measures → tables

With a run folder a search may be stopped at any moment and called again with `resume`: it ends with the same bits.
"""

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim import cost_search
from jaxsim.cost_search import (
    Curvature,
    IterationRecord,
    LpSensitivity,
    Newton,
    SearchResult,
    SearchState,
    Space,
    StepLimit,
    StopRule,
)
from jaxsim.draws import independent_seed
from jaxsim.measures import adherence, wmapd_bound
from jaxsim.resources import Prices
from jaxsim.runs import checkpoint, folder
from jaxsim.runs.claim import Claim
from jaxsim.runs.folder import RunFolder
from jaxsim.runs.metrics import Figure
from jaxsim.scenario import Source
from jaxsim.scenario import fingerprint as fingerprint_of
from jaxsim.studies.costs import CostTable, costs_name, read_costs
from jaxsim.studies.deviation_price import Given
from jaxsim.studies.deviation_price import deviation_price as read_deviation_price
from jaxsim.studies.evaluate import Expected, expect, fresh_trials
from jaxsim.studies.interrupted import Interrupted as Interrupted
from jaxsim.studies.interrupted import in_folder
from jaxsim.studies.journal import Journal, from_arrays
from jaxsim.studies.measured import cost_table, measure, metrics, tables, utilizations
from jaxsim.studies.oracle import Oracle, load_oracle, space_of
from jaxsim.studies.problem import Problem, facts, load_problem, named, simulator, unseen_trial, with_trials
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.result import Result, load_result
from jaxsim.studies.settings import EFFORTS, LEAST_TRIALS, AnyPolicies, Search, Simulation
from jaxsim.system import check_trials


def search(
    scenario: Source,
    *,
    products: int | None = None,
    trials: int | None = None,
    seed: int = Simulation.seed,
    engine: str = Simulation.engine,
    policies: AnyPolicies | None = None,
    method: str = Search.method,
    deviation_price: Given = None,
    arrivals: str = Search.arrivals,
    effort: str = Search.effort,
    iterations: int | None = None,
    start: CostTable | None = None,
    curvature: str | Curvature | None = None,
    limits: Sequence[StepLimit] | None = None,
    stop: Sequence[StopRule] | None = None,
    evaluate_trials: int | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Search capacity costs, such that arrivals meet the labor plan.

    Args:
        scenario: folder of a scenario, or a `Scenario`.
        products: products to sample in each iteration, 7,000 when left out; all when the scenario has no more.
        trials: futures of each product in each iteration; when left out, 2 or as many as make 14,000 product-trials.
        seed: of sampling, demand and lead times.
        engine: "scan" (fast) or "events" (exact).
        policies: who buys, places and fulfills, see `docs/extending.md`; the engine's defaults when left out.
        method: "newton", or "paper" for Algorithm 2 as published, on one sample throughout.
        deviation_price: ρ, what a unit of deviation from the plan costs, currency per unit: a number, a pair (under,
            over), or either by node; when left out, three times the spread of what a product's nodes cost it.
        arrivals: steer by "expected" arrivals or, as the paper does, by "realized" ones.
        effort: "default", or "high": three times the product-trials, four times the iterations, and as near the bound
            as dear prices of deviation come.
        iterations: the most; 20, or 30 of the paper's method, when left out.
        start: table of costs to start from, or its file, see `jaxsim.simulate`.
        curvature: "sensitivity", "bfgs", or a rule of one's own, see `jaxsim.cost_search.Curvature`.
        limits: step limits in place of the usual ones, see `jaxsim.cost_search.StepLimit`.
        stop: stop rules beside the number of iterations, in place of the usual ones, see `jaxsim.cost_search.StopRule`.
        evaluate_trials: futures of the evaluation that it ends with (`jaxsim.evaluate`); 0 for none. When left out, 4
            to 128, such that it takes about as many product-trials as the search.
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
    rules = _rules(limits), _rules(stop)
    settings = Search(iterations, method, deviation_price, arrivals, curvature, *rules, evaluate_trials, effort)
    size = EFFORTS[effort].product_trials
    products = size // LEAST_TRIALS if products is None else products
    simulation = Simulation(products, trials, seed, engine, policies, size)
    study = _Study(scenario, simulation, settings, start, progress or Silent())
    return in_folder(out, resume, "a search", lambda claim: _searched(study, claim, overwrite, resume))


@dataclasses.dataclass(frozen=True)
class _Study:
    """What is searched, and how."""

    scenario: Source
    simulation: Simulation
    settings: Search
    start: CostTable | None
    progress: Progress

    def config(self) -> dict[str, dict[str, Any]]:
        """The run's configuration."""
        return {
            "scenario": {"path": named(self.scenario)},
            "simulation": self.simulation.to_config(),
            "search": self.settings.to_config() | ({} if self.start is None else {"start": costs_name(self.start)}),
        }


def _searched(study: _Study, claim: Claim | None, overwrite: bool, resume: bool) -> Result:
    """The stages; in a run folder when one is claimed."""
    scenario, simulation, progress, config = study.scenario, study.simulation, study.progress, study.config()
    started = time.perf_counter()
    fingerprint = fingerprint_of(scenario)
    run = None if claim is None or not resume else folder.resumed(claim.path, fingerprint, config)
    if run is not None and run.finished:
        return load_result(run.path)
    progress.stage(f"loading {named(scenario)}")
    problem = load_problem(scenario, simulation.products, simulation.seed)
    simulation = with_trials(simulation, problem.system)
    study = dataclasses.replace(study, simulation=simulation)
    check_trials(problem.system, 0, study.settings.evaluate_trials or 0)  # now, not after the search
    made_from = facts(problem, fingerprint, simulation.seed)
    oracle = _oracle(study, problem)
    simulate = oracle.batches[0].simulate
    start = None if study.start is None else _start(study.start, problem)
    space = space_of(problem, read_deviation_price(study.settings.deviation_price))
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
    found = _search(study, oracle, space, start, store, journal, state, bound)
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
        product_trials = _spent(journal) + 3 * oracle.batches[0].product_trials
        expected = _expected(study, oracle, costs, product_trials, store, _ended(study, space, found))
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
        product_trials=product_trials + expected.product_trials,
        seconds=time.perf_counter() - started + earlier,
        **expected.metrics,
    )
    measured = tables(problem, unconstrained, constrained)
    result = Result(numbers, config, made_from, path | expected.tables | measured)
    if run is not None:
        result.write_to(run)
    return result


class _Checkpoints:
    """Where a search is kept after every iteration, in its run folder."""

    def __init__(self, run: RunFolder, fingerprint: str, config: Mapping[str, Any]) -> None:
        settings = folder.fingerprint({key: config[key] for key in ("simulation", "search")})
        self._folder, self._identity = run.checkpoints, checkpoint.Identity(fingerprint, settings)
        self._searched: tuple[int, dict[str, np.ndarray]] = (0, {})
        self.evaluation: dict[str, np.ndarray] | None = None
        """What the newest checkpoint has of the evaluation."""

    def latest(self) -> tuple[Journal, SearchState | None, float | None]:
        """Where the search begins: at its newest undamaged checkpoint, if there is one."""
        found = checkpoint.latest(self._folder, self._identity)
        if found is None:
            return Journal(), None, None
        self.evaluation = checkpoint.part("evaluation", found.arrays)
        journal, state, bound = from_arrays(found.arrays)
        self._searched = state.iteration, journal.to_arrays(state, bound)
        return journal, state, bound

    def save(self, state: SearchState, journal: Journal, bound: float) -> None:
        """Keep the state after an iteration."""
        arrays = journal.to_arrays(state, bound)
        self._searched = state.iteration, arrays
        checkpoint.save(self._folder, self._identity, checkpoint.Checkpoint(state.iteration, arrays))

    def keep(self, done: int, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep the evaluation after a block, with the search that it follows."""
        iteration, searched = self._searched
        both = searched | checkpoint.under("evaluation", arrays)
        checkpoint.save(self._folder, self._identity, checkpoint.Checkpoint(iteration + done, both))


def _start(costs: CostTable, problem: Problem) -> Float64[np.ndarray, " h"]:
    """Costs to start from; node-weeks that are not in the table start at 0."""
    return problem.planned.pack_prices(read_costs(costs, problem.system.network))


def _oracle(study: _Study, problem: Problem) -> Oracle:
    """What the search asks: the paper's method sees one sample, the other several in turn."""
    method = study.settings.of_bound(0.0)
    return load_oracle(
        study.scenario,
        problem,
        study.simulation,
        fresh=isinstance(method, Newton),
        curvature=isinstance(method.curvature, LpSensitivity),
        realized=study.settings.arrivals == "realized",
    )


def _search(
    study: _Study,
    oracle: Oracle,
    space: Space,
    start: Float64[np.ndarray, " h"] | None,
    store: _Checkpoints | None,
    journal: Journal,
    state: SearchState | None,
    bound: float,
) -> SearchResult:
    """The search, from `state` on, with a checkpoint after every iteration where there is a store."""
    planned, most = oracle.planned, study.settings.most_iterations

    def keep(state: SearchState, record: IterationRecord) -> None:
        spent = oracle.product_trials - _spent(journal)
        journal.add(state, record, planned.plan, bound, product_trials=spent)
        if store is not None:
            store.save(state, journal, bound)
        left = record.extras.get("projected_violation", state.best_wmapd)
        what = "mendable" if "projected_violation" in record.extras else "best"
        figures = f"wMAPD {record.wmapd:6.1%}   {what} {left:6.1%}   {record.seconds:.2f} s"
        study.progress.step(state.iteration, most, f"iteration {record.iteration:3d}   {figures}")

    method = study.settings.of_bound(bound)
    oracle.product_trials = _spent(journal)
    return cost_search.search(oracle, planned.plan, method, space=space, start=start, state=state, on_iteration=keep)


def _spent(journal: Journal) -> int:
    """Product-trials of the iterations so far."""
    return int(sum(journal.figures.get("product_trials", ())))


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
    outcome = simulator(fresh, simulation, seed, unseen_trial(fresh.system, simulation.trials_of(len(fresh.strata))))(
        costs
    )
    return Figure.of(adherence(fresh.system, outcome, utilizations(fresh, outcome), fresh.strata))


def _ended(study: _Study, space: Space, found: SearchResult) -> Space:
    """The space at the price of deviation that the search ended with; the paper's method has no such price."""
    if isinstance(study.settings.of_bound(0.0), Newton):
        return space.at_price(float(found.state.price))
    return dataclasses.replace(space, under=None, over=None)


def _expected(
    study: _Study, oracle: Oracle, costs: Prices, product_trials: int, store: _Checkpoints | None, space: Space
) -> Expected:
    """What is true of the costs; nothing where that is not wanted, or demand has only one future.

    Args:
        product_trials: that the search simulated.
        space: of the search, at the price of deviation that it ended with.
    """
    simulation, problem = study.simulation, oracle.batches[0].problem
    seen = len(oracle.batches) * simulation.trials_of(len(problem.strata))
    trials, first = fresh_trials(problem, seen, product_trials, study.settings.evaluate_trials)
    if trials < 2:
        return Expected({}, {}, 0)
    settings = dataclasses.replace(simulation, trials=trials)
    kept, keep = (None, None) if store is None else (store.evaluation, store.keep)
    return expect(study.scenario, problem, costs, settings, first, study.progress, kept, keep, space)


def _rules(given: Sequence[Any] | None) -> tuple[Any, ...] | None:
    return None if given is None else tuple(given)
