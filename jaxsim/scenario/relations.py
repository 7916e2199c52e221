"""Rules that tie rows and tables together: `Table.relations` of the schema, as array operations.

Each relation takes the `View` of a scenario and returns its faults; `RELATIONS` names the columns that it needs. Rows
that refer to nothing are left to the check of references, and NaN to the check of finiteness.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pyarrow.compute as pc

from jaxsim.scenario.faults import Fault, nearest
from jaxsim.scenario.schema import (
    NODE_KINDS,
    QUANTILE_COLUMNS,
    QUANTILE_TABLES,
    QUANTILES_SORTED,
    TABLES,
    quantile_columns,
    quantile_level,
)
from jaxsim.scenario.view import View, columns_of

TOLERANCE = 1e-6
"""How far probabilities and shares may sum from 1."""


def transfers_go_down(view: View) -> list[Fault]:
    """Goods flow from cross dock to storage to fulfillment."""
    kind = np.append(view.kinds(), -1)
    origin, destination = kind[view.codes("transfers", "origin")], kind[view.codes("transfers", "destination")]
    bad = (origin >= 0) & (destination >= 0) & (origin >= destination)
    found = lambda row: f"{NODE_KINDS[origin[row]]} to {NODE_KINDS[destination[row]]}"
    rule, remedy = TABLES["transfers"].relations[0], "Delete the row, or correct the kind of a node."
    return view.faults("transfer goes up", "transfers", "destination", bad, rule, remedy, found)


def fulfillment_ships(view: View) -> list[Fault]:
    """Only fulfillment nodes ship to customers."""
    kind = np.append(view.kinds(), -1)[view.codes("shipping", "node")]
    bad = (kind >= 0) & (kind != NODE_KINDS.index("fulfillment"))
    rule, remedy = TABLES["shipping"].relations[0], "Delete the row, or correct the kind of the node."
    return view.faults("node cannot ship", "shipping", "node", bad, rule, remedy)


def first_review(view: View) -> list[Fault]:
    """The first review lies within the first review period."""
    weeks = view.column("products", "review_weeks")
    bad = (view.column("products", "first_review_day") >= 7 * weeks) & (weeks >= 1)
    rule, remedy = "is below 7 · review_weeks", "Write the first review of the horizon."
    return view.faults("out of range", "products", "first_review_day", bad, rule, remedy)


def weeks_without_gap(view: View) -> list[Fault]:
    """The labor plan's weeks are 0 … W − 1."""
    weeks = np.unique(view.column("labor_plan", "week"))
    gaps = np.flatnonzero(weeks != np.arange(len(weeks)))
    if not len(gaps) or weeks[0] < 0:
        return []
    rule, remedy = TABLES["labor_plan"].relations[1], "Number the weeks from 0, without a gap."
    value = f"no week {gaps[0]}"
    return [Fault("missing week", "labor_plan", rule, remedy, "week", None, value, len(gaps))]


def plan_rows(view: View) -> list[Fault]:
    """The labor plan has a row for every inbound node and week, and none for another node."""
    inbound, node = view.column("nodes", "inbound"), view.codes("labor_plan", "node")
    bad = (node >= 0) & ~np.append(inbound, False)[node]
    rule, remedy = TABLES["labor_plan"].relations[0], "Delete the row, or make the node inbound."
    faults = view.faults("node not inbound", "labor_plan", "node", bad, rule, remedy)
    weeks, week = np.unique(view.column("labor_plan", "week"), return_inverse=True)
    present = np.zeros((view.size("nodes") + 1, len(weeks)), bool)
    present[node, week] = True
    missing = np.argwhere(inbound[:, None] & ~present[:-1])
    if len(missing):
        name = view.tables["nodes"]["node"][int(missing[0, 0])].as_py()
        value = f"no row for node {name} in week {weeks[missing[0, 1]]}" if len(weeks) else f"no row for node {name}"
        faults.append(Fault("missing row", "labor_plan", rule, "Add the row.", "node", None, value, len(missing)))
    return faults


