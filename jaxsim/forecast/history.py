"""Panels from tables of demand history: a file or a data frame of one of two forms.

- `tidy`: a row for each product, region (or store) and period, with a header. A region and whether the product was out
  of stock (`censored`, or its opposite `in_stock`) may be left out. Periods are days, weeks or months.
- `wide`: a series per row, a period per column, no header; unknown periods are empty or NaN.

As in a scenario's history, a tidy series is on sale from the first period in which any of it was sold: earlier ones are
unknown, whether they have rows or not, and later ones without a row sold nothing. A series of which nothing was sold
counts from its first period. What a wide table says of a period is taken as it is. Negative units, which are returns,
count as 0, since demand is what customers asked for.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from jaxsim.forecast.panel import SEASONS, Panel
from jaxsim.forecast.periods import read_periods
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.frames import arrow_table
from jaxsim.scenario.generate.history.tidy_table import (
    NAMES,
    Columns,
    Form,
    coded,
    is_tidy,
    read_columns,
    refusal,
)
from jaxsim.scenario.generate.history.wide import read_numbers
from jaxsim.scenario.schema import Type

LEAST_PERIODS = 4
"""Fewest periods of a history."""

FORM = Form(
    "demand history",
    ("product", "week", "units"),
    ("region", "censored", "in_stock"),
    Type.NUMBER,
    "product, period (or week, or date), units; perhaps region (or store), censored or in_stock",
)
"""A tidy table of demand history."""


def read_panel(source: Any, frequency: str | None = None, *, as_given: bool = False) -> Panel:
    """Read a demand history; the panel's remarks say what was changed or is odd.

    Args:
        source: a CSV or a Parquet file, a data frame of any library with Arrow's interface, or a mapping of columns.
        frequency: what a period is, day, week or month; None: what dates say, weeks of numbered periods, and months of
            a wide table.
        as_given: keep negative units, and rows of a tidy series before its first sale, as comparisons of forecasts do.

    Raises:
        OSError: the file cannot be read.
        TypeError: the source is neither a file nor a data frame.
        ValueError: the frequency is none, or the table is no demand history; a sentence for each kind of fault, with
            the table, column, row and remedy.
    """
    if frequency is not None and frequency not in SEASONS:
        raise ValueError(f"a period is one of {', '.join(SEASONS)}, not {frequency!r}")
    if isinstance(source, str | os.PathLike):
        if is_tidy(source):
            return _tidy(source, frequency, as_given)
        return _wide(str(source), read_numbers(source), frequency or "month", as_given)
    if isinstance(source, Mapping) or _names_roles(arrow_table(source, FORM.table)):
        return _tidy(source, frequency, as_given)
    return _wide(FORM.table, _numbers(arrow_table(source, FORM.table)), frequency or "month", as_given)


def _names_roles(rows: pa.Table) -> bool:
    known = {name for role in FORM.needed for name in NAMES[role]}
    return any(name in known for name in rows.column_names)


def _numbers(rows: pa.Table) -> np.ndarray:
    try:
        return np.column_stack([column.cast(pa.float64()).to_numpy() for column in rows.columns])
    except (pa.ArrowException, ValueError) as error:
        remedy = f"give a series per row, or the columns {FORM.columns}"
        raise ValueError(f"{FORM.table}: not a table of numbers: {error}; {remedy}") from error


def _tidy(source: Any, frequency: str | None, as_given: bool) -> Panel:
    found = read_columns(source, FORM)
    periods, faults = read_periods(found.view(), FORM.table, found.names["week"], frequency)
    faults += found.respelled(periods.text)
    if {"censored", "in_stock"} <= set(found.names):
        rule, remedy = "a table says either what is censored or what is in stock", "Leave one of the two columns out."
        faults.append(Fault("repeated column", FORM.table, rule, remedy, column="censored", value="in_stock too"))
    count = int(periods.number.max(initial=-1)) + 1
    faults += [] if faults else _too_short(count)
    if faults:
        raise refusal(source, faults)
    series, product, region = _series(found)
    units = np.asarray(found.rows[found.names["units"]].to_numpy(), float)
    values, there = np.zeros((2, len(product), count))
    values[series, periods.number] = units
    there[series, periods.number] = 1
    censored = _censored(found, series, periods.number, values.shape)
    remarks = _returns(values, as_given)
    if not as_given:
        since = np.logical_or.accumulate(values > 0, axis=1)
        begun = np.logical_or.accumulate(there > 0, axis=1)
        values[~np.where(since[:, -1:], since, begun)] = np.nan
    remarks += _odd(values, product, region)
    return Panel(values, periods.frequency, product, region, periods.start, censored, remarks=remarks)


def _too_short(count: int) -> list[Fault]:
    rule = f"a history has {LEAST_PERIODS} periods or more"
    remedy = "Give a longer history; a year or more shows seasons."
    few = Fault("too short", FORM.table, rule, remedy, value=f"{count} periods")
    return [few] if count < LEAST_PERIODS else []


def _series(found: Columns) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Number of each row's series, and the series' products and regions, in the order of their names."""
    product = coded(found.rows[found.names["product"]])
    column = found.role("region")
    if column is None:
        return product.code, np.array(product.names), None
    region = coded(column)
    pairs, series = np.unique(product.code * len(region.names) + region.code, return_inverse=True)
    names = np.divmod(pairs, len(region.names))
    return series, np.array(product.names)[names[0]], np.array(region.names)[names[1]]


