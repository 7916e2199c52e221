"""What an example exercises: corners of its scenario, and things that happened when it was simulated.

Counted over a run, they tell a reader what agreement was tested on; each must occur.
"""

from collections.abc import Callable

import numpy as np

from jaxsim.demand.source import PathSource, QuantileSource
from jaxsim.outcome import Trajectory
from jaxsim.scenario import Scenario
from jaxsim.system import CROSS_DOCK, FULFILLMENT, STORAGE, System

Test = Callable[[System, Trajectory], bool]


def _given(table: str, column: str) -> Callable[[Scenario], bool]:
    def test(scenario: Scenario) -> bool:
        rows = scenario.tables[table]
        return column in rows.column_names and rows[column].null_count < rows.num_rows

    return test


def _kinds(scenario: Scenario, kind: str) -> int:
    return scenario.tables["nodes"]["kind"].to_pylist().count(kind)


def _equal_shipping(scenario: Scenario) -> bool:
    pairs = list(zip(scenario.column("shipping", "region"), scenario.column("shipping", "cost_per_unit"), strict=True))
    return len(set(pairs)) < len(pairs)


def _node_order(scenario: Scenario) -> list[str]:
    return scenario.tables["nodes"]["kind"].to_pylist()


def _arrival(*days: int) -> Callable[[Scenario], bool]:
    return lambda scenario: bool(set(scenario.column("in_flight", "arrival_day").tolist()) & set(days))


def _of_products(column: str, test: Callable[[np.ndarray], np.ndarray]) -> Callable[[Scenario], bool]:
    return lambda scenario: bool(test(scenario.column("products", column)).any())


OF_SCENARIO: dict[str, Callable[[Scenario], bool]] = {
    "cross docks": lambda s: _kinds(s, "cross_dock") > 0,
    "two cross docks": lambda s: _kinds(s, "cross_dock") > 1,
    "storage nodes": lambda s: _kinds(s, "storage") > 0,
    "two storage nodes": lambda s: _kinds(s, "storage") > 1,
    "three fulfillment nodes": lambda s: _kinds(s, "fulfillment") == 3,
    "nodes in another order than goods flow": lambda s: _node_order(s) != sorted(_node_order(s)),
    "no transfers": lambda s: not s.tables["transfers"].num_rows,
    "transfers of more than a week": lambda s: bool((s.column("transfers", "transit_days") > 7).any()),
    "equal shipping costs": _equal_shipping,
    "a node that does not ship everywhere": lambda s: (
        s.tables["shipping"].num_rows < len(s.regions) * _kinds(s, "fulfillment")
    ),
    "one region": lambda s: len(s.regions) == 1,
    "four regions": lambda s: len(s.regions) == 4,
    "nodes that are not inbound": lambda s: not s.column("nodes", "inbound").all(),
    "several products": lambda s: len(s.products) > 1,
    "weekday shares given": lambda s: s.tables["demand_weekdays"].num_rows > 0,
    "no weekday shares": lambda s: s.tables["demand_weekdays"].num_rows == 0,
    "further quantiles": lambda s: "q995" in s.tables["demand"].column_names,
    "a forecast": lambda s: s.has("forecast"),
    "a forecast below demand": lambda s: bool((_forecast_share(s) < 1).any()),
    "a forecast above demand": lambda s: bool((_forecast_share(s) > 1).any()),
    "a forecast of no demand": lambda s: bool((_forecast_share(s) == 0).any()),
    "sample paths of totals": lambda s: s.has("demand_paths") and "region" not in s.tables["demand_paths"].column_names,
    "sample paths by region": lambda s: "region" in s.tables["demand_paths"].column_names,
    "order_up_to given": _given("products", "order_up_to"),
    "base_stock given": _given("product_nodes", "base_stock"),
    "in flight on day 0": _arrival(0),
    "in flight on day 6": _arrival(6),
    "in flight on day 7": _arrival(7),
    "in flight on the last day": lambda s: _arrival(7 * s.weeks - 1)(s),
    "in flight at the horizon": lambda s: _arrival(7 * s.weeks)(s),
    "in flight past the horizon": lambda s: _arrival(7 * s.weeks + 9)(s),
    "review every two weeks": _of_products("review_weeks", lambda x: x == 2),
    "review every three weeks": _of_products("review_weeks", lambda x: x == 3),
    "first review on day 0": _of_products("first_review_day", lambda x: x == 0),
    "first review on the last day of a week": _of_products("first_review_day", lambda x: x % 7 == 6),
    "case packs of 144": _of_products("case_pack", lambda x: x == 144),
    "lost sales that cost nothing": _of_products("lost_sale_cost", lambda x: x == 0),
    "overage that costs nothing": _of_products("overage_cost", lambda x: x == 0),
    "storage planned": lambda s: s.tables["storage_plan"].num_rows > 0,
    "zero in the labor plan": lambda s: bool((s.column("labor_plan", "units") == 0).any()),
    "one-week horizon": lambda s: s.weeks == 1,
    "three-week horizon": lambda s: s.weeks == 3,
}
"""Corners of tables."""


def _points(system: System) -> np.ndarray:
    """Quantiles of weekly demand, or the sample paths' units in ascending order: `(products, weeks, points)`."""
    source = system.source
    if isinstance(source, PathSource):
        return np.sort(source.units.reshape(*source.units.shape[:3], -1).sum(3).transpose(0, 2, 1), axis=2)
    assert isinstance(source, QuantileSource)
    return source.quantiles