def plan_above_in_flight(view: View) -> list[Fault]:
    """The labor plan is not below what is already on its way."""
    node, week = view.codes("in_flight", "node"), view.column("in_flight", "arrival_day") // 7
    planned, of = view.column("labor_plan", "week"), view.codes("labor_plan", "node")
    last = int(planned.max(initial=0))
    if last > 10_000:  # absurd weeks are faults of their own
        return []
    counted = (node >= 0) & (week >= 0) & (week <= last)
    in_flight = np.zeros((view.size("nodes") + 1, last + 1))
    np.add.at(in_flight, (node[counted], week[counted]), view.column("in_flight", "quantity")[counted])
    here = (of >= 0) & (planned >= 0)
    arrivals = np.where(here, in_flight[of, np.maximum(planned, 0)], 0)
    units = view.column("labor_plan", "units")
    at = lambda row: f"{view.tables['labor_plan']['node'][row].as_py()} in week {planned[row]}"
    found = lambda row: f"{units[row]} at {at(row)} with {arrivals[row]:.0f} in flight"
    rule, remedy = TABLES["labor_plan"].relations[2], "Raise the plan to what arrives anyway."
    return view.faults("plan below in-flight arrivals", "labor_plan", "units", units < arrivals, rule, remedy, found)


def storage_plan_nodes(view: View) -> list[Fault]:
    """Cross docks pass goods on and hold none."""
    bad = np.append(view.kinds(), -1)[view.codes("storage_plan", "node")] == NODE_KINDS.index("cross_dock")
    rule, remedy = TABLES["storage_plan"].relations[0], "Delete the row, or correct the kind of the node."
    return view.faults("node cannot store", "storage_plan", "node", bad, rule, remedy)


def storage_plan_weeks(view: View) -> list[Fault]:
    """Storage is planned for weeks of the labor plan."""
    week = view.column("storage_plan", "week")
    bad = ~np.isin(week, view.column("labor_plan", "week")) & (week >= 0)
    rule, remedy = TABLES["storage_plan"].relations[1], "Delete the row, or plan labor for the week."
    return view.faults("week outside the plan", "storage_plan", "week", bad, rule, remedy)


def _groups_sum_to_one(view: View, table: str, key: tuple[str, ...], column: str, rule: str) -> list[Fault]:
    values = view.column(table, column)
    group = np.unique(view.key(table, key), return_inverse=True)[1]
    total = np.bincount(group, values)
    first = np.full(len(total), len(values))
    np.minimum.at(first, group, np.arange(len(values)))
    wrong = np.abs(total - 1) > TOLERANCE  # False for NaN, which has its own fault
    bad = np.zeros(len(values), bool)
    bad[first[wrong]] = True
    member = lambda row: ", ".join(f"{name} {view.tables[table][name][row].as_py()}" for name in key)
    found = lambda row: f"{total[group[row]]:.10g} for {member(row)}"
    remedy = "Scale the group's rows so that they sum to 1."
    return view.faults("sum is not 1", table, column, bad, rule, remedy, found)


def probabilities_sum(view: View) -> list[Fault]:
    """Lead-time probabilities of a (vendor, node) sum to 1."""
    rule = TABLES["lead_times"].relations[0]
    return _groups_sum_to_one(view, "lead_times", ("vendor", "node"), "probability", rule)


def shares_sum(view: View) -> list[Fault]:
    """Demand shares of a product sum to 1."""
    rule = TABLES["demand_shares"].relations[0]
    return _groups_sum_to_one(view, "demand_shares", ("product",), "share", rule)


def weekday_shares_sum(view: View) -> list[Fault]:
    """Weekday shares sum to 1."""
    values = view.column("demand_weekdays", "share")
    bad = np.zeros(len(values), bool)
    bad[:1] = np.abs(values.sum() - 1) > TOLERANCE
    rule, remedy = TABLES["demand_weekdays"].relations[0], "Scale the rows so that they sum to 1."
    return view.faults(
        "sum is not 1", "demand_weekdays", "share", bad, rule, remedy, lambda row: f"{values.sum():.10g}"
    )


