"""Weekly demand distributions, their moments over spans of days, and quantiles of sums.

A week's demand is negative binomial with variance ≈ 2.5 · mean^1.65 (the exponent of popular retail products; at the
median product the variance is about seven times the mean), so small means are intermittent: a product that sells 0.3
units a week has q50 = 0 and q95 = 2. Quantiles come from a fine grid of means, interpolated and made whole. Moments
follow `docs/semantics.md`.
"""

import dataclasses
from functools import cache

import numpy as np
from scipy.special import gammaincinv
from scipy.stats import nbinom

from jaxsim.scenario.schema import QUANTILE_LEVELS

SPREADS = (0.5, 0.7, 1.0, 1.4, 2.0)
"""Factors on the variance; each product has one."""

_EXPONENT, _FACTOR = 1.65, 2.5
_GRID = np.linspace(np.log(1e-3), np.log(3e5), 360)
_LEVELS = np.array((0.0, *QUANTILE_LEVELS, 1.0))


@dataclasses.dataclass(frozen=True)
class Demand:
    """Weekly demand of a block: `mean` (products, weeks) and `quantiles` (products, weeks, levels), units."""

    mean: np.ndarray
    quantiles: np.ndarray

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of the piecewise linear quantile function: both (products, weeks)."""
        q = self.quantiles.astype(float)
        low = np.maximum(0, q[..., :1] - (q[..., 1:2] - q[..., :1]))
        high = q[..., -1:] + (q[..., -1:] - q[..., -2:-1]) / 4
        q = np.concatenate([low, q, high], axis=-1)
        a, b, step = q[..., :-1], q[..., 1:], np.diff(_LEVELS)
        mean = ((a + b) / 2 * step).sum(-1)
        return mean, np.maximum(((a * a + a * b + b * b) / 3 * step).sum(-1) - mean**2, 0)


@cache
def _grid() -> np.ndarray:
    """Quantiles (spreads, means, levels) of the negative binomial distributions of the grid."""
    mean = np.exp(_GRID)[None, :, None]
    variance = np.maximum(np.array(SPREADS)[:, None, None] * _FACTOR * mean**_EXPONENT, 1.05 * mean)
    return nbinom.ppf(np.array(QUANTILE_LEVELS), mean**2 / (variance - mean), mean / variance)


def quantiles(mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Whole quantiles (products, weeks, levels) for means (products, weeks) and indices in `SPREADS` (products,)."""
    place = np.clip((np.log(np.maximum(mean, 1e-9)) - _GRID[0]) / (_GRID[1] - _GRID[0]), 0, len(_GRID) - 1.001)
    low = place.astype(int)
    part = (place - low)[..., None]
    grid, row = _grid(), spread[:, None]
    value = np.round(grid[row, low] * (1 - part) + grid[row, low + 1] * part)
    return np.where(mean[..., None] > 0, value, 0)


def over_span(
    mean: np.ndarray, variance: np.ndarray, start: np.ndarray, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of demand over `days` from day `start` (both (products,)); weeks past the last repeat it."""
    weeks = mean.shape[1]
    total, spread = np.zeros(len(start)), np.zeros(len(start))
    for week in range(int(np.ceil((start + days).max(initial=0) / 7))):
        part = np.clip(np.minimum(start + days, 7 * week + 7) - np.maximum(start, 7 * week), 0, 7) / 7
        m, v = mean[:, min(week, weeks - 1)], variance[:, min(week, weeks - 1)]
        total += part * m
        spread += part**2 * v + part * (1 - part) * m
    return total, spread


def gamma_quantile(level: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Quantile of the gamma distribution with that mean and variance; the mean itself where it does not vary."""
    varies = (mean > 0) & (variance > 0)
    shape = np.where(varies, mean**2 / np.where(varies, variance, 1), 1)
    scale = np.where(varies, variance, 0) / np.where(mean > 0, mean, 1)
    return np.where(varies, gammaincinv(shape, level) * scale, mean)
