"""Evaluate capacity costs: what is true of them for every product of a scenario, on draws that no search has seen.

    names of all products → blocks: read, build, simulate without costs and with them → totals → bound → figures

With a run folder an evaluation may be stopped at any moment and called again with `resume`: a checkpoint holds the
totals after each block, and it ends with the same bits.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jaxsim.cost_search import Space
from jaxsim.resources import Prices
from jaxsim.runs import checkpoint, folder
from jaxsim.runs.claim import Claim
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.runs.metrics import Metrics
from jaxsim.scenario import Source, load, product_names
from jaxsim.scenario import fingerprint as fingerprint_of
from jaxsim.studies.bottlenecks import arrivals_bound, bottleneck_tables
from jaxsim.studies.costs import CostTable, costs_name, read_costs
from jaxsim.studies.expected import expected_metrics, expected_tables, plans_of
from jaxsim.studies.interrupted import in_folder
from jaxsim.studies.population import Pair, Population
from jaxsim.studies.problem import Problem, facts, named, unseen_trial
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.result import Result, load_result
from jaxsim.studies.settings import AnyPolicies, Simulation, check_evaluation_trials
from jaxsim.system import build

Arrays = Mapping[str, np.ndarray]
Keep = Callable[[int, Arrays], None]

TRIALS, LEAST_TRIALS, MOST_TRIALS = 32, 4, 128
"""Futures of an evaluation by default, and fewest and most where a search chooses."""


def evaluate(
    scenario: Source,
    costs: CostTable,
    *,
    trials: int = TRIALS,
    seed: int = Simulation.seed,
    engine: str = Simulation.engine,
    policies: AnyPolicies | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Simulate every product of a scenario without capacity costs and with them, on fresh draws.

    Args:
        scenario: folder of a scenario, or a `Scenario`.
        costs: table of node, week, cost (an Arrow table or any data frame), or its file; the rest costs nothing.
        trials: futures of each product, at least 2.
        seed: two evaluations of the same seed and trials share their draws; no search has them, whatever its seed.
        engine: "scan" (fast) or "events" (exact).
        policies: who buys, places and fulfills, see `docs/extending.md`; the engine's defaults when left out.
        out: run folder to write, with a checkpoint after every block; see also `Result.save`.
        overwrite: replace a run that is there.
        resume: go on with the evaluation in `out`, whose settings and costs must be these.
        progress: where to say what is done.

    Raises:
        ScenarioError: the scenario cannot be used.
        RunError: a setting, the costs or the folder cannot be used, or the folder is of another scenario or other
            settings.
        ValueError: there are fewer sample paths of demand than trials.
        Interrupted: Ctrl-C stopped it; with a run folder it can go on.
        KeyboardInterrupt: Ctrl-C stopped it before there was anything to go on with.
    """
    check_evaluation_trials(trials)
    study = _Study(scenario, costs, Simulation(trials=trials, seed=seed, engine=engine, policies=policies))
    progress = progress or Silent()
    return in_folder(out, resume, "an evaluation", lambda claim: _evaluated(study, claim, overwrite, resume, progress))


@dataclass(frozen=True)
class Expected:
    """What is expected of a population."""

    metrics: dict[str, Any]
    """Fields of `Metrics`."""
    tables: dict[str, pa.Table]
    product_trials: int
    """Product-trials that were simulated for it."""


def expect(
    scenario: Source,
    problem: Problem,
    prices: Prices,
    settings: Simulation,
    first_trial: int,
    progress: Progress,
    kept: Arrays | None = None,
    keep: Keep | None = None,
    space: Space | None = None,
    explain: bool = True,
) -> Expected:
    """Simulate a whole population without costs and with them, and say what is expected of it.

    Args:
        problem: any sample of the scenario.
        settings: trials, engine, policies, and the seed that the draws' seed is made of.
        first_trial: number of the first trial.
        kept: what `keep` was given last, to go on from there.
        keep: is given the number of blocks done and the totals of them, after each block.
        space: of the search that found the prices, at the price of deviation that it ended with; None where they are
            of no search.
        explain: whether tables are to say what keeps node-weeks from their plan.
    """
    names, planned = product_names(scenario), problem.planned
    population = Population(scenario, names, prices, planned.resources, settings, first_trial)
    futures = f"{population.trials} fresh futures"
    progress.stage(f"evaluating all {len(names):,} products in {futures}, without capacity costs and with them")
    begun, pair = (0, None) if not kept else (int(kept["blocks"]), Pair.from_arrays(kept, planned.resources))
    started = time.perf_counter()
    for done, total in population.simulate(begun, pair):
        pair = total
        if keep is not None:
            keep(done, pair.to_arrays() | {"blocks": np.array(done)})
        rate = population.product_trials * (done - begun) / population.blocks / (time.perf_counter() - started)
        progress.step(done, population.blocks, f"block {done:3d}   {rate:,.0f} product-trials per second")
    assert pair is not None
    progress.stage("bounding what costs can reach in expectation")
    plans = plans_of(planned)
    bound = arrivals_bound(pair, plans)
    figures, tables = expected_metrics(population, pair, planned, bound), expected_tables(population, pair, planned)
    if explain:
        progress.stage("explaining what is left of the deviation")
        tables |= bottleneck_tables(population, pair, planned, plans, bound, space)
    return Expected(figures, tables, population.product_trials)


