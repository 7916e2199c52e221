"""Local networks of the products: the slots of their nodes, what `product_nodes` says of them, and the ways between."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int32, Int64

from jaxsim.scenario import Scenario
from jaxsim.scenario.reach import reachable
from jaxsim.scenario.schema import COMPUTED
from jaxsim.system import slots
from jaxsim.system.arrays import Network


class Local(NamedTuple):
    """Slots of each product; see `jaxsim.system.Products` for meanings and units."""

    node: Int32[np.ndarray, "products slots"]
    slot: Int32[np.ndarray, "products nodes"]
    """Slot of each node, −1 when not used."""
    kind: Int32[np.ndarray, "products slots"]
    orderable: Bool[np.ndarray, "products slots"]
    sourcing_cost: Float64[np.ndarray, "products slots"]
    on_hand: Int32[np.ndarray, "products slots"]
    base_stock: Int32[np.ndarray, "products slots"]
    """`COMPUTED` where the tables give none."""


class Ways(NamedTuple):
    """How units get from slots to regions."""

    transit_days: Int32[np.ndarray, "products slots slots"]
    preference: Int32[np.ndarray, "products ranks regions"]
    route_cost: Float64[np.ndarray, "products slots regions"]
    """Cheapest transfers plus shipping; inf without a route."""
    share: Float64[np.ndarray, "products slots"]
    """Share of demand that a slot stands for."""


def local_of(scenario: Scenario, network: Network, kind: Int32[np.ndarray, " nodes"]) -> Local:
    """Slots of the nodes in `product_nodes` and of all that they reach."""
    row = scenario.codes("product_nodes", "product", scenario.products)
    column = scenario.codes("product_nodes", "node", network.nodes)
    used = np.zeros((len(scenario.products), len(network.nodes)), bool)
    used[row, column] = True
    used = (used.astype(np.float32) @ reachable(np.isfinite(network.transfer_cost)).astype(np.float32)) > 0
    node, slot = slots.assign(used, kind)

    def stated(name: str, dtype: type, empty: bool | float) -> np.ndarray:
        values = np.full(node.shape, empty, dtype)
        values[row, slot[row, column]] = scenario.column("product_nodes", name)
        return values

    return Local(
        node=node,
        slot=slot,
        kind=np.where(node >= 0, kind[node], 0).astype(np.int32),
        orderable=stated("orderable", bool, False),
        sourcing_cost=stated("sourcing_cost", float, 0.0),
        on_hand=stated("on_hand", np.int32, 0),
        base_stock=stated("base_stock", np.int32, COMPUTED),
    )


def ways_of(network: Network, local: Local, demand_share: Float64[np.ndarray, "products regions"]) -> Ways:
    """Transfers, preferences, routes and shares of demand in local networks."""
    transit = slots.transit_days(network, local.node, local.kind)
    ship = slots.shipping(network, local.node, local.kind)
    preference = slots.preferences(ship)
    return Ways(
        transit_days=transit,
        preference=preference,
        route_cost=slots.route_cost(network, local.node, transit, ship),
        share=slots.slot_shares(preference, demand_share, local.kind, transit),
    )


def in_flight_of(
    scenario: Scenario, nodes: tuple[str, ...], local: Local
) -> Int32[np.ndarray, "products calendar slots"]:
    """Vendor units on the way by arrival day and slot."""
    horizon = 7 * scenario.weeks
    units = np.zeros((len(scenario.products), horizon + 1, local.node.shape[1]), np.int32)
    row = scenario.codes("in_flight", "product", scenario.products)
    node: Int64[np.ndarray, " rows"] = scenario.codes("in_flight", "node", nodes)
    day = np.minimum(scenario.column("in_flight", "arrival_day"), horizon)
    np.add.at(units, (row, day, local.slot[row, node]), scenario.column("in_flight", "quantity").astype(np.int32))
    return units
