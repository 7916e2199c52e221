"""The rows of a tidy table of demand, read and checked as a scenario's tables are.

    product,store,week,units
    kettle,Quito,2024-01-01,31
    kettle,Quito,2024-01-08,-2

Some columns go by several names (`NAMES`); others are not read. What is wrong is said by the sentences that
`jaxsim validate` uses, each with its first row. `read_rows` reads what a scenario is generated from: whole units by
product, region and week. `read_columns` reads any such table, for others that have their own periods (`Form`).
"""

import dataclasses
import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jaxsim.scenario.check import table_faults
from jaxsim.scenario.csv_form import form_faults, header_names, line_of
from jaxsim.scenario.faults import Fault, nearest
from jaxsim.scenario.frames import arrow_table
from jaxsim.scenario.generate.history.weeks import read_weeks
from jaxsim.scenario.read import read_file, sound_table
from jaxsim.scenario.schema import Column, Table, Type
from jaxsim.scenario.view import View

NAMES = {
    "product": ("product",),
    "region": ("region", "store"),
    "week": ("week", "period", "date"),
    "units": ("units",),
    "censored": ("censored",),
    "in_stock": ("in_stock",),
}
"""Names that each column goes by."""

COLUMNS = "product, region (or store), week (or period, or date), units"
"""The same in words."""

_KEY = ("product", "region", "week")


class Form(NamedTuple):
    """What is read of a tidy table: the columns of these roles, keys of `NAMES`."""

    table: str
    """What faults call the table."""
    needed: tuple[str, ...]
    wanted: tuple[str, ...]
    """Read where they are there."""
    units: Type
    columns: str
    """All of them in words."""


WEEKLY = Form("weekly demand", (*_KEY, "units"), (), Type.COUNT, COLUMNS)
"""What a scenario is generated from."""


class Columns(NamedTuple):
    """The columns of a table in the declared types, and their names by role."""

    table: Table
    rows: pa.Table
    names: dict[str, str]

    def role(self, role: str) -> pa.ChunkedArray | None:
        """The column of a role; None where there is none."""
        return self.rows[self.names[role]] if role in self.names else None

    def view(self) -> View:
        """The table for checks."""
        return View({self.table.name: self.rows}, {self.table.name: self.table})

    def respelled(self, weeks: pa.ChunkedArray) -> list[Fault]:
        """Faults of the table with its weeks in one spelling, to find duplicates."""
        name = self.names["week"]
        rows = self.rows.set_column(self.rows.column_names.index(name), name, weeks)
        return table_faults(self._replace(rows=rows).view(), self.table)


def _table(names: dict[str, str], form: Form) -> Table:
    """The declaration of a table with columns of these names, and what each of them is."""
    types = {"units": form.units, "censored": Type.FLAG, "in_stock": Type.FLAG}
    columns = (Column(name, types.get(role, Type.NAME), "", "") for name, role in names.items())
    key = tuple(name for name, role in names.items() if role in _KEY)
    return Table(form.table, "Demand of products by region and period.", key, tuple(columns))


_ANY_NAME = _table({name: role for role in WEEKLY.needed for name in NAMES[role]}, WEEKLY)


class Coded(NamedTuple):
    """Names, sorted, and each row's place among them."""

    names: list[str]
    code: np.ndarray


@dataclasses.dataclass(frozen=True)
class WeeklyRows:
    """The rows of a table, at most one for a product, a region and a week."""

    product: Coded
    region: Coded
    week: np.ndarray
    """From 0, the first week of the table, without a gap."""
    units: np.ndarray
    """Whole; negative where customers returned more than they bought."""


def is_tidy(path: str | os.PathLike) -> bool:
    """Whether a file is a tidy table: a Parquet file, or a CSV whose first line names one of the columns.

    Raises:
        OSError: the file cannot be read.
    """
    with Path(path).open("rb") as file:
        line = file.readline(1 << 20)
    text = line.replace(b"\0", b"").decode("utf-8-sig", "replace")  # also UTF-16, which is then refused by name
    cells = (cell.strip(' "\r\n').casefold() for cell in re.split(r"[,;\t|]", text))
    return _is_parquet(Path(path)) or any(_ANY_NAME.find(cell) is not None for cell in cells)


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PAR1" or path.suffix == ".parquet"


