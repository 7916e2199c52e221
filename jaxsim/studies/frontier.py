"""The frontier: what adherence to the plan costs in service and money, price of deviation by price of deviation.

    load sample → for each price, from low to high: search from the costs of the one before → evaluate in truth

Every point is of the whole population on the same fresh draws, so points compare by what prices do and not by noise.
The planner chooses one; its costs are in the table `frontier_costs`.
"""

import dataclasses
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jaxsim import cost_search
from jaxsim.cost_search import IterationCount, IterationRecord, Newton, SearchState
from jaxsim.runs import checkpoint, folder
from jaxsim.runs.claim import Claim
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.runs.metrics import Figure, Metrics
from jaxsim.scenario import Source
from jaxsim.scenario import fingerprint as fingerprint_of
from jaxsim.studies.deviation_price import DeviationPrice
from jaxsim.studies.evaluate import Expected, expect, fresh_trials
from jaxsim.studies.interrupted import in_folder
from jaxsim.studies.oracle import Oracle, load_oracle, space_of
from jaxsim.studies.problem import facts, load_problem, named, with_trials
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.result import Result, load_result
from jaxsim.studies.settings import LEAST_TRIALS, PRODUCT_TRIALS, AnyPolicies, Simulation

SCALES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Prices of deviation when none are given, in cost scales."""
ITERATIONS = 14
"""Of a price; its search starts from the costs of the one before."""

_KEPT = ("wmapd_expected_unconstrained", "wmapd_expected_bound", "pna_expected_unconstrained")
_KEPT += ("cost_per_unit_expected_unconstrained", "evaluated_products", "evaluated_trials")


def frontier(
    scenario: Source,
    *,
    prices: Sequence[float] | None = None,
    products: int = PRODUCT_TRIALS // LEAST_TRIALS,
    trials: int | None = None,
    seed: int = Simulation.seed,
    engine: str = Simulation.engine,
    policies: AnyPolicies | None = None,
    iterations: int = ITERATIONS,
    evaluate_trials: int | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Search costs for a range of prices of deviation, and say what each reaches and costs.

    Args:
        scenario: folder of a scenario, or a `Scenario`.
        prices: prices of deviation, currency per unit; half to sixteen cost scales when left out.
        products, trials, seed, engine, policies: as of `jaxsim.search`.
        iterations: of each price.
        evaluate_trials: futures of each price's evaluation; when left out, 4 to 128, by what its search takes.
        out: run folder to write, with a checkpoint after every price; see also `Result.save`.
        overwrite: replace a run that is there.
        resume: go on with the frontier in `out`, whose settings must be these.
        progress: where to say what is done.

    Returns:
        Result with the tables `frontier`, a row per price and one without costs, and `frontier_costs`.

    Raises:
        ScenarioError: the scenario cannot be used.
        RunError: a setting or the folder cannot be used.
        Interrupted: Ctrl-C stopped it; with a run folder it can go on.
    """
    simulation = Simulation(products, trials, seed, engine, policies)
    if prices is not None and not (len(prices) and all(0 < price < np.inf for price in prices)):
        raise RunError("prices of deviation must be positive numbers, at least one of them")
    if iterations < 1:
        raise RunError("the number of iterations must be at least 1")
    study = _Study(scenario, simulation, prices, iterations, evaluate_trials, progress or Silent())
    return in_folder(out, resume, "a frontier", lambda claim: _traced(study, claim, overwrite, resume))


@dataclasses.dataclass(frozen=True)
class _Study:
    """What is traced, and how."""

    scenario: Source
    simulation: Simulation
    prices: Sequence[float] | None
    iterations: int
    evaluate_trials: int | None
    progress: Progress

    def config(self) -> dict[str, dict[str, Any]]:
        """The run's configuration."""
        given = {"prices": self.prices and list(self.prices), "evaluate_trials": self.evaluate_trials}
        settings = {"iterations": self.iterations} | {name: value for name, value in given.items() if value is not None}
        return {
            "scenario": {"path": named(self.scenario)},
            "simulation": self.simulation.to_config(),
            "frontier": settings,
        }


def _traced(study: _Study, claim: Claim | None, overwrite: bool, resume: bool) -> Result:
    """The stages; in a run folder when one is claimed."""
    started, config, fingerprint = time.perf_counter(), study.config(), fingerprint_of(study.scenario)
    run = None if claim is None or not resume else folder.resumed(claim.path, fingerprint, config)
    if run is not None and run.finished:
        return load_result(run.path)
    study.progress.stage(f"loading {named(study.scenario)}")
    problem = load_problem(study.scenario, study.simulation.products, study.simulation.seed)
    study = dataclasses.replace(study, simulation=with_trials(study.simulation, problem.system))
    made_from = facts(problem, fingerprint, study.simulation.seed)
    oracle = load_oracle(study.scenario, problem, study.simulation, fresh=True, curvature=True, realized=False)
    if claim is not None and run is None:
        run = claim.begin(config, made_from, overwrite)
    identity = checkpoint.Identity(fingerprint, folder.fingerprint({k: config[k] for k in ("simulation", "frontier")}))
    rows, costs = _kept(run, identity)
    scale = float(space_of(problem, DeviationPrice(None)).cost_scale[0])
    prices = sorted(study.prices or [scale * each for each in SCALES])
    expected: Expected | None = None
    for number, price in enumerate(prices):
        if number < len(rows):
            continue
        row, found, expected = _point(study, oracle, price, scale, costs[-1] if costs else None)
        rows, costs = [*rows, row], [*costs, found]
        if run is not None:
            arrays = {"costs": np.array(costs)} | {name: np.array([row[name] for row in rows]) for name in row}
            checkpoint.save(run.checkpoints, identity, checkpoint.Checkpoint(number + 1, arrays))
        reached = f"wMAPD {row['wmapd_expected']:6.1%}   PNA lost {row['pna_loss']:6.2%}"
        study.progress.step(number + 1, len(prices), f"price {price:8.3f}   {reached}")
    return _result(study, oracle, rows, costs, expected, (config, made_from, run), time.perf_counter() - started)


