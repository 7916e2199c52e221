"""Prices as a table: resource, node, week, cost per unit. Node-weeks that are not in it cost nothing.

Without the column `resource`, all are of arrivals.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.resources import ARRIVALS, RESOURCES, Prices
from jaxsim.runs.folder import RunError
from jaxsim.scenario import arrow_table
from jaxsim.scenario.costs import checked_costs_table, read_costs_table
from jaxsim.system import Network

CostTable = str | os.PathLike[str] | Any
"""A Parquet or CSV file, or a table in memory: Arrow's, or any data frame that Arrow can read."""


def costs_name(costs: CostTable) -> str:
    """What a table is called in messages and configurations."""
    return os.fspath(costs) if isinstance(costs, str | os.PathLike) else "a table in memory"


def read_costs(costs: CostTable, network: Network) -> Prices:
    """Read a table of prices, checked as scenario tables are.

    Raises:
        RunError: The table cannot be read, lacks a column, or has a row that does not fit the network; a line for each
            kind of fault.
        TypeError: It is no table.
    """
    weeks = network.plan.shape[1]
    if isinstance(costs, str | os.PathLike):
        table, faults = read_costs_table(Path(costs), network.nodes, weeks)
    else:
        table, faults = checked_costs_table(arrow_table(costs, "costs"), network.nodes, weeks)
    if faults:
        raise RunError("\n".join(f"{costs_name(costs)}: {fault}" for fault in faults))
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
