"""Days, weeks and months of a table from their text, and which of the three they are.

    2024-01-01, 2024-01-02, …     days
    2024-01-01, 2024-01-08, …     weeks
    2024-01-01, 2024-02-01, …     months, by any day of the month that all share, the last one too; also 2024-01
    1, 2, 3, …                    of what frequency the caller says

Periods are in a row: one in which no row of the table falls is refused, since what looks like it is mostly another
frequency.
"""

import calendar
import re
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jaxsim.scenario.faults import Fault
from jaxsim.scenario.generate.history.weeks import Week, gaps, parsed_week
from jaxsim.scenario.view import View

_KIND_RULE = (
    "a period is a whole number, a date such as 2024-01-29, or a month such as 2024-01, of one kind in all rows"
)
_APART = {"day": (1, 1), "week": (7, 7), "month": (28, 31)}
_RULES = {
    "day": "dates are days",
    "week": "dates are a whole number of weeks apart",
    "month": "dates are the same day of each month",
}
_FREQUENCY_REMEDY = "Give a table of one frequency: days, weeks or months, each by the date of its first day."


class Periods(NamedTuple):
    """The period of each row of a table."""

    number: np.ndarray
    """From 0, the first one of the table, without a gap."""
    text: pa.ChunkedArray
    """In one spelling."""
    frequency: str
    start: np.datetime64 | None
    """First date; None of whole numbers."""


def read_periods(view: View, table: str, column: str, frequency: str | None) -> tuple[Periods, list[Fault]]:
    """Periods of the rows of a table, from a column of text, and what is wrong with them.

    Args:
        frequency: what they must be; None: what dates say, and weeks of whole numbers.
    """
    given = view.tables[table][column]
    found = given.combine_chunks().dictionary_encode()
    texts, code = found.dictionary.to_pylist(), found.indices.to_numpy()
    nothing = Periods(np.zeros(len(code), int), given, frequency or "week", None)
    if not texts:
        return nothing, []
    parsed = [_parsed(text) for text in texts]
    bad = np.array([each is None or parsed[0] is None or each.is_date != parsed[0].is_date for each in parsed])
    if bad.any():
        return nothing, view.faults(
            "not a period", table, column, bad[code], _KIND_RULE, "Write all periods like that."
        )
    known = [each for each in parsed if each is not None]
    number, start = np.array([each.number for each in known]), None
    if known[0].is_date:
        kind, mixed = _frequency(number)
        chosen = frequency or kind
        if mixed.any() and frequency is None:
            rule, said = "all periods are days, or weeks, or months", "mixed frequencies before the period"
            return nothing, view.faults(said, table, column, mixed[code], rule, _FREQUENCY_REMEDY)
        start = np.datetime64(date.fromordinal(int(number.min())))
        number, off = _numbered(number, chosen)
        if off.any():
            said = f"not {chosen}s"
            return nothing, view.faults(said, table, column, off[code], _RULES[chosen], _FREQUENCY_REMEDY)
    else:
        chosen = frequency or "week"
    spelled = pa.array([each.spelled for each in known], pa.string())
    text = pa.chunked_array([pa.DictionaryArray.from_arrays(found.indices, spelled).cast(pa.string())])
    rule = f"every {chosen} from the first to the last has a row"
    remedy = f"Number periods 1, 2, 3, … or give dates; add a row of 0 units to a {chosen} in which nothing was sold."
    faults = gaps(view, table, column, number, code, rule=rule, remedy=remedy, kind=f"gap before the {chosen}")
    return Periods((number - number.min())[code], text, chosen, start), faults


def _parsed(text: str) -> Week | None:
    month = re.fullmatch(r"\s*(\d{4}-\d{2})\s*", text)
    return parsed_week(text if month is None else f"{month[1]}-01")


def _frequency(days: np.ndarray) -> tuple[str, np.ndarray]:
    """What dates are by how far most of them are apart, and those that follow another such distance.

    Four weeks, which may also be a February or weeks without rows, are no sign of a mixture; neither is a single one.
    """
    there = np.unique(days)
    apart = np.diff(there)
    fits = {kind: (low <= apart) & (apart <= high) for kind, (low, high) in _APART.items()}
    kind = max(fits, key=lambda each: (int(fits[each].sum()), each == "week"))
    strange = np.zeros(len(apart), bool)
    for other in fits:
        also = fits[other] & (apart != 28)
        if other != kind and also.sum() > 1:
            strange |= also
    return kind, np.isin(days, there[1:][strange])


def _numbered(days: np.ndarray, frequency: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of periods, and dates that are none: another weekday than the first one's, another day of the month."""
    if frequency == "day":
        return days, np.zeros(len(days), bool)
    if frequency == "week":
        return (days - days[0]) // 7, (days - days[0]) % 7 != 0
    dates = [date.fromordinal(int(day)) for day in days]
    last = np.array([calendar.monthrange(each.year, each.month)[1] for each in dates])
    day = np.array([each.day for each in dates])
    offs = [day != np.minimum(anchor, last) for anchor in sorted(set(day.tolist()), reverse=True)]
    off = min(offs, key=lambda each: int(each.sum()))
    return np.array([12 * each.year + each.month for each in dates]), off
