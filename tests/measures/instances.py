"""Outcomes of random whole numbers for random systems, for measures that need no simulator."""

import numpy as np

from jaxsim.outcome import Outcome
from jaxsim.system import System


def random_outcome(system: System, seed: int, trials: int = 3) -> Outcome:
    """Counts wherever the system allows any."""
    rng = np.random.default_rng(seed)
    products = system.products
    count, slots = products.node.shape
    ranks, regions = products.preference.shape[1:]
    weeks = system.weeks
    units = lambda mask, *shape: (rng.poisson(5, (count, trials, *shape)) * mask[:, None]).astype(np.int32)
    used = products.node >= 0
    return Outcome(
        arrivals=units(used[:, None], weeks, slots),
        orders=units(products.orderable[:, None], weeks, slots),
        inventory_unit_days=units(used[:, None], weeks, slots) * np.int32(7),
        end_inventory=units(used[:, None], weeks, slots),
        served=units(products.preference >= 0, ranks, regions),
        lost=units(np.ones((count, 1)), regions),
        backlog_unit_days=units(products.backlogged[:, None], weeks),
        final_backlog=units(products.backlogged[:, None], regions),
        moved=units(products.transit_days >= 0, slots, slots),
    )