def _quantiles_sorted(table: str) -> Callable[[View], list[Fault]]:
    def relation(view: View) -> list[Fault]:
        columns = quantile_columns(view.tables[table].column_names)
        for below, name in pairwise(columns):
            if quantile_level(below) == quantile_level(name):
                value, remedy = f"{below} and {name}", "Keep one of the two columns."
                return [Fault("repeated level", table, QUANTILES_SORTED, remedy, name, None, value)]
            bad = view.column(table, name) < view.column(table, below)
            faults = view.faults("unsorted quantiles", table, name, bad, QUANTILES_SORTED, "Sort the quantiles.")
            if faults:
                return faults
        return []

    return relation


def demand_weeks(view: View) -> list[Fault]:
    """Demand is given for the labor plan's weeks, for every product and each of them."""
    faults = _weeks_of_plan(view, "demand", TABLES["demand"].relations[1])
    return faults + _rows_missing(view, "demand", TABLES["products"].relations[1])


def forecast_weeks(view: View) -> list[Fault]:
    """A forecast, where there is one, is given for the labor plan's weeks, for every product and each of them."""
    if not view.size("forecast"):
        return []
    faults = _weeks_of_plan(view, "forecast", TABLES["forecast"].relations[1])
    return faults + _rows_missing(view, "forecast", TABLES["forecast"].relations[2])


def paths_complete(view: View) -> list[Fault]:
    """Sample paths, where there are any, are numbered from 0 and given for every product, trial and planned week."""
    if not view.size("demand_paths"):
        return []
    numbered, complete = TABLES["demand_paths"].relations
    trials = np.unique(view.column("demand_paths", "trial"))
    gaps = np.flatnonzero(trials != np.arange(len(trials)))
    faults = _weeks_of_plan(view, "demand_paths", numbered)
    if len(gaps):
        value, remedy = f"no trial {gaps[0]}", "Number the trials from 0, without a gap."
        return [*faults, Fault("missing trial", "demand_paths", numbered, remedy, "trial", None, value, len(gaps))]
    return faults + _rows_missing(view, "demand_paths", complete, trials)


def _weeks_of_plan(view: View, table: str, rule: str) -> list[Fault]:
    """Weeks of a table that the labor plan lacks."""
    week = view.column(table, "week")
    bad = ~np.isin(week, view.column("labor_plan", "week")) & (week >= 0)
    return view.faults("week outside the plan", table, "week", bad, rule, "Delete the row, or plan labor for the week.")


def _rows_missing(view: View, table: str, rule: str, trials: np.ndarray | None = None) -> list[Fault]:
    """Products without a row for a planned week (of one of the trials 0 … N − 1)."""
    weeks = np.unique(view.column("labor_plan", "week"))
    week, product = view.column(table, "week"), view.codes(table, "product")
    use = np.isin(week, weeks) & (product >= 0)
    trial = np.zeros(len(week), np.int64) if trials is None else view.column(table, "trial")
    present = np.zeros((view.size("products"), 1 if trials is None else len(trials), len(weeks)), bool)
    present[product[use], trial[use], np.searchsorted(weeks, week[use])] = True
    if present.all():
        return []
    row, number, lacking = np.argwhere(~present)[0]
    name = view.tables["products"]["product"][int(row)].as_py()
    of_trial = "" if trials is None else f", trial {number}"
    value, count = f"no row for product {name}{of_trial} in week {weeks[lacking]}", int((~present).any((1, 2)).sum())
    return [Fault("missing row", table, rule, "Add the rows.", "week", None, value, count)]


