"""Limits of the engines: rules that keep every array and every sum of a simulation within what they can hold.

The engines refuse a system that breaks their limits (`jaxsim.system.check_system`), or stop on the day on which it
does. These rules tell before, from the tables alone: a scenario that passes them can be simulated. For example a
product of 40 million units on hand whose highest weekly demand is 10 million over five weeks could count 90 million.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jaxsim.scenario.faults import Fault
from jaxsim.scenario.schema import (
    MEAN_AGREES,
    MEAN_SLACK,
    MEAN_TOLERANCE,
    MOST_LOCAL_NODES,
    MOST_REGIONS,
    MOST_UNITS,
    QUANTILE_COLUMNS,
    QUANTILE_TABLES,
    TABLES,
    quantile_columns,
    quantile_level,
)
from jaxsim.scenario.view import View, columns_of

_BLOCK = 65_536  # products at a time, to bound temporaries
_HIGHEST_CUT = 0.98  # level of the last cut of the buying LP's segments


class Weekly(NamedTuple):
    """Distributions of the rows of a table: means and highest values of piecewise linear quantile functions, units."""

    mean: np.ndarray
    highest: np.ndarray


def weekly(view: View, table: str) -> Weekly:
    """Demand of each row, with the quantile function of `docs/semantics.md`; columns are added up one by one."""
    return view.kept(("weekly", table), lambda: _weekly(view, table))


def _weekly(view: View, table: str) -> Weekly:
    names = quantile_columns(view.tables[table].column_names)
    levels = np.array([quantile_level(name) for name in names], float)
    columns = [view.column(table, name) for name in (names[0], names[1], names[-2], names[-1])]
    low = np.maximum(0.0, 2 * columns[0] - columns[1])
    highest = columns[-1] + (columns[-1] - columns[-2]) / 4.0
    edges = np.array([0.0, *levels, 1.0])
    weight = (edges[2:] - edges[:-2]) / 2.0  # of the trapezoids that meet at each level
    mean = low * edges[1] / 2.0 + highest * (1.0 - edges[-2]) / 2.0
    for name, part in zip(names, weight, strict=True):
        mean += part * view.column(table, name)
    return Weekly(mean, highest)


def _mean_agrees(table: str) -> Callable[[View], list[Fault]]:
    def relation(view: View) -> list[Fault]:
        given, found = view.column(table, "mean"), weekly(view, table).mean
        bad = np.abs(given - found) > MEAN_TOLERANCE * np.maximum(given, found) + MEAN_SLACK
        said = lambda row: f"{given[row]:.10g} with quantiles of mean {found[row]:.4g}"
        remedy = "Take both from the same data, in units per week."
        return view.faults("mean contradicts quantiles", table, "mean", bad, MEAN_AGREES, remedy, said)

    return relation


def units_in_range(view: View) -> list[Fault]:
    """No quantity of a product can leave the range of whole numbers that the engines count with."""
    total = view.column("products", "case_pack") + order_up_to_at_most(view)
    total += np.maximum(_by_product(view, "demand", weekly(view, "demand").highest), _longest_path(view))
    for table, column in (("product_nodes", "on_hand"), ("product_nodes", "base_stock"), ("in_flight", "quantity")):
        if view.has(f"{table}.{column}"):
            total += _by_product(view, table, np.nan_to_num(view.column(table, column)))
    found = lambda row: f"{view.tables['products']['product'][row].as_py()} with up to {total[row]:,.0f} units"
    rule, remedy = TABLES["products"].relations[2], "Look for wrong units, or count in larger ones, such as cases."
    return view.faults("too many units", "products", "product", total >= MOST_UNITS, rule, remedy, found)


def order_up_to_at_most(view: View) -> np.ndarray:
    """Bound on the order-up-to levels, targets and segments of each product, units.

    All of them are quantiles at a level q of gamma distributions. One of mean m and scale θ is sub-gamma with variance
    factor θ m: its quantile is at most m + √(2 θ m t) + θ t with t = −ln(1 − q) (Boucheron, Lugosi and Massart,
    *Concentration Inequalities*, 2013, section 2.4). Demand below T units a week has variance at most T times its
    mean, also over spans of weeks and thinned (T ≥ 1), so θ ≤ T. The levels at which `jaxsim.system.demand` cuts a
    gamma's shape add less than a hundredth of m.
    """
    size = view.size("products")
    mean, highest = np.zeros(size + 1), np.ones(size + 1)
    for table in QUANTILE_TABLES:
        if view.has(*columns_of(table, ("product", *QUANTILE_COLUMNS))):
            of, rows = view.codes(table, "product"), weekly(view, table)
            np.maximum.at(mean, of, rows.mean)
            np.maximum.at(highest, of, rows.highest)
    lead = view.column("lead_times", "days").max(initial=0)
    transfer = view.column("transfers", "transit_days").max(initial=0)
    days = np.maximum(7.0 * view.column("products", "review_weeks") + lead, 7.0 + transfer)
    ahead = 1.01 * mean[:-1] * days / 7.0
    level = np.clip(np.maximum(view.column("products", "target_in_stock"), _HIGHEST_CUT), 0.0, 1.0 - 1e-16)
    t, top = -np.log1p(-level), highest[:-1]
    computed = np.ceil(ahead + np.sqrt(2.0 * top * ahead * t) + top * t)
    if not view.has("products.order_up_to"):
        return computed
    return np.fmax(computed, view.column("products", "order_up_to"))


def _longest_path(view: View) -> np.ndarray:
    """Units over all weeks in the greatest sample path of each product; 0 without one."""
    greatest = np.zeros(view.size("products") + 1)
    if view.has(*columns_of("demand_paths", ("product", "trial", "units"))) and view.size("demand_paths"):
        key = view.key("demand_paths", ("product", "trial"))
        _, first, path = np.unique(key, return_index=True, return_inverse=True)
        units = np.bincount(path, view.column("demand_paths", "units"))
        np.maximum.at(greatest, view.codes("demand_paths", "product")[first], units)
    return greatest[:-1]


def _by_product(view: View, table: str, values: np.ndarray) -> np.ndarray:
    return np.bincount(view.codes(table, "product") + 1, values, view.size("products") + 1)[1:]


def regions_counted(view: View) -> list[Fault]:
    """Draws are numbered by week and region."""
    bad = np.arange(view.size("regions")) >= MOST_REGIONS
    return view.faults("too many rows", "regions", "region", bad, TABLES["regions"].relations[0], "Join regions.")


def local_nodes_counted(view: View) -> list[Fault]:
    """Draws are numbered by day and local node."""
    nodes, products = view.size("nodes"), view.size("products")
    if nodes <= MOST_LOCAL_NODES:
        return []
    product, node = view.codes("product_nodes", "product"), view.codes("product_nodes", "node")
    known = (product >= 0) & (node >= 0)
    reach, count = view.reach().astype(np.float32), np.zeros(products, int)
    for start in range(0, products, _BLOCK):
        here = known & (product >= start) & (product < start + _BLOCK)
        used = np.zeros((min(_BLOCK, products - start), nodes), np.float32)
        used[product[here] - start, node[here]] = 1
        count[start : start + _BLOCK] = (used @ reach > 0).sum(1)
    found = lambda row: f"{view.tables['products']['product'][row].as_py()} with {count[row]}"
    rule, remedy = TABLES["products"].relations[3], "Give the product fewer nodes, or its nodes fewer transfers."
    return view.faults("too many nodes", "products", "product", count > MOST_LOCAL_NODES, rule, remedy, found)


def plan_is_positive(view: View) -> list[Fault]:
    """Adherence is measured in parts of the plan."""
    bad = np.zeros(view.size("labor_plan"), bool)
    bad[:1] = not (view.column("labor_plan", "units") > 0).any()
    rule, remedy = TABLES["labor_plan"].relations[3], "Plan units in a week of a node."
    return view.faults("no plan", "labor_plan", "units", bad, rule, remedy, lambda row: "0 in every row")


LIMITS = (
    *((columns_of(table, ("mean", *QUANTILE_COLUMNS)), _mean_agrees(table)) for table in QUANTILE_TABLES),
    (
        (
            *columns_of("products", ("product", "review_weeks", "case_pack", "target_in_stock")),
            *columns_of("demand", ("product", *QUANTILE_COLUMNS)),
            *columns_of("product_nodes", ("product", "on_hand")),
            *columns_of("in_flight", ("product", "quantity")),
            *("lead_times.days", "transfers.transit_days"),
        ),
        units_in_range,
    ),
    (("regions.region",), regions_counted),
    (
        (
            *("nodes.node", "products.product", "transfers.origin", "transfers.destination"),
            *("product_nodes.product", "product_nodes.node"),
        ),
        local_nodes_counted,
    ),
    (("labor_plan.units",), plan_is_positive),
)
"""Columns that a rule needs, and the rule; as `relations.RELATIONS`."""
