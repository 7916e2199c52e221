"""Average-cost accounting by review period: what inventory theory charges at the end of each period."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.outcome import Trajectory
from jaxsim.system import System


class PeriodCosts(NamedTuple):
    """Currency per week and product-trial."""

    holding: Float64[np.ndarray, "products trials weeks"]
    shortage: Float64[np.ndarray, "products trials weeks"]


def period_costs(
    system: System, trajectory: Trajectory, holding: Float64[np.ndarray, "products slots"] | None = None
) -> PeriodCosts:
    """Holding and shortage cost of every week.

    Units on hand at the end of the week are charged at their slot's holding cost, units on their way between slots at
    the cost of the slot that sent them; orders on their way from vendors are not charged. Units lost during the week,
    or waiting at its end, are charged the product's lost_sale_cost.

    Args:
        trajectory: of all products of `system`.
        holding: currency per unit and week at each slot; the product's overage_cost by default.
    """
    products = system.products
    if holding is None:
        holding = np.broadcast_to(products.overage_cost[:, None], products.node.shape)
    on_hand = _week_ends(trajectory.on_hand)
    held = np.einsum("atwl,al->atw", on_hand, holding)
    held += np.einsum("atwl,al->atw", _week_ends(_in_transit(system, trajectory)), holding)
    lost = trajectory.lost.sum(3, dtype=np.int64)
    lost = lost.reshape(*lost.shape[:2], -1, 7).sum(3)
    short = lost + _week_ends(trajectory.backlog).sum(3, dtype=np.int64)
    return PeriodCosts(held, short * products.lost_sale_cost[:, None, None])


def _week_ends(daily: Int[np.ndarray, "products trials days *more"]) -> Int[np.ndarray, "products trials weeks *more"]:
    return daily[:, :, 6::7]


def _in_transit(system: System, trajectory: Trajectory) -> Int[np.ndarray, "products trials days slots"]:
    """Units on their way at the end of each day, at the slot that sent them."""
    sent = trajectory.moved.cumsum(2, dtype=np.int64)
    arrived = np.zeros_like(sent)
    days = sent.shape[2]
    for a, origin, slot in np.argwhere(system.products.transit_days > 0):
        span = min(int(system.products.transit_days[a, origin, slot]), days)
        arrived[a, :, span:, origin, slot] = sent[a, :, : days - span, origin, slot]
    return (sent - arrived).sum(4)
