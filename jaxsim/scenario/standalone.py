"""Tables that stand alone, outside a scenario's folder: files or data frames, read and checked like a scenario's.

    tables = read_tables({"costs": "costs.csv", "supply": frame, "capacity": None}, SCHEMA)
    units = values(tables["supply"], SCHEMA["supply"], "units")

A folder's tables find each other by name; these are handed over one by one. Faults say the same things in both cases.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jaxsim.scenario.check import table_faults
from jaxsim.scenario.faults import Fault, TableError
from jaxsim.scenario.frames import arrow_table
from jaxsim.scenario.read import SUFFIXES, not_a_file, read_file, row_as_in_file, sound_table
from jaxsim.scenario.schema import Table
from jaxsim.scenario.view import View

Relation = tuple[tuple[str, ...], Callable[[View], list[Fault]]]
"""The `table.column`s that a rule across rows or tables needs, and the rule."""


def read_tables(
    sources: Mapping[str, Any], schema: Mapping[str, Table], relations: Iterable[Relation] = ()
) -> dict[str, pa.Table]:
    """Read and check tables; an optional one that is not given is empty.

    Args:
        sources: for each table of the schema a file (Parquet or CSV, by the ending of its name), a data frame of any
            library with Arrow's interface, a mapping of columns, or None.
        relations: rules across rows and tables, tested where the columns that they need could be read.

    Raises:
        TableError: a table is missing or breaks its schema; the message has a sentence for every kind of fault.
        TypeError: something is neither a file nor a data frame.
    """
    tables: dict[str, pa.Table] = {}
    faults: list[Fault] = []
    for name, table in schema.items():
        tables[name], found = _read(sources.get(name), table)
        faults += found
    view = View(tables, schema)
    for table in schema.values():
        unread = [fault.column for fault in faults if fault.table == table.name and fault.column is not None]
        faults += table_faults(view, table, unread)
    with np.errstate(all="ignore"):  # columns may hold what is a fault of its own
        faults += [fault for needed, rule in relations if view.has(*needed) for fault in rule(view)]
    if faults:
        raise TableError(_placed(fault, sources.get(fault.table)) for fault in faults)
    return tables


def values(rows: pa.Table, table: Table, name: str) -> np.ndarray:
    """A column as an array, with an optional column's default filled in."""
    default = table.column(name).default
    if name not in rows.column_names and default is not None:
        return np.full(rows.num_rows, default)
    return rows[name].to_numpy() if default is None else pc.fill_null(rows[name], default).to_numpy()


def _read(source: Any, table: Table) -> tuple[pa.Table, list[Fault]]:
    if source is None:
        missing = Fault("missing table", table.name, "the table is given", "Give a file or a data frame.")
        return table.arrow().empty_table(), [] if table.optional else [missing]
    if not isinstance(source, str | os.PathLike):
        return sound_table(arrow_table(source, table.name), table)
    path = Path(source)
    reason = not_a_file(path)
    if reason is None and path.suffix not in SUFFIXES:
        reason = "ends in neither .parquet nor .csv"
    if reason is not None:
        rule, remedy = "a table is a Parquet or a CSV file", "Name the file."
        return pa.table({}), [Fault("not a file", table.name, rule, remedy, value=f"{path}, which {reason}")]
    return read_file(path, table)


def _placed(fault: Fault, source: Any) -> Fault:
    """The fault with its row counted as in the file that it is in."""
    return row_as_in_file(Path(source), fault) if isinstance(source, str | os.PathLike) else fault
