"""Tables of a delivery problem: one declaration drives reading, checking and the tables of `docs/delivery.md`."""

import math
from typing import Any

import numpy as np
import pyarrow as pa

from jaxsim.delivery.distances import euclidean, great_circle
from jaxsim.delivery.problem import Orders, Problem, Trucks
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.schema import Column, Rule, Table, Type
from jaxsim.scenario.standalone import Relation, read_tables, values
from jaxsim.scenario.view import View

DEPOT = "depot"
"""Name of the depot where trucks name none."""

_AMOUNT = Rule("from 0 to 1,000,000,000", lambda x: (x >= 0) & (x <= 1e9))
_MINUTE = Rule("from 0 to 1,000,000", lambda x: (x >= 0) & (x <= 1e6))
_SOME = Rule("greater than 0, at most 1,000,000,000", lambda x: (x > 0) & (x <= 1e9))
_TRIPS = Rule("from 1 to 1,000", lambda x: (x >= 1) & (x <= 1000))
_LATITUDE = Rule("from -90 to 90", lambda x: np.abs(x) <= 90)
_LONGITUDE = Rule("from -180 to 180", lambda x: np.abs(x) <= 180)
_PLANE = Rule("from -1,000,000 to 1,000,000", lambda x: np.abs(x) <= 1e6)


def _number(name: str, unit: str, text: str, rule: Rule = _AMOUNT, default: float | None = None) -> Column:
    return Column(name, Type.NUMBER, unit, text, (rule,), default=default)


def _maybe(name: str, unit: str, text: str, rule: Rule) -> Column:
    return Column(name, Type.NUMBER, unit, text, (rule,), may_be_absent=True)


def _places(whose: str) -> tuple[Column, ...]:
    return (
        _maybe("latitude", "degrees", f"of the {whose}, north is positive", _LATITUDE),
        _maybe("longitude", "degrees", f"of the {whose}, east is positive", _LONGITUDE),
        _maybe("x", "miles", f"of the {whose} on a plane", _PLANE),
        _maybe("y", "miles", f"of the {whose} on a plane", _PLANE),
    )


_WHERE = (
    "Distances are given in one of four ways: the table distances; latitude and longitude in orders and trucks (great "
    "circle); x and y in both (Euclidean); or the column distance in orders, where each order is a haul of its own."
)

_ORDERS = Table(
    "orders",
    "What is to be delivered, each order whole by one truck.",
    ("order",),
    (
        Column("order", Type.NAME, "", "unique name"),
        _number("weight", "", "in the unit of the trucks' capacity"),
        *_places("customer"),
        _maybe("distance", "miles", "of the haul, whatever the truck carried before", _AMOUNT),
        _number("ready", "minutes", "from when on service may begin", _MINUTE, 0),
        _number("due", "minutes", "until when service is to begin; no window without a value", _MINUTE, math.inf),
        _number("service", "minutes", "at the customer", _MINUTE, 0),
        _number(
            "late_price",
            "currency/minute",
            "price of a late begin; without a value the window is kept",
            _AMOUNT,
            math.inf,
        ),
    ),
    (_WHERE, "A window does not end before it opens."),
)

_TRUCKS = Table(
    "trucks",
    "Trucks of the day. All of a depot have its coordinates.",
    ("truck",),
    (
        Column("truck", Type.NAME, "", "unique name"),
        _number("capacity", "", "most weight on a trip", _SOME),
        _number("cost_per_mile", "currency/mile", "cost of driving"),
        _number("fixed_cost", "currency", "cost of a truck that leaves at all", _AMOUNT, 0),
        _number("shift_start", "minutes", "when it may leave", _MINUTE, 0),
        _number("shift_end", "minutes", "when it must be back; no end without a value", _MINUTE, math.inf),
        Column("depot", Type.NAME, "", f"name of the depot; {DEPOT!r} without the column", may_be_absent=True),
        *_places("depot"),
        Column("trips", Type.COUNT, "", "most trips in the shift", (_TRIPS,), default=1),
        _number("reload_minutes", "minutes", "at the depot between two trips", _MINUTE, 0),
    ),
    ("Trucks of a depot have the same coordinates.", "A shift does not end before it begins.", _WHERE),
)

