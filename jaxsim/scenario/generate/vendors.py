"""Vendors: where each may deliver and how long it takes.

The nodes that a product may be ordered into follow from its vendor and its size (sortable, non-sortable, heavy), so
the same sets recur across products. They are few and spread over the country: for example {XD-DALLAS, FC-NEWARK,
FC-FRESNO} lets the buying decision trade inbound cost for distance to customers, and keeps at most `local_limit`
local nodes. Lead times are gamma distributed, with the spread of the vendors of USAID's SCMS delivery history
(coefficient of variation 0.45–0.7) and means of `lead_weeks`, longer for distant nodes.
"""

import dataclasses

import numpy as np
import pyarrow as pa
from scipy.special import gammainc

from jaxsim.scenario.generate.network import CROSS_DOCK, FULFILLMENT, STORAGE, Network, miles
from jaxsim.scenario.generate.presets import Preset

SIZES = 3
"""Sizes of products: sortable, non-sortable, heavy."""

LONGEST_LEAD = 56
"""Days that no lead time exceeds."""


@dataclasses.dataclass(frozen=True)
class Vendors:
    """Vendors (V), their orderable sets (set v · SIZES + size for a vendor and a size) and lead-time distributions."""

    names: np.ndarray
    """(V,) names."""
    place: np.ndarray
    """(V, 2) latitude and longitude."""
    review_day: np.ndarray
    """(V,) weekday of reviews."""
    review_weeks: np.ndarray
    """(V,) weeks between reviews."""
    local: np.ndarray
    """(sets, slots) local nodes of each set in order of node, −1 where there are fewer."""
    orderable: np.ndarray
    """(sets, slots) bool."""
    lead_time_distribution: np.ndarray
    """(sets, slots) row of `cumulative`, −1 where not orderable."""
    distribution_vendor: np.ndarray
    """(distributions,)"""
    distribution_node: np.ndarray
    """(distributions,)"""
    cumulative: np.ndarray
    """(distributions, LONGEST_LEAD + 1) P(lead time ≤ days)."""
    mean_lead: np.ndarray
    """(sets,) mean over the set's orderable nodes of the mean lead time, days."""


def make_vendors(rng: np.random.Generator, preset: Preset, network: Network) -> Vendors:
    """Draw the vendors of a preset."""
    count = preset.vendors
    place = network.place[rng.integers(len(network.nodes), size=count)] + rng.normal(0, 1.0, (count, 2))
    sets = _orderable_sets(rng, preset, network, count * SIZES)
    vendor_of_set = np.repeat(np.arange(count), SIZES)
    if preset.oddities:  # vendor 0 has two sets more: a lone node, and none at all
        sets += [[int(np.flatnonzero(network.inbound & (network.kind == FULFILLMENT))[0])], []]
        vendor_of_set = np.append(vendor_of_set, (0, 0))
    local, orderable = _local_nodes(network, sets, preset.local_limit)
    pair = vendor_of_set[:, None] * len(network.nodes) + np.maximum(local, 0)
    distributions = np.unique(pair[orderable])
    distribution_vendor, distribution_node = np.divmod(distributions, len(network.nodes))
    cumulative = _cumulative(rng, preset, network, place, distribution_vendor, distribution_node)
    distribution = np.where(orderable, np.searchsorted(distributions, pair), -1)
    mean = (np.diff(cumulative, axis=1) * np.arange(1, LONGEST_LEAD + 1)).sum(1)
    return Vendors(
        names=np.array([f"V{v:04d}" for v in range(count)]),
        place=place,
        review_day=rng.integers(0, 7, count),
        review_weeks=np.where(rng.random(count) < preset.two_week_reviews, 2, 1),
        local=local,
        orderable=orderable,
        lead_time_distribution=distribution,
        distribution_vendor=distribution_vendor,
        distribution_node=distribution_node,
        cumulative=cumulative,
        mean_lead=(mean[distribution] * orderable).sum(1) / np.maximum(orderable.sum(1), 1),
    )


