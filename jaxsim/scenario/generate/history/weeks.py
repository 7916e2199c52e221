"""Weeks of a table from their text: numbers in a row, or dates a whole number of weeks apart.

A week in which no row falls is refused: what looks like one is mostly months, days, or numbers such as 202352 before
202401, of which each would count for a week and all between them for weeks without sales.
"""

import re
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from jaxsim.scenario.faults import Fault
from jaxsim.scenario.view import View

_KIND_RULE = "a week is a whole number or a date such as 2024-01-29, of one kind in all rows"
_DAY_RULE = "dates are a whole number of weeks apart"
_GAP_RULE = "every week from the first to the last has a row"


class Weeks(NamedTuple):
    """The week of each row: its number from 0, and its text in one spelling."""

    number: np.ndarray
    text: pa.ChunkedArray


def read_weeks(view: View, table: str, column: str) -> tuple[Weeks, list[Fault]]:
    """Weeks of the rows of a table, from a column of text, and what is wrong with them."""
    given = view.tables[table][column]
    found = given.combine_chunks().dictionary_encode()
    texts, code = found.dictionary.to_pylist(), found.indices.to_numpy()
    nothing = Weeks(np.zeros(len(code), int), given)
    if not texts:
        return nothing, []
    parsed = [parsed_week(text) for text in texts]
    bad = np.array([week is None or parsed[0] is None or week.is_date != parsed[0].is_date for week in parsed])
    if bad.any():
        return nothing, view.faults("not a week", table, column, bad[code], _KIND_RULE, "Write all weeks like that.")
    number = np.array([week.number for week in parsed if week is not None])
    spelled = [week.spelled for week in parsed if week is not None]
    if parsed[0] is not None and parsed[0].is_date:
        off = (number - number[0]) % 7 != 0
        if off.any():
            remedy = "Add up the units of each week, and give the date of its first day."
            return nothing, view.faults("not weekly", table, column, off[code], _DAY_RULE, remedy)
        number = number // 7
    text = pa.DictionaryArray.from_arrays(found.indices, pa.array(spelled, pa.string())).cast(pa.string())
    remedy = "Number weeks 1, 2, 3, … or give dates; add a row of 0 units to a week in which nothing was sold."
    faults = gaps(view, table, column, number, code, rule=_GAP_RULE, remedy=remedy, kind="gap before the week")
    return Weeks((number - number.min())[code], pa.chunked_array([text])), faults


class Week(NamedTuple):
    """A week, or another period, as it is written."""

    is_date: bool
    number: int
    """The week's own number, or the day of its date."""
    spelled: str


def parsed_week(text: str) -> Week | None:
    """The week of a text; None where it is neither a whole number nor a date."""
    text = text.strip()
    if re.fullmatch(r"[+-]?\d{1,15}", text):
        return Week(False, int(text), str(int(text)))
    try:
        day = datetime.fromisoformat(text).date()
    except ValueError:
        return None
    return Week(True, day.toordinal(), day.isoformat())


def gaps(
    view: View, table: str, column: str, number: np.ndarray, code: np.ndarray, *, rule: str, remedy: str, kind: str
) -> list[Fault]:
    """A fault for the rows whose week, or other period, follows one that has none.

    Args:
        number: of each period that occurs; `code` is each row's place among them.
    """
    there = np.unique(number)
    after = there[1:][np.diff(there) > 1]
    return view.faults(kind, table, column, np.isin(number, after)[code], rule, remedy)
