"""Reading one table of a scenario, by column and by product, into the types that the schema declares.

A table is one file, `<name>.parquet` or `<name>.csv`. Parquet rows of other products are dropped while row groups are
scanned and CSV rows while blocks are parsed, so memory holds what was asked for and no more. What cannot be read as
declared comes back as faults, never as an exception of the file library: a CSV cell "many" in `transit_days` is a
fault with its row, and the column is left out of the result.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

import dataclasses
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq

from jaxsim.scenario.csv_form import form_faults, header_names, line_of
from jaxsim.scenario.faults import Fault, nearest
from jaxsim.scenario.schema import TABLES, Column, Table, Type

SUFFIXES = (".parquet", ".csv")
"""Forms of a table's file."""

_NUMBER_PATTERN = r"^\s*[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|nan|NaN|inf|Inf|infinity)\s*$"
_TRUE, _FALSE = ("true", "True", "TRUE", "1"), ("false", "False", "FALSE", "0")


def table_file(folder: Path, name: str) -> tuple[Path | None, list[Fault]]:
    """The file that holds a table, or None, with the fault that there is none or more than one."""
    there = [path for path in (Path(folder) / f"{name}{suffix}" for suffix in SUFFIXES) if os.path.lexists(path)]
    rule = f"a scenario has one file {name}.parquet or {name}.csv"
    if not there:
        missing = Fault("missing table", name, rule, f"Add the table to {folder}.")
        return None, [] if TABLES[name].optional else [missing]
    if len(there) == 2:
        return None, [Fault("extra table", name, rule, "Delete the one that is out of date.", value="both files")]
    if (reason := not_a_file(there[0])) is not None:
        remedy = f"Put the table in the place of {there[0].name}."
        return None, [Fault("not a file", name, rule, remedy, value=f"{there[0].name}, which {reason}")]
    return there[0], []


def not_a_file(path: Path) -> str | None:
    """What stands in the place of a file, as the end of a sentence; None where a file does."""
    if path.is_file():
        return None
    if path.is_dir():
        return "is a folder"
    if path.is_symlink():
        return "is a link that leads to no file, or back to itself"
    return "is a device or a pipe" if path.exists() else "does not exist"


def rows_as_in_files(folder: Path, faults: Iterable[Fault]) -> list[Fault]:
    """The faults with rows of CSV files counted as spreadsheets do: the header is row 1."""
    found = []
    for fault in faults:
        path = None if fault.row is None or fault.table not in TABLES else table_file(folder, fault.table)[0]
        found.append(fault if path is None else row_as_in_file(path, fault))
    return found


def row_as_in_file(path: Path, fault: Fault) -> Fault:
    """A fault of the table in a file with its row counted as `Fault.row` says."""
    if fault.row is None or path.suffix != ".csv":
        return fault
    return dataclasses.replace(fault, row=line_of(path, fault.row))


def read_table(
    folder: Path, name: str, columns: Sequence[str] | None = None, products: Sequence[str] | None = None
) -> tuple[pa.Table, list[Fault]]:
    """Read a table of the scenario in `folder`; as `read_file`, of the one file that holds it."""
    path, faults = table_file(folder, name)
    if path is None:
        return (pa.table({}) if faults else TABLES[name].arrow().empty_table()), faults
    return read_file(path, TABLES[name], columns, products)


def read_file(
    path: Path, table: Table, columns: Sequence[str] | None = None, products: Sequence[str] | None = None
) -> tuple[pa.Table, list[Fault]]:
    """Read a table from a Parquet or a CSV file.

    Args:
        columns: columns to read; all that the file has by default.
        products: when given, only rows of these products (tables with a `product` column).

    Returns:
        The sound columns in the schema's types, and the faults of the others, with rows counted from 0.
    """
    present, faults = _columns_present(path, table)
    if faults and not present:
        return pa.table({}), faults
    if columns is not None:
        faults = [fault for fault in faults if fault.column in columns]
    wanted = table.columns_among(present) if columns is None else [table.column(column) for column in columns]
    wanted = [column for column in wanted if column.name in present]
    if products is not None and "product" not in present:
        wanted = []
    try:
        raw = _read(path, wanted, products)
    except (pa.ArrowException, OSError) as error:
        return pa.table({}), [*faults, _unreadable(table, path, error)]
    return _sound_columns(raw, table, wanted, faults)


