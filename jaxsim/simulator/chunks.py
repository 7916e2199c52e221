"""Products × trials → chunks of one review schedule and one size, batch-last, on the device.

A chunk is what one jitted call simulates. All of its products share their review days, so the LP is solved once per review and not once per
day; all chunks have the same size, so there is one compilation. The last chunk of a schedule is filled up by repeating its last row.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from jaxsim import draws
from jaxsim.simulator.state import Inputs, Schedule
from jaxsim.system import Products


class Chunk(NamedTuple):
    """Rows of one jitted call; entries past `count` are filling."""

    schedule: tuple[int, int]
    product: Int64[np.ndarray, "batch"]
    trial: Int64[np.ndarray, "batch"]
    count: int


def partition(products: Products, trials: int, limit: int) -> list[Chunk]:
    """Split all product-trials into chunks of at most `limit`, product by product within a schedule."""
    schedules = np.stack([products.first_review_day, products.review_days], 1)
    distinct, group = np.unique(schedules, axis=0, return_inverse=True)
    sizes = np.bincount(group.reshape(-1), minlength=len(distinct)) * trials
    size = min(limit, int(-(-sizes.max(initial=1) // 32) * 32))
    chunks = []
    for index, (first, period) in enumerate(distinct.tolist()):
        rows = np.flatnonzero(group.reshape(-1) == index)
        chunks.extend(_fill(np.repeat(rows, trials), np.tile(np.arange(trials), rows.size), (first, period), size))
    return chunks


def _fill(product: np.ndarray, trial: np.ndarray, schedule: tuple[int, int], size: int) -> Iterator[Chunk]:
    for start in range(0, product.size, size):
        part = slice(start, start + size)
        count = product[part].size
        pad = (0, size - count)
        yield Chunk(schedule, np.pad(product[part], pad, mode="edge"), np.pad(trial[part], pad, mode="edge"), count)


def inputs(products: Products, chunk: Chunk, seed: int, lp_dtype: np.dtype) -> tuple[Schedule, Inputs]:
    """Host arrays of a chunk; the buying LP's in `lp_dtype`."""
    rows = chunk.product

    def last(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.moveaxis(values[rows], 0, -1))

    key = draws.product_key(np, seed, (products.id[rows, 0], products.id[rows, 1]))
    names = [name for name in Inputs._fields if name not in ("key", "trial")]
    arrays = {name: last(getattr(products, name)) for name in names}
    for name in ("lp_sourcing_cost", "lp_overage_cost", "lp_route_cost", "segment_width", "segment_value"):
        arrays[name] = arrays[name].astype(lp_dtype)
    schedule = Schedule(*(np.int32(value) for value in chunk.schedule))
    return schedule, Inputs(key=np.stack(key), trial=chunk.trial.astype(np.uint32), **arrays)


def capacity_cost(lead_times, costs: np.ndarray) -> np.ndarray:
    """c(λ) of eq. (6) for every lead-time law and order day, `(laws, days)` currency per unit.

    Args:
        costs: capacity costs λ, `(nodes, weeks)` per unit; arrivals after the horizon cost nothing.
    """
    days = 7 * costs.shape[1]
    span = lead_times.probability.shape[1]
    daily = np.concatenate([np.repeat(costs, 7, axis=1), np.zeros((costs.shape[0], span))], axis=1)[lead_times.node]
    ahead = np.lib.stride_tricks.sliding_window_view(daily, span, axis=1)[:, :days]
    return np.einsum("lds,ls->ld", ahead, lead_times.probability)


