"""Sizes and strengths of the generated scenarios, by name.

`tiny` is for tests: small enough to read, with a case of each oddity. `demo` runs in minutes on a laptop's processor.
`paper` has the size of the paper's section 3 (more than 100 inbound nodes, five weeks), and `large` ten times its
products on the same network.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Preset:
    """What distinguishes one generated scenario from another.

    Attributes:
        regions, region_spacing: number of demand regions and the least distance between their centers, miles; a demand
            history with regions has its own, with as much room for each.
        cross_docks, storages, fulfillments: nodes of each kind; all cross docks are inbound.
        inbound_storages, inbound_fulfillments: how many of them vendors deliver to.
        vendors, products, weeks: sizes.
        local_limit: most local nodes that a product may have.
        lead_weeks: range of vendors' mean lead times, weeks.
        median_units: weekly demand of the median product, units.
        zipf: slope of log demand over log rank, as a positive number.
        two_week_reviews: share of vendors that review every second week.
        distortion: standard deviation of plan / forecast over the part of the arrivals that new orders can move.
        distortion_split: parts of that variance by area, by node and by node and week.
        total_error: standard deviation of that ratio over all nodes of a week.
        oddities: end the catalog with one product of each kind that trips careless code (`catalog.ODDITIES`).
    """

    regions: int
    region_spacing: float
    cross_docks: int
    storages: int
    fulfillments: int
    inbound_storages: int
    inbound_fulfillments: int
    vendors: int
    products: int
    weeks: int
    local_limit: int = 8
    lead_weeks: tuple[float, float] = (1.0, 3.5)
    median_units: float = 5.0
    zipf: float = 0.82
    two_week_reviews: float = 0.15
    distortion: float = 0.65
    distortion_split: tuple[float, float, float] = (0.1, 0.35, 0.55)
    total_error: float = 0.04
    oddities: bool = False


PRESETS = {
    "tiny": Preset(
        regions=3,
        region_spacing=800,
        cross_docks=2,
        storages=1,
        fulfillments=3,
        inbound_storages=1,
        inbound_fulfillments=2,
        vendors=4,
        products=24,
        weeks=3,
        local_limit=6,
        lead_weeks=(0.6, 1.3),
        median_units=12.0,
        oddities=True,
    ),
    "demo": Preset(
        regions=8,
        region_spacing=300,
        cross_docks=12,
        storages=8,
        fulfillments=30,
        inbound_storages=6,
        inbound_fulfillments=22,
        vendors=60,
        products=5_000,
        weeks=5,
    ),
    "paper": Preset(
        regions=8,
        region_spacing=300,
        cross_docks=36,
        storages=24,
        fulfillments=92,
        inbound_storages=16,
        inbound_fulfillments=76,
        vendors=600,
        products=100_000,
        weeks=5,
    ),
}
PRESETS["large"] = dataclasses.replace(PRESETS["paper"], vendors=1_000, products=1_000_000)
