"""Weekly demand in a tidy table: a row for each product, region and week, as `tidy_table` reads it.

A product's weekly distribution is that of its last `RECENT_WEEKS` weeks over all regions (`mixture`), the same in every
week of the horizon: a year holds every season once. Shares of regions are those of the same weeks.

- A product or a region is on sale from the first week in which any of it was sold. Rows of 0 before that count as
  little as no rows, since many exports fill them in.
- From then on, a week without a row sold nothing.
- Negative units, which are returns, count as 0: a week's demand is what customers asked for.
- A region that opened lately counts with the rate of its own weeks, not as if it had sold nothing before.
"""

import os

import numpy as np

from jaxsim.scenario.generate.demand import SHARE_CONCENTRATION, RegionalDemand, whole_millionths
from jaxsim.scenario.generate.history.history import History
from jaxsim.scenario.generate.history.mixture import mixture
from jaxsim.scenario.generate.history.tidy_table import Coded, WeeklyRows, read_rows

RECENT_WEEKS = 52
"""Most weeks that count, the last ones of the table."""

MOST_WEEKLY = 1_000_000
"""Most units of a product in a week: of more, its stock and orders leave the range of the engines."""


def read_tidy(path: str | os.PathLike) -> History:
    """Read a tidy table of weekly demand.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no such table, or nothing was sold in the weeks that count, or too much.
    """
    rows = read_rows(path)
    units = np.maximum(rows.units, 0).astype(float)
    weekly = _by_week(rows.product, rows, units)
    weekly, on_sale = weekly[:, -RECENT_WEEKS:], _on_sale(weekly)[:, -RECENT_WEEKS:]
    _check_range(path, rows.product.names, weekly)
    return History(
        names=np.array(rows.product.names),
        weekly_mean=(weekly.sum(1) / on_sale.sum(1)).round(5),
        quantiles=mixture(weekly, on_sale).quantiles(lambda k, units: units <= k),
        remarks=_remarks(rows, weekly, on_sale),
        regional=_regional(rows, units, on_sale.sum(1)),
    )


def _check_range(path: str | os.PathLike, products: list[str], weekly: np.ndarray) -> None:
    if not weekly.any():
        remedy = "give weeks in which some product was sold"
        raise ValueError(f"{path}: table weekly demand: nothing was sold in the last {weekly.shape[1]} weeks; {remedy}")
    if weekly.max() > MOST_WEEKLY:
        most = f"product {products[weekly.max(1).argmax()]} sold {weekly.max():,.0f} units in a week, of at most"
        raise ValueError(f"{path}: table weekly demand: {most} {MOST_WEEKLY:,}; count in larger units, such as cases")


def _by_week(of: Coded, rows: WeeklyRows, units: np.ndarray) -> np.ndarray:
    """Units of each product or region by week: (names, weeks)."""
    weeks = int(rows.week.max()) + 1
    return np.bincount(of.code * weeks + rows.week, units, len(of.names) * weeks).reshape(-1, weeks)


def _on_sale(weekly: np.ndarray) -> np.ndarray:
    """Weeks since the first sale; all of them where there is none."""
    since = np.maximum.accumulate(weekly > 0, axis=1)
    return since | ~since[:, -1:]


def _regional(rows: WeeklyRows, units: np.ndarray, product_weeks: np.ndarray) -> RegionalDemand:
    """Regions, and shares that lean on the whole's as much as the synthetic ones do: where there are few units.

    Args:
        product_weeks: weeks that count of each product.
    """
    region_weeks = _on_sale(_by_week(rows.region, rows, units))[:, -RECENT_WEEKS:].sum(1)
    recent = rows.week > rows.week.max() - RECENT_WEEKS
    pair = rows.product.code * len(region_weeks) + rows.region.code
    shape = len(product_weeks), len(region_weeks)
    sold = np.bincount(pair[recent], units[recent], np.prod(shape)).reshape(shape)
    sold *= np.maximum(1, product_weeks[:, None] / region_weeks)
    weight = sold.sum(0) + SHARE_CONCENTRATION / len(region_weeks)
    weight /= weight.sum()
    return RegionalDemand(rows.region.names, weight, whole_millionths(sold + SHARE_CONCENTRATION * weight))


def _remarks(rows: WeeklyRows, weekly: np.ndarray, on_sale: np.ndarray) -> tuple[str, ...]:
    weeks = weekly.shape[1]
    counts = {
        "rows of negative units (returns), counted as 0": (rows.units < 0).sum(),
        f"products on sale for less than these {weeks} weeks": (on_sale.sum(1) < weeks).sum(),
        f"products that sold nothing in these {weeks} weeks": (~weekly.any(1)).sum(),
    }
    first = f"demand of the last {weeks} of {int(rows.week.max()) + 1} weeks; regions: {len(rows.region.names)}"
    return first, *(f"{text}: {count:,}" for text, count in counts.items() if count)
