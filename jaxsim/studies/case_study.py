"""The table of the case study, before and after: delivery cost, waste, punctuality, route efficiency and emissions.

*Before* is a plain plan: every product is bought into the node that is cheapest for it, regions ask the nodes from the
nearest (cheapest to ship from) on, and orders go to trucks first-fit. *After* is this system: the buying LP, with the
capacity costs of the run where it has any, the same fulfillment, and planned schedules. Both see the same products,
demand, lead times, customers and trucks.

Inventory and transfers come from the whole simulated sample. Deliveries are planned for a random sample of node-days,
the same for both sides, so their figures have a standard error over node-days, and differences are paired.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.delivery import Schedule
from jaxsim.measures import Difference, Estimate, Indicator, contributions
from jaxsim.measures.deliveries import CLAIMED, DELIVERY_COLUMNS, DELIVERY_INDICATORS, REGISTRY
from jaxsim.resources import Costs
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.simulator import policies as scan
from jaxsim.simulator.policies import BuyCheapest
from jaxsim.studies.deliveries import Fleet, NodeDay, delivery_problem, node_day, planned
from jaxsim.studies.problem import engine
from jaxsim.studies.progress import Progress, Silent
from jaxsim.studies.world import Shipments, World, shipments

SHOWN = (
    "delivery_cost_per_package",
    "route_cost_per_package",
    "overage_share",
    "on_time_share",
    "packages_per_mile",
    "delivery_co2_per_package",
    "fill_rate",
    "cost_per_unit",
    "co2_per_unit",
)
"""Indicators of the table, in order."""


@dataclasses.dataclass(frozen=True)
class Side:
    """One side of the table."""

    simulated: dict[str, Any]
    """Columns of `contributions`."""
    delivered: dict[str, Float64[np.ndarray, "rows 1"]]
    """`DELIVERY_COLUMNS` of each node-day."""


@dataclasses.dataclass(frozen=True)
class CaseStudy:
    """The table, and the node-days that its deliveries are of."""

    table: pa.Table
    """A row per indicator: before, after, change, each with its standard error, and what the case study claims."""
    node_days: pa.Table
    """A row per node-day and side: what it adds to the indicators, and how its schedule was made."""


def case_study(
    world: World,
    *,
    node_days: int = 16,
    seconds: float = 2.0,
    fleet: Fleet | None = None,
    progress: Progress | None = None,
) -> CaseStudy:
    """Simulate both sides, plan deliveries of a sample of node-days, and measure.

    Args:
        node_days: to sample, at least 2. seconds: for each schedule.
        fleet: trucks and customers; `Fleet()` when left out.

    Raises:
        RunError: there are fewer than two node-days, the time is not positive, or nothing is delivered.
        RuntimeError, KeyboardInterrupt: as of simulations and schedules.
    """
    if node_days < 2:
        raise RunError(f"a standard error needs at least 2 node-days, not {node_days}")
    if not seconds > 0:
        raise RunError(f"the time for a schedule must be positive, not {seconds:g} seconds")
    progress, fleet = progress or Silent(), fleet or Fleet()
    policies = {"before": scan.Policies(buy=BuyCheapest()), "after": scan.Policies()}
    costs: dict[str, Costs] = {"before": None, "after": world.costs}
    progress.stage(f"simulating {len(world.problem.strata):,} products before and after")
    ships = {side: shipments(world.problem, costs[side], seed=world.seed, policies=policies[side]) for side in policies}
    chosen, weight = _sample(ships, world, node_days)
    sides, rows = {}, []
    for side in policies:
        run = engine("scan", world.problem.system, world.trials, world.seed, 0, policies[side])
        simulated = contributions(world.problem.system, run(costs[side]))
        method = "first_fit" if side == "before" else "auto"
        progress.stage(f"planning {len(chosen)} node-days {side}")
        found = [_measured(world, ships[side], node, day, fleet, method, seconds) for node, day in chosen]
        rows += [{"side": side, **row} for row in found]
        columns = {name: np.array([[float(row[name])] for row in found]) for name in DELIVERY_COLUMNS}
        sides[side] = Side(simulated, columns)
    return CaseStudy(_table(world, sides, weight), pa.Table.from_pylist(rows))


def _sample(ships: dict[str, Shipments], world: World, count: int) -> tuple[list[tuple[int, int]], float]:
    """Node-days on which either side delivers, drawn at random, and how many each stands for."""
    every = sorted(
        {pair for each in ships.values() for pair in zip(each.node.tolist(), each.day.tolist(), strict=True)}
    )
    if len(every) < 2:
        raise RunError("fewer than two node-days deliver anything")
    picked = np.random.default_rng(world.seed).choice(len(every), min(count, len(every)), replace=False)
    return [every[i] for i in np.sort(picked)], len(every) / len(picked)


def _measured(
    world: World, shipped: Shipments, node: int, day: int, fleet: Fleet, method: str, seconds: float
) -> dict[str, Any]:
    """What a node-day adds to the indicators, and how."""
    network, here = world.problem.system.network, node_day(world.problem, world.places, shipped, node, day, fleet)
    name, orders = network.nodes[node], here.orders
    row: dict[str, Any] = {"node": name, "day": day, "orders": len(orders["order"]), "method": "none"}
    row |= dict.fromkeys(DELIVERY_COLUMNS, 0.0) | _by_carrier(world, node, here)
    if orders["order"]:
        problem = delivery_problem(name, world.places.node[node], orders, fleet)
        schedule = planned(problem, method, seconds)
        row["method"] = schedule.method
        for column, value in delivered_by(schedule, orders["packages"], fleet).items():
            row[column] += value
    return row


def delivered_by(schedule: Schedule, packages: Sequence[float], fleet: Fleet) -> dict[str, float]:
    """What trucks add to the indicators; packages of orders that are left out are packages that are not in time.

    Args:
        packages: of each order.
    """
    stops = [stop for trip in schedule.trips for stop in trip.stops]
    on_time = sum(packages[stop.order] for stop in stops if stop.late == 0)
    return {
        "packages": float(sum(packages)),
        "on_time": float(on_time),
        "delivery_cost": schedule.mileage_cost + schedule.fixed_cost,
        "truck_packages": float(sum(packages[stop.order] for stop in stops)),
        "truck_cost": schedule.mileage_cost + schedule.fixed_cost,
        "truck_miles": schedule.miles,
        "delivery_co2": schedule.miles * fleet.co2_kg_per_mile,
    }


def _by_carrier(world: World, node: int, here: NodeDay) -> dict[str, float]:
    """What a carrier adds: the scenario's shipping cost, days and emissions per unit."""
    network, units = world.problem.system.network, here.by_carrier
    some = units > 0
    days = network.shipping_days[node][some]
    return {
        "packages": float(units.sum()),
        "on_time": float(units[some][(days >= 0) & (days <= 2)].sum()),
        "delivery_cost": float(network.shipping_cost[node][some] @ units[some]),
        "delivery_co2": float(network.shipping_co2[node][some] @ units[some]),
    }