def _orderable_sets(rng: np.random.Generator, preset: Preset, network: Network, count: int) -> list[list[int]]:
    """Sets of 2–5 inbound nodes, spread out, whose reach stays within the limit; every inbound node occurs."""
    inbound = np.flatnonzero(network.inbound)
    upstream = inbound[network.kind[inbound] <= STORAGE]
    between = miles(network.place, network.place)
    area = network.area[inbound]
    odds = network.weight[area] / np.bincount(area, minlength=len(network.weight))[area]
    odds = np.where(network.kind[inbound] == CROSS_DOCK, 3.0, 1.0) * odds
    first, sets = np.empty(0, int), []
    for i in range(count):
        if i % len(inbound) == 0:
            first = rng.permutation(inbound)
        size = rng.choice((2, 3, 4, 5), p=(0.15, 0.35, 0.3, 0.2))
        start = int(first[i % len(inbound)])
        order = rng.choice(inbound, len(inbound), replace=False, p=odds / odds.sum())
        if start not in upstream:
            order = np.concatenate([rng.permutation(upstream)[:2], order])
        sets.append(_spread_set(start, order, size, network.reach, between, preset.local_limit))
    return sets


def _spread_set(
    start: int, order: np.ndarray, size: int, reach: np.ndarray, between: np.ndarray, limit: int
) -> list[int]:
    """Add nodes to `start` in `order`, far ones before near ones, until there are `size`, while their reach fits."""
    chosen, reached, nearest = [start], reach[start], between[start]
    for apart in (400, 150, 0):
        for node in order[nearest[order] >= apart].tolist():
            if len(chosen) == size:
                return chosen
            joint = reached | reach[node]
            if node not in chosen and nearest[node] >= apart and np.count_nonzero(joint) <= limit:
                chosen.append(node)
                reached, nearest = joint, np.minimum(nearest, between[node])
    return chosen


def _local_nodes(network: Network, sets: list[list[int]], limit: int) -> tuple[np.ndarray, np.ndarray]:
    local = np.full((len(sets), limit), -1)
    orderable = np.zeros((len(sets), limit), bool)
    for i, chosen in enumerate(sets):
        nodes = np.flatnonzero(network.reach[chosen].any(0) if chosen else network.kind == FULFILLMENT)[:limit]
        local[i, : len(nodes)] = nodes
        orderable[i, : len(nodes)] = np.isin(nodes, chosen)
    return local, orderable


def _cumulative(
    rng: np.random.Generator,
    preset: Preset,
    network: Network,
    place: np.ndarray,
    vendor: np.ndarray,
    node: np.ndarray,
) -> np.ndarray:
    """Cumulative lead-time distributions: gamma, whole days, cut at the 99.7% quantile, in whole millionths."""
    low, high = preset.lead_weeks
    base = 7 * np.exp(rng.uniform(np.log(low), np.log(high), len(place)))
    shape = 1 / rng.uniform(0.45, 0.7, len(place)) ** 2
    distance = miles(place, network.place)[vendor, node]
    mean = base[vendor] * rng.uniform(0.9, 1.1, len(vendor)) + distance / 700
    days = np.arange(LONGEST_LEAD + 1)
    cumulative = gammainc(shape[vendor][:, None], shape[vendor][:, None] * days / mean[:, None])
    end = np.maximum(1, (cumulative < 0.997).sum(1))
    cumulative /= np.take_along_axis(cumulative, np.minimum(end, LONGEST_LEAD)[:, None], axis=1)
    return np.minimum(cumulative, 1).round(6)


def lead_times(vendors: Vendors, network: Network) -> pa.Table:
    """Table lead_times."""
    probability = np.diff(vendors.cumulative, axis=1)
    distribution, day = np.nonzero(probability > 1e-7)
    return pa.table(
        {
            "vendor": vendors.names[vendors.distribution_vendor[distribution]],
            "node": np.array(network.nodes)[vendors.distribution_node[distribution]],
            "days": day + 1,
            "probability": probability[distribution, day].round(6),
        }
    )
