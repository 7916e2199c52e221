"""Moments of demand: of weekly quantile functions, of parts and of spans of days, and quantiles of sums
(docs/semantics.md)."""

import functools
from typing import NamedTuple

import numpy as np
import scipy.special
from jaxtyping import Float, Float64, Int

MOST_UNITS = 2**26
"""Every quantity of units is below it: products of two quantities are then exact in float64."""

WEEKDAY_SHARE = np.array([0.160, 0.148, 0.142, 0.138, 0.140, 0.138, 0.134])
"""Share of a week's demand that falls on each of its days where a scenario does not say."""

_SHAPES = (1e-4, 1e8)  # outside, a gamma's quantiles are 0 or its mean


Days = Float[np.ndarray, " products"] | Int[np.ndarray, " products"]


class Moments(NamedTuple):
    """Mean and variance of whole-unit demand; arrays of one shape."""

    mean: np.ndarray
    variance: np.ndarray

    def thinned(self, share: Float[np.ndarray, "..."]) -> "Moments":
        """Moments when each unit belongs to the part with probability `share` (broadcast)."""
        return Moments(share * self.mean, share**2 * self.variance + share * (1.0 - share) * self.mean)

    def week(self, week: int) -> "Moments":
        """Moments of one week, where weeks are the second axis."""
        return Moments(self.mean[:, week], self.variance[:, week])


def extend(
    levels: Float64[np.ndarray, " columns"], quantiles: Float64[np.ndarray, "*shape columns"]
) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, "*shape points"]]:
    """Add the levels 0 and 1 to levels, and their end points to the quantiles tabulated there, on the last axis."""
    low = np.maximum(0.0, quantiles[..., :1] - (quantiles[..., 1:2] - quantiles[..., :1]))
    high = quantiles[..., -1:] + (quantiles[..., -1:] - quantiles[..., -2:-1]) / 4.0
    return np.array([0.0, *levels, 1.0]), np.concatenate([low, quantiles, high], axis=-1)


def moments(levels: Float64[np.ndarray, " points"], quantiles: Float64[np.ndarray, "*shape points"]) -> Moments:
    """Exact mean and variance of the piecewise linear quantile function over `levels`, on the last axis."""
    width = np.diff(levels)
    left, right = quantiles[..., :-1], quantiles[..., 1:]
    mean = (width * (left + right) / 2.0).sum(-1)
    square = (width * (left**2 + left * right + right**2) / 3.0).sum(-1)
    return Moments(mean, np.maximum(square - mean**2, 0.0))


def over_span(weekly: Moments, start: Days | float, days: Days | float) -> Moments:
    """Moments of demand from day `start` for `days` days.

    Args:
        weekly: `(products, weeks)`. start, days: of each product, or one for all; spans past the horizon repeat the
            last week.
    """
    products, weeks = weekly.mean.shape
    start = np.broadcast_to(np.asarray(start, float), (products,))
    end = start + days
    last = max(int(np.ceil(end.max(initial=0.0) / 7.0)), weeks)
    mean, variance = np.zeros(products), np.zeros(products)
    for week in range(last):
        part = np.clip(np.minimum(end, 7.0 * week + 7.0) - np.maximum(start, 7.0 * week), 0.0, 7.0) / 7.0
        thin = weekly.week(min(week, weeks - 1)).thinned(part)
        mean += thin.mean
        variance += thin.variance
    return Moments(mean, variance)


def quantile(demand: Moments, level: float | np.ndarray) -> np.ndarray:
    """Quantile of the gamma distribution with these moments; 0 where the mean is 0, the mean where the variance is.

    Args:
        level: one level, for which a table of the quantile is made once and interpolated (relative error below 1e-5),
            or an array of levels that broadcasts with the moments, for which the quantile is computed one by one.
    """
    mean, variance = np.broadcast_arrays(demand.mean, demand.variance)
    positive = (mean > 0) & (variance > 0)
    shape = np.where(positive, mean, 1.0) ** 2 / np.where(positive, variance, 1.0)
    shape = np.clip(shape, *_SHAPES)
    if isinstance(level, float):
        ratio = np.interp(np.log(shape), *_unit_gamma_table(level))
    else:
        ratio = scipy.special.gammaincinv(shape, level) / shape
    return np.where(positive, mean * ratio, mean)


@functools.lru_cache(maxsize=32)
def _unit_gamma_table(level: float) -> tuple[np.ndarray, np.ndarray]:
    """Quantile of a gamma of mean 1 against the log of its shape."""
    first, last = np.log(_SHAPES)
    grid = np.linspace(first, last, 8192)
    return grid, scipy.special.gammaincinv(np.exp(grid), level) / np.exp(grid)
