"""Capacity costs as a table: node, week, cost per unit. Node-weeks that are not in it cost nothing."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
from jaxtyping import Float64

from jaxsim.runs.folder import RunError
from jaxsim.system import Network


def read_costs(file: Path, network: Network) -> Float64[np.ndarray, "nodes weeks"]:
    """Read a Parquet or CSV table of capacity costs.

    Raises:
        RunError: The table cannot be read, lacks a column, or has a row that does not fit the network.
    """
    table = _read(Path(file))
    missing = [name for name in ("node", "week", "cost") if name not in table.column_names]
    if missing:
        raise RunError(f"{file} lacks the column {missing[0]}; it needs node, week and cost")
    costs = np.zeros_like(network.plan)
    seen = np.zeros(costs.shape, bool)
    row_of = {name: row for row, name in enumerate(network.nodes)}
    for line, (node, week, cost) in enumerate(
        zip(*(table[c].to_pylist() for c in ("node", "week", "cost")), strict=True)
    ):
        place = f"{file}, row {line}"
        if str(node) not in row_of:
            raise RunError(f"{place}: there is no node {node!r}")
        if not isinstance(week, int) or not 0 <= week < costs.shape[1]:
            raise RunError(f"{place}: week {week!r} is not one of 0 … {costs.shape[1] - 1}")
        if not isinstance(cost, int | float) or not np.isfinite(cost):
            raise RunError(f"{place}: cost {cost!r} is not a finite number")
        row = row_of[str(node)]
        if seen[row, week]:
            raise RunError(f"{place}: node {node!r} and week {week} occur twice")
        seen[row, week], costs[row, week] = True, cost
    return costs


def _read(file: Path) -> pa.Table:
    try:
        return csv.read_csv(file) if file.suffix == ".csv" else pq.read_table(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise RunError(f"cannot read {file}: {str(error).splitlines()[0]}") from error
