"""Tables of an allocation problem: one declaration drives reading, checking and the tables of `docs/allocation.md`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from jaxsim.allocation.problem import ALL, Problem
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.schema import Column, Rule, Table, Type
from jaxsim.scenario.standalone import Relation, read_tables, values
from jaxsim.scenario.view import View

_AMOUNT = Rule("from 0 to 1,000,000,000", lambda x: (x >= 0) & (x <= 1e9))
_MONEY = Rule("from -1,000,000,000 to 1,000,000,000", lambda x: np.abs(x) <= 1e9)


def _name(name: str, description: str, refers_to: str | None = None, absent: bool = False) -> Column:
    return Column(name, Type.NAME, "", description, refers_to=refers_to, may_be_absent=absent)


def _number(name: str, unit: str, description: str, rule: Rule = _AMOUNT, default: float | None = None) -> Column:
    return Column(name, Type.NUMBER, unit, description, (rule,), default=default)


_PRODUCT = "the product; without the column, what is there is for all products together"

_COSTS = Table(
    "costs",
    "Lanes from warehouses to locations; a lane without a row does not exist.",
    ("warehouse", "location", "product"),
    (
        _name("warehouse", "where the lane begins", "supply.warehouse"),
        _name("location", "where it ends", "demand.location"),
        _name("product", "what it carries; without the column, there is one kind of unit", absent=True),
        _number("cost", "currency/unit", "transport cost", _MONEY),
        _number("holding_cost", "currency/unit", "cost of stock on the lane", _MONEY, 0),
        _number("days", "days", "delivery time", _AMOUNT, 0),
        _number("co2_kg", "kg/unit", "emissions", _AMOUNT, 0),
        _number("minimum", "units", "least on the lane", _AMOUNT, 0),
        _number("maximum", "units", "most on the lane; no limit without a value", _AMOUNT, math.inf),
        _number("capacity_per_unit", "", "what a unit takes of its warehouse's capacity", _AMOUNT, 1),
    ),
    (
        "A minimum is not above its maximum.",
        "The warehouse has a supply, and the location a demand, of the product or of all.",
    ),
)

_SUPPLY = Table(
    "supply",
    "Units that each warehouse can send at most.",
    ("warehouse", "product"),
    (
        _name("warehouse", "name of the warehouse"),
        _name("product", _PRODUCT, absent=True),
        _number("units", "units", "supply"),
    ),
    ("There is no column product where the costs have none.",),
)

_DEMAND = Table(
    "demand",
    "Units that each location needs at least.",
    ("location", "product"),
    (
        _name("location", "name of the location"),
        _name("product", _PRODUCT, absent=True),
        _number("units", "units", "demand"),
        _number(
            "unmet_price", "currency/unit", "price of demand not met; without a value it must be", _AMOUNT, math.inf
        ),
    ),
    ("There is no column product where the costs have none.",),
)

_CAPACITY = Table(
    "capacity",
    "What the products of a warehouse share, such as hours or pallets; a warehouse without a row has no such limit.",
    ("warehouse",),
    (
        _name("warehouse", "name of the warehouse", "supply.warehouse"),
        _number("units", "", "capacity, in what capacity_per_unit counts"),
    ),
    may_be_empty=True,
    optional=True,
)

TABLES = {table.name: table for table in (_COSTS, _SUPPLY, _DEMAND, _CAPACITY)}
"""Every table of an allocation problem by name."""


def read_problem(costs: Any, supply: Any, demand: Any, capacity: Any = None) -> Problem:
    """A problem from tables.

    Args:
        costs, supply, demand, capacity: the tables of `TABLES`, each a Parquet or CSV file, a data frame of any library
            with Arrow's interface, or a mapping of columns.

    Raises:
        TableError: a table breaks its schema; the message has a sentence for every kind of fault.
        TypeError: something is neither a file nor a data frame.
    """
    given = {"costs": costs, "supply": supply, "demand": demand, "capacity": capacity}
    return problem_of(read_tables(given, TABLES, RELATIONS))


def problem_of(tables: dict[str, pa.Table]) -> Problem:
    """A problem of tables that are sound."""
    column = lambda table, name: values(tables[table], TABLES[table], name)
    warehouses = _unique(tables["supply"]["warehouse"])
    locations = _unique(tables["demand"]["location"])
    products = _unique(tables["costs"]["product"]) if "product" in tables["costs"].column_names else ()
    for name in ("supply", "demand"):
        if "product" in tables[name].column_names:
            products = tuple(dict.fromkeys([*products, *tables[name]["product"].to_pylist()]))
    places = {"warehouse": warehouses, "location": locations, "product": products}
    key = lambda table, place: _codes(tables[table], place, places[place])
    pairs = lambda table, place: np.stack([key(table, place), key(table, "product")], axis=1)
    supply_key, demand_key = pairs("supply", "warehouse"), pairs("demand", "location")
    product, capacity_key = key("costs", "product"), key("capacity", "warehouse")
    row_of = np.full(len(warehouses), ALL)
    row_of[capacity_key] = np.arange(len(capacity_key))
    start = key("costs", "warehouse")
    measures = {name: column("costs", name).astype(float) for name in _measures(tables["costs"])}
    return Problem(
        warehouses=warehouses,
        locations=locations,
        products=products,
        supply=column("supply", "units").astype(float),
        supply_key=supply_key,
        demand=column("demand", "units").astype(float),
        demand_key=demand_key,
        unmet_price=column("demand", "unmet_price").astype(float),
        capacity=column("capacity", "units").astype(float),
        capacity_key=capacity_key,
        supply_of=_rows_of(supply_key, start, product),
        demand_of=_rows_of(demand_key, key("costs", "location"), product),
        capacity_of=row_of[start],
        load=column("costs", "capacity_per_unit").astype(float),
        measures=measures,
        minimum=column("costs", "minimum").astype(float),
        maximum=column("costs", "maximum").astype(float),
    )


def _measures(costs: pa.Table) -> list[str]:
    return [name for name in ("cost", "holding_cost", "days", "co2_kg") if name in costs.column_names]


def _unique(names: pa.ChunkedArray) -> tuple[str, ...]:
    return tuple(names.unique().to_pylist())


def _codes(rows: pa.Table, column: str, names: Sequence[str]) -> np.ndarray:
    """Place of each name among `names`; `ALL` where the column is absent."""
    if column not in rows.column_names:
        return np.full(rows.num_rows, ALL)
    place = {name: i for i, name in enumerate(names)}
    coded = rows[column].combine_chunks().dictionary_encode()
    of_word = np.array([place.get(word, ALL) for word in coded.dictionary.to_pylist()], np.int64)
    return of_word[coded.indices.to_numpy()] if rows.num_rows else np.zeros(0, np.int64)


def _rows_of(key: np.ndarray, place: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Row of `key` with that place and that product, or with that place and all products; −1 where there is none."""
    width = max(int(product.max(initial=0)), int(key[:, 1].max(initial=0))) + 2
    order = np.argsort(key[:, 0] * width + key[:, 1] + 1)
    known = (key[:, 0] * width + key[:, 1] + 1)[order]

    def find(wanted: np.ndarray) -> np.ndarray:
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.where(known[at] == wanted, order[at], -1) if len(known) else np.full(len(wanted), -1)

    exact = find(place * width + product + 1)
    return np.where(exact >= 0, exact, find(place * width))