def read_rows(path: str | os.PathLike) -> WeeklyRows:
    """Read a tidy table of weekly demand.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is no such table; a sentence for each kind of fault.
    """
    path = Path(path)
    found = read_columns(path, WEEKLY)
    weeks, faults = read_weeks(found.view(), WEEKLY.table, found.names["week"])
    faults += found.respelled(weeks.text)
    if faults:
        raise refusal(path, faults)
    product, region, _, units = (found.rows[name] for name in found.table.names)
    return WeeklyRows(coded(product), coded(region), weeks.number, units.to_numpy())


def refusal(source: Any, faults: list[Fault]) -> ValueError:
    """An error with a sentence for each fault of a file or a data frame."""
    if not isinstance(source, str | os.PathLike):
        return ValueError("\n".join(map(str, faults)))
    path = Path(source)
    if not _is_parquet(path):  # lines are counted, not rows
        lines = [None if fault.row is None else line_of(path, fault.row) for fault in faults]
        faults = [dataclasses.replace(fault, row=line) for fault, line in zip(faults, lines, strict=True)]
    return ValueError("\n".join(f"{path}: {fault}" for fault in faults))


def read_columns(source: Any, form: Form) -> Columns:
    """The columns of a tidy table, each in its declared type.

    Args:
        source: a Parquet or a CSV file, a data frame of any library with Arrow's interface, or a mapping of columns.

    Raises:
        OSError: the file cannot be read.
        TypeError: the source is neither a file nor a data frame.
        ValueError: the source is no such table; a sentence for each kind of fault.
    """
    if isinstance(source, str | os.PathLike):
        return _read(Path(source), form)
    rows = arrow_table(source, form.table)
    names, faults = _names(rows.column_names, form)
    if faults:
        raise refusal(source, faults)
    table = _table(names, form)
    rows, faults = sound_table(_names_as_text(rows.select(list(names)), table), table)
    if faults:
        raise refusal(source, faults)
    return Columns(table, rows, {role: name for name, role in names.items()})


def _read(path: Path, form: Form) -> Columns:
    parquet = _is_parquet(path)
    try:
        faults = [] if parquet else form_faults(path, _ANY_NAME)
        names, name_faults = _names(pq.read_schema(path).names if parquet else header_names(path), form)
        if faults := faults or name_faults:
            raise refusal(path, faults)
        table = _table(names, form)
        if parquet:
            rows, faults = sound_table(_names_as_text(pq.read_table(path, columns=list(names)), table), table)
        else:
            rows, faults = read_file(path, table, table.names)
    except pa.ArrowException as error:
        text = " ".join(str(error).split())
        rule, remedy = "the file is a whole table", f"Write {path.name} again."
        raise refusal(path, [Fault("unreadable file", form.table, rule, remedy, value=text)]) from error
    if faults:
        raise refusal(path, faults)
    return Columns(table, rows, {role: name for name, role in names.items()})


def _names(there: list[str], form: Form) -> tuple[dict[str, str], list[Fault]]:
    """Which of the columns that are there is what, and faults for what is missing or there twice."""
    names, faults = {}, []
    rule = f"columns are {form.columns}"
    for role in [role for role in NAMES if role in form.needed + form.wanted]:
        found = [name for name in there if name in NAMES[role]]
        if not found and role in form.needed:
            remedy = f"Add the column or correct its name{nearest(role, there)}."
            faults.append(Fault("missing column", form.table, rule, remedy, column=role))
        elif len(found) > 1:
            value = " and ".join(found)
            faults.append(Fault("repeated column", form.table, rule, "Keep one of them.", column=role, value=value))
        names |= dict.fromkeys(found, role)
    return names, faults


def _names_as_text(rows: pa.Table, table: Table) -> pa.Table:
    """The rows of a Parquet file, with text where names are whole numbers or dates."""
    for name in table.key:
        values = rows[name]
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_timestamp(values.type) or pa.types.is_date64(values.type):
            values = values.cast(pa.date32(), safe=False)
        if pa.types.is_floating(values.type):  # what data frames make of whole numbers
            values = _whole_if_possible(values)
        if pa.types.is_integer(values.type) or pa.types.is_date(values.type):
            values = values.cast(pa.string())
        rows = rows.set_column(rows.column_names.index(name), name, values)
    return rows


def _whole_if_possible(values: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return values.cast(pa.int64())
    except pa.ArrowInvalid:
        return values


def coded(values: pa.ChunkedArray) -> Coded:
    """Names and places among them of a column of text."""
    found = values.combine_chunks().dictionary_encode()
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), int)
    place[order] = np.arange(len(names))
    return Coded([names[i] for i in order], place[found.indices.to_numpy()])
