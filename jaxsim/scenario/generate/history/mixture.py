"""Distributions of units from few observations: what was observed, mixed with a fitted negative binomial.

A year of observations says little about the rare high ones. So each series' observations are mixed with a negative
binomial of the series' own mean and of the variance that all series share as a function of their mean; it counts for
`SHRINKAGE` observations. For example 52 weeks weigh 52/64 and the fitted distribution 12/64.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.stats import nbinom

from jaxsim.scenario.schema import QUANTILE_LEVELS

SHRINKAGE = 12.0
"""Observations that the fitted distribution counts for."""

_MIDDLES = (np.arange(12) + 0.5) / 12  # levels at which the fitted distribution is represented


class Mixture(NamedTuple):
    """A discrete distribution of each series: units and their probabilities, both (products, points)."""

    units: np.ndarray
    weight: np.ndarray

    def quantiles(self, below: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
        """Whole quantiles (products, levels) of what becomes of the units.

        Args:
            below: P(X ≤ k) for what becomes of `units`, which is never more than these; k is (products, 1).
        """
        result = np.empty((len(self.units), len(QUANTILE_LEVELS)))
        for i, level in enumerate(QUANTILE_LEVELS):
            low, high = np.full(len(self.units), -1.0), self.units.max(1)  # P(X ≤ low) < level ≤ P(X ≤ high)
            while (high - low > 1).any():
                middle = np.maximum(0, np.floor((low + high) / 2))
                reached = (self.weight * below(middle[:, None], self.units)).sum(1) >= level
                low, high = np.where(reached, low, middle), np.where(reached, middle, high)
            result[:, i] = high
        return result


def mixture(values: np.ndarray, observed: np.ndarray) -> Mixture:
    """The mixture of each series (products, periods), of which at least one period is `observed`.

    Args:
        values: units; 0 where nothing was observed.
    """
    count = observed.sum(1, keepdims=True)
    fitted = _fitted(values, observed, _MIDDLES)
    weight = np.hstack([observed / (count + SHRINKAGE), np.repeat(SHRINKAGE / 12 / (count + SHRINKAGE), 12, axis=1)])
    return Mixture(np.hstack([values, fitted]), weight)


def _fitted(values: np.ndarray, observed: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles (products, levels) of negative binomials of each series' mean and the common law of variance."""
    count = observed.sum(1)
    mean = values.sum(1) / count
    variance = (observed * (values - mean[:, None]) ** 2).sum(1) / np.maximum(count - 1, 1)
    use = (count > 5) & (variance > mean) & (mean > 0)
    slope, intercept = _law(np.log(mean[use]), np.log(variance[use]))
    positive = np.where(mean > 0, mean, 1)[:, None]
    spread = np.maximum(np.exp(intercept) * positive**slope, 1.05 * positive)
    quantiles = nbinom.ppf(levels, positive**2 / (spread - positive), positive / spread)
    return np.where(mean[:, None] > 0, quantiles, 0)


def _law(log_mean: np.ndarray, log_variance: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of log variance over log mean.

    Few series, or series of much the same mean, say nothing of the slope, which then is that of popular retail
    products. It lies between 1 (variance in proportion to the mean) and 2 (deviation in proportion to the mean).
    """
    if not len(log_mean):
        return 1.65, float(np.log(2.5))
    slope = 1.65
    if len(log_mean) > 2 and np.ptp(log_mean) > 0.5:
        slope, intercept = np.polyfit(log_mean, log_variance, 1)
        if 1 <= slope <= 2:
            return slope, intercept
    slope = min(max(slope, 1.0), 2.0)
    return slope, float(log_variance.mean() - slope * log_mean.mean())