def _table(world: World, sides: dict[str, Side], weight: float) -> pa.Table:
    rows = []
    for name in SHOWN:
        delivered = name in DELIVERY_INDICATORS
        indicator = REGISTRY[name]
        kind = "delivered" if delivered else "simulated"
        before, after = (getattr(sides[side], kind) for side in ("before", "after"))
        gamma = np.full(len(before["packages"]), weight) if delivered else world.problem.system.products.sampling_weight
        strata = None if delivered else world.problem.strata
        values = [indicator.estimate(gamma, strata, columns) for columns in (before, after)]
        change = indicator.difference(gamma, strata, before, after)
        rows.append(_row(name, indicator, values[0], values[1], change))
    return pa.Table.from_pylist(rows, _TABLE)


_TABLE = pa.schema(
    [
        *((name, pa.string()) for name in ("indicator", "label", "unit")),
        *((f"{name}{more}", pa.float64()) for name in ("before", "after", "change") for more in ("", "_se")),
        *((name, pa.string()) for name in ("verdict", "claimed_before", "claimed_after", "claimed_change")),
    ]
)


def _row(name: str, indicator: Indicator, before: Estimate, after: Estimate, change: Difference) -> dict[str, Any]:
    numbers = {"before": before, "after": after, "change": change}
    row: dict[str, Any] = {"indicator": name, "label": indicator.label, "unit": indicator.unit}
    for key, value in numbers.items():
        row |= {key: _known(value.mean), f"{key}_se": _known(value.standard_error)}
    claims = dict(zip(("claimed_before", "claimed_after", "claimed_change"), CLAIMED.get(name, ()), strict=False))
    return row | {"verdict": indicator.verdict(change)} | claims


def _known(value: Any) -> float | None:
    return None if np.isnan(value) else float(value)


def write(run: RunFolder, found: CaseStudy) -> None:
    """Keep the table with its run, for the report."""
    run.write_tables({"case_study": found.table, "node_days": found.node_days})