def sound_table(rows: pa.Table, table: Table) -> tuple[pa.Table, list[Fault]]:
    """A table in memory as `read_file` gives one of a file: sound columns in the schema's types, and faults."""
    names: list[str] = rows.column_names
    present = [name for name in names if names.count(name) == 1]
    wanted = [column for column in table.columns_among(present) if column.name in present]
    return _sound_columns(rows, table, wanted, _name_faults(names, table))


def _unreadable(table: Table, path: Path, error: Exception) -> Fault:
    text = " ".join(str(error).split())
    if "invalid UTF8" in text:
        rule, remedy = "CSV files are UTF-8", f"Save {path.name} as UTF-8."
        return Fault("encoding", table.name, rule, remedy, value="bytes that are not UTF-8")
    return Fault("unreadable file", table.name, "the file is a whole table", f"Write {path.name} again.", value=text)


def _columns_present(path: Path, table: Table) -> tuple[list[str], list[Fault]]:
    """Names of the file's columns, and faults for missing, extra and repeated ones."""
    try:
        if path.suffix == ".parquet":
            names = pq.read_schema(path).names
        else:
            faults = form_faults(path, table)
            if faults:
                return [], faults
            names = header_names(path)
    except (pa.ArrowException, OSError) as error:
        return [], [_unreadable(table, path, error)]
    return [name for name in names if names.count(name) == 1], _name_faults(names, table)


def _name_faults(names: list[str], table: Table) -> list[Fault]:
    rule = "columns are " + ", ".join(table.names)
    bare = {name.strip() for name in names}
    missing = [name for name in table.names if name not in names]
    faults = [
        Fault("missing column", table.name, rule, "Add the column.", column=name)
        for name in missing
        if name not in bare
    ]
    for name in dict.fromkeys(names):
        if table.find(name) is None and table.find(name.strip()) is not None:
            blank_rule, remedy = "no name begins or ends with a blank", f"Write {name.strip()!r}."
            faults.append(Fault("blank in name", table.name, blank_rule, remedy, column=name.strip(), value=repr(name)))
        elif table.find(name) is None:
            remedy = f"Delete the column or correct its name{nearest(name, missing)}."
            faults.append(Fault("extra column", table.name, rule, remedy, column=name))
        elif names.count(name) > 1:
            faults.append(Fault("repeated column", table.name, rule, "Keep one of them.", column=name))
    return faults


def _read(path: Path, wanted: list[Column], products: Sequence[str] | None) -> pa.Table:
    """The wanted columns in the file's own types (CSV: the declared types, or all text when a cell does not fit)."""
    if path.suffix == ".csv":
        try:
            return _read_csv(path, wanted, products, as_text=False)
        except pa.ArrowInvalid:
            return _read_csv(path, wanted, products, as_text=True)
    names = [column.name for column in wanted]
    keep = None if products is None else pc.field("product").isin(pa.array(products, pa.string()))
    return pyarrow.dataset.dataset(path, format="parquet").to_table(columns=names, filter=keep)


def _read_csv(path: Path, wanted: list[Column], products: Sequence[str] | None, as_text: bool) -> pa.Table:
    types = {column.name: pa.string() if as_text else column.type.arrow for column in wanted}
    names = list(types)
    if products is not None and "product" not in types:
        types["product"] = pa.string()
    options = pyarrow.csv.ConvertOptions(
        column_types=types, include_columns=list(types), null_values=[""], strings_can_be_null=True, check_utf8=True
    )
    with pyarrow.csv.open_csv(path, convert_options=options) as reader:
        if products is None:
            return reader.read_all().select(names)
        keep = pa.array(products, pa.string())
        blocks = [block.filter(pc.is_in(block["product"], value_set=keep)) for block in reader]
    return pa.Table.from_batches(blocks, reader.schema).select(names)


