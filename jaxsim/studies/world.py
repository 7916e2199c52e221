"""A simulated world, as deliveries see it: what nodes ship where on which day, where places are, and from which run."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from jaxsim import interrupts, reference
from jaxsim.resources import Costs
from jaxsim.runs.folder import RunError, open_run
from jaxsim.scenario import Scenario, Source, fingerprint
from jaxsim.scenario.read import read_table
from jaxsim.simulator import Simulator
from jaxsim.simulator import policies as scan
from jaxsim.studies.costs import read_costs
from jaxsim.studies.problem import Problem, load_problem
from jaxsim.studies.settings import AnyPolicies

_TRIALS = 2
"""Futures of a world's inventory and costs."""
_BLOCK = 256
"""Products whose every day is in memory at a time."""


class Shipments(NamedTuple):
    """Units delivered in one future of a sample, a row for each product, day, node and region with any."""

    product: Int64[np.ndarray, " rows"]
    day: Int64[np.ndarray, " rows"]
    node: Int64[np.ndarray, " rows"]
    region: Int64[np.ndarray, " rows"]
    units: Int64[np.ndarray, " rows"]


def shipments(
    problem: Problem, costs: Costs, *, seed: int, trial: int = 0, policies: AnyPolicies | None = None
) -> Shipments:
    """Simulate one future of every product of the sample, and keep what is delivered.

    Args:
        costs: prices of resources, or None. seed, trial: of the future.
        policies: of the scan engine or the event engine; the scan engine's defaults when left out.

    Raises:
        As `Simulator` and `reference.run`.
    """
    parts = [_delivered(each, start) for start, each in _blocks(problem, costs, seed, trial, policies)]
    return Shipments(*(np.concatenate([part[i] for part in parts]) for i in range(len(Shipments._fields))))


def _blocks(
    problem: Problem, costs: Costs, seed: int, trial: int, policies: AnyPolicies | None
) -> Iterator[tuple[int, tuple[np.ndarray, Any]]]:
    count = len(problem.system.product_names)
    for start in range(0, count, _BLOCK):
        interrupts.check()
        system = problem.system.take(np.arange(start, min(start + _BLOCK, count)))
        given: dict[str, Any] = {"policies": policies, "trials": 1, "first_trial": trial, "seed": seed}
        if policies is None or isinstance(policies, scan.Policies):
            days = Simulator(system, **given).trajectory(costs)
        else:
            days = reference.run(system, costs, **given)
        yield start, (days.served[:, 0], system)


def _delivered(block: tuple[np.ndarray, Any], start: int) -> Shipments:
    served, system = block
    product, day, rank, region = np.nonzero(served)
    slot = system.products.preference[product, rank, region]
    node = system.products.node[product, slot].astype(np.int64)
    return Shipments(product + start, day, node, region, served[product, day, rank, region].astype(np.int64))


class Geography(NamedTuple):
    """Where nodes and regions of a scenario are, and how much room a unit of each sampled product takes."""

    node: Float64[np.ndarray, "nodes 2"]
    """Latitude and longitude."""
    region: Float64[np.ndarray, "regions 2"]
    volume: Float64[np.ndarray, " products"]
    """Cubic feet per unit."""


def geography(scenario: Source, problem: Problem) -> Geography:
    """Places and volumes of a scenario's tables.

    Raises:
        RunError: the tables cannot be read any more.
    """

    def table(name: str, columns: tuple[str, ...], products: tuple[str, ...] | None = None) -> Any:
        if isinstance(scenario, Scenario):
            return scenario.tables[name]
        rows, faults = read_table(Path(scenario), name, columns, products)
        if faults:
            raise RunError("\n".join(map(str, faults)))
        return rows

    place = ("latitude", "longitude")
    at = lambda name, key: np.stack([table(name, (key, *place))[each].to_numpy() for each in place], axis=1)
    names = problem.system.product_names
    rows = table("products", ("product", "unit_volume"), names)
    volume = dict(zip(rows["product"].to_pylist(), rows["unit_volume"].to_pylist(), strict=True))
    return Geography(at("nodes", "node"), at("regions", "region"), np.array([volume[name] for name in names], float))


@dataclasses.dataclass(frozen=True)
class World:
    """A simulated world: a sample of a scenario, its seed, and the capacity costs under which it is bought."""

    scenario: Source
    problem: Problem
    places: Geography
    seed: int
    trials: int
    costs: Costs
    """None without any."""


def world_of_run(path: Path) -> World:
    """The world of a finished run: its scenario, sample, seed, and the capacity costs that it found or was given.

    Raises:
        RunError: the run is not finished, or its scenario is gone or has changed.
    """
    run = open_run(path)
    if not run.finished:
        raise RunError(f"{path} is not finished")
    config, manifest = run.config(), run.manifest()
    source = config["scenario"]["path"]
    if not Path(source).is_dir():
        raise RunError(f"{path} was made from {source}, which is no folder here")
    if fingerprint(source) != manifest.get("scenario_sha256"):
        raise RunError(f"{path} was made from {source}, which has changed since")
    seed = int(manifest.get("seed", 0))
    problem = load_problem(source, int(manifest["sampled_products"]), seed)
    costs = read_costs(run.path / "costs.parquet", problem.system.network) if run.has("costs") else None
    return World(source, problem, geography(source, problem), seed, _TRIALS, costs)
