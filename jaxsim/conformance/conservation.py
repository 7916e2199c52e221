"""Nothing appears and nothing vanishes: laws that a trajectory must obey by itself, exact in whole units.

Stocks are compared with flows cumulated from day 0, for every product-trial, at every slot or region where records
allow, at the end of every day. For example, 50 units at a slot on day 0, 20 received and 30 served until day 4 leave 40
at the end of day 4, or the law "units at a slot" is broken there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int, Int64

from jaxsim.outcome import Trajectory
from jaxsim.system import System

Sides = tuple[str, Int64[np.ndarray, "products trials days *place"], Int64[np.ndarray, "products trials days *place"]]
"""A law's name and its two sides, which must be equal."""


@dataclass(frozen=True)
class Violation:
    """The first place where a law is broken."""

    law: str
    product: str
    trial: int
    day: int
    place: tuple[int, ...]
    """Slot or region, where the law has one."""
    left: int
    right: int

    def __str__(self) -> str:
        where = f"product {self.product}, trial {self.trial}, day {self.day}"
        place = f" {list(self.place)}" if self.place else ""
        return f"{where}, {self.law}{place}: {self.left} ≠ {self.right}"


@dataclass(frozen=True)
class Balance:
    """What `balance` found; add those of further products."""

    checked: int
    """Equations tested."""
    broken: int
    """Equations that do not hold."""
    product_trials: int
    """Product-trials with such an equation."""
    first: tuple[Violation, ...]
    """First violation of each law."""
    totals: dict[str, int] = field(default_factory=dict)
    """Units over all product-trials: what came and where it went, by the end of the horizon."""

    def __add__(self, other: "Balance") -> "Balance":
        """The balance of both sets of products."""
        seen = {violation.law for violation in self.first}
        more = tuple(violation for violation in other.first if violation.law not in seen)
        return Balance(
            self.checked + other.checked,
            self.broken + other.broken,
            self.product_trials + other.product_trials,
            self.first + more,
            {name: units + other.totals[name] for name, units in self.totals.items()},
        )


def balance(system: System, run: Trajectory) -> Balance:
    """Test every law on a trajectory of all products of a system."""
    checked = broken = 0
    affected = np.zeros(run.order_quantity.shape[:2], bool)
    first = []
    for law, left, right in _laws(system, run):
        bad = left != right
        checked, broken = checked + bad.size, broken + int(bad.sum())
        affected |= bad.reshape(*bad.shape[:2], -1).any(2)
        if bad.any():
            first.append(_violation(system, law, left, right, bad))
    return Balance(checked, broken, int(affected.sum()), tuple(first), _totals(system, run))


def _violation(system: System, law: str, left: np.ndarray, right: np.ndarray, bad: np.ndarray) -> Violation:
    at = min(np.argwhere(bad).tolist(), key=lambda at: at[2])
    product, trial, day, *place = at
    values = int(left[tuple(at)]), int(right[tuple(at)])
    return Violation(law, system.product_names[product], trial, day, tuple(place), *values)


def _laws(system: System, run: Trajectory) -> Iterator[Sides]:
    """Every law, one after the other."""
    products = system.products
    received, transferred, served = (_until(x) for x in (run.received, run.received_transfers, run.served))
    sent, ordered = _until(run.moved), _until(run.orders)
    by_slot = _at_slots(system, run.served)
    at_start, flying = (_units(x)[:, None, None] for x in (products.on_hand, products.in_flight.sum(1)))

    came = at_start + received + transferred
    yield "units at a slot", came, _units(run.on_hand) + sent.sum(4) + _until(by_slot)
    total = at_start.sum(3) + received.sum(3)
    moving = sent.sum((3, 4)) - transferred.sum(3)
    yield "units of a product", total, served.sum((3, 4)) + run.on_hand.sum(3, dtype=np.int64) + moving
    placed = flying + ordered
    still = placed - _vendor_units_due(system, run)
    yield "vendor units ordered and in flight", placed, received + still
    yield "transfers are received on the day that they are due", transferred, _transfers_due(system, run)
    waited = 0 if products.backlog is None else _units(products.backlog)[:, None, None]
    yield "demand of a region", waited + _until(run.demand), served.sum(3) + _until(run.lost) + _units(run.backlog)

    backlog = products.backlogged[:, None, None, None]
    yield _nothing("lost demand of a product that backlogs", np.where(backlog, run.lost, 0))
    yield _nothing("waiting demand of a product that does not", np.where(backlog, 0, run.backlog))
    lines = _units(run.orders)
    yield "an order's lines", lines.sum(3), _units(run.order_quantity)
    yield _nothing("parts of case packs", lines % products.case_pack[:, None, None, None])
    yield _nothing("units served from no slot", np.where(products.preference[:, None, None] < 0, run.served, 0))
    for name in ("received", "received_transfers", "orders", "moved", "served", "lost", "backlog", "on_hand"):
        yield _nothing(f"negative {name}", np.minimum(getattr(run, name), 0))