def _sound_columns(
    raw: pa.Table, table: Table, wanted: list[Column], faults: list[Fault]
) -> tuple[pa.Table, list[Fault]]:
    sound = {}
    for column in wanted:
        values, fault = _convert(raw[column.name], table, column)
        if fault is None:
            sound[column.name] = values
        else:
            faults.append(fault)
    return pa.table(sound), faults


def _first(bad: pa.ChunkedArray | np.ndarray) -> tuple[int, int]:
    rows = np.flatnonzero(np.asarray(bad))
    return int(rows[0]), len(rows)


def _convert(values: pa.ChunkedArray, table: Table, column: Column) -> tuple[pa.ChunkedArray | None, Fault | None]:
    """The column in its declared type, or the fault that forbids it."""
    if values.null_count and column.default is not None:
        default = pa.scalar(column.default)
        filler = default if not _is_text(values.type) else pa.scalar(str(column.default))
        filled, fault = _convert(pc.fill_null(values, filler.cast(values.type)), table, column)
        return (None, fault) if filled is None else (pc.if_else(values.is_null(), None, filled), None)
    if values.null_count:
        row, count = _first(values.is_null())
        rule, remedy = "no value is missing", "Fill in the value or delete the row."
        return None, Fault("null", table.name, rule, remedy, column.name, row, "nothing", count)
    given, wanted = values.type, column.type
    if pa.types.is_dictionary(given):
        values = values.cast(given.value_type)
        given = values.type
    text = _is_text(given)
    number = pa.types.is_integer(given) or pa.types.is_floating(given) or pa.types.is_decimal(given)
    if text and wanted is not Type.NAME:
        return _parse(values, table, column)
    if (wanted is Type.NAME and text) or (wanted is Type.FLAG and pa.types.is_boolean(given)):
        return values.cast(wanted.arrow), None
    if wanted is Type.NUMBER and number:
        return values.cast(pa.float64(), safe=False), None
    if wanted is Type.COUNT and pa.types.is_integer(given):
        return values.cast(pa.int64()), None
    if wanted is Type.COUNT and number:
        return _whole(values.cast(pa.float64(), safe=False), table, column)
    return None, _type_fault(table, column, None, str(given), 1)


def _is_text(given: pa.DataType) -> bool:
    return pa.types.is_string(given) or pa.types.is_large_string(given) or pa.types.is_string_view(given)


def _type_fault(table: Table, column: Column, row: int | None, value: str, count: int) -> Fault:
    remedy = f"Write the column as {column.type.value}."
    return Fault("type", table.name, f"values are {column.type.value}", remedy, column.name, row, value, count)


def _parse(values: pa.ChunkedArray, table: Table, column: Column) -> tuple[pa.ChunkedArray | None, Fault | None]:
    """Parse text cells (a CSV with a cell that does not fit, or a Parquet file that holds text)."""
    if column.type is Type.FLAG:
        good = pc.is_in(values, value_set=pa.array(_TRUE + _FALSE))
    else:
        good = pc.match_substring_regex(values, _NUMBER_PATTERN)
    if len(values) and not pc.all(good).as_py():
        row, count = _first(pc.invert(good))
        return None, _type_fault(table, column, row, repr(values[row].as_py()), count)
    if column.type is Type.FLAG:
        return pc.is_in(values, value_set=pa.array(_TRUE)), None
    numbers = pc.utf8_trim_whitespace(values).cast(pa.float64())
    return (numbers, None) if column.type is Type.NUMBER else _whole(numbers, table, column)


def _whole(values: pa.ChunkedArray, table: Table, column: Column) -> tuple[pa.ChunkedArray | None, Fault | None]:
    """Floats as whole numbers; finiteness is looked at first."""
    array = values.to_numpy()
    finite = np.isfinite(array)
    for kind, bad in (
        ("NaN", np.isnan(array)),
        ("infinite", np.isinf(array)),
        ("not whole", finite & ((np.abs(array) >= 2**53) | (array != np.floor(array)))),
    ):
        if bad.any():
            row, count = _first(bad)
            remedy = "Write a whole number."
            return None, Fault(kind, table.name, "whole and finite", remedy, column.name, row, str(array[row]), count)
    return pa.chunked_array([array.astype(np.int64)]), None
