"""Sums of rows that belong together."""

import numpy as np
import scipy.sparse
from jaxtyping import Float64, Int


def sums_by(
    group: Int[np.ndarray, " rows"],
    count: int,
    values: Float64[np.ndarray, "rows first *rest"],
    weight: Float64[np.ndarray, " rows"] | None = None,
) -> Float64[np.ndarray, "groups first *rest"]:
    """Σ weight · values over the rows of each group, in the order of the rows.

    Args:
        group: number of each row's group, 0 … count − 1.
        weight: 1 when left out.
    """
    rows, rest = len(group), values.shape[1:]
    data = np.ones(rows) if weight is None else weight
    collect = scipy.sparse.csr_array(scipy.sparse.coo_array((data, (group, np.arange(rows))), shape=(count, rows)))
    return (collect @ values.reshape(rows, int(np.prod(rest)))).reshape(count, *rest)