def _censored(found: Columns, series: np.ndarray, period: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    column = found.role("censored") or found.role("in_stock")
    if column is None:
        return None
    censored = np.zeros(shape, bool)
    flag = column.to_numpy().astype(bool)
    censored[series, period] = flag if "censored" in found.names else ~flag
    return censored


def _wide(name: str, values: np.ndarray, frequency: str, as_given: bool) -> Panel:
    infinite = np.argwhere(np.isinf(values))
    if len(infinite):
        row, column = infinite[0]
        remedy = "Write a number, or leave the cell empty where nothing is known."
        raise ValueError(f"{name}: row {row}, column {column} is infinite; units are finite. {remedy}")
    if faults := _too_short(values.shape[1]):
        raise ValueError(f"{name}: {faults[0]}")
    kept = np.flatnonzero((~np.isnan(values)).any(1))
    if not len(kept):
        raise ValueError(f"{name}: no series has an observation; write the units of each period in a row")
    dropped, values = len(values) - len(kept), values[kept]
    product = np.array([f"S{row:05d}" for row in kept])
    remarks = (f"left out {dropped:,} series without observations",) if dropped else ()
    remarks += _returns(values, as_given) + _odd(values, product, None)
    return Panel(values, frequency, product, remarks=remarks)


def _returns(values: np.ndarray, as_given: bool) -> tuple[str, ...]:
    """Set negative units to 0, unless they are kept, and say so."""
    negative = values < 0
    if as_given or not negative.any():
        return ()
    values[negative] = 0.0
    return (f"periods of negative units (returns), counted as 0: {negative.sum():,}",)


def _odd(values: np.ndarray, product: np.ndarray, region: np.ndarray | None) -> tuple[str, ...]:
    """Remarks on what can be forecast, but is hardly what was meant."""
    known = ~np.isnan(values)
    most = np.where(known, values, -np.inf).max(1)
    least = np.where(known, values, np.inf).min(1)
    zero = (most == 0) & (least == 0)
    kinds = {
        "series of zeros only": zero,
        "series whose units never change": (most == least) & ~zero & (known.sum(1) >= LEAST_PERIODS),
        f"series of fewer than {LEAST_PERIODS} known periods": known.sum(1) < LEAST_PERIODS,
    }
    remarks = []
    for text, odd in kinds.items():
        if odd.any():
            first = int(odd.argmax())
            name = product[first] if region is None else f"{product[first]} in {region[first]}"
            remarks.append(f"{text}: {odd.sum():,}, the first is {name}")
    return tuple(remarks)
