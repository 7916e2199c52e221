"""Finding every kind of fault in a scenario, at any size: all tests are array operations.

Three passes: reading (`read`) reports what is not of the declared type; this module tests each column against its own
rules, keys and references; `relations` tests what ties rows and tables together. Finiteness comes before signs, since
a NaN passes for any sign in some table engines. A test whose columns could not be read is left out, so one fault does
not drag others along.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jaxsim import interrupts
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.read import read_table
from jaxsim.scenario.relations import RELATIONS
from jaxsim.scenario.schema import TABLES, Column, Table, Type
from jaxsim.scenario.view import View

_TABLE_SUFFIXES = (".parquet", ".csv")


def find_faults(folder: str | os.PathLike) -> list[Fault]:
    """Every kind of fault of the scenario in `folder`, each with its first row and a count; empty when it is sound.

    Rows are counted from 0, without a CSV file's header.
    """
    folder = Path(folder)
    if not folder.is_dir():
        rule, remedy = "a scenario is a folder of tables", "Name a scenario folder."
        return [Fault("missing folder", "nodes", rule, remedy, value=str(folder))]
    tables, faults = {}, _extra_tables(folder)
    for name in TABLES:
        interrupts.check()
        tables[name], found = read_table(folder, name)
        faults += found
    return faults + faults_of(tables, faults)


def faults_of(tables: Mapping[str, pa.Table], unread: Iterable[Fault] = ()) -> list[Fault]:
    """Faults of tables in memory, in the schema's types; columns that are absent are not tested.

    Args:
        unread: faults for which columns are absent that the files have.
    """
    view, lacking = View(tables), [(fault.table, fault.column) for fault in unread]
    faults = []
    for table in TABLES.values():
        interrupts.check()
        faults += _table_faults(view, table, [str(column) for name, column in lacking if name == table.name])
    for needed, relation in RELATIONS:
        if view.has(*needed):
            faults += relation(view)
    return faults


def _extra_tables(folder: Path) -> list[Fault]:
    rule, remedy = "tables are " + ", ".join(TABLES), "Delete the file or correct its name."
    return [
        Fault("extra table", path.stem, rule, remedy, value=path.name)
        for path in sorted(folder.iterdir())
        if path.suffix in _TABLE_SUFFIXES and path.stem not in TABLES
    ]


def _table_faults(view: View, table: Table, unread: list[str]) -> list[Fault]:
    faults = []
    names = view.tables[table.name].column_names if table.name in view.tables else ()
    present = [column for column in table.columns_among(names) if column.name in names]
    if present and not table.may_be_empty and not len(view.column(table.name, present[0].name)):
        faults.append(Fault("empty table", table.name, "the table has a row", "Add rows."))
    for column in present:
        faults += _finite_faults(view, table, column) + _rule_faults(view, table, column)
        if column.refers_to is not None and view.has(column.refers_to):
            faults += _reference_faults(view, table, column, column.refers_to)
    key = table.key_among([*names, *unread])
    if all(view.has(f"{table.name}.{name}") for name in key):
        faults += _duplicate_faults(view, table, key)
    return faults


def _finite_faults(view: View, table: Table, column: Column) -> list[Fault]:
    if column.type is not Type.NUMBER:
        return []
    values = view.column(table.name, column.name)
    kinds = (("NaN", np.isnan(values)), ("infinite", np.isinf(values)))
    return [
        fault
        for kind, bad in kinds
        for fault in view.faults(kind, table.name, column.name, bad, "values are finite", "Write a finite number.")
    ]


def _rule_faults(view: View, table: Table, column: Column) -> list[Fault]:
    if column.type is Type.FLAG:
        return []
    if column.type is Type.NAME:
        return _name_faults(view, table, column)
    values = view.column(table.name, column.name)
    finite = np.isfinite(values)
    faults = []
    for rule in column.rules:
        kind = "out of range" if (values[finite] >= 0).all() else "negative"
        remedy = f"Write a value that is {rule.text}."
        faults += view.faults(kind, table.name, column.name, finite & ~rule.test(values), f"is {rule.text}", remedy)
    return faults


def _name_faults(view: View, table: Table, column: Column) -> list[Fault]:
    values = view.tables[table.name][column.name]
    empty = pc.equal(values, "").to_numpy()
    faults = view.faults("empty name", table.name, column.name, empty, "is not empty", "Write a name.")
    for rule in column.rules:
        bad = ~rule.test(values.to_numpy()) & ~empty
        faults += view.faults("unknown word", table.name, column.name, bad, f"is {rule.text}", "Write one of them.")
    return faults


def _reference_faults(view: View, table: Table, column: Column, target: str) -> list[Fault]:
    bad = view.codes(table.name, column.name) < 0
    rule, remedy = f"occurs in {target}", f"Add it to table {target.split('.')[0]}, or correct it here."
    return view.faults("dangling reference", table.name, column.name, bad, rule, remedy)


def _duplicate_faults(view: View, table: Table, names: tuple[str, ...]) -> list[Fault]:
    key = view.key(table.name, names)
    order = np.argsort(key, kind="stable")
    bad = np.zeros(len(key), bool)
    bad[order[1:]] = key[order[1:]] == key[order[:-1]]
    rule = f"no two rows share {', '.join(names)}"
    return view.faults("duplicate key", table.name, names[0], bad, rule, "Keep one row.")
