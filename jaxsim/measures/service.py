"""Customer service: preferred node availability (PNA) and fill rate."""

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, ratio
from jaxsim.outcome import Outcome
from jaxsim.system import System


def preferred_node_availability(
    system: System,
    outcome: Outcome,
    *,
    weeks: slice = slice(None),
    strata: Int[np.ndarray, " products"] | None = None,
) -> Estimate:
    """PNA as the paper approximates it: Σ γ min(D60, Ī) / Σ γ D60 over products, preferred nodes and weeks (section
    2.4.2).

    D60 adds the 60th percentiles of weekly demand of the regions that prefer the node; Ī is the mean end-of-day
    inventory there in the week of a trial, and the minimum is taken trial by trial. Regions that no node ships to are
    left out.

    Args:
        weeks: weeks of the horizon to count, such as `slice(0, 4)`.
        strata: stratum of each product, for the standard error.

    Returns:
        A fraction; NaN when there is no demand to prefer a node for.
    """
    available, wanted = preferred_available(system, outcome, weeks), preferred_wanted(system, outcome, weeks)
    return ratio(system.products.sampling_weight, strata, available, wanted)


def preferred_available(
    system: System, outcome: Outcome, weeks: slice = slice(None)
) -> Float64[np.ndarray, "products trials"]:
    """Σ min(D60, Ī) over preferred nodes and weeks of each product-trial, units."""
    wanted = _preferred_demand(system)[:, weeks]
    return np.minimum(wanted[:, None], outcome.inventory_unit_days[:, :, weeks] / 7.0).sum((2, 3))


def preferred_wanted(
    system: System, outcome: Outcome, weeks: slice = slice(None)
) -> Float64[np.ndarray, "products trials"]:
    """Σ D60 over preferred nodes and weeks, units; the same in every trial."""
    wanted = _preferred_demand(system)[:, weeks].sum((1, 2))
    return np.repeat(wanted[:, None], outcome.inventory_unit_days.shape[1], axis=1)


def simulated_preferred_availability(
    system: System, outcome: Outcome, strata: Int[np.ndarray, " products"] | None = None
) -> Estimate:
    """PNA from simulated orders: units that the preferred node served / units asked for, over the whole horizon."""
    return ratio(
        system.products.sampling_weight, strata, preferred_delivered(system, outcome), demanded(system, outcome)
    )


def fill_rate(system: System, outcome: Outcome, strata: Int[np.ndarray, " products"] | None = None) -> Estimate:
    """Units delivered, backlogged ones late, / units asked for, over the whole horizon."""
    return ratio(system.products.sampling_weight, strata, delivered(system, outcome), demanded(system, outcome))


def delivered(system: System, outcome: Outcome) -> Float64[np.ndarray, "products trials"]:
    """Units delivered to customers."""
    return outcome.served.sum((2, 3), dtype=np.int64).astype(np.float64)


def preferred_delivered(system: System, outcome: Outcome) -> Float64[np.ndarray, "products trials"]:
    """Units delivered to each region from its preferred node."""
    return outcome.served[:, :, 0].sum(2, dtype=np.int64).astype(np.float64)


def demanded(system: System, outcome: Outcome) -> Float64[np.ndarray, "products trials"]:
    """Units asked for within the horizon: delivered, lost, or waiting at the end, less what waited at the start."""
    kept = (outcome.lost + outcome.final_backlog).sum(2, dtype=np.int64)
    waited = system.products.backlog
    return delivered(system, outcome) + (kept if waited is None else kept - waited.sum(1, dtype=np.int64)[:, None])


def _preferred_demand(system: System) -> Float64[np.ndarray, "products weeks slots"]:
    """D60 of each slot: 60th percentiles of the regions that prefer it."""
    products = system.products
    slots = np.arange(products.node.shape[1])
    prefers = (products.preference[:, 0, :, None] == slots).astype(np.float64)
    return products.region_p60 @ prefers
