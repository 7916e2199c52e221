"""Capacity costs as a table: node, week, cost per unit. Node-weeks that are not in it cost nothing."""

from pathlib import Path

import numpy as np
from jaxtyping import Float64

from jaxsim.runs.folder import RunError
from jaxsim.scenario.costs import read_costs_table
from jaxsim.system import Network


def read_costs(file: Path, network: Network) -> Float64[np.ndarray, "nodes weeks"]:
    """Read a Parquet or CSV table of capacity costs, with the reader of scenario tables.

    Raises:
        RunError: The table cannot be read, lacks a column, or has a row that does not fit the network; a line for each
            kind of fault.
    """
    costs = np.zeros_like(network.plan)
    table, faults = read_costs_table(Path(file), network.nodes, costs.shape[1])
    if faults:
        raise RunError("\n".join(f"{file}: {fault}" for fault in faults))
    row_of = {name: row for row, name in enumerate(network.nodes)}
    node = np.array([row_of[name] for name in table["node"].to_pylist()], np.int64)
    costs[node, table["week"].to_numpy()] = table["cost"].to_numpy()
    return costs
