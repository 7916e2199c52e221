"""Weekly refresh in closed loop: search, promote, live a week, carry on.

    lengthen the scenario → each week: refresh the costs of the weeks ahead from last week's, shifted by a week
                          → three worlds live the week: under these costs, under none, under those of the first week
                          → stock, orders on the way and waiting demand go on

A week's figures are what one realized future shows: labor plan against units that arrived, service and cost.
"""

import dataclasses
import os
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from jaxsim.resources import Planned, Prices, planned_resources
from jaxsim.runs import checkpoint, folder
from jaxsim.runs.claim import Claim
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.runs.metrics import Figure, Metrics
from jaxsim.scenario import Scenario, Source, load
from jaxsim.scenario import fingerprint as fingerprint_of
from jaxsim.scenario.extend import biased, drifted, extend
from jaxsim.studies.deviation_price import DeviationPrice, Given, deviation_price
from jaxsim.studies.interrupted import in_folder
from jaxsim.studies.problem import Problem, facts, load_problem, named, with_trials
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.result import Result, load_result
from jaxsim.studies.rolling.refresh import Refresh, cold, packed, shifted, warm
from jaxsim.studies.rolling.tables import of_worlds, tables
from jaxsim.studies.rolling.window import Carried, at_start, weeks_of, window
from jaxsim.studies.rolling.world import Week, live
from jaxsim.studies.settings import LEAST_TRIALS, PRODUCT_TRIALS, AnyPolicies, Simulation

WORLDS = ("control", "none", "stale")
"""Under costs that are refreshed every week; under none; under those of the first week, which run out."""


def rolling(
    scenario: Source,
    *,
    weeks: int = 8,
    drift: float = 0.0,
    bias: float = 1.0,
    cold_every: int = 4,
    deviation_price: Given = None,
    products: int = PRODUCT_TRIALS // LEAST_TRIALS,
    trials: int | None = None,
    seed: int = Simulation.seed,
    engine: str = Simulation.engine,
    policies: AnyPolicies | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
) -> Result:
    """Refresh costs every week in a world that goes on, and compare it with worlds without costs and with stale ones.

    Args:
        scenario: folder of a scenario, or a `Scenario`; its weeks repeat in turn where the study goes on longer.
        weeks: to live.
        drift: part by which what customers ask for grows a week, and buying does not know.
        bias: what buying believes of demand, as a multiple of what it believed.
        cold_every: weeks from one search from no costs to the next, for comparison; 0 for none.
        deviation_price, products, trials, seed, engine, policies: as of `jaxsim.search`; products make up the worlds.
        out: run folder to write, with a checkpoint after every week; see also `Result.save`.
        overwrite: replace a run that is there.
        resume: go on with the study in `out`, whose settings must be these.
        progress: where to say what is done.

    Returns:
        Result with the tables `rolling_weeks`, a row per week and world, `rolling_nodes`, a row per week and node with
        a plan, and `rolling_costs`, the costs that each week promoted.

    Raises:
        ScenarioError: the scenario cannot be used.
        RunError: a setting or the folder cannot be used.
        Interrupted: Ctrl-C stopped it; with a run folder it can go on.
    """
    if weeks < 1 or cold_every < 0:
        raise RunError("a rolling study lives at least 1 week, and cold_every is at least 0")
    if not (drift > -1 and 0 < bias < np.inf and drift < np.inf):
        raise RunError(f"drift must be above -1 and bias above 0, both finite, not {drift:g} and {bias:g}")
    study = _Study(
        scenario,
        Simulation(products, trials, seed, engine, policies),
        Loop(weeks, drift, bias, cold_every, deviation_price),
        progress or Silent(),
    )
    return in_folder(out, resume, "a rolling study", lambda claim: _lived(study, claim, overwrite, resume))


@dataclass(frozen=True)
class Loop:
    """What is lived."""

    weeks: int
    drift: float
    bias: float
    cold_every: int
    deviation_price: Given

    @property
    def price(self) -> DeviationPrice:
        """Price of deviation."""
        return deviation_price(self.deviation_price)

    def to_config(self) -> dict[str, Any]:
        """As a table of a run's configuration."""
        settings = {"weeks": self.weeks, "drift": self.drift, "bias": self.bias, "cold_every": self.cold_every}
        given = self.price.to_config()
        return settings | ({} if given is None else {"deviation_price": given})


