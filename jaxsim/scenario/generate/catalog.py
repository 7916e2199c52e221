"""A synthetic catalog: products with a long tail of slow movers, their economics, buying schedules and demand.

Demand falls with rank as (rank + q)^−0.82, flattened at the very top and steeper in the tail of intermittent
products. A product's vendor and size fix where it may be ordered (`vendors`). All of it is a pure function of the
preset and the seed: products are drawn in blocks of fixed size, each with its own generator.
"""

import dataclasses

import numpy as np
import pyarrow as pa

from jaxsim.scenario.generate.demand import SHARE_CONCENTRATION, SPREADS, Demand, quantiles, whole_millionths
from jaxsim.scenario.generate.network import CROSS_DOCK, STORAGE, Network
from jaxsim.scenario.generate.presets import Preset
from jaxsim.scenario.generate.vendors import SIZES, Vendors
from jaxsim.scenario.schema import QUANTILE_COLUMNS

BLOCK = 20_000
"""Products that are drawn, and written, together."""

ODDITIES = ("zero demand", "slow mover in large case packs", "late biweekly review", "single node", "no orderable node")
"""The last products of a preset with `oddities`, in this order."""

_PACKS = np.array([1, 6, 12, 24])
_FAST_PACKS, _SLOW_PACKS = (0.35, 0.25, 0.25, 0.15), (0.75, 0.17, 0.07, 0.01)


@dataclasses.dataclass(frozen=True)
class Catalog:
    """Products (A); every field is an array over them. Units, currency, days and weeks as in the table `products`."""

    names: np.ndarray
    vendor: np.ndarray
    size: np.ndarray
    orderable_set: np.ndarray
    """Row of `Vendors.local`."""
    unit_cost: np.ndarray
    lost_sale_cost: np.ndarray
    overage_cost: np.ndarray
    review_weeks: np.ndarray
    first_review_day: np.ndarray
    case_pack: np.ndarray
    target_in_stock: np.ndarray
    unit_volume: np.ndarray
    units: np.ndarray
    """Mean weekly demand before seasons, units."""
    spread: np.ndarray
    """Index in `demand.SPREADS`."""

    def __len__(self) -> int:
        return len(self.names)

    def block(self, start: int, stop: int) -> "Catalog":
        """Products start … stop − 1."""
        return Catalog(*(getattr(self, field.name)[start:stop] for field in dataclasses.fields(self)))


def long_tail(rng: np.random.Generator, preset: Preset) -> np.ndarray:
    """Mean weekly units of each product, in random order."""
    part = (np.arange(1, preset.products + 1) + preset.products / 2000) / preset.products
    units = preset.median_units * (2 * part) ** -preset.zipf * np.exp(-4 * np.maximum(0, part - 0.5))
    return rng.permutation(units * rng.lognormal(0, 0.4, preset.products))


def make_catalog(
    rng: np.random.Generator, preset: Preset, vendors: Vendors, units: np.ndarray, names: np.ndarray
) -> Catalog:
    """Draw the products that sell `units` (A,) a week and are called `names` (A,)."""
    count = len(units)
    share = np.arange(1, preset.vendors + 1) ** -0.6
    vendor = rng.choice(preset.vendors, count, p=share / share.sum())
    size = rng.choice(SIZES, count, p=(0.65, 0.25, 0.1))
    unit_cost = np.clip(rng.lognormal(np.log(16), 0.65, count) * np.array([0.9, 1.2, 1.5])[size], 5, 60).round(2)
    lost_sale_cost = (unit_cost * rng.uniform(1.4, 1.9, count) * rng.uniform(0.3, 0.6, count)).round(3)
    review_weeks = vendors.review_weeks[vendor]
    first_review_day = vendors.review_day[vendor] + 7 * rng.integers(0, review_weeks)
    fast, slow = rng.choice(_PACKS, count, p=_FAST_PACKS), rng.choice(_PACKS, count, p=_SLOW_PACKS)
    catalog = Catalog(
        names=names,
        vendor=vendor,
        size=size,
        orderable_set=vendor * SIZES + size,
        unit_cost=unit_cost,
        lost_sale_cost=lost_sale_cost,
        overage_cost=(lost_sale_cost / 9 * rng.uniform(0.8, 1.25, count)).round(4),
        review_weeks=review_weeks,
        first_review_day=first_review_day,
        case_pack=np.where(units < 2, slow, fast),
        target_in_stock=rng.uniform(0.9, 0.98, count).round(3),
        unit_volume=(rng.lognormal(0, 0.5, count) * np.array([0.08, 0.9, 3.5])[size]).clip(0.01).round(3),
        units=units,
        spread=rng.choice(len(SPREADS), count, p=(0.15, 0.2, 0.3, 0.2, 0.15)),
    )
    if preset.oddities and count >= len(ODDITIES):
        _plant_oddities(catalog, len(vendors.local))
    return catalog


