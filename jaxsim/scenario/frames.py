"""Scenario tables from data frames, of any library that Arrow can read, checked as files are."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from jaxsim.scenario.check import faults_of
from jaxsim.scenario.faults import Fault, ScenarioError
from jaxsim.scenario.read import sound_table
from jaxsim.scenario.schema import TABLES


def arrow_table(frame: Any, name: str) -> pa.Table:
    """A data frame (of Arrow, pandas, polars, …) or a mapping of columns as an Arrow table, without a frame's index.

    Args:
        name: what the frame is called in an error.

    Raises:
        TypeError: Arrow cannot make a table of it.
    """
    try:
        table = frame if isinstance(frame, pa.Table) else pa.table(frame)
    except (TypeError, ValueError, pa.ArrowException) as error:
        kind, reason = type(frame).__name__, " ".join(str(error).split())
        raise TypeError(f"{name} is a {kind}, of which Arrow cannot make a table: {reason}") from error
    names: list[str] = table.column_names
    return table.select([column for column in names if not column.startswith("__index_level_")])


def checked_tables(frames: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Tables of a scenario by name, in the schema's order and types.

    Args:
        frames: data frames by the name of their table; optional tables may be absent.

    Raises:
        ScenarioError: the frames break the schema.
        TypeError: something is no data frame.
    """
    tables, faults = {}, [_extra(name) for name in frames if name not in TABLES]
    for name, table in TABLES.items():
        if name in frames:
            tables[name], found = sound_table(arrow_table(frames[name], name), table)
            faults += found
        elif table.optional:
            tables[name] = table.arrow().empty_table()
        else:
            rule = "a scenario has this table"
            faults.append(Fault("missing table", name, rule, "Give a data frame of this name."))
    faults += faults_of(tables, faults)
    if faults:
        raise ScenarioError(faults)
    return tables


def _extra(name: str) -> Fault:
    rule, remedy = "tables are " + ", ".join(TABLES), "Leave the table out or correct its name."
    return Fault("extra table", str(name), rule, remedy)