@dataclass(frozen=True)
class _Study:
    scenario: Source
    simulation: Simulation
    loop: Loop
    progress: Progress

    def config(self) -> dict[str, dict[str, Any]]:
        """The run's configuration."""
        return {
            "scenario": {"path": named(self.scenario)},
            "simulation": self.simulation.to_config(),
            "rolling": self.loop.to_config(),
        }


@dataclass
class _Loop:
    """Where the loop is: what each world carries, and what was written down of each week."""

    carried: dict[str, Carried]
    rows: list[dict[str, float]] = dataclasses.field(default_factory=list)
    nodes: list[np.ndarray] = dataclasses.field(default_factory=list)
    """Plan and units of each world, (1 + worlds, nodes)."""
    costs: list[np.ndarray] = dataclasses.field(default_factory=list)
    """Of the node-weeks ahead, as promoted."""

    def to_arrays(self) -> dict[str, np.ndarray]:
        """What a checkpoint holds."""
        arrays = {f"{name}/{field}": getattr(self.carried[name], field) for name in WORLDS for field in Carried._fields}
        arrays |= {f"row/{name}": np.array([row[name] for row in self.rows]) for name in self.rows[0]}
        return arrays | {"nodes": np.array(self.nodes), "costs": np.array(self.costs)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "_Loop":
        """Inverse of `to_arrays`."""
        carried = {name: Carried(*(arrays[f"{name}/{field}"] for field in Carried._fields)) for name in WORLDS}
        columns = checkpoint.part("row", arrays)
        rows = [{name: float(values[i]) for name, values in columns.items()} for i in range(len(arrays["nodes"]))]
        return cls(carried, rows, list(arrays["nodes"]), list(arrays["costs"]))


def _lived(study: _Study, claim: Claim | None, overwrite: bool, resume: bool) -> Result:
    """The stages; in a run folder when one is claimed."""
    started, config, fingerprint = time.perf_counter(), study.config(), fingerprint_of(study.scenario)
    run = None if claim is None or not resume else folder.resumed(claim.path, fingerprint, config)
    if run is not None and run.finished:
        return load_result(run.path)
    study.progress.stage(f"loading {named(study.scenario)}")
    scenario = load(study.scenario)
    weeks = scenario.weeks
    long = load_problem(_world(scenario, study.loop), study.simulation.products, study.simulation.seed)
    study = dataclasses.replace(study, simulation=with_trials(study.simulation, long.system))
    made_from = facts(long, fingerprint, study.simulation.seed)
    if claim is not None and run is None:
        run = claim.begin(config, made_from, overwrite)
    identity = checkpoint.Identity(fingerprint, folder.fingerprint({k: config[k] for k in ("simulation", "rolling")}))
    found = None if run is None else checkpoint.latest(run.checkpoints, identity)
    start = at_start(long.system)
    loop = _Loop(dict.fromkeys(WORLDS, start)) if found is None else _Loop.from_arrays(found.arrays)
    for week in range(len(loop.rows), study.loop.weeks):
        _week(study, long, weeks, week, loop)
        if run is not None:
            checkpoint.save(run.checkpoints, identity, checkpoint.Checkpoint(week + 1, loop.to_arrays()))
        row = loop.rows[-1]
        worlds = "   ".join(f"{name} {row[f'wmapd_{name}']:6.1%}" for name in WORLDS)
        study.progress.step(week + 1, study.loop.weeks, f"week {week:3d}   wMAPD {worlds}   {row['seconds']:.1f} s")
    return _result(study, long, weeks, loop, (config, made_from, run), time.perf_counter() - started)


def _world(scenario: Scenario, loop: Loop) -> Scenario:
    """The long scenario: belief, truth, and as many weeks as the last refresh looks ahead."""
    return biased(drifted(extend(scenario, loop.weeks + scenario.weeks - 1), loop.drift), loop.bias)


def _planned(long: Problem, week: int, weeks: int) -> Planned:
    """The node-weeks ahead of a week."""
    return planned_resources(weeks_of(long.system, week, weeks))


def _week(study: _Study, long: Problem, weeks: int, week: int, loop: _Loop) -> None:
    """Refresh, promote, live, carry on, write down."""
    started, settings = time.perf_counter(), study.simulation
    ahead = window(long.system, week, weeks, loop.carried["control"])
    problem = dataclasses.replace(long, system=ahead)
    study.progress.stage(f"week {week}: searching costs of {len(problem.planned.plan)} node-weeks")
    first, last = (_planned(long, each, weeks).prices(loop.costs[each]) if week else None for each in (0, week - 1))
    found, compared = _refreshed(study, problem, week, last, loop)
    prices = problem.planned.prices(found.costs)
    stale = prices if first is None else shifted(first, min(week, weeks), last=False)
    under = {"control": prices, "none": None, "stale": stale}
    lived: dict[str, Week] = {}
    for name in WORLDS:
        lived[name], loop.carried[name] = live(long, week, weeks, loop.carried[name], under[name], settings)
    loop.nodes.append(np.array([lived["control"].plan, *(lived[name].arrivals for name in WORLDS)]))
    loop.costs.append(found.costs)
    row: dict[str, float] = {"week": week, "deviation_price": found.price}
    row |= of_worlds(lived) | _spent(found, compared) | {"seconds": time.perf_counter() - started}
    loop.rows.append(row)


def _refreshed(
    study: _Study, problem: Problem, week: int, last: Prices | None, loop: _Loop
) -> tuple[Refresh, Refresh | None]:
    """The refresh, and a cold one to compare it with where it is due.

    Args:
        last: last week's prices; None in the first week, which decides the price of deviation.
    """
    given, settings, every = study.loop.price, study.simulation, study.loop.cold_every
    if last is None:
        return cold(problem, week, given, None, settings), None
    price = loop.rows[-1]["deviation_price"]
    found = warm(problem, week, given, price, settings, packed(problem.planned, shifted(last)))
    return found, cold(problem, week, given, price, settings) if every and week % every == 0 else None


def _spent(found: Refresh, compared: Refresh | None) -> dict[str, float]:
    """What the refresh took; what a cold one takes to leave no more to mend, NaN where none was tried or it did not."""
    figures = {"iterations": float(len(found.violations)), "product_trials": float(found.product_trials)}
    figures["mendable"] = found.left
    until = None if compared is None else compared.iterations_to(found.left)
    figures["cold_mendable"] = float("nan") if compared is None else compared.left
    figures["cold_iterations"] = float("nan") if until is None else float(until)
    figures["cold_product_trials"] = float("nan") if compared is None else float(compared.product_trials)
    return figures


def _result(
    study: _Study,
    long: Problem,
    weeks: int,
    loop: _Loop,
    made: tuple[dict[str, dict[str, Any]], dict[str, Any], RunFolder | None],
    seconds: float,
) -> Result:
    """Tables, and metrics that are means over the weeks."""
    config, made_from, run = made
    mean = lambda name: Figure(*_mean(np.array([row[name] for row in loop.rows])))
    columns = [_planned(long, week, weeks).columns() for week in range(study.loop.weeks)]
    searched = np.nansum([[row["product_trials"], row["cold_product_trials"]] for row in loop.rows])
    found: dict[str, pa.Table] = tables(loop.rows, WORLDS, long.system.network.nodes, loop.nodes, columns, loop.costs)
    metrics = Metrics(
        wmapd_realized_unconstrained=mean("wmapd_none"),
        wmapd_realized=mean("wmapd_control"),
        pna_realized_unconstrained=mean("preferred_node_availability_none"),
        pna_realized=mean("preferred_node_availability_control"),
        product_trials=int(searched) + len(WORLDS) * len(loop.rows) * len(long.strata),
        seconds=seconds,
    )
    result = Result(metrics, config, made_from, found)
    if run is not None:
        result.write_to(run)
    return result


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean over weeks and its standard error as if they were independent; 0 for one week."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
    return float(values.mean()), float(error)
