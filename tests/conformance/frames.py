"""Systems padded to common shapes, so that one compilation of the scan engine serves every example of a frame.

What is added is legitimate and empty: slots without a node, regions without demand, ranks without a preference,
lead-time distributions that nobody orders under, and a last product without stock, demand or orders, which has the
longest transfer and as many sending slots as there may be.
"""

from dataclasses import dataclass

import jax
import numpy as np

from jaxsim.demand.source import DemandSource, PathSource, QuantileSource
from jaxsim.draws import product_ids
from jaxsim.system import FULFILLMENT, LeadTimes, Network, Products, System
from validation.random_scenarios import LONGEST_LEAD, LONGEST_TRANSFER, MOST_KINDS, MOST_REGIONS, MOST_VENDORS

SLOTS, SOURCES, RANKS = sum(MOST_KINDS), sum(MOST_KINDS[:2]), MOST_KINDS[2]
LAWS, LEAD_DAYS = MOST_VENDORS * SLOTS, LONGEST_LEAD + 1
MOST_PRODUCTS = 3
PACEMAKER = "pacemaker"
"""Name of the product that fixes the shape of a compilation."""

_EMPTY = {"node": -1, "preference": -1, "transit_days": -1, "lp_route_cost": np.inf}
"""Entries of what is not there; 0 in the other fields."""

_LIMITS = {"slots": SLOTS, "ranks": RANKS, "regions": MOST_REGIONS}
_AXES = {
    **dict.fromkeys(("node", "kind", "orderable", "lead_time_distribution", "sourcing_cost", "on_hand"), ("slots",)),
    **dict.fromkeys(("lp_sourcing_cost", "lp_overage_cost", "placement_weight"), ("slots",)),
    "lp_route_cost": ("slots", "regions"),
    "segment_width": (None, "regions", None),
    "transit_days": ("slots", "slots"),
    "target": (None, "slots"),
    "preference": ("ranks", "regions"),
    "demand_share": ("regions",),
    "region_p60": (None, "regions"),
    "in_flight": (None, "slots"),
}
"""Axes after the product's that are padded."""


@dataclass(frozen=True)
class Frame:
    """What a compilation holds fixed beside array shapes."""

    name: str
    weeks: int
    further_quantiles: bool = False
    weekdays: bool = False
    paths: str | None = None
    """Whether customers follow sample paths: "totals" or "regions"."""
    storage: bool = False
    """Whether storage has a plan and prices."""


FRAMES = (
    Frame("three weeks", 3, weekdays=True, storage=True),
    Frame("three weeks, further quantiles", 3, further_quantiles=True),
    Frame("one week", 1, storage=True),
    Frame("three weeks, sample paths", 3, paths="totals", storage=True),
    Frame("one week, sample paths by region", 1, weekdays=True, paths="regions"),
)


def padded(system: System) -> System:
    """The system in the common shape, with the pacemaker as its last products."""
    products = {name: _padded(name, getattr(system.products, name)) for name in _fields()}
    extra = MOST_PRODUCTS + 1 - len(system.product_names)
    rows = {name: np.concatenate([values, _pacemaker(name, values, extra)]) for name, values in products.items()}
    names = (*system.product_names, *(f"{PACEMAKER}{i}" for i in range(extra)))
    source = _padded_source(system.source, extra)
    return System(
        names,
        source,
        system.weekday_share,
        _network(system.network),
        _distributions(system.lead_times),
        Products(**rows),
    )


def stacked(systems: list[System]) -> System:
    """Padded systems as one: each with its own distributions, and the network of the first (only its nodes count)."""
    shift = np.arange(len(systems)) * LAWS
    join = lambda *parts: np.concatenate(parts)
    rows = jax.tree.map(join, *(system.products for system in systems))
    distribution = np.concatenate(
        [system.products.lead_time_distribution + np.int32(by) for system, by in zip(systems, shift, strict=True)]
    )
    fields = {name: getattr(rows, name) for name in _fields()} | {
        "lead_time_distribution": distribution.astype(np.int32)
    }
    names = tuple(f"{i} {name}" for i, system in enumerate(systems) for name in system.product_names)
    first = systems[0]
    distributions = jax.tree.map(join, *(system.lead_times for system in systems))
    sources = [system.source for system in systems if isinstance(system.source, QuantileSource)]
    source = QuantileSource(sources[0].levels, join(*(source.quantiles for source in sources)))
    return System(names, source, first.weekday_share, first.network, distributions, Products(**fields))