def _minimum_below_maximum(view: View) -> list[Fault]:
    costs = TABLES["costs"]
    low, high = (values(view.tables["costs"], costs, name) for name in ("minimum", "maximum"))
    said = lambda row: f"a minimum of {low[row]:g} and a maximum of {high[row]:g}"
    remedy = "Correct one of them."
    column = "minimum" if view.has("costs.minimum") else "maximum"
    return view.faults("minimum above maximum", "costs", column, low > high, costs.relations[0], remedy, said)


def _products_agree(table: str, place: str) -> Relation:
    def rule(view: View) -> list[Fault]:
        if view.has("costs.product"):
            return []
        bad = np.zeros(view.size(table), bool)
        bad[:1] = view.has(f"{table}.product")
        remedy = "Add the column to the costs, or leave it out here."
        return view.faults("product without lanes", table, "product", bad, TABLES[table].relations[0], remedy)

    return (f"{table}.{place}", "costs.warehouse"), rule


def _ends_have_rows(table: str, place: str) -> Relation:
    def rule(view: View) -> list[Fault]:
        names = view.tables[table][place].combine_chunks().unique().to_pylist()
        has_product = view.has(f"{table}.product") and view.has("costs.product")
        products = view.tables[table]["product"].unique().to_pylist() if has_product else []
        coded = lambda which: _codes(view.tables[which], place, names)
        lane = coded("costs")
        product = _codes(view.tables["costs"], "product", products) if has_product else np.full(len(lane), ALL)
        if has_product:
            key = np.stack([coded(table), _codes(view.tables[table], "product", products)], axis=1)
        else:
            key = np.stack([coded(table), np.full(view.size(table), ALL)], axis=1)
        unknown = has_product & (product == ALL)
        bad = (lane >= 0) & ((_rows_of(key, lane, product) < 0) | unknown)
        remedy = f"Add a row to {table}, with 0 units where there are none."
        return view.faults("lane without " + table, "costs", place, bad, TABLES["costs"].relations[1], remedy)

    return (f"{table}.{place}", f"costs.{place}"), rule


RELATIONS: tuple[Relation, ...] = (
    (("costs.warehouse",), _minimum_below_maximum),
    _products_agree("supply", "warehouse"),
    _products_agree("demand", "location"),
    _ends_have_rows("supply", "warehouse"),
    _ends_have_rows("demand", "location"),
)
"""Rules that tie rows and tables together."""
