"""Labor plans as planners make them: a forecast of arrivals, then shifts between nodes as if units could go anywhere.

The forecast projects the buying policy without capacity costs: arrivals in flight exactly, later orders by their
expected quantity, split and lead times. The part that new orders still can move is multiplied by a random factor per
node and week and scaled back to about the forecast's weekly total; so plans of week 0, which is mostly in flight,
stay near the forecast, and a node that is planned at twice its forecast in week 3 needs units that would go
elsewhere.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int
from scipy.special import ndtr

from jaxsim.demand.moments import over_span
from jaxsim.scenario.generate.network import Network
from jaxsim.scenario.generate.presets import Preset
from jaxsim.scenario.generate.state import Block
from jaxsim.scenario.generate.vendors import LONGEST_LEAD, Vendors

_PACKS_COUNTED = 6
_LEAST_FACTOR = 0.1


class ExpectedArrivals:
    """Expected unconstrained arrivals by node and week, added up block by block."""

    def __init__(self, vendors: Vendors, network: Network, weeks: int) -> None:
        self._vendors = vendors
        self.in_flight = np.zeros((len(network.nodes), weeks), np.int64)
        """(nodes, weeks) units in flight at the start of day 0."""
        self._ordered = np.zeros((len(vendors.cumulative), 7 * weeks))

    def add(self, block: Block) -> None:
        """Count the arrivals that a block of products causes."""
        catalog, vendors = block.catalog, self._vendors
        days = self._ordered.shape[1]
        soon = block.line_day < days
        local = vendors.local[catalog.orderable_set]
        node = local[block.line_product, block.line_slot][soon]
        np.add.at(self.in_flight, (node, block.line_day[soon] // 7), block.line_units[soon])
        distribution = vendors.lead_time_distribution[catalog.orderable_set]
        for day, units in expected_orders(block, days):
            product, slot = np.nonzero((block.split > 0) & (units > 0)[:, None])
            cell = distribution[product, slot] * days + day[product]
            amount = block.split[product, slot] * units[product]
            self._ordered += np.bincount(cell, amount, self._ordered.size).reshape(self._ordered.shape)

    def movable(self) -> np.ndarray:
        """(nodes, weeks) expected arrivals of orders that are yet to be placed."""
        cumulative, weeks = self._vendors.cumulative, self.in_flight.shape[1]
        result = np.zeros(self.in_flight.shape)
        for week in range(weeks):
            for day in range(7 * week + 7):
                until = cumulative[:, np.clip(7 * week + 6 - day, 0, LONGEST_LEAD)]
                before = cumulative[:, np.clip(7 * week - 1 - day, 0, LONGEST_LEAD)]
                np.add.at(result[:, week], self._vendors.distribution_node, self._ordered[:, day] * (until - before))
        return result


def expected_orders(
    block: Block, days: int
) -> Iterator[tuple[Int[np.ndarray, " products"], Float64[np.ndarray, " products"]]]:
    """Yield the day and the expected units of each review; 0 units where it lies past `days`."""
    catalog = block.catalog
    period = 7 * catalog.review_weeks
    day, span, start = catalog.first_review_day, catalog.first_review_day, np.zeros(len(catalog))
    position = block.on_hand.sum(1) + np.bincount(block.line_product, block.line_units, len(catalog))
    while (day < days).any():
        sold, variance = over_span(block.weekly, start, span)
        units = _expected_quantity(block.order_up_to(day) - position + sold, np.sqrt(variance), catalog.case_pack)
        yield np.minimum(day, days - 1), np.where(day < days, units, 0)
        position = position - sold + units
        start, span, day = day.astype(float), period, day + period


def _expected_quantity(shortage: np.ndarray, deviation: np.ndarray, pack: np.ndarray) -> np.ndarray:
    """Mean of max(0, X) rounded to whole packs, for X normal with mean `shortage`."""
    deviation = np.maximum(deviation, 1e-6)
    first = sum(ndtr((shortage - (j + 0.5) * pack) / deviation) for j in range(_PACKS_COUNTED)) * pack
    z = (shortage - _PACKS_COUNTED * pack) / deviation
    return first + deviation * (z * ndtr(z) + np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))


def plan(rng: np.random.Generator, preset: Preset, network: Network, expected: ExpectedArrivals) -> np.ndarray:
    """Planned units (nodes, weeks), int64; 0 for nodes that are not inbound."""
    movable = expected.movable()
    nodes, weeks = movable.shape
    area, node, both = np.sqrt(preset.distortion_split)
    noise = area * rng.standard_normal(len(network.regions))[network.area][:, None]
    noise = noise + node * rng.standard_normal((nodes, 1)) + both * rng.standard_normal((nodes, weeks))
    wanted = movable * np.maximum(1 + preset.distortion * noise, _LEAST_FACTOR)
    total = wanted.sum(0)
    aim = movable.sum(0) * (1 + preset.total_error * rng.standard_normal(weeks))
    wanted *= np.where(total > 0, aim / np.where(total > 0, total, 1), 1)
    return expected.in_flight + np.round(wanted).astype(np.int64)


def plan_table(network: Network, units: np.ndarray) -> pa.Table:
    """Table labor_plan."""
    node = np.flatnonzero(network.inbound)
    weeks = units.shape[1]
    return pa.table(
        {
            "node": np.repeat(np.array(network.nodes)[node], weeks),
            "week": np.tile(np.arange(weeks), len(node)),
            "units": units[node].ravel(),
        }
    )
