"""Products × trials → chunks of one size, batch-last, on the device.

A chunk is what one jitted call simulates. Products are sorted by their review days first, so that a chunk has few of
them, and the buying LP is solved on those days only, for the products that are reviewed. All chunks have the same size,
so there is one compilation; the last one is filled up by repeating its last row.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int64

from jaxsim import draws
from jaxsim.resources import Costs, charge_of, checked_prices
from jaxsim.simulator.state import Inputs, Shape, Shared
from jaxsim.system import FULFILLMENT, Products, System, check_system, check_trials


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


def prepare(
    system: System,
    costs: Costs = None,
    *,
    trials: int = 1,
    first_trial: int = 0,
    seed: int = 0,
    lp_dtype: str = "float64",
) -> tuple[Inputs, Shared]:
    """A whole system as one chunk on the device, for `jaxsim.simulator.env`; needs 64-bit types (`jax_enable_x64`).

    The batch is products × trials: product-trial (a, t) is number a · trials + t. Arguments as in `Simulator`.

    Raises:
        ValueError: the costs or the system are refused (`jaxsim.system.check_system`), or the demand has not that many
            trials.
    """
    check_system(system)
    check_trials(system, first_trial, trials)
    count, dtype = len(system.product_names), np.dtype(lp_dtype)
    trial = np.tile(np.arange(first_trial, first_trial + trials), count)
    chunk = Chunk(np.repeat(np.arange(count), trials), trial, count * trials)
    return jax.device_put(inputs(system, chunk, seed, dtype)), shared(system, costs, dtype)


def shared(system: System, costs: Costs, lp_dtype: np.dtype) -> Shared:
    """What all chunks of a system share under prices (none when left out), on the device.

    A system with a storage plan always has an overage charge, so that it has one trace.

    Raises:
        ValueError: `costs` has another shape, is not finite, or is too large for the LP's type.
    """
    charge = charge_of(system, checked_prices(system, costs))
    order, overage = charge.order, charge.overage
    assert order is not None
    if overage is None and not np.isnan(system.network.storage_plan).all():
        overage = np.zeros((system.weeks, len(system.network.nodes), system.weeks))
    largest = max(np.abs(each).max(initial=0.0) for each in (order, overage) if each is not None)
    if largest > np.finfo(lp_dtype).max:
        raise ValueError(f"a capacity cost is too large for {lp_dtype}; use lp_dtype float64")
    device = lambda values: jnp.asarray(values.astype(lp_dtype))
    return Shared(
        cumulative=jnp.asarray(system.lead_times.cumulative),
        capacity_cost=device(order),
        overage_charge=None if overage is None else device(overage),
        shape=shape_of(system),
    )


def shape_of(system: System) -> Shape:
    """What a compilation for a system holds fixed."""
    products = system.products
    sources = (products.kind > 0) & (products.kind < FULFILLMENT)
    return Shape(
        draw=system.source.draw,
        weekday_share=tuple(system.weekday_share.tolist()),
        ring=int(products.transit_days.max(initial=0)) + 1,
        sources=max(int(np.flatnonzero(sources.any(axis=0)).max(initial=-1)) + 1, 1),
    )


def inputs(system: System, chunk: Chunk, seed: int, lp_dtype: np.dtype) -> Inputs:
    """Host arrays of a chunk; the buying LP's in `lp_dtype`."""
    rows, products = chunk.product, system.products

    def last(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(np.moveaxis(values, 0, -1))

    key = draws.product_key(np, seed, (products.id[rows, 0], products.id[rows, 1]))
    names = [name for name in Inputs._fields if name not in ("key", "trial", "demand")]
    fields = {name: getattr(products, name) for name in names}
    arrays: dict[str, Any] = {name: None if each is None else last(each[rows]) for name, each in fields.items()}
    arrays |= {"key": np.stack(key), "trial": chunk.trial.astype(np.uint32)}
    arrays["demand"] = last(system.source.numbers(rows, chunk.trial))
    for name in ("lp_sourcing_cost", "lp_overage_cost", "lp_route_cost", "segment_width", "segment_value"):
        arrays[name] = arrays[name].astype(lp_dtype)
    return Inputs(**arrays)
