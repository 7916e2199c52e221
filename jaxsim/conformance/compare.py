"""Two trajectories of the same product-trials, entry by entry.

A difference on day 5 of a product-trial makes everything after it differ too, so the counts tell how far a fault
reaches, and the first difference tells where it began: on its first day, in the first field in the order of the day's
events, which is the order of `Trajectory`'s fields.
"""

import dataclasses
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int64

from jaxsim.conformance.ties import Tie, tie_of
from jaxsim.outcome import Trajectory
from jaxsim.resources import Costs
from jaxsim.system import System

LP_TOLERANCE = 1e-6
"""`lp_order` may differ by this part of max(1, |x|) units; every other entry is whole and must be equal."""

FIELDS = tuple(field.name for field in dataclasses.fields(Trajectory))
"""Fields of a trajectory, in the order in which a day fills them."""

_ORDER = ("lp_order", "orders")
"""Fields in which a tie of the buying LP shows first."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """An entry that differs."""

    product: str
    trial: int
    day: int
    field: str
    place: tuple[int, ...]
    """Position on the axes after the day: slot, or region, or rank and region, ….."""
    scan: float
    events: float

    def __str__(self) -> str:
        where = f"{self.field}{list(self.place) if self.place else ''}"
        values = f"{self.scan:.17g} (scan), {self.events:.17g} (events)"
        return f"product {self.product}, trial {self.trial}, day {self.day}, {where}: {values}"


@dataclasses.dataclass(frozen=True)
class FieldComparison:
    """One field over all days."""

    entries: int
    """Entries compared."""
    differing: Int64[np.ndarray, " days"]
    """Entries of each day that differ."""
    product_trials: Int64[np.ndarray, " days"]
    """Product-trials with such an entry on each day."""
    affected: int
    """Product-trials with such an entry on any day."""
    largest: Float64[np.ndarray, " days"]
    """Largest difference of each day, those within the tolerance included; NaN when a value is NaN."""
    first: Difference | None

    def __add__(self, other: "FieldComparison") -> "FieldComparison":
        """The same field of further products."""
        return FieldComparison(
            self.entries + other.entries,
            self.differing + other.differing,
            self.product_trials + other.product_trials,
            self.affected + other.affected,
            np.maximum(self.largest, other.largest),
            _earliest(filter(None, (self.first, other.first))),
        )


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What `compare` found; add those of further products."""

    product_trials: int
    days: int
    lps: int
    """Buying LPs that were solved."""
    differing_product_trials: int
    """Product-trials with a difference in any field."""
    differing_in_units: int
    """Those among them whose whole units differ, not only the buying LP's order vector before it is rounded."""
    fields: dict[str, FieldComparison]
    ties: tuple[Tie, ...]

    @property
    def entries(self) -> int:
        """Entries compared."""
        return sum(field.entries for field in self.fields.values())

    @property
    def mismatches(self) -> dict[str, int]:
        """Differing entries of every field that has any."""
        counts = {name: int(field.differing.sum()) for name, field in self.fields.items()}
        return {name: count for name, count in counts.items() if count}

    @property
    def agrees(self) -> bool:
        """Whether nothing differs but for ties."""
        return not self.differing_product_trials

    @property
    def first(self) -> Difference | None:
        """The first difference of all: of the earliest day, and there of the earliest field."""
        return _earliest(field.first for field in self.fields.values() if field.first is not None)

    def __add__(self, other: "Comparison") -> "Comparison":
        """The comparison of both sets of products."""
        return Comparison(
            self.product_trials + other.product_trials,
            self.days,
            self.lps + other.lps,
            self.differing_product_trials + other.differing_product_trials,
            self.differing_in_units + other.differing_in_units,
            {name: field + other.fields[name] for name, field in self.fields.items()},
            self.ties + other.ties,
        )


