"""A schedule: which truck serves which orders when, what that costs, and how good it is known to be."""

import dataclasses
import enum
import itertools
from collections.abc import Sequence

import pyarrow as pa

from jaxsim.delivery.problem import Problem

SLACK = 1e-6
"""Minutes, or units of weight, that rounding may take."""


class Status(enum.Enum):
    """How a search ended; the value is a sentence."""

    OPTIMAL = "No plan of these orders costs less."
    TIME_LIMIT = "The time allowed is over; this is the best plan found."
    INTERRUPTED = "The search was interrupted; this is the best plan so far."
    HEURISTIC = "The plan keeps every rule; nothing says how much better another one could be."


@dataclasses.dataclass(frozen=True)
class Stop:
    """A visit; minutes."""

    order: int
    arrival: float
    begin: float
    leave: float
    late: float
    """Minutes that service begins after the window's end."""


@dataclasses.dataclass(frozen=True)
class Trip:
    """From the depot and back."""

    truck: int
    depart: float
    stops: tuple[Stop, ...]
    back: float

    @property
    def orders(self) -> tuple[int, ...]:
        """Orders by number, in the order of the visits."""
        return tuple(stop.order for stop in self.stops)


@dataclasses.dataclass(frozen=True)
class Schedule:
    """A plan of a problem: trips by truck and time, and the orders that are not in it."""

    problem: Problem
    trips: tuple[Trip, ...]
    unplanned: dict[int, str]
    """Orders by number, and why each is left out."""
    status: Status
    method: str
    """What searched: milp, assignment, pyvrp, cheapest_insertion or first_fit."""
    note: str
    """What was done and why, as a sentence."""
    bound: float | None = None
    """No plan that serves as many orders costs less; None where nothing is known."""
    seconds: float = 0.0

    @property
    def miles(self) -> float:
        """Miles of all trips."""
        return sum(self.miles_of(trip) for trip in self.trips)

    def miles_of(self, trip: Trip) -> float:
        """Miles of a trip; back to the depot too."""
        problem = self.problem
        depot = int(problem.trucks.depot[trip.truck])
        path = [depot, *map(problem.place, trip.orders), depot]
        return float(sum(problem.miles[a, b] for a, b in itertools.pairwise(path)))

    @property
    def mileage_cost(self) -> float:
        """Currency for miles."""
        return sum(self.miles_of(trip) * float(self.problem.trucks.cost_per_mile[trip.truck]) for trip in self.trips)

    @property
    def fixed_cost(self) -> float:
        """Currency for the trucks that leave."""
        return float(sum(self.problem.trucks.fixed_cost[truck] for truck in {trip.truck for trip in self.trips}))

    @property
    def late_cost(self) -> float:
        """Currency for lateness."""
        stops, price = (stop for trip in self.trips for stop in trip.stops), self.problem.orders.late_price
        return float(sum(stop.late * price[stop.order] for stop in stops if price[stop.order] < float("inf")))

    @property
    def cost(self) -> float:
        """Currency in all."""
        return self.mileage_cost + self.fixed_cost + self.late_cost

    @property
    def gap(self) -> float | None:
        """How much less a plan could cost at most, as a part of this one's cost; None where no bound is known."""
        if self.bound is None:
            return None
        return max(0.0, self.cost - self.bound) / self.cost if self.cost > 0 else 0.0

    @property
    def late_minutes(self) -> float:
        """Minutes of lateness in all."""
        return sum(stop.late for trip in self.trips for stop in trip.stops)

    @property
    def planned(self) -> int:
        """Orders in the plan."""
        return sum(len(trip.stops) for trip in self.trips)

    @property
    def on_time(self) -> int:
        """Orders whose service begins within their window."""
        return sum(stop.late <= SLACK for trip in self.trips for stop in trip.stops)

    @property
    def stops_table(self) -> pa.Table:
        """A row per visit: truck, trip, stop, order, times in minutes, miles from the place before."""
        problem, rows = self.problem, []
        for trip, number in self._numbered():
            place = int(problem.trucks.depot[trip.truck])
            for count, stop in enumerate(trip.stops):
                here = problem.place(stop.order)
                row = {"truck": problem.trucks.name[trip.truck], "trip": number, "stop": count + 1}
                row |= {"order": problem.orders.name[stop.order], "arrival": stop.arrival, "begin": stop.begin}
                row |= {"leave": stop.leave, "late_minutes": stop.late, "miles": float(problem.miles[place, here])}
                rows.append(row)
                place = here
        return pa.Table.from_pylist(rows, _STOPS)

    @property
    def trips_table(self) -> pa.Table:
        """A row per trip: truck, trip, departure, return, orders, load, capacity, miles, cost of the miles."""
        problem, rows = self.problem, []
        for trip, number in self._numbered():
            miles, truck = self.miles_of(trip), trip.truck
            row = {"truck": problem.trucks.name[truck], "trip": number, "depart": trip.depart, "back": trip.back}
            row |= {"orders": len(trip.stops), "load": float(problem.orders.weight[list(trip.orders)].sum())}
            row |= {"capacity": float(problem.trucks.capacity[truck]), "miles": miles}
            rows.append(row | {"mileage_cost": miles * float(problem.trucks.cost_per_mile[truck])})
        return pa.Table.from_pylist(rows, _TRIPS)

    @property
    def unplanned_table(self) -> pa.Table:
        """A row per order that is left out: order, reason."""
        names = self.problem.orders.name
        rows = [{"order": names[order], "reason": reason} for order, reason in sorted(self.unplanned.items())]
        return pa.Table.from_pylist(rows, pa.schema([("order", pa.string()), ("reason", pa.string())]))

    def _numbered(self) -> list[tuple[Trip, int]]:
        """Trips with their number within the truck's shift, from 1."""
        seen: dict[int, int] = {}
        found = []
        for trip in sorted(self.trips, key=lambda trip: (trip.truck, trip.depart)):
            seen[trip.truck] = seen.get(trip.truck, 0) + 1
            found.append((trip, seen[trip.truck]))
        return found