def _fields() -> list[str]:
    return [name for name in Products.__annotations__ if name not in ("in_transit", "backlog")]  # of later weeks


def _padded(name: str, values: np.ndarray) -> np.ndarray:
    wanted = [_LIMITS.get(axis, 0) if axis else 0 for axis in _AXES.get(name, ())]
    missing = [(0, max(size - have, 0)) for size, have in zip(wanted, values.shape[1:], strict=False)]
    missing += [(0, 0)] * (values.ndim - 1 - len(missing))
    return np.pad(values, [(0, 0), *missing], constant_values=np.array(_EMPTY.get(name, 0), values.dtype))


def _padded_source(source: DemandSource, extra: int) -> DemandSource:
    """The source with products and, where it has regions, regions that ask for nothing."""
    if isinstance(source, QuantileSource):
        return QuantileSource(source.levels, np.pad(source.quantiles, [(0, extra), (0, 0), (0, 0)]))
    assert isinstance(source, PathSource)
    regions = [(0, MOST_REGIONS - source.regions)] if source.regions else []
    return PathSource(np.pad(source.units, [(0, extra), (0, 0), (0, 0), *regions]))


def _pacemaker(name: str, like: np.ndarray, count: int) -> np.ndarray:
    """Rows of an empty product that sends the longest transfer from the last slot that may send."""
    row = np.full((count, *like.shape[1:]), _EMPTY.get(name, 0), like.dtype)
    if name == "id":
        return product_ids([f"{PACEMAKER}{i}" for i in range(count)])
    if name in ("sampling_weight", "case_pack"):
        row[:] = 1
    elif name == "review_days":
        row[:] = 7
    elif name == "demand_share":
        row[:, 0] = 1
    elif name == "kind":
        row[:, :SOURCES], row[:, SOURCES] = 1, FULFILLMENT
    elif name == "node":
        row[:, : SOURCES + 1] = 0
    elif name == "transit_days":
        row[:, SOURCES - 1, SOURCES] = LONGEST_TRANSFER
    return row


def _network(network: Network) -> Network:
    """The network with nodes that nothing uses, up to the most that there may be."""
    missing = SLOTS - len(network.nodes)
    empty = {"inbound": False, "plan": np.nan, "storage_plan": np.nan, "shipping_co2": 0.0, "transfer_co2": 0.0}
    empty |= {"shipping_cost": np.inf, "transfer_cost": np.inf, "shipping_days": -1, "transfer_days": -1}
    pad = lambda name, values: np.pad(
        values,
        [(0, missing)] + [(0, missing if name.startswith("transfer") else 0)] * (values.ndim - 1),
        constant_values=np.array(empty[name], values.dtype),
    )
    arrays = {name: pad(name, getattr(network, name)) for name in empty}
    return Network((*network.nodes, *(f"unused{i}" for i in range(missing))), network.regions, **arrays)


def _distributions(distributions: LeadTimes) -> LeadTimes:
    """The distributions, then unused ones of one day, all over the same number of days."""
    missing, days = LAWS - distributions.node.size, LEAD_DAYS - distributions.probability.shape[1]
    probability = np.pad(distributions.probability, ((0, missing), (0, days)))
    probability[distributions.node.size :, 1] = 1.0
    cumulative = np.pad(distributions.cumulative, ((0, missing), (0, days)), constant_values=1.0)
    cumulative[distributions.node.size :, 0] = 0.0
    return LeadTimes(np.pad(distributions.node, (0, missing)), probability, cumulative)
