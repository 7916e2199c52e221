"""The one declaration of a scenario's tables: it drives reading, checking and `docs/tables.md`.

A scenario is a folder of tables, each a Parquet or a CSV file. For example `lead_times` says that an order of
vendor V3 into node XD-RENO takes 9 days with probability 0.08: its `Table` names the four columns, their types, units
and rules, and that `node` refers to `nodes.node`.

Rules of one column stand here. Rules that tie rows or tables together (probabilities that sum to 1, routes, plans not
below what is in flight) are sentences in `Table.relations`, tested by `jaxsim.scenario.relations`.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable
from enum import Enum

import numpy as np
import pyarrow as pa

from jaxsim.demand.moments import MOST_UNITS

QUANTILE_LEVELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Levels of the quantile columns of `demand` and `forecast`."""

QUANTILE_COLUMNS = tuple(f"q{round(100 * level):02d}" for level in QUANTILE_LEVELS)
"""Names of those columns: q05, q10, q20, … q90, q95, q99. A scenario may have more, see `quantile_level`."""

NODE_KINDS = ("cross_dock", "storage", "fulfillment")
"""What a node can be, in the order in which goods flow."""

MOST_WEEKS, MOST_REGIONS, MOST_LOCAL_NODES = 585, 1024, 256
"""Most weeks of a horizon, demand regions, and local nodes of a product: beyond, draws of demand would be repeated."""

PRODUCT_TABLES = ("products", "product_nodes", "demand", "forecast", "demand_paths", "demand_shares", "in_flight")
"""Tables with a `product` column: only the sampled products' rows are read."""


def quantile_level(name: str) -> float | None:
    """Level of a quantile column, whose name is q and its decimals (q05: 0.05, q995: 0.995); None for other names."""
    found = re.fullmatch(r"q(\d{2,15})", name)
    level = float(f"0.{found.group(1)}") if found else 0.0
    return level if level > 0 else None


def quantile_columns(names: Iterable[str]) -> tuple[str, ...]:
    """The quantile columns among `names`, by level."""
    levels = {name: level for name in names if (level := quantile_level(name)) is not None}
    return tuple(sorted(levels, key=lambda name: levels[name]))


class Type(Enum):
    """What a column holds; the value is the word that the documentation uses."""

    NAME = "text"
    FLAG = "true/false"
    COUNT = "whole number"
    NUMBER = "number"

    @property
    def arrow(self) -> pa.DataType:
        """Arrow type of the column in a loaded `Scenario`."""
        return {Type.NAME: pa.string(), Type.FLAG: pa.bool_(), Type.COUNT: pa.int64(), Type.NUMBER: pa.float64()}[self]


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule on the values of one column: a sentence part, and a test that is true where a finite value is good."""

    text: str
    test: Callable[[np.ndarray], np.ndarray] = dataclasses.field(compare=False)


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: name, type, unit, description, rules, and the `table.column` that its values must occur in.

    A column with a `default` is optional: it may be absent, and so may any of its values, which are then the default.
    One that `may_be_absent` has all its values or is not there.
    """

    name: str
    type: Type
    unit: str
    description: str
    rules: tuple[Rule, ...] = ()
    refers_to: str | None = None
    default: bool | int | float | None = None
    may_be_absent: bool = False

    @property
    def optional(self) -> bool:
        """Whether a table may be without the column."""
        return self.default is not None or self.may_be_absent