_DISTANCES = Table(
    "distances",
    "Distances between places: names of orders and of depots.",
    ("origin", "destination"),
    (
        Column("origin", Type.NAME, "", "order or depot"),
        Column("destination", Type.NAME, "", "order or depot"),
        _number("miles", "miles", "distance"),
        _maybe("minutes", "minutes", "travel time; from the distance and the speed without the column", _MINUTE),
    ),
    ("There is a row for every two different places, both ways.",),
    may_be_empty=True,
    optional=True,
)

TABLES = {table.name: table for table in (_ORDERS, _TRUCKS, _DISTANCES)}
"""Every table of a delivery problem by name."""


def read_problem(
    orders: Any, trucks: Any, distances: Any = None, *, miles_per_hour: float = 30.0, detour: float = 1.0
) -> Problem:
    """A problem from tables.

    Args:
        orders, trucks, distances: the tables of `TABLES`, each a Parquet or CSV file, a data frame of any library with
            Arrow's interface, or a mapping of columns.
        miles_per_hour: speed of all trucks, where the tables have no travel times.
        detour: how many times as long as the straight line a road is, for distances from coordinates.

    Raises:
        TableError: a table breaks its schema; the message has a sentence for every kind of fault.
        TypeError: something is neither a file nor a data frame.
        ValueError: the speed is not positive, or the detour is below 1.
    """
    if not miles_per_hour > 0:
        raise ValueError(f"a speed must be positive, not {miles_per_hour:g} miles per hour")
    if not detour >= 1:
        raise ValueError(f"a road is as long as the straight line at least: detour {detour:g} is below 1")
    given = {"orders": orders, "trucks": trucks, "distances": distances}
    return _problem(read_tables(given, TABLES, RELATIONS), miles_per_hour, detour)


def _problem(tables: dict[str, pa.Table], miles_per_hour: float, detour: float) -> Problem:
    column = lambda table, name: values(tables[table], TABLES[table], name)
    number = lambda table, name: column(table, name).astype(float)
    names = tuple(tables["orders"]["order"].to_pylist())
    depot_names = _depot_of(tables["trucks"])
    depots = tuple(dict.fromkeys(depot_names))
    orders = Orders(names, **{name: number("orders", name) for name in _OF_ORDERS})
    trucks = Trucks(
        tuple(tables["trucks"]["truck"].to_pylist()),
        **{name: number("trucks", name) for name in _OF_TRUCKS},
        trips=column("trucks", "trips").astype(np.int64),
        reload=number("trucks", "reload_minutes"),
        depot=np.array([depots.index(name) for name in depot_names], np.int64),
    )
    miles, minutes, position, hauls = _distances(tables, (*depots, *names), trucks.depot, len(depots), detour)
    minutes = miles / miles_per_hour * 60.0 if minutes is None else minutes
    return Problem(orders, trucks, depots, miles, minutes, position, hauls)


_OF_ORDERS = ("weight", "ready", "due", "service", "late_price")
_OF_TRUCKS = ("capacity", "cost_per_mile", "fixed_cost", "shift_start", "shift_end")


def _depot_of(trucks: pa.Table) -> list[str]:
    return trucks["depot"].to_pylist() if "depot" in trucks.column_names else [DEPOT] * trucks.num_rows


def _distances(
    tables: dict[str, pa.Table], places: tuple[str, ...], depot: np.ndarray, depots: int, detour: float
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None, bool]:
    """Miles, minutes and positions where they are given, and whether orders are hauls."""
    orders, trucks = tables["orders"], tables["trucks"]
    position = None
    for pair in (("longitude", "latitude"), ("x", "y")):
        if set(pair) <= {*orders.column_names} & {*trucks.column_names}:
            first = [int(np.flatnonzero(depot == each)[0]) for each in range(depots)]
            at = np.stack([trucks[name].to_numpy()[first] for name in pair], axis=1)
            position = np.concatenate([at, np.stack([orders[name].to_numpy() for name in pair], axis=1)]).astype(float)
            break
    given = tables["distances"]
    if given.num_rows:
        code = {name: place for place, name in enumerate(places)}
        at = tuple(
            np.array([code.get(name, -1) for name in given[end].to_pylist()]) for end in ("origin", "destination")
        )
        known = (at[0] >= 0) & (at[1] >= 0)
        at = at[0][known], at[1][known]
        miles = np.zeros((len(places),) * 2)
        miles[at] = given["miles"].to_numpy()[known]
        minutes = None
        if "minutes" in given.column_names:
            minutes = np.zeros_like(miles)
            minutes[at] = given["minutes"].to_numpy()[known]
        return miles, minutes, position, False
    if position is not None:
        circle = "latitude" in orders.column_names and "latitude" in trucks.column_names
        straight = great_circle(position[:, 1], position[:, 0]) if circle else euclidean(position)
        return straight * detour, None, position, False
    haul = np.concatenate([np.zeros(depots), orders["distance"].to_numpy().astype(float)])
    miles = np.broadcast_to(haul, (len(haul),) * 2).copy()
    np.fill_diagonal(miles, 0.0)
    return miles, None, None, True


