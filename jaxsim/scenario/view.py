"""Tables as arrays for the checks: columns, codes of names, keys, and faults that name the first bad row."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jaxsim.scenario.faults import Fault
from jaxsim.scenario.reach import reachable
from jaxsim.scenario.schema import NODE_KINDS, TABLES, Table

T = TypeVar("T")


def columns_of(table: str, names: Iterable[str]) -> tuple[str, ...]:
    """`table.column` for each of the columns."""
    return tuple(f"{table}.{name}" for name in names)


class View:
    """Arrays of `tables`, made when they are first asked for and kept where several checks share them."""

    def __init__(self, tables: Mapping[str, pa.Table], schema: Mapping[str, Table] = TABLES) -> None:
        self.tables = tables
        self._schema = schema
        self._codes: dict[tuple[str, str], np.ndarray] = {}
        self._reach: np.ndarray | None = None
        self._kept: dict[tuple[str, ...], Any] = {}

    def kept(self, name: tuple[str, ...], make: Callable[[], T]) -> T:
        """What `make` returns, made when it is first asked for under this name."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def has(self, *columns: str) -> bool:
        """Whether every `table.column` named was read."""
        pairs = [name.split(".") for name in columns]
        return all(table in self.tables and column in self.tables[table].column_names for table, column in pairs)

    def column(self, table: str, column: str) -> np.ndarray:
        """A column as an array."""
        return self.tables[table][column].to_numpy()

    def size(self, table: str) -> int:
        """Number of rows."""
        return self.tables[table].num_rows

    def codes(self, table: str, column: str) -> np.ndarray:
        """Row of the table that the column refers to, for each name; −1 where it does not occur."""
        if (table, column) not in self._codes:
            target = self._schema[table].column(column).refers_to or f"{table}.{column}"
            names = self.tables[target.split(".")[0]][target.split(".")[1]].combine_chunks()
            found = pc.index_in(self.tables[table][column], value_set=names)
            self._codes[table, column] = pc.fill_null(found, -1).to_numpy()
        return self._codes[table, column]

    def kinds(self) -> np.ndarray:
        """Kind of each node as an index in `NODE_KINDS`, −1 for an unknown word."""
        found = pc.index_in(self.tables["nodes"]["kind"], value_set=pa.array(NODE_KINDS))
        return pc.fill_null(found, -1).to_numpy()

    def reach(self) -> np.ndarray:
        """(nodes, nodes) bool: transfers lead from row to column, itself included."""
        if self._reach is None:
            origin, destination = self.codes("transfers", "origin"), self.codes("transfers", "destination")
            known = (origin >= 0) & (destination >= 0)
            transfers = np.zeros((self.size("nodes"),) * 2, bool)
            transfers[origin[known], destination[known]] = True
            self._reach = reachable(transfers)
        return self._reach

    def key(self, table: str, columns: tuple[str, ...]) -> np.ndarray:
        """One whole number per row, equal where all of `columns` are equal."""
        key, size = np.zeros(self.size(table), np.int64), 1
        for name in columns:
            values = self.tables[table][name].combine_chunks()
            if pa.types.is_string(values.type):
                part = values.dictionary_encode().indices.to_numpy().astype(np.int64)
            else:
                part = values.to_numpy()
            if not len(part):
                return key
            if int(part.max()) - int(part.min()) >= 2**31:
                part = np.unique(part, return_inverse=True)[1]
            part = part - part.min()
            if size * (int(part.max()) + 1) >= 2**62:
                key = np.unique(key, return_inverse=True)[1]
                size = int(key.max()) + 1
            key, size = key * (int(part.max()) + 1) + part, size * (int(part.max()) + 1)
        return key

    def faults(
        self,
        kind: str,
        table: str,
        column: str,
        bad: np.ndarray,
        rule: str,
        remedy: str,
        found: Callable[[int], str] | None = None,
    ) -> list[Fault]:
        """A fault for the rows that are `bad` (bool, one per row), or none; `found` words a row's value otherwise."""
        rows = np.flatnonzero(bad)
        if not len(rows):
            return []
        row = int(rows[0])
        value = self.tables[table][column][row].as_py()
        value = f"{value:.10g}" if isinstance(value, float) else repr(value)
        value = value if found is None else found(row)
        return [Fault(kind, table, rule, remedy, column, row, value + self._where(table, column, row), len(rows))]

    def _where(self, table: str, column: str, row: int) -> str:
        """The key of a row in words, less the column that is shown anyway."""
        keys = [name for name in self._schema[table].key if name != column and self.has(f"{table}.{name}")]
        text = ", ".join(f"{name} {self.tables[table][name][row].as_py()}" for name in keys)
        return f" at {text}" if text else ""
