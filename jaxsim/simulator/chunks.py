"""Products × trials → chunks of one size, batch-last, on the device.

A chunk is what one jitted call simulates. Products are sorted by their review days first, so that a chunk has few of
them, and the buying LP is solved on those days only, for the products that are reviewed. All chunks have the same size,
so there is one compilation; the last one is filled up by repeating its last row.
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from jaxsim import draws
from jaxsim.simulator.state import Inputs
from jaxsim.system import LeadTimes, Products, System


class Chunk(NamedTuple):
    """Rows of one jitted call; entries past `filled` are filling."""

    product: Int64[np.ndarray, " batch"]
    trial: Int64[np.ndarray, " batch"]
    filled: int


def partition(products: Products, trials: int, limit: int) -> list[Chunk]:
    """Split all product-trials into equal chunks of at most `limit` (rounded up to 32), sorted by review schedule."""
    order = np.lexsort((products.first_review_day, products.review_days))
    product, trial = np.repeat(order, trials), np.tile(np.arange(trials), order.size)
    parts = max(-(-product.size // limit), 1)
    size = max(-(-product.size // (32 * parts)) * 32, 32)
    chunks = []
    for start in range(0, product.size, size):
        rows = slice(start, start + size)
        count = product[rows].size
        fill = (0, size - count)
        chunks.append(Chunk(np.pad(product[rows], fill, mode="edge"), np.pad(trial[rows], fill, mode="edge"), count))
    return chunks


def inputs(system: System, chunk: Chunk, seed: int, lp_dtype: np.dtype) -> Inputs:
    """Host arrays of a chunk; the buying LP's in `lp_dtype`."""
    rows, products = chunk.product, system.products

    def last(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.moveaxis(values, 0, -1))

    key = draws.product_key(np, seed, (products.id[rows, 0], products.id[rows, 1]))
    names = [name for name in Inputs._fields if name not in ("key", "trial", "demand")]
    arrays: dict[str, Any] = {name: last(getattr(products, name)[rows]) for name in names}
    arrays |= {"key": np.stack(key), "trial": chunk.trial.astype(np.uint32)}
    arrays["demand"] = last(system.source.numbers(rows, chunk.trial))
    for name in ("lp_sourcing_cost", "lp_overage_cost", "lp_route_cost", "segment_width", "segment_value"):
        arrays[name] = arrays[name].astype(lp_dtype)
    return Inputs(**arrays)


def capacity_cost(
    lead_times: LeadTimes, costs: Float64[np.ndarray, "nodes weeks"]
) -> Float64[np.ndarray, "distributions days"]:
    """c(λ) of eq. (6) for every lead-time distribution and order day, currency per unit.

    Args:
        costs: capacity costs λ per unit; arrivals after the horizon cost nothing.
    """
    days = 7 * costs.shape[1]
    span = lead_times.probability.shape[1]
    daily = np.concatenate([np.repeat(costs, 7, axis=1), np.zeros((costs.shape[0], span))], axis=1)[lead_times.node]
    ahead = np.lib.stride_tricks.sliding_window_view(daily, span, axis=1)[:, :days]
    return np.einsum("lds,ls->ld", ahead, lead_times.probability)