def _point(
    study: _Study, oracle: Oracle, price: float, scale: float, start: np.ndarray | None
) -> tuple[dict[str, float], np.ndarray, Expected]:
    """Search and evaluate at one price of deviation: the row of the frontier, the costs, and what is expected."""
    problem, planned = oracle.batches[0].problem, oracle.planned
    space = space_of(problem, DeviationPrice((price, price)))
    oracle.product_trials = 0

    def say(state: SearchState, record: IterationRecord) -> None:
        left = f"mendable {record.extras['projected_violation']:6.1%}"
        study.progress.stage(f"price {price:.3f}, iteration {record.iteration:3d}   wMAPD {record.wmapd:6.1%}   {left}")

    method = Newton(stop=(IterationCount(study.iterations),))
    found = cost_search.search(oracle, planned.plan, method, space=space, start=start, on_iteration=say)
    if found.interrupted:
        raise KeyboardInterrupt
    seen, spent = oracle.trials, oracle.product_trials
    trials, first = fresh_trials(problem, seen, spent, study.evaluate_trials)
    settings = dataclasses.replace(study.simulation, trials=max(trials, 2))
    prices = planned.prices(found.costs)
    expected = expect(study.scenario, problem, prices, settings, first, study.progress, explain=False)
    ends = np.abs(found.costs) >= price * space.cost_scale / space.cost_scale[0] * (1 - 1e-9)
    row = _row(expected.metrics, constrained=True) | {
        "deviation_price": price,
        "cost_scales": price / scale,
        "at_price": float(ends[space.priced].mean()) if space.priced.any() else 0.0,
        "iterations": float(found.state.iteration),
        "product_trials": float(spent),
    }
    return row, found.costs, expected


def _row(metrics: Mapping[str, Any], constrained: bool) -> dict[str, float]:
    """Figures of a point; those without costs are the point of no price."""
    suffix = "" if constrained else "_unconstrained"
    nothing = Figure(0.0, 0.0)
    figures: dict[str, Figure] = {name: metrics[f"{name}{suffix}"] for name in ("wmapd_expected", "pna_expected")}
    figures["cost_per_unit_expected"] = metrics[f"cost_per_unit_expected{suffix}"]
    figures["pna_loss"] = metrics["pna_expected_loss"] if constrained else nothing
    figures["cost_change"] = metrics["cost_per_unit_expected_change"] if constrained else nothing
    row = {name: figure.mean for name, figure in figures.items()}
    row |= {f"{name}_se": figure.standard_error for name, figure in figures.items()}
    bound = metrics["wmapd_expected_bound"].mean
    return row | {"times_bound": row["wmapd_expected"] / bound if bound > 0 else float("nan")}


def _kept(run: RunFolder | None, identity: checkpoint.Identity) -> tuple[list[dict[str, float]], list[np.ndarray]]:
    """Rows and costs of the prices that are done."""
    found = None if run is None else checkpoint.latest(run.checkpoints, identity)
    if found is None:
        return [], []
    columns = {name: values for name, values in found.arrays.items() if name != "costs"}
    rows = [{name: float(values[i]) for name, values in columns.items()} for i in range(len(found.arrays["costs"]))]
    return rows, list(found.arrays["costs"])


def _result(
    study: _Study,
    oracle: Oracle,
    rows: list[dict[str, float]],
    costs: list[np.ndarray],
    expected: Expected | None,
    made: tuple[dict[str, dict[str, Any]], dict[str, Any], RunFolder | None],
    seconds: float,
) -> Result:
    """Tables and metrics; the point without costs comes from the evaluation of the last price."""
    planned, problem = oracle.planned, oracle.batches[0].problem
    if expected is None:  # everything was done when the run was stopped
        trials, first = fresh_trials(problem, oracle.trials, int(rows[-1]["product_trials"]), study.evaluate_trials)
        settings = dataclasses.replace(study.simulation, trials=max(trials, 2))
        chosen = planned.prices(costs[-1])
        expected = expect(study.scenario, problem, chosen, settings, first, study.progress, explain=False)
    nothing = {"deviation_price": 0.0, "cost_scales": 0.0, "at_price": 0.0, "iterations": 0.0, "product_trials": 0.0}
    every = [_row(expected.metrics, constrained=False) | nothing, *rows]
    names = ["deviation_price", *(name for name in every[0] if name != "deviation_price")]
    table = pa.table({name: [row[name] for row in every] for name in names})
    prices = {"deviation_price": np.repeat([row["deviation_price"] for row in rows], len(costs[0]))}
    cells = {name: np.tile(values, len(costs)) for name, values in planned.columns().items()}
    chosen = pa.table(prices | cells | {"cost": np.concatenate(costs)})
    spent = int(sum(row["product_trials"] for row in rows)) + len(rows) * expected.product_trials
    kept = {name: expected.metrics[name] for name in _KEPT}
    config, made_from, run = made
    metrics = Metrics(**kept, product_trials=spent, seconds=seconds)
    result = Result(metrics, config, made_from, {"frontier": table, "frontier_costs": chosen})
    if run is not None:
        result.write_to(run)
    return result