@dataclasses.dataclass(frozen=True)
class Table:
    """One table: name, description, columns, the key that no two rows share, and its rules across rows and tables.

    `further` makes columns of names that are not declared, where a table may have more than those; `optional` tables
    may be absent, which is the same as empty.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    relations: tuple[str, ...] = ()
    may_be_empty: bool = False
    optional: bool = False
    further: Callable[[str], Column | None] = dataclasses.field(default=lambda name: None, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns that every scenario has."""
        return tuple(column.name for column in self.columns if not column.optional)

    def key_among(self, names: Iterable[str]) -> tuple[str, ...]:
        """The key of a table that has the columns `names`: without an optional column that is absent."""
        names = tuple(names)
        return tuple(name for name in self.key if name in names or not self.column(name).optional)

    def columns_among(self, names: Iterable[str]) -> tuple[Column, ...]:
        """The columns that every scenario has, then the others among `names`."""
        more = [name for name in names if name not in self.names and self.find(name) is not None]
        return tuple(self.column(name) for name in (*self.names, *more))

    def arrow(self, names: Iterable[str] = ()) -> pa.Schema:
        """Arrow schema in a loaded `Scenario` whose file has columns `names`."""
        return pa.schema([(column.name, column.type.arrow) for column in self.columns_among(names)])

    def find(self, name: str) -> Column | None:
        """The column of that name; None if the table cannot have one."""
        declared = {column.name: column for column in self.columns}
        return declared.get(name) or self.further(name)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if the table cannot have one."""
        column = self.find(name)
        if column is None:
            raise KeyError(f"table {self.name} has no column {name}")
        return column


def _at_least(low: float) -> Rule:
    return Rule(f"at least {low:g}", lambda x: x >= low)


def _between(low: float, high: float) -> Rule:
    return Rule(f"from {low:,} to {high:,}", lambda x: (x >= low) & (x <= high))


COMPUTED = -1
"""Default of levels that are computed where the table gives none."""

_NOT_NEGATIVE = _at_least(0)
_AMOUNT = _between(0, 1_000_000_000)  # of money or weight per unit: the buying LP and sums over products stay accurate
_UNITS, _PACK = _between(0, MOST_UNITS - 1), _between(1, MOST_UNITS - 1)
_PLANNED = _between(0, 1_000_000_000_000)  # of all products together
_VOLUME = Rule("greater than 0, at most 1,000,000,000", lambda x: (x > 0) & (x <= 1_000_000_000))
_LEAD_TIME, _REVIEW_WEEKS = _between(1, 1000), _between(1, 520)  # arrays are as long as the longest one
_TRANSFER_DAYS, _SHIPPING_DAYS = _between(1, 365), _between(0, 365)
_INSIDE_UNIT = Rule("strictly between 0 and 1", lambda x: (x > 0) & (x < 1))
_WEEK = Rule(f"one of the weeks 0 … W − 1, where W is at most {MOST_WEEKS}", lambda x: (x >= 0) & (x < MOST_WEEKS))


def _name(name: str, description: str, refers_to: str | None = None) -> Column:
    return Column(name, Type.NAME, "", description, refers_to=refers_to)


def _count(name: str, unit: str, description: str, rule: Rule = _NOT_NEGATIVE, default: int | None = None) -> Column:
    return Column(name, Type.COUNT, unit, description, (rule,), default=default)


def _number(name: str, unit: str, description: str, rule: Rule = _AMOUNT) -> Column:
    return Column(name, Type.NUMBER, unit, description, (rule,))


_PLACE = (
    _number("latitude", "degrees", "north is positive", _between(-90, 90)),
    _number("longitude", "degrees", "east is positive", _between(-180, 180)),
)

_NODES = Table(
    "nodes",
    "Warehouses. Cross docks pass goods on, storage nodes replenish fulfillment nodes, those serve customers.",
    ("node",),
    (
        _name("node", "unique name"),
        Column(
            "kind",
            Type.NAME,
            "",
            "what the node does",
            (Rule("one of " + ", ".join(NODE_KINDS), lambda x: np.isin(x, NODE_KINDS)),),
        ),
        Column("inbound", Type.FLAG, "", "whether vendors may deliver here; such a node has a labor plan"),
        *_PLACE,
    ),
)

_REGIONS = Table(
    "regions",
    "Areas of customer demand.",
    ("region",),
    (_name("region", "unique name"), *_PLACE),
    (f"There are at most {MOST_REGIONS:,} regions.",),
)

_TRANSFERS = Table(
    "transfers",
    "Moves between nodes: from a cross dock to storage or fulfillment, or from storage to fulfillment.",
    ("origin", "destination"),
    (
        _name("origin", "node that sends", "nodes.node"),
        _name("destination", "node that receives", "nodes.node"),
        _number("cost_per_unit", "currency/unit", "cost of moving a unit"),
        _count("transit_days", "days", "days between sending and receiving", _TRANSFER_DAYS),
        _number("co2_kg_per_unit", "kg/unit", "emissions of moving a unit"),
    ),
    ("A transfer goes down: cross_dock to storage or fulfillment, storage to fulfillment.",),
    may_be_empty=True,
)

_SHIPPING = Table(
    "shipping",
    "Delivery from fulfillment nodes to the customers of a region.",
    ("node", "region"),
    (
        _name("node", "fulfillment node that ships", "nodes.node"),
        _name("region", "region of the customer", "regions.region"),
        _number("cost_per_unit", "currency/unit", "cost of delivering a unit"),
        _count("transit_days", "days", "days until the customer has it", _SHIPPING_DAYS),
        _number("co2_kg_per_unit", "kg/unit", "emissions of delivering a unit"),
    ),
    ("Only fulfillment nodes ship.",),
)

_PRODUCTS = Table(
    "products",
    "What is sold, its economics and its buying schedule.",
    ("product",),
    (
        _name("product", "unique name"),
        _name("vendor", "who delivers it"),
        _number("unit_cost", "currency/unit", "purchase cost"),
        _number(
            "lost_sale_cost",
            "currency/unit",
            "cost of a unit of demand that is not served (backlogged: of each week that it waits)",
        ),
        _number("overage_cost", "currency/unit/week", "cost of keeping a unit for a week"),
        _count("review_weeks", "weeks", "weeks between reviews", _REVIEW_WEEKS),
        _count("first_review_day", "days", "day of the first review; day 0 is the first of the horizon"),
        _count("case_pack", "units", "orders are whole multiples of it", _PACK),
        _number("target_in_stock", "", "quantile of demand over the planning horizon to order up to", _INSIDE_UNIT),
        _number("unit_volume", "cubic feet/unit", "space that a unit takes", _VOLUME),
        _count("order_up_to", "units", "level to order up to, in place of the quantile", _UNITS, COMPUTED),
        Column("backlog", Type.FLAG, "", "demand that is not served waits; otherwise it is lost", default=False),
    ),
    (
        "first_review_day is below 7 · review_weeks.",
        "Every product has demand rows for every week, demand_shares rows and at least one product_nodes row.",
        f"A product has fewer than {MOST_UNITS:,} units in all: stock, orders on the way, base stocks, a case pack, "
        "the highest demand of every week together, and what its order-up-to level is at most.",
        f"A product has at most {MOST_LOCAL_NODES} local nodes.",
    ),
)

_PRODUCT_NODES = Table(
    "product_nodes",
    "Nodes that a product may be ordered into or has stock at. These and all they reach by transfers are local.",
    ("product", "node"),
    (
        _name("product", "the product", "products.product"),
        _name("node", "the node", "nodes.node"),
        Column("orderable", Type.FLAG, "", "whether the product may be ordered into the node"),
        _number("sourcing_cost", "currency/unit", "inbound cost of ordering a unit into the node"),
        _count("on_hand", "units", "stock at the start of day 0", _UNITS),
        _count("base_stock", "units", "what placement aims to hold there, in place of a quantile", _UNITS, COMPUTED),
    ),
    (
        "An orderable node is inbound.",
        "An orderable node has a lead-time distribution for the product's vendor.",
        "From an orderable node, transfers and shipping reach every region.",
    ),
)

_LEAD_TIMES = Table(
    "lead_times",
    "Distribution of the days from order to arrival, a row per possible number of days.",
    ("vendor", "node", "days"),
    (
        _name("vendor", "who delivers"),
        _name("node", "where to", "nodes.node"),
        _count("days", "days", "days from order to arrival", _LEAD_TIME),
        _number("probability", "", "probability of that many days", _between(0, 1)),
    ),
    ("Probabilities of a (vendor, node) sum to 1 within 1e-6.",),
    may_be_empty=True,
)


QUANTILES_SORTED = "Quantiles do not decrease with their level, and no level has two columns."

MEAN_TOLERANCE, MEAN_SLACK = 0.25, 0.5
"""How far a mean may lie from that of its quantiles: a part of the greater of both, and units on top."""

MEAN_AGREES = (
    "The mean is that of the quantiles, joined by straight lines, within 25% and half a unit: what whole numbers, "
    "intermittent demand and a long tail beyond the last quantile make of it."
)


def _further_quantile(name: str) -> Column | None:
    level = quantile_level(name)
    return None if level is None else _number(name, "units/week", f"{100 * level:.15g}% quantile", _UNITS)


_WEEKLY_QUANTILES = (
    _name("product", "the product", "products.product"),
    _count("week", "weeks", "week of the horizon, from 0", _WEEK),
    _number("mean", "units/week", "mean", _UNITS),
    *(_number(name, "units/week", f"{quantile_level(name):.0%} quantile", _UNITS) for name in QUANTILE_COLUMNS),
)

_DEMAND = Table(
    "demand",
    "Distribution of a product's weekly demand over all regions. There may be further quantile columns: q005, q995, ….",
    ("product", "week"),
    _WEEKLY_QUANTILES,
    (f"{QUANTILES_SORTED} {MEAN_AGREES}", "Weeks are those of labor_plan."),
    further=_further_quantile,
)

_FORECAST = Table(
    "forecast",
    "What buying believes of demand, where that is not the table demand; with the same columns.",
    ("product", "week"),
    _WEEKLY_QUANTILES,
    (*_DEMAND.relations, "Every product has a row for every week."),
    may_be_empty=True,
    optional=True,
    further=_further_quantile,
)

_DEMAND_PATHS = Table(
    "demand_paths",
    "Sample paths of weekly demand. They are what customers do, in place of the table demand, which then is what buying"
    " believes unless there is a table forecast.",
    ("product", "trial", "week", "region"),
    (
        _name("product", "the product", "products.product"),
        _count("trial", "", "number of the path, from 0; trial t of a simulation takes path t"),
        _count("week", "weeks", "week of the horizon, from 0", _WEEK),
        dataclasses.replace(
            _name("region", "the region; without the column, units are split by demand_shares", "regions.region"),
            may_be_absent=True,
        ),
        _count("units", "units", "units that customers ask for", _UNITS),
    ),
    (
        "Trials are 0 … N − 1 without a gap, and weeks are those of labor_plan.",
        "Every product has a row for every trial and week; a region without a row asks for nothing.",
    ),
    may_be_empty=True,
    optional=True,
)

_DEMAND_SHARES = Table(
    "demand_shares",
    "How a product's demand divides over regions.",
    ("product", "region"),
    (
        _name("product", "the product", "products.product"),
        _name("region", "the region", "regions.region"),
        _number("share", "", "share of the product's demand", _between(0, 1)),
    ),
    ("Shares of a product sum to 1 within 1e-6.",),
)

_DEMAND_WEEKDAYS = Table(
    "demand_weekdays",
    "How a week's demand divides over its days, for all products; a mild weekly pattern without this table.",
    ("weekday",),
    (
        _count("weekday", "", "day of the week; day 0 of the horizon is weekday 0", _between(0, 6)),
        _number("share", "", "share of the week's demand; 0 on weekdays without a row", _between(0, 1)),
    ),
    ("Shares sum to 1 within 1e-6.",),
    may_be_empty=True,
    optional=True,
)

_IN_FLIGHT = Table(
    "in_flight",
    "Vendor orders placed before day 0 that have not arrived.",
    ("product", "node", "arrival_day"),
    (
        _name("product", "the product", "products.product"),
        _name("node", "where it arrives", "nodes.node"),
        _count("arrival_day", "days", "day of arrival, from 0; may lie past the horizon"),
        _count("quantity", "units", "units that arrive", _UNITS),
    ),
    ("The node is inbound.", "The node is local to the product: in its product_nodes or reached from there."),
    may_be_empty=True,
)

_LABOR_PLAN = Table(
    "labor_plan",
    "Units that each inbound node is staffed to receive from vendors in each week.",
    ("node", "week"),
    (
        _name("node", "inbound node", "nodes.node"),
        _count("week", "weeks", "week of the horizon, from 0; the weeks must be 0 … W − 1", _WEEK),
        _count("units", "units", "units to receive", _PLANNED),
    ),
    (
        "Every inbound node has a row for every week, and no other node has one.",
        "Weeks are 0 … W − 1 without a gap.",
        "Units are not below what is in flight to the node in that week.",
        "Units are planned somewhere.",
    ),
)

_STORAGE_PLAN = Table(
    "storage_plan",
    "Units that a node should have on hand at the end of each week; without a row, a node-week has no plan.",
    ("node", "week"),
    (
        _name("node", "storage or fulfillment node", "nodes.node"),
        _count("week", "weeks", "week of the horizon, from 0", _WEEK),
        _count("units", "units", "units on hand at the end of the week"),
    ),
    ("Only storage and fulfillment nodes have rows.", "Weeks are those of labor_plan."),
    may_be_empty=True,
    optional=True,
)

TABLES = {
    table.name: table
    for table in (
        _NODES,
        _REGIONS,
        _TRANSFERS,
        _SHIPPING,
        _PRODUCTS,
        _PRODUCT_NODES,
        _LEAD_TIMES,
        _DEMAND,
        _FORECAST,
        _DEMAND_PATHS,
        _DEMAND_SHARES,
        _DEMAND_WEEKDAYS,
        _IN_FLIGHT,
        _LABOR_PLAN,
        _STORAGE_PLAN,
    )
}
"""Every table of a scenario by name."""

RESOURCE_NAMES = ("arrivals", "storage")
"""What a table of costs may price."""

COSTS = Table(
    "costs",
    "Capacity costs, which a search writes and a simulation takes; node-weeks without a row cost nothing.",
    ("resource", "node", "week"),
    (
        Column(
            "resource",
            Type.NAME,
            "",
            "what the price is of; arrivals without the column",
            (Rule("one of " + ", ".join(RESOURCE_NAMES), lambda x: np.isin(x, RESOURCE_NAMES)),),
            may_be_absent=True,
        ),
        _name("node", "node with a plan", "nodes.node"),
        _count("week", "weeks", "week of the horizon, from 0", _WEEK),
        _number(
            "cost",
            "currency/unit",
            "what a unit pays for arriving, or for a stay until the next review",
            _between(-1_000_000_000, 1_000_000_000),
        ),
    ),
    ("Weeks are those of labor_plan.",),
    may_be_empty=True,
)
"""A table beside a scenario's own. Its file may have further columns, which are not read."""

QUANTILE_TABLES = tuple(table.name for table in TABLES.values() if set(QUANTILE_COLUMNS) <= set(table.names))
"""Tables that hold distributions as a mean and quantiles."""
