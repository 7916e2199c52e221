"""Small random scenarios that visit the corners: odd networks, schedules, lead times, case packs, stocks and demand.

One generator serves two drivers. `random_rows` makes every choice through a `Chooser`: with hypothesis behind it the
scenarios shrink (whole numbers and few-valued choices, the simplest option first), with a NumPy generator behind it
`random_scenario` makes as many networks and products as a test wants.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa

from jaxsim.scenario import TABLES, Scenario
from jaxsim.scenario.schema import QUANTILE_COLUMNS, quantile_level

T = TypeVar("T")
Rows = dict[str, list[dict[str, Any]]]
"""Rows by table."""

KINDS = ("cross_dock", "storage", "fulfillment")
COUNTS = {"cross_dock": (0, 1, 0, 1, 2), "storage": (0, 1, 0, 1, 2), "fulfillment": (1, 2, 3, 2, 3)}
"""How many nodes of each kind a network may have."""

MOST_KINDS = tuple(max(COUNTS[kind]) for kind in KINDS)

MOST_REGIONS, MOST_VENDORS, LONGEST_TRANSFER, LONGEST_LEAD = 4, 2, 9, 45

FURTHER_QUANTILES = ("q005", "q995")
WEEKDAYS = {0: 0.5, 3: 0.25, 5: 0.25}
"""A weekly pattern with days off."""

LAWS = (
    {1: 1.0},
    {3: 0.5, 10: 0.5},
    {7: 1.0},
    {1: 0.25, 6: 0.25, 7: 0.25, 8: 0.25},
    {2: 0.5, LONGEST_LEAD: 0.5},
    {21: 1.0},
    {2: 0.2, 5: 0.3, 9: 0.4, 14: 0.1},
    {LONGEST_LEAD: 1.0},
)
"""Probability by days: degenerate ones, a single day, multiples of weeks, long tails past the horizon."""

DEMANDS = {
    "smooth": lambda level: -np.log1p(-level),
    "intermittent": lambda level: np.maximum(level - 0.7, 0.0) * 20.0,
    "constant": lambda level: np.ones_like(level),
}
"""Quantile functions of weekly demand as multiples of its size."""


PATHS = 9
"""Sample paths of a product, where a scenario has them."""

PATTERNS = {
    "steady": lambda trial, week: 1.0,
    "lumpy": lambda trial, week: 3.0 * ((trial + week) % 3 == 0),
    "rising": lambda trial, week: 0.5 * trial,
    "none": lambda trial, week: 0.0,
}
"""Sample paths as multiples of mean demand."""


class Chooser(Protocol):
    """Makes choices."""

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""
        ...

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        ...


class Dice:
    """Makes choices with a NumPy generator."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, each as likely."""
        return int(self._random.integers(low, high + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[self.integer(0, len(options) - 1)]


def random_scenario(seed: int, *, networks: int = 1, products: int = 12, weeks: int = 3) -> Scenario:
    """A scenario of unconnected networks of a few nodes each, with `products` products each, in memory.

    Many networks in one scenario make one compilation of the scan engine serve them all.
    """
    prefixes = [f"s{seed}-{network}-" for network in range(networks)]
    return tabulated(random_rows(Dice(seed), prefixes, (products, products), weeks), weeks)


def tabulated(rows: Rows, weeks: int) -> Scenario:
    """Rows as a scenario in memory."""
    return Scenario({name: _table(name, found) for name, found in rows.items()}, weeks)


def random_rows(
    choose: Chooser,
    prefixes: Sequence[str],
    products: tuple[int, int],
    weeks: int,
    *,
    further_quantiles: bool = False,
    weekdays: bool = False,
    forecasts: bool = False,
    paths: str | None = None,
    storage_plan: bool = False,
) -> Rows:
    """Rows of every table of a valid scenario, made of choices.

    Args:
        prefixes: of the names in each network. products: fewest and most of them in a network.
        further_quantiles: tabulate more quantiles than a scenario must. weekdays: give a weekly pattern.
        forecasts: may have a forecast that is not the demand. paths: "totals" or "regions": give sample paths.
        storage_plan: plan storage.
    """
    rows: Rows = {name: [] for name in TABLES}
    regions = [f"r{i}" for i in range(choose.integer(1, MOST_REGIONS))]
    rows["regions"] = [{"region": region, **_PLACE} for region in regions]
    quantiles = (*QUANTILE_COLUMNS, *(FURTHER_QUANTILES if further_quantiles else ()))
    for prefix in prefixes:
        network = _network(choose, rows, prefix, regions, weeks, quantiles)
        for index in range(choose.integer(*products)):
            _product(choose, rows, network, f"{prefix}p{index}")
        _labor_plan(choose, rows, network)
    if storage_plan:
        _storage_plan(choose, rows, weeks)
    if weekdays:
        rows["demand_weekdays"] = [{"weekday": day, "share": share} for day, share in WEEKDAYS.items()]
    if forecasts and choose.pick((False, True)):
        _forecast(choose, rows)
    if paths is not None:
        _demand_paths(choose, rows, regions if paths == "regions" else None)
    return rows


@dataclass(frozen=True)
class _Network:
    """What products need to know of the network that they live in."""

    nodes: list[str]
    inbound: set[str]
    reach: dict[str, set[str]]
    """Nodes that each node is or reaches."""
    covers: dict[str, bool]
    """Whether a node reaches every region."""
    vendors: list[str]
    regions: list[str]
    weeks: int
    quantiles: tuple[str, ...]


_PLACE = {"latitude": 40.0, "longitude": -100.0}


def _table(name: str, rows: list[dict]) -> pa.Table:
    """Rows as a table; an optional column is there when a row has it, and empty where a row has not."""
    names = dict.fromkeys(column for row in rows for column in row)
    return pa.Table.from_pylist(rows, schema=TABLES[name].arrow(names))


def _network(
    choose: Chooser, rows: Rows, prefix: str, regions: list[str], weeks: int, quantiles: tuple[str, ...]
) -> _Network:
    counts = {kind: choose.pick(options) for kind, options in COUNTS.items()}
    kinds = _shuffled(choose, [kind for kind in reversed(KINDS) for _ in range(counts[kind])])
    nodes = {f"{prefix}n{i}": kind for i, kind in enumerate(kinds)}
    inbound = {node for node in nodes if choose.pick((True, True, True, True, False))} or {f"{prefix}n0"}
    rows["nodes"] += [
        {"node": node, "kind": kind, "inbound": node in inbound, **_PLACE} for node, kind in nodes.items()
    ]
    reach, ships = _moves(choose, rows, nodes, regions)
    vendors = [f"{prefix}v{i}" for i in range(choose.integer(1, MOST_VENDORS))]
    for vendor in vendors:
        for node in sorted(inbound):
            distribution = choose.pick(LAWS)
            rows["lead_times"] += [
                {"vendor": vendor, "node": node, "days": days, "probability": part}
                for days, part in distribution.items()
            ]
    covers = {node: set().union(*(ships[other] for other in reach[node])) == set(regions) for node in nodes}
    return _Network(list(nodes), inbound, reach, covers, vendors, regions, weeks, quantiles)


def _shuffled(choose: Chooser, items: list[T]) -> list[T]:
    """The items in any order; unchanged when every choice is the simplest."""
    left = list(items)
    return [left.pop(choose.integer(0, len(left) - 1)) for _ in items]


def _moves(
    choose: Chooser, rows: Rows, nodes: dict[str, str], regions: list[str]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Transfers and shipping; which nodes each node reaches and which regions it ships to."""
    reach = {node: {node} for node in nodes}
    ships: dict[str, set[str]] = {node: set() for node in nodes}
    for origin in nodes:
        for destination in nodes:
            if KINDS.index(nodes[origin]) < KINDS.index(nodes[destination]):
                days = choose.pick((1, 1, 2, 7, LONGEST_TRANSFER, None))
                if days is not None:
                    costs = {"cost_per_unit": choose.pick((1.0, 1.0, 0.5, 3.0, 0.0)), "co2_kg_per_unit": 0.1}
                    move = {"origin": origin, "destination": destination, "transit_days": days}
                    rows["transfers"].append(move | costs)
                    reach[origin].add(destination)
    for _ in KINDS:
        for node in nodes:
            reach[node] = set().union(*(reach[other] for other in reach[node]))
    for node in (node for node, kind in nodes.items() if kind == "fulfillment"):
        for region in regions:
            cost = choose.pick((2.0, 6.5, 2.0, 3.0, 6.5, 1.25, 2.0, None))  # equal costs make equal preferences
            if cost is not None or not rows["shipping"]:  # the table may not be empty
                move = {"cost_per_unit": 2.0 if cost is None else cost, "transit_days": 2, "co2_kg_per_unit": 0.4}
                rows["shipping"].append({"node": node, "region": region, **move})
                ships[node].add(region)
    return reach, ships


def _product(choose: Chooser, rows: Rows, network: _Network, name: str) -> None:
    review_weeks = choose.integer(1, 3)
    size = choose.pick((40.0, 4.0, 400.0, 40.0, 0.3, 400.0, 0.0))
    product = {
        "product": name,
        "vendor": choose.pick(network.vendors),
        "unit_cost": 10.0,
        "lost_sale_cost": choose.pick((20.0, 5.0, 60.0, 0.0)),
        "overage_cost": choose.pick((0.5, 0.1, 2.0, 0.0)),
        "review_weeks": review_weeks,
        "first_review_day": choose.integer(0, 7 * review_weeks - 1),
        "case_pack": choose.pick((1, 2, 6, 24, 144, 1)),
        "target_in_stock": choose.pick((0.9, 0.5, 0.98)),
        "unit_volume": 1.0,
        "order_up_to": choose.pick((None, None, None, 1500, 60, 0)),
        "backlog": choose.pick((None, False, True, True)),
    }
    rows["products"].append(product)
    local = _product_nodes(choose, rows, network, name, size)
    _demand(choose, rows, network, name, size)
    _in_flight(choose, rows, network, name, sorted(local & network.inbound))


def _in_flight(choose: Chooser, rows: Rows, network: _Network, name: str, docks: list[str]) -> None:
    """Vendor orders that arrive on days around which something changes."""
    last = 7 * network.weeks - 1
    days = {0, 6, 7, last, last + 1, last + 10}
    for _ in range(choose.integer(0, 3) if docks else 0):
        day = choose.pick(sorted(days))
        days.remove(day)
        place = {"product": name, "node": choose.pick(docks), "arrival_day": day}
        rows["in_flight"].append(place | {"quantity": choose.pick((1, 5, 30, 250))})


def _product_nodes(choose: Chooser, rows: Rows, network: _Network, name: str, size: float) -> set[str]:
    """Rows of the nodes that a product is ordered into or has stock at; all its local nodes."""
    local = set()
    stocks = choose.pick(((0,), (0, int(size / 2), 3), (0, int(2 * size), 100), (100_000, 0)))
    for node in network.nodes:
        use = choose.pick(("orderable", "orderable", "orderable", "stocked", None))
        if use is None and (local or node != network.nodes[-1]):
            continue
        row = {
            "product": name,
            "node": node,
            "orderable": use == "orderable" and node in network.inbound and network.covers[node],
            "sourcing_cost": choose.pick((1.0, 1.0, 1.0, 1.5, 0.0)),
            "on_hand": choose.pick(stocks),
            "base_stock": choose.pick((None, None, None, 0, 15, 300)),
        }
        rows["product_nodes"].append(row)
        local |= network.reach[node]
    return local


def _demand(choose: Chooser, rows: Rows, network: _Network, name: str, size: float) -> None:
    shape = DEMANDS[choose.pick(tuple(DEMANDS))]
    levels = np.array([quantile_level(column) for column in network.quantiles], float)
    for week in range(network.weeks):
        weekly = size * choose.pick((1.0, 1.0, 0.4, 2.0, 0.0))
        quantiles = zip(network.quantiles, (weekly * shape(levels)).tolist(), strict=True)
        rows["demand"].append({"product": name, "week": week, "mean": weekly, **dict(quantiles)})
    parts = {region: choose.pick((1, 1, 3, 2, 0)) for region in network.regions}
    total = sum(parts.values())
    for index, (region, part) in enumerate(parts.items()):
        share = part / total if total else float(index == 0)
        rows["demand_shares"].append({"product": name, "region": region, "share": share})


def _forecast(choose: Chooser, rows: Rows) -> None:
    """Beliefs that are off by a factor which a product has in all weeks."""
    factor = {row["product"]: choose.pick((0.5, 2.0, 1.0, 0.0)) for row in rows["products"]}
    for row in rows["demand"]:
        quantiles = {name: row[name] * factor[row["product"]] for name in ("mean", *QUANTILE_COLUMNS)}
        rows["forecast"].append({"product": row["product"], "week": row["week"], **quantiles})


def _demand_paths(choose: Chooser, rows: Rows, regions: list[str] | None) -> None:
    """Sample paths of a few patterns; by region, all of a week's units or equal parts, without most empty rows."""
    for row in rows["demand"]:
        pattern, alone = PATTERNS[choose.pick(tuple(PATTERNS))], choose.pick((False, True))
        for trial in range(PATHS):
            key = {"product": row["product"], "trial": trial, "week": row["week"]}
            units = round(row["mean"] * pattern(trial, row["week"]))
            if regions is None:
                rows["demand_paths"].append(key | {"units": units})
                continue
            part = units if alone else units // len(regions)
            first = trial % len(regions)
            for region in regions[first:] if not alone else regions[first : first + 1]:
                if part or region == regions[first]:
                    rows["demand_paths"].append(key | {"region": region, "units": part})


def _labor_plan(choose: Chooser, rows: Rows, network: _Network) -> None:
    """Plans that are not below what is in flight."""
    in_flight = _weekly_in_flight(rows["in_flight"])
    for node in sorted(network.inbound):
        for week in range(network.weeks):
            units = choose.pick((100, 500, 0)) + in_flight.get((node, week), 0)
            rows["labor_plan"].append({"node": node, "week": week, "units": units})


def _storage_plan(choose: Chooser, rows: Rows, weeks: int) -> None:
    """Plans of some node-weeks, one at least, of nodes that hold stock."""
    for node in (row["node"] for row in rows["nodes"] if row["kind"] != "cross_dock"):
        for week in range(weeks):
            units = choose.pick((100, 500, 0, None))
            if units is not None or not rows["storage_plan"]:
                rows["storage_plan"].append({"node": node, "week": week, "units": units or 0})


def _weekly_in_flight(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, int], int]:
    in_flight: dict[tuple[str, int], int] = {}
    for row in rows:
        place = row["node"], row["arrival_day"] // 7
        in_flight[place] = in_flight.get(place, 0) + row["quantity"]
    return in_flight
