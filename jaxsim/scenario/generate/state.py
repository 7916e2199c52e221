"""Stock and orders on the way at the start of day 0, near the steady state of the buying policy.

Each product ordered, at its reviews of the past weeks, about what it sold, into the nodes that the buying LP would
choose at no capacity cost; the lines that have not arrived by day 0 are in flight. What is left of the order-up-to
level, less the demand since the last review, is on hand, spread over storage and fulfillment nodes by the demand they
stand for.
"""

import dataclasses

import numpy as np
import pyarrow as pa

from jaxsim.demand.moments import Moments, over_span, quantile
from jaxsim.scenario.generate.catalog import Catalog
from jaxsim.scenario.generate.demand import Demand
from jaxsim.scenario.generate.network import STORAGE, Network
from jaxsim.scenario.generate.vendors import LONGEST_LEAD, Vendors


@dataclasses.dataclass(frozen=True)
class Block:
    """A block of products with what planning needs of them. Leading axis: products of the block."""

    catalog: Catalog
    weekly: Moments
    """(products, weeks) of the quantile function."""
    split: np.ndarray
    """(products, slots) parts of an order that go to each slot; all 0 where nothing can be ordered."""
    horizon: np.ndarray
    """(products,) planning horizon in days."""
    on_hand: np.ndarray
    """(products, slots) units."""
    line_product: np.ndarray
    """(lines,) product of each line in flight, within the block."""
    line_slot: np.ndarray
    line_day: np.ndarray
    line_units: np.ndarray

    def order_up_to(self, day: np.ndarray) -> np.ndarray:
        """Order-up-to levels (products,) of reviews on `day` (products,), units."""
        ahead = over_span(self.weekly, 7.0 * (day // 7) + day % 7, self.horizon)
        return np.ceil(quantile(ahead, self.catalog.target_in_stock))


def order_split(
    catalog: Catalog, vendors: Vendors, network: Network, share: np.ndarray, sourcing: np.ndarray
) -> np.ndarray:
    """Parts (products, slots) of an order: each region's share to the slot with the least sourcing plus route cost."""
    local, orderable = vendors.local[catalog.orderable_set], vendors.orderable[catalog.orderable_set]
    cost = np.where(orderable[:, :, None], sourcing[:, :, None] + network.route_cost[local], np.inf)
    best = cost.argmin(1)
    part = np.stack([(share * (best == slot)).sum(1) for slot in range(local.shape[1])], axis=1)
    return np.where(orderable, part, 0)


def initial_state(
    rng: np.random.Generator,
    catalog: Catalog,
    demand: Demand,
    vendors: Vendors,
    network: Network,
    share: np.ndarray,
    split: np.ndarray,
) -> Block:
    """Draw the orders in flight and the stock of a block of products."""
    weekly = demand.moments()
    product, slot, day, units = _in_flight(rng, catalog, vendors, weekly, split)
    horizon = 7 * catalog.review_weeks + vendors.mean_lead[catalog.orderable_set]
    block = Block(catalog, weekly, split, horizon, np.zeros_like(split, int), product, slot, day, units)
    elapsed = 7 * catalog.review_weeks - catalog.first_review_day
    sold = _draw(rng, over_span(weekly, 0.0, elapsed))
    slack = np.round((rng.random(len(catalog)) - 0.5) * (catalog.case_pack - 1))
    in_flight = np.bincount(product, units, len(catalog))
    total = np.maximum(0, block.order_up_to(catalog.first_review_day) + slack - sold - in_flight)
    weight = _stock_weights(catalog, vendors, network, share) * rng.gamma(8.0, size=split.shape)
    ends = np.cumsum(weight, axis=1)
    cut = np.floor(total[:, None] * ends / ends[:, -1:] + 1e-9)
    return dataclasses.replace(block, on_hand=np.diff(cut, axis=1, prepend=0).astype(int))


def _draw(rng: np.random.Generator, demand: Moments) -> np.ndarray:
    """Whole units with these moments: a Poisson number with a gamma mean (variance at least the mean)."""
    mean, variance = demand
    extra = np.maximum(variance - mean, 1e-9 * mean)
    varies = mean > 0
    shape = np.where(varies, mean**2 / np.where(varies, extra, 1), 1)
    return rng.poisson(np.where(varies, rng.gamma(np.minimum(shape, 1e9)) * mean / shape, 0))


def _in_flight(
    rng: np.random.Generator,
    catalog: Catalog,
    vendors: Vendors,
    weekly: Moments,
    split: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Lines (product, slot, day, units) of past reviews that arrive on day 0 or later, one for each arrival."""
    distribution = vendors.lead_time_distribution[catalog.orderable_set]
    steps = vendors.cumulative + np.arange(len(vendors.cumulative))[:, None]
    period = 7 * catalog.review_weeks
    keys, units = [], []
    for back in range(1, LONGEST_LEAD // 7 + 2):
        ordered = catalog.first_review_day - back * period
        quantity = _draw(rng, over_span(weekly, 0.0, period))
        packs = np.cumsum(split, axis=1) * (quantity / catalog.case_pack)[:, None]
        line = np.diff(np.floor(packs + rng.random((len(catalog), 1))), axis=1, prepend=0)
        product, slot = np.nonzero(line > 0)
        chance = distribution[product, slot] + rng.random(len(product))
        days = np.searchsorted(steps.ravel(), chance, side="right") - distribution[product, slot] * steps.shape[1]
        arrival = ordered[product] + np.clip(days, 1, LONGEST_LEAD)
        late = arrival >= 0
        keys.append(((product * split.shape[1] + slot) * (LONGEST_LEAD + 1) + arrival)[late])
        units.append((line[product, slot] * catalog.case_pack[product])[late])
    key, line = np.unique(np.concatenate(keys), return_inverse=True)
    place, day = np.divmod(key, LONGEST_LEAD + 1)
    product, slot = np.divmod(place, split.shape[1])
    return product, slot, day, np.bincount(line, np.concatenate(units), len(key)).astype(int)


def _stock_weights(catalog: Catalog, vendors: Vendors, network: Network, share: np.ndarray) -> np.ndarray:
    """Parts of the stock (products, slots): by the regions that prefer a node, less what storage keeps for it."""
    local = vendors.local
    shipping = np.where(local[:, :, None] >= 0, network.shipping_cost[local], np.inf)
    preferred = shipping.argmin(1)[catalog.orderable_set]
    weight = np.stack([(share * (preferred == slot)).sum(1) for slot in range(local.shape[1])], axis=1)
    storage = (local >= 0) & (network.kind[local] == STORAGE)
    fed = network.feeds[local[:, :, None], local[:, None, :]] & storage[:, :, None] & (local >= 0)[:, None, :]
    part = 0.55 * fed / np.maximum(fed.sum(1, keepdims=True), 1)
    kept = 1 - part.sum(1)
    return weight * kept[catalog.orderable_set] + np.einsum("pf,psf->ps", weight, part[catalog.orderable_set])


def product_nodes_table(block: Block, vendors: Vendors, network: Network, sourcing: np.ndarray) -> pa.Table:
    """Table product_nodes: orderable slots and those with stock, or a product's last slot when it has neither."""
    catalog = block.catalog
    local, orderable = vendors.local[catalog.orderable_set], vendors.orderable[catalog.orderable_set]
    keep = orderable | (block.on_hand > 0)
    keep[np.arange(len(keep)), (local >= 0).sum(1) - 1] |= ~keep.any(1)
    product, slot = np.nonzero(keep)
    return pa.table(
        {
            "product": catalog.names[product],
            "node": np.array(network.nodes)[local[product, slot]],
            "orderable": orderable[product, slot],
            "sourcing_cost": sourcing[product, slot],
            "on_hand": block.on_hand[product, slot],
        }
    )


def in_flight_table(block: Block, vendors: Vendors, network: Network) -> pa.Table:
    """Table in_flight."""
    local = vendors.local[block.catalog.orderable_set]
    return pa.table(
        {
            "product": block.catalog.names[block.line_product],
            "node": np.array(network.nodes)[local[block.line_product, block.line_slot]],
            "arrival_day": block.line_day,
            "quantity": block.line_units,
        }
    )
