"""From a simulated day to trucks: what a node ships on a day, as orders of a delivery problem.

A region is a point in the tables, and its customers are not. They are put into a few *zones* around it, in rings of
equal area at the golden angle, which is synthetic and always the same: a product's units of a day go to one zone, given
by its id. So two simulations with the same draws have the same customers, whatever was bought and where from.

Regions that a truck can serve within its shift are delivered by trucks of the node; a parcel carrier takes the rest, at
the scenario's shipping cost, days and emissions.
"""

import dataclasses
import math
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.delivery import TABLES, Schedule, plan, read_problem, search
from jaxsim.delivery import Problem as DeliveryProblem
from jaxsim.delivery.distances import great_circle
from jaxsim.runs.folder import RunError
from jaxsim.scenario.faults import nearest
from jaxsim.scenario.standalone import read_tables
from jaxsim.studies.problem import Problem
from jaxsim.studies.world import Geography, Shipments, World, shipments

_GOLDEN = math.pi * (3.0 - math.sqrt(5.0))
_MILES_PER_DEGREE = 69.09


@dataclasses.dataclass(frozen=True)
class Fleet:
    """Trucks of a node, and where and when its customers want their parcels; assumptions, all of them to be changed."""

    capacity: float = 350.0
    """Cubic feet, of a large van."""
    cost_per_mile: float = 2.26
    """Currency; trucking in the United States, ATRI 2024."""
    fixed_cost: float = 150.0
    """Currency for a truck and its driver on a day."""
    shift: tuple[float, float] = (480.0, 1080.0)
    """Minutes: 8 to 18 o'clock."""
    trips: int = 2
    reload: float = 20.0
    """Minutes."""
    miles_per_hour: float = 35.0
    detour: float = 1.3
    """Road over straight line."""
    service: float = 4.0
    """Minutes at a zone's stop, and as much again for every further `packages_per_service` packages."""
    packages_per_service: float = 20.0
    co2_kg_per_mile: float = 1.4
    zones: int = 6
    """Of each region."""
    radius: float = 12.0
    """Miles around a region's center within which its zones lie."""
    windows: tuple[tuple[float, float], ...] = ((480.0, 720.0), (600.0, 840.0), (720.0, 960.0))
    """Minutes; zones have them in turn."""
    late_price: float = 0.5
    """Currency per minute after the window, which steers and is not counted as a cost."""


class NodeDay(NamedTuple):
    """What a node ships on a day."""

    orders: dict[str, list[Any]]
    """Table `orders` of `jaxsim.delivery.TABLES`, for the regions that trucks serve, and packages of each order."""
    by_carrier: Float64[np.ndarray, " regions"]
    """Packages that a carrier takes to each region."""
    reached: np.ndarray
    """Which regions trucks serve."""

    @property
    def packages(self) -> float:
        """Packages on trucks and by carrier."""
        return float(sum(self.orders["packages"])) + float(self.by_carrier.sum())


def node_day(problem: Problem, places: Geography, shipped: Shipments, node: int, day: int, fleet: Fleet) -> NodeDay:
    """Orders of a node's trucks on a day, and what a carrier takes.

    Every sampled product stands for as many as its sampling weight says.
    """
    system, rows = problem.system, (shipped.node == node) & (shipped.day == day)
    weight = system.products.sampling_weight[shipped.product[rows]]
    packages = shipped.units[rows] * weight
    volume = packages * places.volume[shipped.product[rows]]
    region, zone = shipped.region[rows], system.products.id[shipped.product[rows], 1].astype(np.int64) % fleet.zones
    reached = _reached(places, node, fleet)
    regions = len(places.region)
    carried = ~reached[region]
    by_carrier = np.bincount(region[carried], packages[carried], regions)[:regions]
    return NodeDay(
        _orders(system.network.regions, places, region, zone, packages, volume, reached, fleet), by_carrier, reached
    )


def _reached(places: Geography, node: int, fleet: Fleet) -> np.ndarray:
    """Regions from whose farthest zone a truck is back within its shift."""
    at = np.concatenate([places.node[node][None], places.region])
    miles = (great_circle(at[:, 0], at[:, 1])[0, 1:] + fleet.radius) * fleet.detour
    minutes = 2.0 * miles / fleet.miles_per_hour * 60.0 + 2.0 * fleet.service
    return minutes <= fleet.shift[1] - fleet.shift[0]


def _orders(
    names: tuple[str, ...],
    places: Geography,
    region: np.ndarray,
    zone: np.ndarray,
    packages: np.ndarray,
    volume: np.ndarray,
    reached: np.ndarray,
    fleet: Fleet,
) -> dict[str, list[Any]]:
    """A stop per zone with parcels, or several where they fill more than half a truck; their sequence says nothing."""
    found: dict[str, list[Any]] = {name: [] for name in (*_ORDER_COLUMNS, "packages")}
    stops = sorted({(int(r), int(z)) for r, z in zip(region, zone, strict=True) if reached[r]}, key=_shuffled)
    for r, z in stops:
        here = (region == r) & (zone == z)
        count, size = float(packages[here].sum()), float(volume[here].sum())
        pieces = max(1, math.ceil(size / (0.5 * fleet.capacity)))
        latitude, longitude = zone_place(places.region[r], z, fleet)
        ready, due = fleet.windows[(r + z) % len(fleet.windows)]
        for piece in range(pieces):
            values = (f"{names[r]} zone {z}" + (f" part {piece + 1}" if pieces > 1 else ""), size / pieces, latitude)
            service = fleet.service * (1.0 + math.floor(count / pieces / fleet.packages_per_service))
            values += (longitude, ready, due, service, fleet.late_price, count / pieces)
            for name, value in zip(found, values, strict=True):
                found[name].append(value)
    return found


