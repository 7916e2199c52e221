"""What is wrong with a scenario, said so that its author can put it right."""

import dataclasses
import difflib
import itertools
from collections.abc import Iterable

_MOST_COMPARED = 20_000  # names; comparing takes about 10 µs each


@dataclasses.dataclass(frozen=True)
class Fault:
    """One kind of fault, with its first occurrence.

    Attributes:
        kind: short name of the kind of fault, such as "duplicate key".
        table, column: where it is; the column is None when it concerns whole rows or the whole table.
        row: first row with the fault; None when no row is to blame. Rows of a CSV file are counted as spreadsheets and
            editors do, with the header as row 1; rows of Parquet files and of tables in memory from 0.
        value: the value found there.
        rule: what should hold.
        remedy: what to do.
        count: number of rows with this fault.
        is_warning: what was found is legal, but hardly what was meant.
    """

    kind: str
    table: str
    rule: str
    remedy: str
    column: str | None = None
    row: int | None = None
    value: str | None = None
    count: int = 1
    is_warning: bool = False

    def __str__(self) -> str:
        place = f"warning: table {self.table}" if self.is_warning else f"table {self.table}"
        if self.column is not None:
            place += f", column {self.column}"
        if self.row is not None:
            place += f", row {self.row}"
        found = f": {self.kind}" if self.value is None else f": {self.kind}, found {self.value}"
        more = f" ({self.count} rows in all)" if self.count > 1 else ""
        return f"{place}{found}; the rule: {self.rule.removesuffix('.')}{more}. {self.remedy}"


def nearest(name: str, known: Iterable[str]) -> str:
    """A part of a sentence that says which known name is most like `name`; empty where none is like it."""
    names = {other.casefold(): other for other in itertools.islice(known, _MOST_COMPARED)}
    close = difflib.get_close_matches(name.casefold(), list(names), 1)
    return f" (nearest: {names[close[0]]!r})" if close else ""


class TableError(ValueError):
    """Tables that cannot be used; `faults` lists why, and the message has a sentence for each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class ScenarioError(TableError):
    """A scenario that cannot be used."""
