"""Prices as a table: resource, node, week, cost per unit. Node-weeks that are not in it cost nothing.

Without the column `resource`, all are of arrivals.
"""

from pathlib import Path

import numpy as np

from jaxsim.resources import ARRIVALS, RESOURCES, Prices
from jaxsim.runs.folder import RunError
from jaxsim.scenario.costs import read_costs_table
from jaxsim.system import Network


def read_costs(file: Path, network: Network) -> Prices:
    """Read a Parquet or CSV table of prices, with the reader of scenario tables.

    Raises:
        RunError: The table cannot be read, lacks a column, or has a row that does not fit the network; a line for each
            kind of fault.
    """
    weeks = network.plan.shape[1]
    table, faults = read_costs_table(Path(file), network.nodes, weeks)
    if faults:
        raise RunError("\n".join(f"{file}: {fault}" for fault in faults))
    row_of = {name: row for row, name in enumerate(network.nodes)}
    node = np.array([row_of[name] for name in table["node"].to_pylist()], np.int64)
    week, cost = table["week"].to_numpy(), table["cost"].to_numpy()
    every = [ARRIVALS.name] * len(node)
    of = np.array(table["resource"].to_pylist() if "resource" in table.column_names else every, object)
    prices = {}
    for resource in RESOURCES:
        rows = of == resource.name
        prices[resource] = np.zeros_like(network.plan)
        prices[resource][node[rows], week[rows]] = cost[rows]
    return Prices({each: values for each, values in prices.items() if each is ARRIVALS or values.any()})
