"""What is wrong with a scenario, said so that its author can put it right."""

import dataclasses
from collections.abc import Iterable


@dataclasses.dataclass(frozen=True)
class Fault:
    """One kind of fault, with its first occurrence.

    Attributes:
        kind: short name of the kind of fault, such as "duplicate key".
        table, column: where it is; the column is None when it concerns whole rows or the whole table.
        row: first row with the fault, counted from 0 without a CSV header; None when no row is to blame.
        value: the value found there.
        rule: what should hold.
        remedy: what to do.
        count: number of rows with this fault.
    """

    kind: str
    table: str
    rule: str
    remedy: str
    column: str | None = None
    row: int | None = None
    value: str | None = None
    count: int = 1

    def __str__(self) -> str:
        place = f"table {self.table}"
        if self.column is not None:
            place += f", column {self.column}"
        if self.row is not None:
            place += f", row {self.row}"
        found = f": {self.kind}" if self.value is None else f": {self.kind}, found {self.value}"
        more = f" ({self.count} rows in all)" if self.count > 1 else ""
        return f"{place}{found}; the rule: {self.rule}{more}. {self.remedy}"


class ScenarioError(ValueError):
    """A scenario that cannot be used; `faults` lists why, and the message has a sentence for each."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))
