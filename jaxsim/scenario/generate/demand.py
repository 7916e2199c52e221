"""Weekly demand distributions.

A week's demand is negative binomial with variance ≈ 2.5 · mean^1.65 (the exponent of popular retail products; at the
median product the variance is about seven times the mean), so small means are intermittent: a product that sells 0.3
units a week has q50 = 0 and q95 = 2. Quantiles come from a fine grid of means, interpolated and made whole.
"""

import dataclasses
from functools import cache

import numpy as np
from scipy.stats import nbinom

from jaxsim.demand.moments import Moments, extend, moments
from jaxsim.scenario.schema import QUANTILE_LEVELS

SPREADS = (0.5, 0.7, 1.0, 1.4, 2.0)
"""Factors on the variance; each product has one."""

_EXPONENT, _FACTOR = 1.65, 2.5
_GRID = np.linspace(np.log(1e-3), np.log(3e5), 360)


@dataclasses.dataclass(frozen=True)
class Demand:
    """Weekly demand of a block: `mean` (products, weeks) and `quantiles` (products, weeks, levels), units."""

    mean: np.ndarray
    quantiles: np.ndarray

    def moments(self) -> Moments:
        """Mean and variance of the piecewise linear quantile function: both (products, weeks)."""
        return moments(*extend(np.array(QUANTILE_LEVELS), self.quantiles.astype(float)))


@dataclasses.dataclass(frozen=True)
class RegionalDemand:
    """Where real demand is: the regions (R) by name, their parts of all demand, and the products' own."""

    regions: list[str]
    weight: np.ndarray
    """(R,) positive, sums to 1."""
    share: np.ndarray
    """(products, R) in whole millionths, sums to 1."""


SHARE_CONCENTRATION = 30
"""How close products' shares of regions are to the whole's: that of a Dirichlet distribution.

To a product whose sales by region are known it says as much as 30 units.
"""


def whole_millionths(parts: np.ndarray) -> np.ndarray:
    """Parts (products, regions) in proportion to these, in whole millionths that sum to 1."""
    ends = np.cumsum(parts, axis=1)
    whole = np.round(1e6 * ends / ends[:, -1:])
    return np.diff(whole, axis=1, prepend=0) / 1e6


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
