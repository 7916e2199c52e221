"""Local networks: which nodes a product uses, in which slot, and what it costs to get from a slot to a region."""

import numpy as np
from jaxtyping import Bool, Float64, Int32

from jaxsim.system.arrays import CROSS_DOCK, FULFILLMENT, STORAGE, Network

_BLOCK = 8192  # products at a time, to bound temporaries


def assign(
    used: Bool[np.ndarray, "products nodes"], kind: Int32[np.ndarray, " nodes"]
) -> tuple[Int32[np.ndarray, "products slots"], Int32[np.ndarray, "products nodes"]]:
    """Slots of the used nodes, by kind and then node row.

    Returns:
        The node of each slot (−1 when empty) and the slot of each node (−1 when not used).
    """
    order = np.lexsort((np.arange(kind.size), kind))
    ranked = used[:, order]
    position = np.where(ranked, ranked.cumsum(1) - 1, -1)
    slots = max(int(ranked.sum(1).max(initial=0)), 1)
    node = np.full((used.shape[0], slots), -1, np.int32)
    row, column = np.nonzero(ranked)
    node[row, position[row, column]] = order[column]
    slot = np.full(used.shape, -1, np.int32)
    slot[:, order] = position
    return node, slot


def transit_days(
    network: Network, node: Int32[np.ndarray, "products slots"], kind: Int32[np.ndarray, "products slots"]
) -> Int32[np.ndarray, "products slots slots"]:
    """Days of the transfers that placement may use, −1 elsewhere: cross dock → storage or fulfillment, storage →
    fulfillment."""
    days = network.transfer_days[node[:, :, None], node[:, None, :]]
    source, target = kind[:, :, None], kind[:, None, :]
    allowed = ((source == CROSS_DOCK) & (target > CROSS_DOCK)) | ((source == STORAGE) & (target == FULFILLMENT))
    return np.where(allowed, days, -1).astype(np.int32)


def shipping(
    network: Network, node: Int32[np.ndarray, "products slots"], kind: Int32[np.ndarray, "products slots"]
) -> Float64[np.ndarray, "products slots regions"]:
    """Cost of shipping from each slot to each region; inf where the slot is no fulfillment node or ships elsewhere."""
    return np.where((kind == FULFILLMENT)[:, :, None], network.shipping_cost[node], np.inf)


def preferences(ship: Float64[np.ndarray, "products slots regions"]) -> Int32[np.ndarray, "products ranks regions"]:
    """Slots in each region's order of preference: cheapest to ship from first, ties to the lower slot, −1 last."""
    ranks = max(int(np.isfinite(ship).any(2).sum(1).max(initial=0)), 1)
    order = np.argsort(ship, axis=1, kind="stable")[:, :ranks]
    found = np.isfinite(np.take_along_axis(ship, order, 1))
    return np.where(found, order, -1).astype(np.int32)


def route_cost(
    network: Network,
    node: Int32[np.ndarray, "products slots"],
    transit: Int32[np.ndarray, "products slots slots"],
    ship: Float64[np.ndarray, "products slots regions"],
) -> Float64[np.ndarray, "products slots regions"]:
    """Cheapest transfers through local nodes plus shipping, from each slot to each region; inf without a route."""
    best = ship.copy()
    for start in range(0, node.shape[0], _BLOCK):
        block = slice(start, start + _BLOCK)
        hop = np.where(transit[block] >= 0, network.transfer_cost[node[block, :, None], node[block, None, :]], np.inf)
        for _ in range(2):  # the longest way is cross dock → storage → fulfillment
            best[block] = np.minimum(best[block], (hop[..., None] + best[block][:, None]).min(2))
    return best


def slot_shares(
    preference: Int32[np.ndarray, "products ranks regions"],
    demand_share: Float64[np.ndarray, "products regions"],
    kind: Int32[np.ndarray, "products slots"],
    transit: Int32[np.ndarray, "products slots slots"],
) -> Float64[np.ndarray, "products slots"]:
    """Share of demand that a slot stands for.

    A fulfillment slot has its regions' share, a storage slot equal parts of those that it feeds.
    """
    products, slots = kind.shape
    preferred = preference[:, 0, :]
    share = np.zeros((products, slots))
    row = np.broadcast_to(np.arange(products)[:, None], preferred.shape)
    served = preferred >= 0
    np.add.at(share, (row[served], preferred[served]), demand_share[served])
    feeds = (kind == STORAGE)[:, :, None] & (transit >= 0)
    part = share / np.maximum(feeds.sum(1), 1)
    return share + (feeds * part[:, None, :]).sum(2)
