"""A table of capacity costs, of one resource or several, read like the tables of its scenario, with the same faults."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from jaxsim.scenario.check import table_faults
from jaxsim.scenario.faults import Fault
from jaxsim.scenario.read import not_a_file, read_file, row_as_in_file
from jaxsim.scenario.schema import COSTS, TABLES
from jaxsim.scenario.view import View


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
    columns = [column.name for column in COSTS.columns]
    costs, faults = read_file(file, COSTS, columns)
    costs = costs.select([name for name in columns if name in costs.column_names])
    view = View({"costs": costs, "nodes": pa.table({"node": pa.array(nodes, pa.string())})}, {**TABLES, "costs": COSTS})
    faults += table_faults(view, COSTS)
    if view.has("costs.week"):
        bad = view.column("costs", "week") >= weeks
        remedy = f"Delete the row; the last week is {weeks - 1}."
        faults += view.faults("week outside the plan", "costs", "week", bad, COSTS.relations[0], remedy)
    return costs, [row_as_in_file(file, fault) for fault in faults]
