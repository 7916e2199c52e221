"""Weekly demand from a table of real demand history.

The file is a CSV without header, a series per row, a month per column; an empty cell or NaN means that the product
was not on sale. Each series becomes a product named after its row: S00042 is row 42, counted from 0. Its monthly
distribution mixes the observed months with a negative binomial of the series' own mean and the spread that all series
share, worth `SHRINKAGE` months; a month's units fall in any one week of it with probability 12/52 (binomial
thinning), which gives the weekly distribution. Series without any observation are dropped and counted; a series of
zeros keeps a demand of zero.
"""

import dataclasses
import os
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.csv
from scipy.special import bdtr, ndtr
from scipy.stats import nbinom

from jaxsim.scenario.generate.demand import Demand
from jaxsim.scenario.schema import QUANTILE_LEVELS

SHRINKAGE = 12.0
"""Months of observation that the fitted distribution counts for."""

WEEK_OF_MONTH = 12 / 52
"""Probability that a unit of a month falls in a given week."""

_EXACT = 200
_MIDDLES = (np.arange(12) + 0.5) / 12  # levels at which the fitted distribution is represented


@dataclasses.dataclass(frozen=True)
class History:
    """Weekly demand of the series (products), the same in every week."""

    names: np.ndarray
    """(products,)"""
    weekly_mean: np.ndarray
    """(products,) units."""
    quantiles: np.ndarray
    """(products, levels) units."""
    dropped: int
    """Series without an observation."""

    def demand(self, start: int, stop: int, weeks: int) -> Demand:
        """Demand of products start … stop − 1 over `weeks` weeks."""
        mean = np.repeat(self.weekly_mean[start:stop, None], weeks, axis=1)
        return Demand(mean, np.repeat(self.quantiles[start:stop, None, :], weeks, axis=1))


def read_history(path: str | os.PathLike) -> History:
    """Read a demand history.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no table of numbers, has a negative, fractional or infinite value, or no observation
        at all.
    """
    months = _read_months(path)
    kept = np.flatnonzero((~np.isnan(months)).any(1))
    dropped = len(months) - len(kept)
    if not len(kept):
        raise ValueError(f"{path}: no series has an observation")
    months = months[kept]
    observed = ~np.isnan(months)
    count = observed.sum(1, keepdims=True)
    values = np.where(observed, months, 0)
    fitted = _fitted(values, observed, _MIDDLES)
    weight = np.hstack([observed / (count + SHRINKAGE), np.repeat(SHRINKAGE / 12 / (count + SHRINKAGE), 12, axis=1)])
    mean = values.sum(1) / count[:, 0] * WEEK_OF_MONTH
    quantiles = _thinned_quantiles(np.hstack([values, fitted]), weight)
    return History(np.array([f"S{row:05d}" for row in kept]), mean.round(5), quantiles, dropped)


def _read_months(path: str | os.PathLike) -> np.ndarray:
    """The table (series, months), NaN where nothing was observed; every value is checked."""
    try:
        table = pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(autogenerate_column_names=True))
        months = np.column_stack([column.cast(pa.float64()).to_numpy() for column in table.columns])
    except (pa.ArrowException, ValueError) as error:
        raise ValueError(f"{path}: not a table of numbers: {error}") from error
    bad = np.isinf(months) | (months < 0) | (months != np.floor(months)) & ~np.isnan(months)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"{path}: row {row}, column {column} is {months[row, column]}; demand is a whole number of at least 0"
            f" ({bad.sum()} such values)"
        )
    return months


def _fitted(values: np.ndarray, observed: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Quantiles (products, levels) of negative binomials of each series' mean and the common law of variance."""
    count = observed.sum(1)
    mean = values.sum(1) / count
    variance = (observed * (values - mean[:, None]) ** 2).sum(1) / np.maximum(count - 1, 1)
    use = (count > 5) & (variance > mean) & (mean > 0)
    slope, intercept = np.polyfit(np.log(mean[use]), np.log(variance[use]), 1) if use.sum() > 2 else (1.65, np.log(2.5))
    positive = np.where(mean > 0, mean, 1)[:, None]
    spread = np.maximum(np.exp(intercept) * positive**slope, 1.05 * positive)
    quantiles = nbinom.ppf(levels, positive**2 / (spread - positive), positive / spread)
    return np.where(mean[:, None] > 0, quantiles, 0)


@cache
def _binomial() -> np.ndarray:
    """P(Binomial(n, WEEK_OF_MONTH) ≤ k) for n and k up to `_EXACT`."""
    size = np.arange(_EXACT + 1)
    return bdtr(np.minimum(size[None, :], size[:, None]), size[:, None], WEEK_OF_MONTH)


def _thinned_below(k: np.ndarray, units: np.ndarray) -> np.ndarray:
    """P(Binomial(units, WEEK_OF_MONTH) ≤ k), by the normal distribution above `_EXACT` units."""
    exact = _binomial()[np.minimum(units, _EXACT).astype(int), np.clip(k, 0, _EXACT).astype(int)]
    if units.max(initial=0) <= _EXACT:
        return exact
    deviation = np.sqrt(np.maximum(units, 1) * WEEK_OF_MONTH * (1 - WEEK_OF_MONTH))
    return np.where(units <= _EXACT, exact, ndtr((k + 0.5 - units * WEEK_OF_MONTH) / deviation))


def _thinned_quantiles(units: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Whole quantiles (products, levels) of binomially thinned mixtures of `units` (products, points)."""
    result = np.empty((len(units), len(QUANTILE_LEVELS)))
    for i, level in enumerate(QUANTILE_LEVELS):
        low, high = np.full(len(units), -1.0), units.max(1)  # P(demand ≤ low) < level ≤ P(demand ≤ high)
        while (high - low > 1).any():
            middle = np.maximum(0, np.floor((low + high) / 2))
            reached = (weight * _thinned_below(middle[:, None], units)).sum(1) >= level
            low, high = np.where(reached, low, middle), np.where(reached, middle, high)
        result[:, i] = high
    return result