def _products_have_rows(table: str) -> Callable[[View], list[Fault]]:
    def relation(view: View) -> list[Fault]:
        rows = np.bincount(view.codes(table, "product") + 1, minlength=view.size("products") + 1)[1:]
        found = np.flatnonzero(rows == 0)
        if not len(found):
            return []
        value = f"no row for product {view.tables['products']['product'][int(found[0])].as_py()}"
        rule = TABLES["products"].relations[1]
        return [Fault("missing row", table, rule, "Add the rows.", "product", None, value, len(found))]

    return relation


def orderable_inbound(view: View) -> list[Fault]:
    """Vendors deliver only to inbound nodes."""
    inbound = np.append(view.column("nodes", "inbound"), True)
    bad = view.column("product_nodes", "orderable") & ~inbound[view.codes("product_nodes", "node")]
    rule, remedy = TABLES["product_nodes"].relations[0], "Make the node inbound, or the row not orderable."
    return view.faults("node not inbound", "product_nodes", "node", bad, rule, remedy)


def orderable_lead_time(view: View) -> list[Fault]:
    """There is a lead-time distribution wherever something can be ordered."""
    vendors = pc.unique(view.tables["products"]["vendor"])
    vendor = pc.fill_null(pc.index_in(view.tables["products"]["vendor"], value_set=vendors), -1).to_numpy()
    row_vendor = pc.fill_null(pc.index_in(view.tables["lead_times"]["vendor"], value_set=vendors), -1).to_numpy()
    has = np.zeros((len(vendors) + 1, view.size("nodes") + 1), bool)
    has[row_vendor, view.codes("lead_times", "node")] = True
    product, node = view.codes("product_nodes", "product"), view.codes("product_nodes", "node")
    known = (product >= 0) & (node >= 0) & view.column("product_nodes", "orderable")
    of_row = np.append(vendor, -1)[product]
    bad = known & ~has[of_row, node]

    def found(row: int) -> str:
        name, place = vendors[int(of_row[row])].as_py(), view.tables["product_nodes"]["node"][row].as_py()
        if has[of_row[row]].any():
            return f"vendor {name!r} without lead times to node {place!r}"
        close = nearest(name, pc.unique(view.tables["lead_times"]["vendor"]).to_pylist())
        return f"vendor {name!r}, who is not in lead_times{close}, node {place!r}"

    rule, remedy = TABLES["product_nodes"].relations[1], "Add rows for the vendor and node to lead_times."
    return view.faults("no lead time", "product_nodes", "node", bad, rule, remedy, found)


def routes_to_regions(view: View) -> list[Fault]:
    """What is ordered can be brought to every region."""
    node, region = view.codes("shipping", "node"), view.codes("shipping", "region")
    known = (node >= 0) & (region >= 0)
    ships = np.zeros((view.size("nodes"), view.size("regions")), bool)
    ships[node[known], region[known]] = True
    served = (view.reach().astype(np.float32) @ ships.astype(np.float32)) > 0
    unserved = np.hstack([np.zeros((len(served), 1), bool), ~served])  # column 0 stands for none
    lacking = np.append(unserved.argmax(1) - 1, -1)
    at = view.codes("product_nodes", "node")
    bad = view.column("product_nodes", "orderable") & (lacking[at] >= 0)
    name = lambda row: view.tables["product_nodes"]["node"][row].as_py()
    found = lambda row: f"{name(row)!r} without a route to {view.tables['regions']['region'][lacking[at[row]]].as_py()}"
    rule, remedy = TABLES["product_nodes"].relations[2], "Add transfers or shipping rows."
    return view.faults("no route", "product_nodes", "node", bad, rule, remedy, found)


def in_flight_inbound(view: View) -> list[Fault]:
    """Vendor orders on the way go to inbound nodes."""
    bad = ~np.append(view.column("nodes", "inbound"), True)[view.codes("in_flight", "node")]
    rule, remedy = TABLES["in_flight"].relations[0], "Make the node inbound, or delete the row."
    return view.faults("node not inbound", "in_flight", "node", bad, rule, remedy)