_number = lambda *names: [(name, pa.float64()) for name in names]
_STOPS = pa.schema(
    [
        ("truck", pa.string()),
        ("trip", pa.int64()),
        ("stop", pa.int64()),
        ("order", pa.string()),
        *_number("arrival", "begin", "leave", "late_minutes", "miles"),
    ]
)
_TRIPS = pa.schema(
    [
        ("truck", pa.string()),
        ("trip", pa.int64()),
        *_number("depart", "back"),
        ("orders", pa.int64()),
        *_number("load", "capacity", "miles", "mileage_cost"),
    ]
)

Routes = dict[int, list[list[int]]]
"""Orders of each trip of each truck, by number."""


def timed(problem: Problem, truck: int, trips: Sequence[Sequence[int]]) -> list[Trip] | None:
    """The trips of a truck, each visit as early as it can be, each departure as late as that allows.

    Early visits are never worse: waiting costs nothing, lateness does.

    Returns:
        None where a load, a window or the shift is broken.
    """
    orders, trucks = problem.orders, problem.trucks
    depot, free, found = int(trucks.depot[truck]), float(trucks.shift_start[truck]), []
    for trip in trips:
        if sum(orders.weight[order] for order in trip) > trucks.capacity[truck] + SLACK:
            return None
        place, clock, stops = depot, free, []
        for order in trip:
            here = problem.place(order)
            arrival = clock + problem.minutes[place, here]
            begin = max(arrival, orders.ready[order])
            late = max(0.0, begin - orders.due[order])
            if late > SLACK and orders.late_price[order] == float("inf"):
                return None
            clock, place = begin + orders.service[order], here
            late = late if late > SLACK else 0.0
            stops.append(Stop(order, float(arrival), float(begin), float(clock), float(late)))
        back = float(clock + problem.minutes[place, depot])
        if back > trucks.shift_end[truck] + SLACK:
            return None
        found.append(_later(problem, Trip(truck, free, tuple(stops), back)))
        free = back + float(trucks.reload[truck])
    return found


def _later(problem: Problem, trip: Trip) -> Trip:
    """The trip with its departure put off by the wait at its first visit."""
    first = trip.stops[0]
    wait = first.begin - first.arrival
    moved = dataclasses.replace(first, arrival=first.begin)
    return dataclasses.replace(trip, depart=trip.depart + wait, stops=(moved, *trip.stops[1:]))


def scheduled(
    problem: Problem, routes: Routes, status: Status, method: str, note: str, bound: float | None = None
) -> Schedule:
    """A schedule of routes, which must be feasible; orders in no trip are left out for lack of room.

    Raises:
        RuntimeError: a route breaks a rule.
    """
    trips: list[Trip] = []
    for truck, several in sorted(routes.items()):
        kept = [trip for trip in several if trip]
        found = timed(problem, truck, kept)
        if found is None:
            raise RuntimeError(f"{method} made a route of truck {problem.trucks.name[truck]} that cannot be driven")
        trips += found
    there = {order for trip in trips for order in trip.orders}
    left = {order: _NO_ROOM for order in range(len(problem.orders)) if order not in there}
    return Schedule(problem, tuple(trips), left | problem.unplannable, status, method, note, bound)


_NO_ROOM = "no truck has room or time left for it beside the orders that are planned"
