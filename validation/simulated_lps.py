"""Buying LPs of real simulation states: reviews of a scenario's products under random capacity costs.

The state before a review is rebuilt from a recorded trajectory, and the LP's arrays from the state as
`docs/semantics.md` says, without the simulator's own code for it.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jaxsim.cost_search import typical_cost_spread
from jaxsim.outcome import Trajectory
from jaxsim.resources import ARRIVALS, Charge
from jaxsim.simulator import Simulator
from jaxsim.studies.problem import load_problem
from jaxsim.system import System

Fields = dict[str, np.ndarray]

COST_SIZES = (0.0, 0.3, 1.0, 3.0, 30.0)
"""Standard deviations of capacity costs, taken in turn, in units of `jaxsim.cost_search.typical_cost_spread`."""


def simulated_lps(
    scenario: Path, products: int, trials: int, count: int, seed: int
) -> Iterator[tuple[Fields, np.ndarray]]:
    """At least ``count`` LPs of a scenario in batches, one batch to a simulation with costs and trials of its own.

    Each batch is the fields of `BuyingLP` with the batch last, and the order vector (nodes, batch) that the simulator
    found for them, units.
    """
    system = load_problem(scenario, products, seed).system
    rng = np.random.default_rng(seed)
    scale, done, turn = typical_cost_spread(system), 0, 0
    while done < count:
        size = COST_SIZES[turn % len(COST_SIZES)] * scale
        costs = rng.normal(0.0, 1.0, system.network.plan.shape) * size
        run = Simulator(system, trials=trials, first_trial=turn * trials, seed=seed).trajectory(costs)
        lp, order = lps_of(system, run, costs)
        done, turn = done + order.shape[-1], turn + 1
        yield lp, order


def lps_of(system: System, run: Trajectory, costs: np.ndarray) -> tuple[Fields, np.ndarray]:
    """Fields of every LP of a recorded run under capacity costs (nodes, weeks), and the order vectors recorded.

    Raises:
        RuntimeError: the order quantity that a rebuilt state implies is not the one recorded.
    """
    product, trial, day = np.nonzero(run.order_quantity)
    review, products = (product, trial, day), system.products
    on_hand, incoming, backlog = _before_review(system, run, review)
    position = (on_hand + incoming).sum(1) - backlog.sum(1)
    pack = products.case_pack[product]
    shortage = np.maximum(products.order_up_to[product, day // 7] - position, 0)
    quantity = (2 * shortage + pack) // (2 * pack) * pack
    if (quantity != run.order_quantity[review]).any():
        raise RuntimeError("rebuilt states imply other order quantities than the trajectory's")
    width = products.segment_width[product, day // 7].copy()
    width[:, :, 0] += backlog
    charge: Charge = ARRIVALS.charge(system, costs)
    assert charge.order is not None
    capacity = charge.order[products.lead_time_distribution[product], day[:, None]]
    fields = {
        "order_cost": products.lp_sourcing_cost[product] + capacity,
        "order_cap": np.where(products.orderable[product], quantity[:, None], 0.0),
        "order_total": quantity.astype(float),
        "supply": (on_hand + incoming).astype(float),
        "route_cost": products.lp_route_cost[product],
        "overage_cost": products.lp_overage_cost[product],
        "segment_value": np.broadcast_to(products.segment_value[product][:, None], width.shape),
        "segment_width": width,
    }
    last = {name: np.ascontiguousarray(np.moveaxis(array, 0, -1)) for name, array in fields.items()}
    return last, run.lp_order[review].T


def _before_review(system: System, run: Trajectory, review: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    """Units on hand, incoming (LPs, slots) and backlogged (LPs, regions) at each review, after the day's receipts."""
    product, trial, day = review
    before = lambda daily: np.cumsum(daily, axis=2, dtype=np.int64) - daily  # sums over the days before each
    until = lambda daily: np.cumsum(daily, axis=2, dtype=np.int64)
    at = lambda daily: daily[review]
    stock = np.where((day > 0)[:, None], run.on_hand[product, trial, day - 1], system.products.on_hand[product])
    on_hand = stock + at(run.received) + at(run.received_transfers)
    vendor = system.products.in_flight.sum(1)[product] + at(before(run.orders)) - at(until(run.received))
    transfers = at(before(run.moved.sum(3))) - at(until(run.received_transfers))
    backlog = np.where((day > 0)[:, None], run.backlog[product, trial, day - 1], 0)
    return on_hand, vendor + transfers, backlog
