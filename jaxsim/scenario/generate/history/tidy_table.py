"""The rows of a tidy table of weekly demand, read and checked as a scenario's tables are.

    product,store,week,units
    kettle,Quito,2024-01-01,31
    kettle,Quito,2024-01-08,-2

Some columns go by several names (`NAMES`); others are not read. What is wrong is said by the sentences that
`jaxsim validate` uses, each with its first row.
"""

import dataclasses
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jaxsim.scenario.check import table_faults
from jaxsim.scenario.csv_form import form_faults, header_names, line_of
from jaxsim.scenario.faults import Fault, nearest
from jaxsim.scenario.generate.history.weeks import read_weeks
from jaxsim.scenario.read import read_file, sound_table
from jaxsim.scenario.schema import Column, Table, Type
from jaxsim.scenario.view import View

NAMES = {
    "product": ("product",),
    "region": ("region", "store"),
    "week": ("week", "period", "date"),
    "units": ("units",),
}
"""Names that each column goes by."""

COLUMNS = "product, region (or store), week (or period, or date), units"
"""The same in words."""

_TABLE = "weekly demand"


def _table(names: dict[str, str]) -> Table:
    """The declaration of a table with columns of these names, and what each of them is."""
    columns = (Column(name, Type.COUNT if role == "units" else Type.NAME, "", "") for name, role in names.items())
    key = tuple(name for name, role in names.items() if role != "units")
    return Table(_TABLE, "Weekly demand of products by region.", key, tuple(columns))


_ANY_NAME = _table({name: role for role, names in NAMES.items() for name in names})


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
    table, rows = _read(path)
    week = table.key[2]
    weeks, faults = read_weeks(View({_TABLE: rows}, {_TABLE: table}), _TABLE, week)
    rows = rows.set_column(rows.column_names.index(week), week, weeks.text)  # one spelling, to find duplicates
    faults += table_faults(View({_TABLE: rows}, {_TABLE: table}), table)
    if faults:
        raise _error(path, faults)
    product, region, _, units = (rows[name] for name in table.names)
    return WeeklyRows(_coded(product), _coded(region), weeks.number, units.to_numpy())


def _error(path: Path, faults: list[Fault]) -> ValueError:
    if not _is_parquet(path):  # lines are counted, not rows
        lines = [None if fault.row is None else line_of(path, fault.row) for fault in faults]
        faults = [dataclasses.replace(fault, row=line) for fault, line in zip(faults, lines, strict=True)]
    return ValueError("\n".join(f"{path}: {fault}" for fault in faults))


def _read(path: Path) -> tuple[Table, pa.Table]:
    """The declaration of the file's table, and its columns in the declared types."""
    parquet = _is_parquet(path)
    try:
        faults = [] if parquet else form_faults(path, _ANY_NAME)
        names, name_faults = _names(pq.read_schema(path).names if parquet else header_names(path))
        if faults := faults or name_faults:
            raise _error(path, faults)
        table = _table(names)
        if parquet:
            rows, faults = sound_table(_names_as_text(pq.read_table(path, columns=list(names)), table), table)
        else:
            rows, faults = read_file(path, table, table.names)
    except pa.ArrowException as error:
        text = " ".join(str(error).split())
        rule, remedy = "the file is a whole table", f"Write {path.name} again."
        raise _error(path, [Fault("unreadable file", _TABLE, rule, remedy, value=text)]) from error
    if faults:
        raise _error(path, faults)
    return table, rows


def _names(there: list[str]) -> tuple[dict[str, str], list[Fault]]:
    """Which of the columns that are there is what, and faults for what is missing or there twice."""
    names, faults = {}, []
    rule = f"columns are {COLUMNS}"
    for role, known in NAMES.items():
        found = [name for name in there if name in known]
        if not found:
            remedy = f"Add the column or correct its name{nearest(role, there)}."
            faults.append(Fault("missing column", _TABLE, rule, remedy, column=role))
        elif len(found) > 1:
            value = " and ".join(found)
            faults.append(Fault("repeated column", _TABLE, rule, "Keep one of them.", column=role, value=value))
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


def _coded(values: pa.ChunkedArray) -> Coded:
    found = values.combine_chunks().dictionary_encode()
    names = found.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.empty(len(names), int)
    place[order] = np.arange(len(names))
    return Coded([names[i] for i in order], place[found.indices.to_numpy()])
