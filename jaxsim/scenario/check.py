"""Finding every kind of fault in a scenario, at any size: all tests are array operations.

Four passes: reading (`read`) reports what is not of the declared type; this module tests each column against its own
rules, keys and references; `relations` tests what ties rows and tables together, and `limits` what the engines cannot
hold. `remarks` warns of what is legal but hardly meant. Finiteness comes before signs, since
a NaN passes for any sign in some table engines. A test whose columns could not be read is left out, so one fault does
not drag others along.
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jaxsim import interrupts
from jaxsim.scenario.faults import Fault, nearest
from jaxsim.scenario.limits import LIMITS
from jaxsim.scenario.read import SUFFIXES, read_table, rows_as_in_files
from jaxsim.scenario.relations import RELATIONS
from jaxsim.scenario.remarks import REMARKS
from jaxsim.scenario.schema import TABLES, Column, Table, Type
from jaxsim.scenario.view import View


class Findings(NamedTuple):
    """What was found in a scenario: faults forbid its use, warnings do not."""

    faults: list[Fault]
    warnings: list[Fault]


def examine(folder: str | os.PathLike) -> Findings:
    """Every kind of fault of the scenario in `folder`, each with its first row and a count, and what is odd in it.

    Without a fault the scenario can be simulated. Warnings are looked for where there is no fault.
    """
    folder = Path(folder)
    if not folder.is_dir():
        rule, remedy = "a scenario is a folder of tables", "Name a scenario folder."
        return Findings([Fault("missing folder", "nodes", rule, remedy, value=str(folder))], [])
    tables, faults = {}, _extra_tables(folder)
    for name in TABLES:
        interrupts.check()
        tables[name], found = read_table(folder, name)
        faults += found
    view = View(tables)
    faults = rows_as_in_files(folder, faults + _faults_of(view, faults))
    return Findings(faults, [] if faults else _related(view, REMARKS))


def find_faults(folder: str | os.PathLike) -> list[Fault]:
    """The faults that `examine` finds; empty when the scenario is sound."""
    return examine(folder).faults


def faults_of(tables: Mapping[str, pa.Table], unread: Iterable[Fault] = ()) -> list[Fault]:
    """Faults of tables in memory, in the schema's types; columns that are absent are not tested.

    Args:
        unread: faults for which columns are absent that the files have.
    """
    return _faults_of(View(tables), unread)


def _faults_of(view: View, unread: Iterable[Fault]) -> list[Fault]:
    lacking = [(fault.table, fault.column) for fault in unread]
    faults = []
    for table in TABLES.values():
        interrupts.check()
        faults += table_faults(view, table, [str(column) for name, column in lacking if name == table.name])
    return faults + _related(view, (*RELATIONS, *LIMITS))


def _related(view: View, rules: Iterable[tuple[tuple[str, ...], Callable[[View], list[Fault]]]]) -> list[Fault]:
    with np.errstate(all="ignore"):  # columns may hold what is a fault of its own
        return [fault for needed, rule in rules if view.has(*needed) for fault in rule(view)]


def _extra_tables(folder: Path) -> list[Fault]:
    rule, remedy = "tables are " + ", ".join(TABLES), "Delete the file or correct its name."
    return [
        Fault("extra table", path.stem, rule, remedy, value=path.name)
        for path in sorted(folder.iterdir())
        if path.suffix in SUFFIXES and path.stem not in TABLES
    ]


def table_faults(view: View, table: Table, unread: Sequence[str] = ()) -> list[Fault]:
    """Faults of one table by itself: its columns, their references and its key.

    Args:
        unread: columns that are absent, but in the file.
    """
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
    there = view.tables[table.name][column.name].is_valid().to_numpy()  # a value that is left out is no NaN
    kinds = (("NaN", there & np.isnan(values)), ("infinite", np.isinf(values)))
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
    known_table, known_column = target.split(".")

    def found(row: int) -> str:
        name = view.tables[table.name][column.name][row].as_py()
        return repr(name) + nearest(name, (known.as_py() for known in view.tables[known_table][known_column]))

    rule, remedy = f"occurs in {target}", f"Add it to table {known_table}, or correct it here."
    return view.faults("dangling reference", table.name, column.name, bad, rule, remedy, found)


def _duplicate_faults(view: View, table: Table, names: tuple[str, ...]) -> list[Fault]:
    key = view.key(table.name, names)
    order = np.argsort(key, kind="stable")
    bad = np.zeros(len(key), bool)
    bad[order[1:]] = key[order[1:]] == key[order[:-1]]
    rule = f"no two rows share {', '.join(names)}"
    return view.faults("duplicate key", table.name, names[0], bad, rule, "Keep one row.")