def _distances_known(view: View) -> list[Fault]:
    both = lambda *names: view.has(*(f"{table}.{name}" for table in ("orders", "trucks") for name in names))
    ways = (both("latitude", "longitude"), both("x", "y"), view.has("orders.distance"))
    if any(ways) or ("distances" in view.tables and view.size("distances")):
        return []
    remedy = "Add coordinates to orders and trucks, a distance to each order, or the table distances."
    return [Fault("no distances", "orders", _WHERE, remedy)]


def _not_before(table: str, start: str, end: str, rule: str) -> Relation:
    def relation(view: View) -> list[Fault]:
        low, high = (values(view.tables[table], TABLES[table], name).astype(float) for name in (start, end))
        if not (view.has(f"{table}.{start}") or view.has(f"{table}.{end}")):
            return []
        column = end if view.has(f"{table}.{end}") else start
        said = lambda row: f"{low[row]:g} to {high[row]:g}"
        return view.faults("ends before it begins", table, column, low > high, rule, "Correct one of them.", said)

    key = "order" if table == "orders" else "truck"
    return (f"{table}.{key}",), relation


def _depots_agree(view: View) -> list[Fault]:
    trucks = view.tables["trucks"]
    names, faults = np.array(_depot_of(trucks), object), []
    for column in ("latitude", "longitude", "x", "y"):
        if view.has(f"trucks.{column}"):
            at = view.column("trucks", column).astype(float)
            first = dict(zip(names[::-1], at[::-1], strict=True))
            bad = np.array([value != first[name] for name, value in zip(names, at, strict=True)], bool)
            said = lambda row, at=at, first=first: (
                f"{at[row]:.10g} where depot {names[row]} is at {first[names[row]]:.10g}"
            )
            remedy = "Give the truck another depot, or the depot one place."
            faults += view.faults(
                "depot at two places", "trucks", column, bad, TABLES["trucks"].relations[0], remedy, said
            )
    return faults


def _pairs_complete(view: View) -> list[Fault]:
    if not view.size("distances"):
        return []
    names = [*dict.fromkeys(_depot_of(view.tables["trucks"])), *view.tables["orders"]["order"].to_pylist()]
    code = {name: place for place, name in enumerate(names)}
    there = np.eye(len(names), dtype=bool)
    ends = [[code.get(name) for name in view.tables["distances"][end].to_pylist()] for end in ("origin", "destination")]
    for a, b in zip(*ends, strict=True):
        if a is not None and b is not None:
            there[a, b] = True
    missing = np.argwhere(~there)
    if not len(missing):
        return []
    a, b = missing[0]
    remedy = "Add the rows, or leave the table out where there are coordinates."
    value = f"no row from {names[a]} to {names[b]}"
    rule = TABLES["distances"].relations[0]
    return [Fault("missing row", "distances", rule, remedy, "origin", None, value, len(missing))]


def _names_differ(view: View) -> list[Fault]:
    """An order that is called like a depot would make distances ambiguous."""
    depots = set(_depot_of(view.tables["trucks"]))
    bad = np.array([name in depots for name in view.tables["orders"]["order"].to_pylist()], bool)
    rule = "no order has the name of a depot"
    return view.faults("name of a depot", "orders", "order", bad, rule, "Rename one of them.")


RELATIONS: tuple[Relation, ...] = (
    (("orders.order", "trucks.truck"), _distances_known),
    _not_before("orders", "ready", "due", TABLES["orders"].relations[1]),
    _not_before("trucks", "shift_start", "shift_end", TABLES["trucks"].relations[1]),
    (("trucks.truck",), _depots_agree),
    (("orders.order", "trucks.truck", "distances.origin", "distances.destination"), _pairs_complete),
    (("orders.order", "trucks.truck"), _names_differ),
)
"""Rules that tie rows and tables together."""
