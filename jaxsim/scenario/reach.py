"""Which nodes goods can get to: transfers, one after another."""

import numpy as np
from jaxtyping import Bool


def reachable(transfers: Bool[np.ndarray, "nodes nodes"]) -> Bool[np.ndarray, "nodes nodes"]:
    """Whether goods at a node (row) are at, or can get to, another one (column) by any number of transfers.

    Args:
        transfers: whether there is a transfer from row to column.
    """
    reach = transfers | np.eye(len(transfers), dtype=bool)
    while True:  # each round doubles the transfers that are made
        further = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
        if (further == reach).all():
            return reach
        reach = further