def _plant_oddities(catalog: Catalog, sets: int) -> None:
    """Turn the last products into the cases of `ODDITIES`."""
    zero, packs, late, single, none = range(len(catalog) - len(ODDITIES), len(catalog))
    catalog.units[[zero, packs, late, single, none]] = (0.0, 0.2, 20.0, 6.0, 4.0)
    catalog.case_pack[[packs, late, single]] = (24, 12, 6)
    catalog.review_weeks[late], catalog.first_review_day[late] = 2, 13
    catalog.vendor[[single, none]] = 0
    catalog.orderable_set[[single, none]] = (sets - 2, sets - 1)


def seasonal_demand(rng: np.random.Generator, catalog: Catalog, weeks: int) -> Demand:
    """Weekly demand with a swing of 10–25% about the mean that each product has at its own phase."""
    count = len(catalog)
    swing, phase = rng.uniform(0.1, 0.25, (count, 1)), rng.uniform(0, 1, (count, 1))
    wave = np.sin(2 * np.pi * (np.arange(weeks) / 12 + phase))
    mean = (catalog.units[:, None] * (1 + swing * wave)).round(4)
    return Demand(mean, quantiles(mean, catalog.spread))


def demand_shares(rng: np.random.Generator, network: Network, count: int) -> np.ndarray:
    """Shares (products, regions) about the population's, in whole millionths that sum to 1."""
    parts = rng.gamma(SHARE_CONCENTRATION * network.weight, size=(count, len(network.weight)))
    return whole_millionths(parts + 1e-4)


def sourcing_costs(rng: np.random.Generator, catalog: Catalog, vendors: Vendors, network: Network) -> np.ndarray:
    """Inbound cost per unit (products, slots): by size, dearer the further down the network goods enter."""
    kind = network.kind[vendors.local[catalog.orderable_set]]
    level = np.where(kind == CROSS_DOCK, 0.8, np.where(kind == STORAGE, 1.05, 1.45))
    cost = np.array([0.28, 0.55, 0.95])[catalog.size][:, None] * level * rng.uniform(0.85, 1.15, kind.shape)
    return np.clip(cost, 0.16, 1.58).round(4)


def products_table(catalog: Catalog, vendors: Vendors) -> pa.Table:
    """Table products."""
    same = ("unit_cost", "lost_sale_cost", "overage_cost", "review_weeks", "first_review_day", "case_pack")
    return pa.table(
        {
            "product": catalog.names,
            "vendor": vendors.names[catalog.vendor],
            **{name: getattr(catalog, name) for name in (*same, "target_in_stock", "unit_volume")},
        }
    )


def demand_table(catalog: Catalog, demand: Demand) -> pa.Table:
    """Table demand."""
    weeks = demand.mean.shape[1]
    flat = demand.quantiles.reshape(-1, len(QUANTILE_COLUMNS))
    return pa.table(
        {
            "product": np.repeat(catalog.names, weeks),
            "week": np.tile(np.arange(weeks), len(catalog)),
            "mean": demand.mean.ravel(),
            **{name: flat[:, i] for i, name in enumerate(QUANTILE_COLUMNS)},
        }
    )


def shares_table(catalog: Catalog, network: Network, share: np.ndarray) -> pa.Table:
    """Table demand_shares."""
    return pa.table(
        {
            "product": np.repeat(catalog.names, len(network.regions)),
            "region": np.tile(np.array(network.regions), len(catalog)),
            "share": share.ravel(),
        }
    )
