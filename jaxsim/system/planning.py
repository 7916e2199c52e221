"""What the forecast makes buying and placement aim at: order-up-to levels, LP segments, targets."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int, Int32

from jaxsim.demand.moments import Moments, over_span, quantile
from jaxsim.scenario.schema import COMPUTED
from jaxsim.system.arrays import FULFILLMENT, STORAGE, LeadTimes
from jaxsim.system.local import Local, Ways

SEGMENT_LEVELS = (0.3, 0.6, 0.85, 0.98)
"""Quantile levels at which the buying LP cuts a region's demand over the planning horizon."""


class Reviews(NamedTuple):
    """When a product is reviewed, and how far a review plans."""

    first_day: Int32[np.ndarray, " products"]
    weeks: Int32[np.ndarray, " products"]
    """Weeks between reviews."""
    horizon: Float64[np.ndarray, " products"]
    """Planning horizon, days: the review period and the mean lead time."""
    in_stock: Float64[np.ndarray, " products"]
    """Level of the quantile to order up to."""

    def reviewed(self, week: int) -> np.ndarray:
        """Which products are reviewed in a week, `(products,)`."""
        first = self.first_day // 7
        return (week >= first) & ((week - first) % self.weeks == 0)


def mean_lead_time(lead_times: LeadTimes, distribution: np.ndarray, orderable: np.ndarray) -> np.ndarray:
    """Mean over a product's orderable slots of their mean lead times, days `(products,)`; 0 without one."""
    mean = lead_times.probability @ np.arange(lead_times.probability.shape[1])
    return np.where(orderable, mean[distribution], 0.0).sum(1) / np.maximum(orderable.sum(1), 1)


def segment_value(lost_sale_cost: Float64[np.ndarray, " products"]) -> Float64[np.ndarray, "products segments"]:
    """b: cost of a lost sale times the chance that demand exceeds the middle of the segment, currency per unit."""
    middle = (np.array((0.0, *SEGMENT_LEVELS[:-1])) + np.array(SEGMENT_LEVELS)) / 2.0
    return lost_sale_cost[:, None] * (1.0 - middle)


def order_levels(
    weekly: Moments,
    demand_share: Float64[np.ndarray, "products regions"],
    reviews: Reviews,
    given: Int[np.ndarray, " products"],
) -> tuple[Int32[np.ndarray, "products weeks"], Float64[np.ndarray, "products weeks regions segments"]]:
    """Order-up-to level and LP segment widths of the review in each week, units; 0 in weeks without one.

    Args:
        weekly: forecast, `(products, weeks)`. given: the tables' levels, `COMPUTED` where they have none.
    """
    products, weeks = weekly.mean.shape
    order_up_to = np.zeros((products, weeks), np.int32)
    width = np.zeros((products, weeks, demand_share.shape[1], len(SEGMENT_LEVELS)))
    for week in range(weeks):
        reviewed = reviews.reviewed(week)
        ahead = over_span(weekly, 7 * week + reviews.first_day % 7, reviews.horizon)
        level = _given(given, np.ceil(quantile(ahead, reviews.in_stock)))
        order_up_to[:, week] = np.where(reviewed, level, 0)
        regional = Moments(ahead.mean[:, None], ahead.variance[:, None]).thinned(demand_share)
        cuts = [np.where(reviewed[:, None], quantile(regional, cut), 0.0) for cut in SEGMENT_LEVELS]
        width[:, week] = np.diff(np.stack(cuts, -1), axis=-1, prepend=0.0)
    return order_up_to, width


def targets(weekly: Moments, local: Local, ways: Ways, reviews: Reviews) -> Int32[np.ndarray, "products weeks slots"]:
    """Units that placement aims to hold at each slot in each week: the tables' base stock, or a quantile.

    Args:
        weekly: forecast, `(products, weeks)`.
    """
    products, weeks = weekly.mean.shape
    days = _days_to_cover(local, ways, reviews)
    target = np.zeros((products, weeks, days.shape[1]), np.int32)
    for week in range(weeks):
        for slot in range(days.shape[1]):
            part = over_span(weekly, 7 * week, days[:, slot]).thinned(ways.share[:, slot])
            target[:, week, slot] = np.ceil(quantile(part, reviews.in_stock))
    return _given(local.base_stock[:, None], target)


def region_p60(
    weekly: Moments, demand_share: Float64[np.ndarray, "products regions"]
) -> Float64[np.ndarray, "products weeks regions"]:
    """60th percentile of a region's weekly demand, units.

    Args:
        weekly: forecast, `(products, weeks)`.
    """
    regional = Moments(weekly.mean[:, :, None], weekly.variance[:, :, None]).thinned(demand_share[:, None, :])
    return quantile(regional, 0.6)


def _days_to_cover(local: Local, ways: Ways, reviews: Reviews) -> Float64[np.ndarray, "products slots"]:
    """Days of demand that a slot's target covers: until storage replenishes it where storage does, else the planning
    horizon."""
    storage, never = (local.kind == STORAGE)[:, :, None], np.iinfo(np.int32).max
    fed = np.where(storage & (ways.transit_days >= 0), ways.transit_days, never).min(1)
    is_fed = (local.kind == FULFILLMENT) & (fed < never)
    return np.where(is_fed, 7.0 + np.where(is_fed, fed, 0), reviews.horizon[:, None])


def _given(level: np.ndarray, computed: np.ndarray) -> np.ndarray:
    """The tables' level where they have one, in place of the computed one."""
    return np.where(level == COMPUTED, computed, level).astype(np.int32)
