"""The statistics of Algorithm 1, step 17: every day of every product-trial."""

import numpy as np

from jaxsim.outcome import Trajectory
from jaxsim.reference.decision import Buy, Fulfill, Place
from jaxsim.system import System


def empty_trajectory(system: System, products: int, trials: int) -> Trajectory:
    """A trajectory of zeros to record in.

    Args:
        products, trials: how many of each will be simulated.
    """
    days = 7 * system.weeks
    slots = system.products.node.shape[1]
    ranks, regions = system.products.preference.shape[1:]
    zeros = lambda *axes: np.zeros((products, trials, days, *axes), np.int32)
    return Trajectory(
        received=zeros(slots),
        received_transfers=zeros(slots),
        order_quantity=zeros(),
        lp_order=np.zeros((products, trials, days, slots)),
        orders=zeros(slots),
        lead_time=zeros(slots),
        moved=zeros(slots, slots),
        demand=zeros(regions),
        served=zeros(ranks, regions),
        lost=zeros(regions),
        backlog=zeros(regions),
        on_hand=zeros(slots),
    )


class Recorder:
    """Writes the events of one product-trial into a trajectory."""

    def __init__(self, trajectory: Trajectory, product: int, trial: int) -> None:
        self._to = trajectory
        self._at = product, trial

    def received(self, day: int, slot: int, units: int) -> None:
        """Vendor units that arrived."""
        self._to.received[(*self._at, day, slot)] += units

    def received_transfer(self, day: int, slot: int, units: int) -> None:
        """Units that arrived from another slot."""
        self._to.received_transfers[(*self._at, day, slot)] += units

    def bought(self, day: int, decision: Buy, lead_times: dict[int, int]) -> None:
        """An order, and the days until it arrives by slot that orders."""
        at = (*self._at, day)
        self._to.order_quantity[at] = decision.quantity
        self._to.lp_order[at] = decision.lp_order
        self._to.orders[at] = decision.orders
        for slot, days in lead_times.items():
            self._to.lead_time[(*at, slot)] = days

    def placed(self, day: int, decision: Place) -> None:
        """Units sent between slots."""
        self._to.moved[(*self._at, day)] = decision.moved

    def fulfilled(self, day: int, demand: list[int], decision: Fulfill, lost: list[int], backlog: list[int]) -> None:
        """Demand of the day, what was served, what of the rest is lost and what waits."""
        at = (*self._at, day)
        self._to.demand[at] = demand
        self._to.served[at] = decision.served
        self._to.lost[at] = lost
        self._to.backlog[at] = backlog

    def closed(self, day: int, on_hand: list[int]) -> None:
        """Units on hand at the end of the day."""
        self._to.on_hand[(*self._at, day)] = on_hand