def compare(
    system: System, scan: Trajectory, events: Trajectory, costs: Costs = None, *, by_lp: bool = True
) -> Comparison:
    """Compare trajectories of all products of a system.

    Args:
        scan: of the scan engine. events: of the event engine, with the same trials, seed and costs.
        costs: what both simulated; needed to prove ties.
        by_lp: whether orders are optima of the buying LP, which may have two; orders of other policies have no ties.

    Raises:
        ValueError: the trajectories have fields of different shapes.
    """
    gaps = {name: _gap(name, getattr(scan, name), getattr(events, name)) for name in FIELDS}
    wrong = {name: _wrong(name, gaps[name], getattr(events, name)) for name in FIELDS}
    apart = np.stack([wrong[name].any(3) for name in FIELDS])  # fields, products, trials, days
    ties = _ties(system, scan, events, costs, apart) if by_lp else {}
    days = apart.shape[3]
    end = np.full((*apart.shape[1:3], 1), days)
    for (product, trial), tie in ties.items():
        end[product, trial] = tie.day
    fields = {}
    for index, name in enumerate(FIELDS):
        before = np.arange(days) < end
        counted = before | ((np.arange(days) == end) & (index < FIELDS.index("lp_order")))
        fields[name] = _field(system, name, (scan, events), gaps[name], wrong[name], counted)
        apart[index] &= counted
    return Comparison(
        product_trials=int(np.prod(apart.shape[1:3])),
        days=days,
        lps=int((events.order_quantity > 0).sum()) if by_lp else 0,
        differing_product_trials=int(apart.any((0, 3)).sum()),
        differing_in_units=int(np.delete(apart, FIELDS.index("lp_order"), axis=0).any((0, 3)).sum()),
        fields=fields,
        ties=tuple(ties.values()),
    )


def _gap(name: str, scan: np.ndarray, events: np.ndarray) -> Float64[np.ndarray, "products trials days entries"]:
    """|scan − events|, with the axes after the day flattened."""
    if scan.shape != events.shape:
        raise ValueError(f"{name} has shape {scan.shape} in one trajectory and {events.shape} in the other")
    return np.abs(scan.astype(np.float64) - events).reshape(*scan.shape[:3], -1)


def _wrong(name: str, gap: Float64[np.ndarray, "products trials days entries"], events: np.ndarray) -> Bool[Any, "..."]:
    allowed = LP_TOLERANCE * np.maximum(1.0, np.abs(events)).reshape(gap.shape) if name == "lp_order" else 0.0
    return ~(gap <= allowed)  # also where the gap is NaN


def _ties(
    system: System, scan: Trajectory, events: Trajectory, costs: Costs, apart: Bool[np.ndarray, "f a t d"]
) -> dict[tuple[int, int], Tie]:
    """Ties by product and trial: where the first difference of a product-trial is in an order, and both are optima."""
    ties = {}
    day = apart.any(0).argmax(2)
    for product, trial in np.argwhere(apart.any((0, 3))).tolist():
        at = product, trial, int(day[product, trial])
        first = FIELDS[int(apart[(slice(None), *at)].argmax())]
        tie = tie_of(system, scan, events, costs, at) if first in _ORDER else None
        if tie is not None:
            ties[product, trial] = tie
    return ties


def _field(
    system: System,
    name: str,
    runs: tuple[Trajectory, Trajectory],
    gap: Float64[np.ndarray, "products trials days entries"],
    wrong: Bool[np.ndarray, "products trials days entries"],
    counted: Bool[np.ndarray, "products trials days"],
) -> FieldComparison:
    wrong = wrong & counted[..., None]
    apart = np.any(wrong, axis=3)
    return FieldComparison(
        entries=int(counted.sum()) * gap.shape[3],
        differing=wrong.sum((0, 1, 3)),
        product_trials=apart.sum((0, 1)),
        affected=int(np.any(apart, axis=2).sum()),
        largest=np.where(counted[..., None], gap, 0.0).max((0, 1, 3), initial=0.0),
        first=_first(system, name, runs, wrong),
    )


def _first(
    system: System, name: str, runs: tuple[Trajectory, Trajectory], wrong: Bool[np.ndarray, "a t d entries"]
) -> Difference | None:
    """The difference on the earliest day, there of the first product, trial and place."""
    if not wrong.any():
        return None
    product, trial, entry = np.argwhere(wrong[:, :, day := int(wrong.any((0, 1, 3)).argmax())])[0]
    values = [getattr(run, name)[product, trial, day] for run in runs]
    place = tuple(int(i) for i in np.unravel_index(entry, values[0].shape))
    scan, events = (float(value[place]) for value in values)
    return Difference(system.product_names[product], int(trial), day, name, place, scan, events)


def _earliest(differences: Iterable[Difference]) -> Difference | None:
    """The one of the earliest day, then field, then the one given first."""
    when = lambda difference: (difference.day, FIELDS.index(difference.field))
    found = list(differences)
    return reduce(lambda a, b: b if when(b) < when(a) else a, found) if found else None
