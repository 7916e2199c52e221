"""A table of capacity costs, of one resource or several, read like the tables of its scenario, with the same faults."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from jaxsim.scenario.check import table_faults
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.read import not_a_file, read_file, row_as_in_file, sound_table
from jaxsim.scenario.schema import COSTS, TABLES
from jaxsim.scenario.view import View

_COLUMNS = [column.name for column in COSTS.columns]


def read_costs_table(file: Path, nodes: Sequence[str], weeks: int) -> tuple[pa.Table, list[Fault]]:
    """Read a Parquet or CSV file (by the ending of its name) of `schema.COSTS`.

    Args:
        nodes: names of the scenario's nodes. weeks: weeks W of its labor plan.

    Returns:
        The columns node, week, cost and, if the file has it, resource in the schema's types, and the faults, with rows
        as `Fault.row` counts them.
    """
    reason = not_a_file(file)
    if reason is not None:
        rule, remedy = "costs are in a Parquet or a CSV file", "Name the file, such as costs.parquet of a run."
        fault = Fault("not a file", "costs", rule, remedy, value=f"{file}, which {reason}")
        return COSTS.arrow().empty_table(), [fault]
    costs, faults = _checked(*read_file(file, COSTS, _COLUMNS), nodes, weeks)
    return costs, [row_as_in_file(file, fault) for fault in faults]


def checked_costs_table(costs: pa.Table, nodes: Sequence[str], weeks: int) -> tuple[pa.Table, list[Fault]]:
    """The same of a table in memory; rows are counted from 0."""
    names: list[str] = costs.column_names
    return _checked(*sound_table(costs.select([name for name in names if name in _COLUMNS]), COSTS), nodes, weeks)


def _checked(costs: pa.Table, faults: list[Fault], nodes: Sequence[str], weeks: int) -> tuple[pa.Table, list[Fault]]:
    costs = costs.select([name for name in _COLUMNS if name in costs.column_names])
    view = View({"costs": costs, "nodes": pa.table({"node": pa.array(nodes, pa.string())})}, {**TABLES, "costs": COSTS})
    faults = faults + table_faults(view, COSTS)
    if view.has("costs.week"):
        bad = view.column("costs", "week") >= weeks
        remedy = f"Delete the row; the last week is {weeks - 1}."
        faults += view.faults("week outside the plan", "costs", "week", bad, COSTS.relations[0], remedy)
    return costs, faults