def _forecast_share(scenario: Scenario) -> np.ndarray:
    """Forecast mean over mean demand of each product with demand; empty without a forecast."""
    rows, of = {}, lambda table: zip(scenario.column(table, "product"), scenario.column(table, "mean"), strict=True)
    for table in ("demand", "forecast"):
        for product, mean in of(table):
            rows.setdefault(product, {}).setdefault(table, []).append(mean)
    means = [(sum(row["demand"]), sum(row["forecast"])) for row in rows.values() if "forecast" in row]
    return np.array([forecast / demand for demand, forecast in means if demand])


def _used(system: System) -> np.ndarray:
    return system.products.node >= 0


def _real(system: System) -> np.ndarray:
    """Products that are not filling."""
    products = system.products
    parts = np.any(_points(system), axis=(1, 2)), np.any(products.on_hand, axis=1), np.any(products.orderable, axis=1)
    return np.any(np.stack(parts), axis=0)


def _sends(system: System, run: Trajectory, kind: int, to: int) -> bool:
    origin, destination = (system.products.kind == kind)[:, :, None], (system.products.kind == to)[:, None, :]
    return bool(run.moved.sum((1, 2))[origin & destination].any())


def _lead_law(test: Callable[[System, np.ndarray], np.ndarray]) -> Test:
    """Whether a distribution that was ordered under passes."""

    def found(system: System, run: Trajectory) -> bool:
        rows = system.products.lead_time_distribution[run.orders.any((1, 2))]
        return bool(rows.size and test(system, system.lead_times.probability[rows]).any())

    return found


OF_RUN: dict[str, Test] = {
    "single-node products": lambda s, r: bool((_used(s).sum(1) == 1).any()),
    "products without an orderable node": lambda s, r: bool((_real(s) & ~s.products.orderable.any(1)).any()),
    "orderable products without demand": lambda s, r: bool(
        (s.products.orderable.any(1) & ~_points(s).any((1, 2))).any()
    ),
    "intermittent demand": lambda s, r: bool(((_points(s)[:, :, 5] == 0) & (_points(s)[:, :, -1] > 0)).any()),
    "demand that stops for a week": lambda s, r: bool(
        (_points(s).any((1, 2)) & ~np.all(_points(s).any(2), axis=1)).any()
    ),
    "empty inventory": lambda s, r: bool((_real(s) & ~s.products.on_hand.any(1)).any()),
    "huge inventory": lambda s, r: bool((s.products.on_hand >= 100_000).any()),
    "products that backlog": lambda s, r: bool(s.products.backlogged.any()),
    "orders": lambda s, r: bool(r.orders.any()),
    "orders into several nodes": lambda s, r: bool(((r.orders > 0).sum(3) > 1).any()),
    "LP orders that are no whole packs": lambda s, r: bool((np.abs(r.lp_order - r.orders) > 0.01).any()),
    "a review that orders nothing": lambda s, r: bool(
        ((r.order_quantity > 0).sum(2) < _reviews(s, r)[:, None])[s.products.orderable.any(1)].any()
    ),
    "an order by a product whose case pack exceeds its demand": lambda s, r: bool(
        ((s.products.case_pack[:, None] > r.demand.sum((2, 3))) & r.orders.any((2, 3))).any()
    ),
    "orders under a single lead time": _lead_law(lambda s, p: (p == 1).any(1)),
    "orders with lead times of one day": lambda s, r: bool((r.lead_time == 1).any()),
    "orders that arrive past the horizon": lambda s, r: bool(
        (r.lead_time + np.arange(r.lead_time.shape[2])[:, None] >= r.lead_time.shape[2])[r.orders > 0].any()
    ),
    "cross dock to storage": lambda s, r: _sends(s, r, CROSS_DOCK, STORAGE),
    "cross dock to fulfillment": lambda s, r: _sends(s, r, CROSS_DOCK, FULFILLMENT),
    "storage to fulfillment": lambda s, r: _sends(s, r, STORAGE, FULFILLMENT),
    "served from the second choice": lambda s, r: bool(r.served[:, :, :, 1].any()),
    "served from the third choice": lambda s, r: bool(r.served[:, :, :, 2].any()),
    "lost demand": lambda s, r: bool(r.lost.any()),
    "waiting demand": lambda s, r: bool(r.backlog.any()),
    "waiting demand that is served later": lambda s, r: bool((r.served.sum(3) > r.demand).any()),
    "orders while demand waits": lambda s, r: bool(
        (r.backlog[:, :, :-1].any(3) & (r.order_quantity[:, :, 1:] > 0)).any()
    ),
    "stock shared between regions": lambda s, r: bool(((r.served[:, :, :, 0] > 0) & _short(r)).sum(3).max() > 1),
}
"""Corners of arrays and what happened."""


def _short(run: Trajectory) -> np.ndarray:
    """Regions that their preferred slot served in part."""
    return (run.lost + run.backlog > 0) | run.served[:, :, :, 1:].any(3)


def _reviews(system: System, run: Trajectory) -> np.ndarray:
    """Reviews of each product in the horizon."""
    products, days = system.products, run.order_quantity.shape[2]
    return np.maximum(0, -(-(days - products.first_review_day) // products.review_days))


def features_of(scenario: Scenario, system: System, run: Trajectory) -> set[str]:
    """Names of the features that an example has."""
    found = {name for name, test in OF_SCENARIO.items() if test(scenario)}
    return found | {name for name, test in OF_RUN.items() if test(system, run)}
