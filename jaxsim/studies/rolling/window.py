"""Some weeks of a longer system, started from what the weeks before have left.

    carried = at_start(system)
    week by week:   window(system, week, weeks, carried) → a trajectory of it → carried = after_week(…)

A week hands on whole units: stock, orders and transfers on the way by arrival day, and demand that waits. Both engines
start a system from that, so what they do of the weeks one by one is what they do of them at once where nothing is drawn
anew.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from jaxsim.outcome import Trajectory
from jaxsim.system import System

DAYS = 7


class Carried(NamedTuple):
    """Units of each product on the morning of a week's first day, before its receipts."""

    on_hand: Int32[np.ndarray, "products slots"]
    in_flight: Int32[np.ndarray, "products days slots"]
    """From vendors, by arrival day from now to the end of the long system; the last row holds what arrives later."""
    in_transit: Int32[np.ndarray, "products transit slots"]
    """From other slots, by arrival day from now."""
    backlog: Int32[np.ndarray, "products regions"]
    """Units of demand that wait."""


def at_start(system: System) -> Carried:
    """What a system starts with."""
    products = system.products
    count, slots = products.on_hand.shape
    longest = int(products.transit_days.max(initial=0)) + 1
    in_transit = np.zeros((count, longest, slots), np.int32)
    if products.in_transit is not None:
        in_transit[:, : products.in_transit.shape[1]] = products.in_transit
    backlog = np.zeros((count, products.demand_share.shape[1]), np.int32)
    backlog = backlog if products.backlog is None else products.backlog
    return Carried(products.on_hand, products.in_flight, in_transit, backlog)


def weeks_of(system: System, first: int, weeks: int) -> System:
    """The system of `weeks` weeks from week `first` on, which is its week 0; what it starts with is left as it is.

    Raises:
        ValueError: the system has not those weeks.
    """
    if not 0 <= first <= first + weeks <= system.weeks or weeks < 1:
        raise ValueError(f"weeks {first} to {first + weeks - 1} are not in a system of {system.weeks} weeks")
    of, old = slice(first, first + weeks), system.products
    since = old.first_review_day - DAYS * first
    products = dataclasses.replace(
        old,
        first_review_day=np.where(since >= 0, since, since % old.review_days).astype(np.int32),
        segment_width=old.segment_width[:, of],
        order_up_to=old.order_up_to[:, of],
        target=old.target[:, of],
        region_p60=old.region_p60[:, of],
    )
    plans = {name: getattr(system.network, name)[:, of] for name in ("plan", "storage_plan")}
    network = dataclasses.replace(system.network, **plans)
    return dataclasses.replace(system, products=products, network=network, source=system.source.window(of))


def window(system: System, first: int, weeks: int, carried: Carried) -> System:
    """`weeks_of` a system, started from what the weeks before have left."""
    part, end = weeks_of(system, first, weeks), DAYS * weeks
    later = carried.in_flight[:, end:].sum(1, keepdims=True, dtype=np.int32)
    in_flight = np.concatenate([carried.in_flight[:, :end], later], axis=1)
    products = dataclasses.replace(part.products, **carried._replace(in_flight=in_flight)._asdict())
    return dataclasses.replace(part, products=products)


def after_week(carried: Carried, system: System, week: Trajectory) -> Carried:
    """What is left a week later.

    Args:
        system: whose transfers take `transit_days`.
        week: one trial of at least the week's seven days, started from `carried`.
    """
    orders, lead_time, moved = (getattr(week, name)[:, 0, :DAYS] for name in ("orders", "lead_time", "moved"))
    in_flight = carried.in_flight[:, DAYS:].copy()
    product, day, slot = np.nonzero(orders)
    arrival = day + lead_time[product, day, slot] - DAYS
    _book(in_flight, product, arrival, slot, orders[product, day, slot])
    in_transit = np.zeros_like(carried.in_transit)
    there = carried.in_transit.shape[1]
    if there > DAYS:
        in_transit[:, : there - DAYS] = carried.in_transit[:, DAYS:]
    product, day, source, slot = np.nonzero(moved)
    arrival = day + system.products.transit_days[product, source, slot] - DAYS
    _book(in_transit, product, arrival, slot, moved[product, day, source, slot])
    last = DAYS - 1
    return Carried(week.on_hand[:, 0, last].astype(np.int32), in_flight, in_transit, week.backlog[:, 0, last])


def _book(calendar: np.ndarray, product: np.ndarray, arrival: np.ndarray, slot: np.ndarray, units: np.ndarray) -> None:
    """Add what has not arrived yet; what arrives beyond the calendar goes into its last row."""
    due = arrival >= 0
    at = product[due], np.minimum(arrival[due], calendar.shape[1] - 1), slot[due]
    np.add.at(calendar, at, units[due])