_ORDER_COLUMNS = ("order", "weight", "latitude", "longitude", "ready", "due", "service", "late_price")


def _shuffled(stop: tuple[int, int]) -> int:
    """Orders come in as customers press the button, not sorted by place."""
    return (stop[0] * 7919 + stop[1] * 104729 + 12345) * 2654435761 % 2**32


def zone_place(center: Float64[np.ndarray, "2"], zone: int, fleet: Fleet) -> tuple[float, float]:
    """Latitude and longitude of a zone: the points of a sunflower, which cover a disk evenly."""
    distance = fleet.radius * math.sqrt((zone + 0.5) / fleet.zones)
    angle, latitude = zone * _GOLDEN, float(center[0])
    north = distance * math.cos(angle) / _MILES_PER_DEGREE
    east = distance * math.sin(angle) / (_MILES_PER_DEGREE * math.cos(math.radians(latitude)))
    return latitude + north, float(center[1]) + east


def delivery_problem(
    name: str, place: Float64[np.ndarray, "2"], orders: dict[str, list[Any]], fleet: Fleet, trucks: Any = None
) -> DeliveryProblem:
    """The delivery problem of a node's day, with as many trucks of the fleet as it has orders.

    Args:
        name: of the node. place: its latitude and longitude.
        trucks: a table of trucks in place of the fleet's; without coordinates they stand at the node.

    Raises:
        TableError: the trucks break the schema.
    """
    count = max(1, len(orders["order"]))
    each: dict[str, Any] = {
        "capacity": fleet.capacity,
        "cost_per_mile": fleet.cost_per_mile,
        "fixed_cost": fleet.fixed_cost,
        "shift_start": fleet.shift[0],
        "shift_end": fleet.shift[1],
        "depot": name,
        "latitude": float(place[0]),
        "longitude": float(place[1]),
        "trips": fleet.trips,
        "reload_minutes": fleet.reload,
    }
    own = {"truck": [f"{name} {i + 1}" for i in range(count)]} | {key: [value] * count for key, value in each.items()}
    given = own if trucks is None else _at_node(trucks, place)
    table = {key: values for key, values in orders.items() if key != "packages"}
    roads = {"miles_per_hour": fleet.miles_per_hour, "detour": fleet.detour}
    return read_problem(table, given, **roads)


def _at_node(trucks: Any, place: Float64[np.ndarray, "2"]) -> Any:
    """A table of trucks; those without coordinates stand at the node."""
    rows = read_tables({"trucks": trucks}, {"trucks": TABLES["trucks"]})["trucks"]
    if {"latitude", "longitude"} & {*rows.column_names}:
        return trucks
    for name, value in zip(("latitude", "longitude"), place.tolist(), strict=True):
        rows = rows.append_column(name, pa.array([value] * rows.num_rows))
    return rows


def day_of_run(world: World, node: str, day: int, trial: int, fleet: Fleet, trucks: Any = None) -> DeliveryProblem:
    """The delivery problem of a node's day in one future of a run's world, with the run's capacity costs.

    Raises:
        RunError: there is no such node or day, or trucks of the node deliver nothing on it.
        TableError: the trucks break the schema.
    """
    network = world.problem.system.network
    if node not in network.nodes:
        raise RunError(f"there is no node {node!r} in the scenario{nearest(node, network.nodes)}")
    if not 0 <= day < 7 * world.problem.system.weeks:
        raise RunError(f"days are numbered from 0 to {7 * world.problem.system.weeks - 1}, and {day} is none of them")
    number = network.nodes.index(node)
    shipped = shipments(world.problem, world.costs, seed=world.seed, trial=trial)
    here = node_day(world.problem, world.places, shipped, number, day, fleet)
    if not here.orders["order"]:
        carried = f"; a carrier takes {here.by_carrier.sum():,.0f} packages from it" if here.by_carrier.any() else ""
        raise RunError(f"trucks of {node} deliver nothing on day {day}{carried}")
    return delivery_problem(node, world.places.node[number], here.orders, fleet, trucks)


def planned(problem: DeliveryProblem, method: str, seconds: float, seed: int = 0) -> Schedule:
    """A schedule; `auto` that would need PyVRP where it is not installed takes an insertion instead."""
    try:
        return plan(problem, method=method, seconds=seconds, seed=seed)
    except ValueError:
        if method != "auto" or search.installed():
            raise
        found = plan(problem, method="cheapest_insertion", seconds=seconds, seed=seed)
        return dataclasses.replace(found, note=f"{found.note} A better plan needs PyVRP: {search.INSTALL}.")
