"""Prices of the buying LP, perturbed so that its optimum is unique."""

import numpy as np
from jaxtyping import Float64

from jaxsim import draws
from jaxsim.system.arrays import Network
from jaxsim.system.local import Local, Ways

TIE_BREAK = 1e-6
"""Relative size of the perturbation."""


def lp_prices(
    ids: np.ndarray, network: Network, local: Local, ways: Ways, overage: Float64[np.ndarray, " products"]
) -> dict[str, np.ndarray]:
    """p, h and w of the buying LP, currency per unit.

    Args:
        ids: `Products.id`. overage: cost of keeping a unit until the next review.
    """
    tie = _tie_breaks(ids, local.node, network)
    held = np.repeat(overage[:, None], local.node.shape[1], 1)
    return {
        "lp_sourcing_cost": _tilt(local.sourcing_cost, tie[:, :, 0]),
        "lp_overage_cost": _tilt(held, tie[:, :, 1]),
        "lp_route_cost": _tilt(ways.route_cost, tie[:, :, 2:]),
    }


def _tie_breaks(ids: np.ndarray, node: np.ndarray, network: Network) -> Float64[np.ndarray, "products slots purposes"]:
    """Fixed uniforms of (product, node) for p and h, and of (product, node, region) for w."""
    node_id = draws.product_ids(network.nodes)[:, 0][node]
    purpose = np.concatenate([np.array([0, 1], np.uint32), draws.product_ids(network.regions)[:, 0]])
    key = ids[:, 0, None, None], ids[:, 1, None, None]
    word, _ = draws.threefry2x32(np, key, (node_id[:, :, None], purpose[None, None, :]))
    return np.asarray(word) / 2.0**32


def _tilt(value: np.ndarray, u: np.ndarray) -> np.ndarray:
    """`value` raised by at most a millionth of its size."""
    size = np.where(np.isfinite(value), np.maximum(np.abs(value), 0.01), 0.0)
    return value + TIE_BREAK * size * u
