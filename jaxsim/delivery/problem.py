"""What is to be delivered: orders, trucks, and how far places lie apart.

Places are numbered: depots first, then one for each order. Times are minutes from any common zero, such as midnight.
Distances are miles and travel times minutes, both by place (from, to); they need not be symmetric.
"""

import dataclasses
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64


@dataclasses.dataclass(frozen=True)
class Orders:
    """Orders, each delivered whole by one truck."""

    name: tuple[str, ...]
    weight: Float64[np.ndarray, " orders"]
    """In the unit of trucks' capacity."""
    ready: Float64[np.ndarray, " orders"]
    """Minute from which service may begin; a truck that comes earlier waits."""
    due: Float64[np.ndarray, " orders"]
    """Minute until which service is to begin; inf for no window."""
    service: Float64[np.ndarray, " orders"]
    """Minutes at the customer."""
    late_price: Float64[np.ndarray, " orders"]
    """Currency per minute that service begins after `due`; inf for a window that must be kept."""

    @property
    def latest(self) -> Float64[np.ndarray, " orders"]:
        """Minute after which service may not begin."""
        return np.where(np.isinf(self.late_price), self.due, np.inf)

    def __len__(self) -> int:
        return len(self.name)


@dataclasses.dataclass(frozen=True)
class Trucks:
    """Trucks; each begins and ends its trips at its depot."""

    name: tuple[str, ...]
    capacity: Float64[np.ndarray, " trucks"]
    cost_per_mile: Float64[np.ndarray, " trucks"]
    fixed_cost: Float64[np.ndarray, " trucks"]
    """Currency for a truck that leaves at all."""
    shift_start: Float64[np.ndarray, " trucks"]
    shift_end: Float64[np.ndarray, " trucks"]
    """Minute by which the truck is back for the last time; inf for none."""
    trips: Int64[np.ndarray, " trucks"]
    """Most trips in the shift."""
    reload: Float64[np.ndarray, " trucks"]
    """Minutes at the depot between two trips."""
    depot: Int64[np.ndarray, " trucks"]
    """Place of the depot."""

    def __len__(self) -> int:
        return len(self.name)

    @cached_property
    def alike(self) -> tuple[tuple[int, ...], ...]:
        """Trucks in groups that differ in nothing but their name."""
        groups: dict[tuple[float, ...], list[int]] = {}
        for truck in range(len(self)):
            values = (getattr(self, each.name)[truck] for each in dataclasses.fields(self) if each.name != "name")
            groups.setdefault(tuple(map(float, values)), []).append(truck)
        return tuple(map(tuple, groups.values()))


@dataclasses.dataclass(frozen=True)
class Problem:
    """A day of deliveries.

    Raises:
        ValueError: a number is NaN or negative, a matrix has another shape, or a depot is no place; the message names
            the field.
    """

    orders: Orders
    trucks: Trucks
    depots: tuple[str, ...]
    miles: Float64[np.ndarray, "places places"]
    minutes: Float64[np.ndarray, "places places"]
    position: Float64[np.ndarray, "places 2"] | None = None
    """Of each place on a map, where there is one: x, y or longitude, latitude."""
    hauls: bool = False
    """Each order is a haul of its own: the miles into a place are the same from everywhere."""

    def __post_init__(self) -> None:
        places = len(self.depots) + len(self.orders)
        for table in (self.orders, self.trucks):
            for field in dataclasses.fields(table):
                values = getattr(table, field.name)
                if field.name != "name" and (np.isnan(values).any() or (values < 0).any()):
                    row = int(np.flatnonzero(np.isnan(values) | (values < 0))[0])
                    raise ValueError(f"{field.name} of {table.name[row]} is {values[row]:g}; it must be 0 or more")
        for name in ("miles", "minutes"):
            matrix = getattr(self, name)
            if matrix.shape != (places, places):
                raise ValueError(f"{name} have shape {matrix.shape}; depots and orders need ({places}, {places})")
            if not (matrix >= 0).all() or not np.isfinite(matrix).all():
                raise ValueError(f"{name} must be finite and not negative")
        if (self.trucks.depot >= len(self.depots)).any():
            raise ValueError(f"depots are numbered from 0 to {len(self.depots) - 1}")

    def place(self, order: int) -> int:
        """Place of an order."""
        return len(self.depots) + order

    @property
    def timeless(self) -> bool:
        """Whether no window and no shift could ever matter."""
        return bool(
            np.isinf(self.orders.due).all() and np.isinf(self.trucks.shift_end).all() and (self.orders.ready == 0).all()
        )

    @cached_property
    def unplannable(self) -> dict[int, str]:
        """Orders that no truck could deliver even if it had no other, and why; by number."""
        found: dict[int, str] = {}
        for order in range(len(self.orders)):
            reason = self._why_not(order)
            if reason is not None:
                found[order] = reason
        return found

    def _why_not(self, order: int) -> str | None:
        orders, trucks, place = self.orders, self.trucks, self.place(order)
        carries: Bool[np.ndarray, " trucks"] = orders.weight[order] <= trucks.capacity + 1e-9
        if not carries.any():
            return (
                f"it weighs {orders.weight[order]:g}, and no truck carries more than {trucks.capacity.max(initial=0):g}"
            )
        begin = np.maximum(trucks.shift_start + self.minutes[trucks.depot, place], orders.ready[order])
        if not (carries & (begin <= orders.latest[order] + 1e-6)).any():
            first, due = begin[carries].min(), orders.due[order]
            return f"its window ends at minute {due:g}, and no truck that can carry it is there before minute {first:g}"
        back = begin + orders.service[order] + self.minutes[place, trucks.depot]
        good = carries & (begin <= orders.latest[order] + 1e-6)
        if not (good & (back <= trucks.shift_end + 1e-6)).any():
            return f"a truck that serves it is back at minute {back[good].min():g} at the earliest, after its shift"
        return None
