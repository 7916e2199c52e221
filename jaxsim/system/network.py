"""Nodes, moves and lead times as arrays."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64

from jaxsim.scenario import Scenario
from jaxsim.scenario.schema import NODE_KINDS
from jaxsim.system.arrays import LeadTimes, Network


def network_of(scenario: Scenario) -> Network:
    """Nodes, regions, moves and plans."""
    nodes, regions = scenario.nodes, scenario.regions
    return Network(
        nodes=tuple(nodes),
        regions=tuple(regions),
        inbound=scenario.column("nodes", "inbound"),
        plan=_plan(scenario, "labor_plan"),
        storage_plan=_plan(scenario, "storage_plan"),
        **_moves(scenario, "shipping", "shipping", ("node", nodes), ("region", regions)),
        **_moves(scenario, "transfers", "transfer", ("origin", nodes), ("destination", nodes)),
    )


def kinds_of(scenario: Scenario) -> Int32[np.ndarray, " nodes"]:
    """`Products.kind` of each node."""
    return scenario.codes("nodes", "kind", NODE_KINDS).astype(np.int32) + 1


def _plan(scenario: Scenario, table: str) -> Float64[np.ndarray, "nodes weeks"]:
    """Units of a table of plans; NaN where it has no row."""
    plan = np.full((len(scenario.nodes), scenario.weeks), np.nan)
    at = scenario.codes(table, "node", scenario.nodes), scenario.column(table, "week")
    plan[at] = scenario.column(table, "units")
    return plan


def _moves(scenario: Scenario, table: str, prefix: str, start: tuple, end: tuple) -> dict[str, Any]:
    """Dense matrices of a table of moves."""
    at = scenario.codes(table, *start), scenario.codes(table, *end)
    matrices = {}
    for name, column, missing, dtype in (
        ("cost", "cost_per_unit", np.inf, float),
        ("days", "transit_days", -1, np.int32),
        ("co2", "co2_kg_per_unit", 0.0, float),
    ):
        matrix = np.full((len(start[1]), len(end[1])), missing, dtype)
        matrix[at] = scenario.column(table, column)
        matrices[f"{prefix}_{name}"] = matrix
    return matrices


class Deliveries(NamedTuple):
    """Lead-time distributions, and which one an order of a product into a node has."""

    lead_times: LeadTimes
    vendor: Int64[np.ndarray, " products"]
    pairs: Int64[np.ndarray, " distributions"]
    """vendor · nodes + node of each distribution, ascending."""

    def distribution(
        self, node: Int32[np.ndarray, "products slots"], orderable: Bool[np.ndarray, "products slots"], nodes: int
    ) -> Int32[np.ndarray, "products slots"]:
        """Row of `lead_times` of each slot; 0 where not orderable.

        Args:
            node: of each slot. nodes: how many there are.
        """
        pair = self.vendor[:, None] * nodes + node
        row = np.searchsorted(self.pairs, pair).clip(0, max(self.pairs.size - 1, 0)).astype(np.int32)
        return np.where(orderable, row, np.int32(0))


def deliveries_of(scenario: Scenario) -> Deliveries:
    """Distributions of the vendors of the scenario's products."""
    nodes, vendors = scenario.nodes, sorted(set(scenario.column("products", "vendor")))
    of_product = scenario.codes("products", "vendor", vendors)
    vendor = scenario.codes("lead_times", "vendor", vendors)
    used = vendor >= 0
    pair = vendor[used] * len(nodes) + scenario.codes("lead_times", "node", nodes)[used]
    pairs, row = np.unique(pair, return_inverse=True)
    if not pairs.size:  # nothing can be ordered; one empty distribution keeps the arrays rectangular
        empty = LeadTimes(np.zeros(1, np.int32), np.ones((1, 2)) / 2, np.array([[0.5, 1.0]]))
        return Deliveries(empty, of_product, pairs)
    days = scenario.column("lead_times", "days")[used]
    probability = np.zeros((pairs.size, int(days.max()) + 1))
    probability[row, days] = scenario.column("lead_times", "probability")[used]
    probability /= probability.sum(1, keepdims=True)
    cumulative = probability.cumsum(1)
    last = probability.shape[1] - 1 - (probability[:, ::-1] > 0).argmax(1)
    cumulative[np.arange(probability.shape[1]) >= last[:, None]] = 1.0
    return Deliveries(LeadTimes((pairs % len(nodes)).astype(np.int32), probability, cumulative), of_product, pairs)