def in_flight_local(view: View) -> list[Fault]:
    """Vendor orders on the way go to local nodes of their product."""
    nodes, reach = view.size("nodes"), view.reach()
    product, node = (view.codes("in_flight", name).astype(np.int64) for name in ("product", "node"))
    owner, place = (view.codes("product_nodes", name).astype(np.int64) for name in ("product", "node"))
    known = (owner >= 0) & (place >= 0)
    owner, place = owner[known], place[known]
    open_rows = np.flatnonzero((product >= 0) & (node >= 0))
    open_rows = open_rows[~np.isin(product[open_rows] * nodes + node[open_rows], owner * nodes + place)]
    bad = np.zeros(len(product), bool)
    if len(open_rows):  # not among the product's own rows: is it reached from one of them?
        near = np.isin(owner, product[open_rows])
        row, to = np.nonzero(reach[place[near]])
        local = owner[near][row] * nodes + to
        bad[open_rows] = ~np.isin(product[open_rows] * nodes + node[open_rows], local)
    rule, remedy = TABLES["in_flight"].relations[1], "Add the node to the product's product_nodes, or delete the row."
    return view.faults("node not local", "in_flight", "node", bad, rule, remedy)


RELATIONS = (
    (("nodes.node", "nodes.kind", "transfers.origin", "transfers.destination"), transfers_go_down),
    (("nodes.node", "nodes.kind", "shipping.node"), fulfillment_ships),
    (("products.review_weeks", "products.first_review_day"), first_review),
    (("labor_plan.week",), weeks_without_gap),
    (("nodes.node", "nodes.inbound", "labor_plan.node", "labor_plan.week"), plan_rows),
    (("nodes.node", "nodes.kind", "storage_plan.node"), storage_plan_nodes),
    (("storage_plan.week", "labor_plan.week"), storage_plan_weeks),
    (("products.product", "demand.product", "demand.week", "labor_plan.week"), demand_weeks),
    (("products.product", "forecast.product", "forecast.week", "labor_plan.week"), forecast_weeks),
    (
        (
            *("products.product", "labor_plan.week"),
            *("demand_paths.product", "demand_paths.trial", "demand_paths.week"),
        ),
        paths_complete,
    ),
    (("products.product", "demand_shares.product"), _products_have_rows("demand_shares")),
    (("products.product", "product_nodes.product"), _products_have_rows("product_nodes")),
    (("lead_times.vendor", "lead_times.node", "lead_times.probability"), probabilities_sum),
    (("demand_shares.product", "demand_shares.share"), shares_sum),
    (("demand_weekdays.share",), weekday_shares_sum),
    *((columns_of(table, QUANTILE_COLUMNS), _quantiles_sorted(table)) for table in QUANTILE_TABLES),
    (("nodes.node", "nodes.inbound", "product_nodes.node", "product_nodes.orderable"), orderable_inbound),
    (
        (
            *("nodes.node", "products.product", "products.vendor", "lead_times.vendor", "lead_times.node"),
            *("product_nodes.product", "product_nodes.node", "product_nodes.orderable"),
        ),
        orderable_lead_time,
    ),
    (
        (
            *("nodes.node", "regions.region", "transfers.origin", "transfers.destination"),
            *("shipping.node", "shipping.region", "product_nodes.node", "product_nodes.orderable"),
        ),
        routes_to_regions,
    ),
    (("nodes.node", "nodes.inbound", "in_flight.node"), in_flight_inbound),
    (
        (
            *("nodes.node", "products.product", "transfers.origin", "transfers.destination"),
            *("in_flight.product", "in_flight.node", "product_nodes.product", "product_nodes.node"),
        ),
        in_flight_local,
    ),
    (
        (
            *("nodes.node", "in_flight.node", "in_flight.arrival_day", "in_flight.quantity"),
            *("labor_plan.node", "labor_plan.week", "labor_plan.units"),
        ),
        plan_above_in_flight,
    ),
)
"""Columns that a relation needs, and the relation."""
