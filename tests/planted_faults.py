"""Every fault that a schema allows, planted once: for each table, column and kind of fault one broken set of tables."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

import jaxsim
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.schema import Table, Type
from jaxsim.scenario.tables_doc import section

Frames = dict[str, dict[str, list[Any]]]


class Planted(NamedTuple):
    """Broken tables and what is to be found in them."""

    kind: str
    table: str
    column: str | None
    row: int | None
    frames: Frames

    def __str__(self) -> str:
        return f"{self.table}-{self.column}-{self.kind.replace(' ', '_')}"


def every_fault(schema: Mapping[str, Table], frames: Frames) -> Iterator[Planted]:
    """One broken copy of sound `frames` after the other; every column of a frame has at least two rows."""
    for name, columns in frames.items():
        table = schema[name]
        change = partial(_changed, frames, name)
        if not table.optional:
            yield Planted("missing table", name, None, None, {k: v for k, v in frames.items() if k != name})
        yield Planted("extra column", name, "nonsense", None, change("nonsense", [0] * len(_first(columns))))
        key = table.key_among(columns)
        again = {column: [*values, values[0]] for column, values in columns.items()}
        yield Planted("duplicate key", name, key[0], len(_first(columns)), {**frames, name: again})
        for column in table.columns:
            if column.name not in columns:
                continue
            values = columns[column.name]
            put = partial(_put, frames, name, column.name)
            if not column.optional:
                rest = {k: v for k, v in columns.items() if k != column.name}
                yield Planted("missing column", name, column.name, None, {**frames, name: rest})
            if column.default is None:
                yield Planted("null", name, column.name, 1, put(None))
            if column.type is Type.NAME:
                yield Planted("empty name", name, column.name, 1, put(""))
                if column.refers_to is not None:
                    yield Planted("dangling reference", name, column.name, 1, put("nowhere"))
                yield Planted("type", name, column.name, None, change(column.name, list(range(len(values)))))
            if column.type in (Type.NUMBER, Type.COUNT):
                yield Planted("NaN", name, column.name, 1, put(float("nan")))
                yield Planted("infinite", name, column.name, 1, put(float("inf")))
                yield Planted(
                    "type", name, column.name, 1, change(column.name, [str(values[0]), "many", *map(str, values[2:])])
                )
                yield Planted("negative", name, column.name, 1, put(-1e12))
                if any(not rule.test(np.array([1e13]))[0] for rule in column.rules):
                    kind = "out of range" if min(each for each in values if each is not None) >= 0 else "negative"
                    yield Planted(kind, name, column.name, 1, put(1e13))
            if column.type is Type.COUNT:
                yield Planted("not whole", name, column.name, 1, put(0.5))
            if column.type is Type.FLAG:
                yield Planted("type", name, column.name, None, change(column.name, [0.5] * len(values)))


def check_found(planted: Planted, faults: Iterable[Fault]) -> None:
    """The planted fault is among those that were found, at its place."""
    wanted, found = planted[:4], [(fault.kind, fault.table, fault.column, fault.row) for fault in faults]
    assert wanted in found, f"{wanted} is not in {found}"


def check_complete(faults: list[Planted], schema: Mapping[str, Table]) -> None:
    """Some fault is planted in every column of the schema."""
    missing = {(table.name, column.name) for table in schema.values() for column in table.columns}
    missing -= {(each.table, each.column) for each in faults}
    assert not missing, f"no fault in {missing}"


def check_page(page: str, schema: Mapping[str, Table]) -> None:
    """The page of `docs/` shows every table as the schema has it."""
    text = (Path(jaxsim.__file__).parents[1] / "docs" / page).read_text("utf-8")
    for table in schema.values():
        assert section(table).replace("## ", "### ").strip() in text, f"write anew: {table.name}"


def _changed(frames: Frames, name: str, column: str, values: list[Any]) -> Frames:
    return {**frames, name: {**frames[name], column: values}}


def _put(frames: Frames, name: str, column: str, value: Any) -> Frames:
    """The frames with another value in the second row of a column."""
    values = frames[name][column]
    return _changed(frames, name, column, [values[0], value, *values[2:]])


def as_arrow(frames: Frames) -> dict[str, pa.Table]:
    """The frames as Arrow tables, where NaN is a number and None is nothing."""
    return {
        name: pa.table({k: pa.array(v, from_pandas=False) for k, v in frame.items()}) for name, frame in frames.items()
    }


def _first(columns: dict[str, list[Any]]) -> list[Any]:
    return next(iter(columns.values()))
