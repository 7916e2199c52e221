"""Monthly demand in a wide table: a CSV without header, a series per row, a month per column.

An empty cell or NaN means that the product was not on sale. Each series becomes a product named after its row: S00042
is row 42, counted from 0. A month's units fall in any one week of it with probability 12/52 (binomial thinning), which
makes a weekly distribution of the monthly one (`mixture`). Series without any observation are dropped and counted; a
series of zeros keeps a demand of zero.
"""

import os
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.csv
from scipy.special import bdtr, ndtr

from jaxsim.scenario.generate.history.history import History
from jaxsim.scenario.generate.history.mixture import mixture
from jaxsim.scenario.generate.history.tidy_table import COLUMNS

WEEK_OF_MONTH = 12 / 52
"""Probability that a unit of a month falls in a given week."""

_EXACT = 200
_FORMS = f"it was read as monthly demand, as its first line has none of the columns of weekly demand: {COLUMNS}"


def read_wide(path: str | os.PathLike) -> History:
    """Read a table of monthly demand.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no table of numbers, has a negative, fractional or infinite value, or no observation
        at all.
    """
    months = _read_months(path)
    kept = np.flatnonzero((~np.isnan(months)).any(1))
    if not len(kept):
        raise ValueError(f"{path}: no series has an observation")
    dropped, months = len(months) - len(kept), months[kept]
    observed = ~np.isnan(months)
    values = np.where(observed, months, 0)
    return History(
        names=np.array([f"S{row:05d}" for row in kept]),
        weekly_mean=(values.sum(1) / observed.sum(1) * WEEK_OF_MONTH).round(5),
        quantiles=mixture(values, observed).quantiles(_thinned_below),
        remarks=(f"left out {dropped} series without observations",) if dropped else (),
    )


def _read_months(path: str | os.PathLike) -> np.ndarray:
    """The table (series, months), NaN where nothing was observed; every value is checked."""
    months = read_numbers(path)
    bad = np.isinf(months) | (months < 0) | (months != np.floor(months)) & ~np.isnan(months)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            f"{path}: row {row}, column {column} is {months[row, column]}; demand is a whole number of at least 0"
            f" ({bad.sum()} such values)"
        )
    return months


def read_numbers(path: str | os.PathLike) -> np.ndarray:
    """A table of numbers without header, an empty cell being NaN.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no table of numbers.
    """
    try:
        table = pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(autogenerate_column_names=True))
        return np.column_stack([column.cast(pa.float64()).to_numpy() for column in table.columns])
    except (pa.ArrowException, ValueError) as error:
        raise ValueError(f"{path}: not a table of numbers: {error}; {_FORMS}") from error


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