def _nothing(law: str, units: Int[np.ndarray, "products trials days *place"]) -> Sides:
    """A law that some units are 0."""
    return law, _units(units), np.zeros(units.shape, np.int64)


def _units(values: Int[np.ndarray, "..."]) -> Int64[np.ndarray, "..."]:
    return values.astype(np.int64)


def _until(values: Int[np.ndarray, "products trials days *place"]) -> Int64[np.ndarray, "products trials days *place"]:
    """Cumulated from day 0 to the end of each day."""
    return values.cumsum(2, dtype=np.int64)


def _at_slots(
    system: System, served: Int[np.ndarray, "products trials days ranks regions"]
) -> Int64[np.ndarray, "products trials days slots"]:
    """Units that each slot served."""
    preference = system.products.preference
    slots = np.arange(system.products.node.shape[1])
    serves = (preference[..., None] == slots).astype(np.int64)
    return np.einsum("atdpr,aprl->atdl", served.astype(np.int64), serves)


def _vendor_units_due(system: System, run: Trajectory) -> Int64[np.ndarray, "products trials days slots"]:
    """Vendor units due until the end of each day, by the calendar at the start and the lead times of orders."""
    days = run.orders.shape[2]
    due = np.zeros((*run.orders.shape[:2], days + 1, run.orders.shape[3]), np.int64)
    due += system.products.in_flight[:, None]
    a, t, d, slot = np.nonzero(run.orders)
    arrival = np.clip(d + run.lead_time[a, t, d, slot], 0, days)
    np.add.at(due, (a, t, arrival, slot), run.orders[a, t, d, slot])
    return due[:, :, :days].cumsum(2)


def _transfers_due(system: System, run: Trajectory) -> Int64[np.ndarray, "products trials days slots"]:
    """Units between slots that are due until the end of each day; those sent where nothing goes never are."""
    days = run.moved.shape[2]
    due = np.zeros((*run.moved.shape[:2], days + 1, run.moved.shape[4]), np.int64)
    a, t, d, origin, slot = np.nonzero(run.moved)
    transit = system.products.transit_days[a, origin, slot]
    arrival = np.where(transit < 0, days, np.minimum(d + transit, days))
    np.add.at(due, (a, t, arrival, slot), run.moved[a, t, d, origin, slot])
    started = system.products.in_transit
    if started is not None:
        due[:, :, : started.shape[1]] += started[:, None, :days]
    return due[:, :, :days].cumsum(2)


def _totals(system: System, run: Trajectory) -> dict[str, int]:
    trials = run.order_quantity.shape[1]
    whole = lambda values: int(values.sum(dtype=np.int64))
    return {
        "on_hand_at_start": whole(system.products.on_hand) * trials,
        "received": whole(run.received),
        "served": whole(run.served),
        "on_hand_at_end": whole(run.on_hand[:, :, -1]),
        "between_nodes_at_end": whole(run.moved) - whole(run.received_transfers),
        "in_flight_at_start": whole(system.products.in_flight) * trials,
        "ordered": whole(run.orders),
        "demand": whole(run.demand),
        "lost": whole(run.lost),
        "final_backlog": whole(run.backlog[:, :, -1]),
    }