def fresh_trials(problem: Problem, seen: int, product_trials: int, asked: int | None = None) -> tuple[int, int]:
    """Number of trials of the evaluation that ends a search, and number of the first.

    Of sample paths it takes those that the search did not see, where enough are left; else all from the first one on.

    Args:
        problem: any sample of the scenario.
        seen: trials of the search, the first of them 0.
        product_trials: that the search simulated: the evaluation takes about as many, but 4 to 128 trials.
        asked: trials that are asked for in place of that.
    """
    there = problem.system.source.trials
    about = product_trials // (2 * problem.population)
    trials = min(max(about, LEAST_TRIALS), MOST_TRIALS) if asked is None else asked
    if there is None:
        return trials, 0
    unseen = there - seen
    if asked is None:
        trials = min(trials, unseen if unseen >= LEAST_TRIALS else there)
    return trials, seen if trials <= unseen else 0


@dataclass(frozen=True)
class _Study:
    """What is evaluated, and how."""

    scenario: Source
    costs: CostTable
    settings: Simulation

    def config(self, prices: Prices) -> dict[str, dict[str, Any]]:
        """The run's configuration."""
        settings = self.settings.to_config() | {"costs_sha256": _digest(prices)}
        del settings["products"]
        return {
            "scenario": {"path": named(self.scenario), "costs": costs_name(self.costs)},
            "evaluation": settings,
        }


def _evaluated(study: _Study, claim: Claim | None, overwrite: bool, resume: bool, progress: Progress) -> Result:
    """The stages; in a run folder when one is claimed."""
    started, scenario, settings = time.perf_counter(), study.scenario, study.settings
    fingerprint = fingerprint_of(scenario)
    progress.stage(f"loading {named(scenario)}")
    names = product_names(scenario)
    if not len(names):
        raise RunError(f"{named(scenario)} has no products")
    one = build(load(scenario, names.slice(0, 1).to_pylist()))  # has the network and the plans of all
    problem = Problem(one, np.zeros(1, np.int64), len(names), 1.0)
    prices, planned = read_costs(study.costs, one.network), problem.planned
    config = study.config(prices)
    made_from = facts(problem, fingerprint, settings.seed) | {"sampled_products": len(names)}
    run = None if claim is None or not resume else folder.resumed(claim.path, fingerprint, config)
    if run is not None and run.finished:
        return load_result(run.path)
    if claim is not None and run is None:
        run = claim.begin(config, made_from, overwrite)
    kept, keep = (None, None) if run is None else _checkpoints(run, fingerprint, config)
    first = unseen_trial(one, settings.trials_of(len(names)))
    found = expect(scenario, problem, prices, settings, first, progress, kept, keep)
    seconds = time.perf_counter() - started
    numbers = Metrics(**found.metrics, product_trials=found.product_trials, seconds=seconds)
    charged = pa.table(planned.columns() | {"cost": planned.pack_prices(prices)})
    result = Result(numbers, config, made_from, {"costs": charged} | found.tables)
    if run is not None:
        result.write_to(run)
    return result


def _checkpoints(run: RunFolder, fingerprint: str, config: Mapping[str, Any]) -> tuple[Arrays | None, Keep]:
    """What the run folder holds of an evaluation, and how more is kept there."""
    identity = checkpoint.Identity(fingerprint, folder.fingerprint(config["evaluation"]))
    found = checkpoint.latest(run.checkpoints, identity)

    def keep(done: int, arrays: Arrays) -> None:
        checkpoint.save(run.checkpoints, identity, checkpoint.Checkpoint(done, dict(arrays)))

    return None if found is None else found.arrays, keep


def _digest(prices: Prices) -> str:
    """SHA-256 (hex) of prices."""
    digest = hashlib.sha256()
    for resource, values in prices.items():
        digest.update(f"{resource.name}:{values.shape}\n".encode() + np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
