"""The exact model: vehicle routing with time windows as a mixed-integer program on arcs.

For each kind t of truck that is alike, binaries x_tij say that an order j follows i on one trip, z_tij that j begins
the next trip of the truck that ended one with i, and x_t0j, x_ti0 begin and end a truck's day. With s the minute at
which service begins and q the load up to an order,

    each order     Σ in-arcs + left out = 1,   in-arcs of a kind = its out-arcs,   trucks out ≤ trucks there,
                   x_ij + x_ji + z_ij + z_ji ≤ 1,   trips + left out ≥ the trips that all weight together needs
    time           s_j ≥ s_i + service_i + travel_ij − M_ij (1 − x_ij),   earliest ≤ s ≤ latest of the kind that comes
    load           q_j ≥ q_i + w_j − Q (1 − x_ij) + (Q − w_i − w_j) x_ji    (Desrochers and Laporte, 1991)
    lateness       l_i ≥ s_i − due_i where windows are soft
    trips          n_j ≥ n_i + z_ij, so that no truck makes more trips than it may

Times also keep a route from closing on itself away from the depot. Where neither times nor loads would, as with places
that lie together and no load to count, positions do. No order may be left out where a plan of all is known: bounds
are much tighter without that choice.
"""

import math

import numpy as np

from jaxsim.delivery.arcs import Kind, kinds_of, leave_out_price
from jaxsim.delivery.mip import Found, Program
from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import Routes, timed

_DEPOT = -1


class _Model:
    """The program and the numbers of its columns."""

    def __init__(self, problem: Problem, prize: float, all_fit: bool) -> None:
        self.problem, self.kinds, self.program = problem, kinds_of(problem), Program()
        self.orders = [order for order in range(len(problem.orders)) if any(k.serves[order] for k in self.kinds)]
        self.x: dict[tuple[int, int, int], int] = {}
        self.z: dict[tuple[int, int, int], int] = {}
        for number, kind in enumerate(self.kinds):
            self._add_arcs(number, kind)
        most = 0.0 if all_fit else 1.0
        self.left_out = {order: self.program.column(prize, 0.0, most) for order in self.orders}
        earliest, latest = self._windows()
        self.begin = {
            order: self.program.column(0.0, earliest[order], latest[order], whole=False) for order in self.orders
        }
        self.late: dict[int, int] = {}
        self.load: dict[int, int] = {}
        self.position: dict[int, int] = {}
        self.trip: dict[int, int] = {}
        self._visits()
        self._times(earliest, latest)
        self._lateness(latest)
        self._loads()
        self._trips_needed()
        self._trip_numbers()
        self._positions()

    def _add_arcs(self, number: int, kind: Kind) -> None:
        add = self.program.column
        for order in np.flatnonzero(kind.serves).tolist():
            self.x[number, _DEPOT, order] = add(kind.fixed + kind.cost * float(kind.miles_out[order]))
            self.x[number, order, _DEPOT] = add(kind.cost * float(kind.miles_home[order]))
        for i, j in np.argwhere(kind.follows).tolist():
            self.x[number, i, j] = add(kind.cost * float(kind.miles[i, j]))
        for i, j in np.argwhere(kind.reloads).tolist():
            self.z[number, i, j] = add(kind.cost * float(kind.miles_home[i] + kind.miles_out[j]))

    def _windows(self) -> tuple[dict[int, float], dict[int, float]]:
        """Earliest and latest begin of each order by any kind of truck; finite."""
        horizon = _far(self.problem)
        serving = {order: [kind for kind in self.kinds if kind.serves[order]] for order in self.orders}
        earliest = {order: min(float(kind.earliest[order]) for kind in some) for order, some in serving.items()}
        latest = {order: min(horizon, max(float(k.latest[order]) for k in some)) for order, some in serving.items()}
        return earliest, latest

    def _visits(self) -> None:
        """Each order once or left out, as many arcs out as in, no more trucks than there are."""
        arcs = [*self.x.items(), *self.z.items()]
        into: dict[tuple[int, int], list[int]] = {}
        out: dict[tuple[int, int], list[int]] = {}
        for (number, i, j), column in arcs:
            into.setdefault((number, j), []).append(column)
            out.setdefault((number, i), []).append(column)
        self.into = into
        for order in self.orders:
            columns = [column for number in range(len(self.kinds)) for column in into.get((number, order), [])]
            self.program.row(1.0, dict.fromkeys([*columns, self.left_out[order]], 1.0), 1.0)
        self._one_way_round()
        for number, kind in enumerate(self.kinds):
            for order in self.orders:
                come, go = into.get((number, order), []), out.get((number, order), [])
                if come or go:
                    self.program.row(0.0, dict.fromkeys(come, 1.0) | dict.fromkeys(go, -1.0), 0.0)
            first = out.get((number, _DEPOT), [])
            if first and len(kind.trucks) < len(first):
                self.program.row(0.0, dict.fromkeys(first, 1.0), float(len(kind.trucks)))

    def _one_way_round(self) -> None:
        """Of two orders at most one follows the other directly, by whatever truck and way."""
        pairs: dict[tuple[int, int], list[int]] = {}
        for (_, i, j), column in [*self.x.items(), *self.z.items()]:
            if i != _DEPOT and j != _DEPOT:
                pairs.setdefault((min(i, j), max(i, j)), []).append(column)
        for columns in pairs.values():
            if len(columns) > 1:
                self.program.row(-np.inf, dict.fromkeys(columns, 1.0), 1.0)

    def _times(self, earliest: dict[int, float], latest: dict[int, float]) -> None:
        service = self.problem.orders.service
        together: dict[tuple[int, int], list[int]] = {}
        for (_, i, j), column in self.x.items():
            if i != _DEPOT and j != _DEPOT:
                together.setdefault((i, j), []).append(column)
        for (i, j), columns in together.items():
            self._after(i, j, columns, float(service[i] + self.kinds[0].minutes[i, j]), earliest, latest)
        for (number, i, j), column in self.z.items():
            self._after(i, j, [column], float(service[i] + self.kinds[number].between[i, j]), earliest, latest)
        if len(self.kinds) > 1:
            self._windows_by_kind()

    def _after(
        self, i: int, j: int, columns: list[int], span: float, earliest: dict[int, float], latest: dict[int, float]
    ) -> None:
        """Service at j begins `span` minutes or more after that at i where one of the arcs is driven."""
        slack = latest[i] + span - earliest[j]
        if slack > 0:
            row = {self.begin[j]: 1.0, self.begin[i]: -1.0} | dict.fromkeys(columns, -slack)
            self.program.row(span - slack, row, np.inf)

    def _windows_by_kind(self) -> None:
        """Kinds with other shifts, depots or windows come at other times."""
        for order in self.orders:
            low: dict[int, float] = {self.begin[order]: 1.0}
            high: dict[int, float] = {self.begin[order]: 1.0}
            least, most = self.program.low[self.begin[order]], self.program.high[self.begin[order]]
            for number, kind in enumerate(self.kinds):
                for column in self.into.get((number, order), []):
                    low[column] = least - float(kind.earliest[order])
                    high[column] = most - min(most, float(kind.latest[order]))
            self.program.row(least, low, np.inf)
            self.program.row(-np.inf, high, most)

    def _lateness(self, latest: dict[int, float]) -> None:
        orders = self.problem.orders
        for order in self.orders:
            if np.isfinite(orders.late_price[order]) and latest[order] > orders.due[order]:
                price = float(orders.late_price[order])
                self.late[order] = self.program.column(price, 0.0, np.inf, whole=False)
                row = {self.late[order]: 1.0, self.begin[order]: -1.0}
                self.program.row(-float(orders.due[order]), row, np.inf)

    def _loads(self) -> None:
        weight = self.problem.orders.weight
        most = max((kind.capacity for kind in self.kinds), default=0.0)
        if sum(float(weight[order]) for order in self.orders) <= min(kind.capacity for kind in self.kinds):
            return
        for order in self.orders:
            self.load[order] = self.program.column(0.0, float(weight[order]), most, whole=False)
        pairs = {(i, j) for _, i, j in self.x if i != _DEPOT and j != _DEPOT}
        driven = lambda i, j: [self.x[n, i, j] for n in range(len(self.kinds)) if (n, i, j) in self.x]
        for i, j in sorted(pairs):
            row = {self.load[j]: 1.0, self.load[i]: -1.0} | dict.fromkeys(driven(i, j), -most)
            row |= dict.fromkeys(driven(j, i), -(most - float(weight[i]) - float(weight[j])))
            self.program.row(float(weight[j]) - most, row, np.inf)
        if len({kind.capacity for kind in self.kinds}) > 1:
            for order in self.orders:
                row = {self.load[order]: 1.0}
                for number, kind in enumerate(self.kinds):
                    row |= dict.fromkeys(self.into.get((number, order), []), most - kind.capacity)
                self.program.row(-np.inf, row, most)

    def _trips_needed(self) -> None:
        """As many trips begin as the weight of all orders needs; one less for each order that is left out."""
        weight = sum(float(self.problem.orders.weight[order]) for order in self.orders)
        least = math.ceil(weight / max(max(kind.capacity for kind in self.kinds), 1e-9) - 1e-9)
        begins = [column for key, column in self.x.items() if key[1] == _DEPOT]
        columns = [*begins, *self.z.values(), *self.left_out.values()]
        self.program.row(float(least), dict.fromkeys(columns, 1.0), np.inf)

    def _trip_numbers(self) -> None:
        """n counts trips from 0; it does not fall along a trip and rises by one from trip to trip."""
        if not self.z:
            return
        most = max(kind.trips for kind in self.kinds) - 1
        for order in self.orders:
            self.trip[order] = self.program.column(0.0, 0.0, float(most), whole=False)
            row = {self.trip[order]: 1.0}
            for number, kind in enumerate(self.kinds):
                row |= dict.fromkeys(self.into.get((number, order), []), float(most - kind.trips + 1))
            self.program.row(-np.inf, row, float(most))
        for (number, i, j), column in [*self.x.items(), *self.z.items()]:
            if i != _DEPOT and j != _DEPOT:
                rise = 1.0 if self.z.get((number, i, j)) == column else 0.0
                row = {self.trip[j]: 1.0, self.trip[i]: -1.0, column: -(most + rise)}
                self.program.row(-float(most), row, np.inf)

    def _positions(self) -> None:
        """Against closed routes where an arc takes neither time nor load."""
        service = self.problem.orders.service
        free = [
            key for key in self.x
            if key[1] != _DEPOT and key[2] != _DEPOT
            and service[key[1]] + self.kinds[0].minutes[key[1], key[2]] <= 0
            and (not self.load or self.problem.orders.weight[key[2]] <= 0)
        ]  # fmt: skip
        if not free:
            return
        count = float(len(self.orders))
        for order in self.orders:
            self.position[order] = self.program.column(0.0, 0.0, count, whole=False)
        for (_, i, j), column in [*self.x.items(), *self.z.items()]:
            if i != _DEPOT and j != _DEPOT:
                row = {self.position[j]: 1.0, self.position[i]: -1.0, column: -(count + 1.0)}
                self.program.row(-count, row, np.inf)

    def point(self, routes: Routes) -> list[float] | None:
        """The point of a plan; None where the plan uses what the model has left out."""
        values = list(self.program.low)
        planned = {order for trips in routes.values() for trip in trips for order in trip}
        for order in self.orders:
            values[self.left_out[order]] = float(order not in planned)
        for truck, trips in routes.items():
            number = next(n for n, kind in enumerate(self.kinds) if truck in kind.trucks)
            found = timed(self.problem, truck, trips)
            if found is None or not self._put(values, number, trips):
                return None
            load_before = 0.0
            for count, trip in enumerate(found):
                load_before = 0.0
                for stop in trip.stops:
                    values[self.begin[stop.order]] = stop.begin
                    load_before += float(self.problem.orders.weight[stop.order])
                    for columns, value in ((self.late, stop.late), (self.load, load_before), (self.trip, float(count))):
                        if stop.order in columns:
                            values[columns[stop.order]] = value
            for place, order in enumerate(order for trip in trips for order in trip):
                if order in self.position:
                    values[self.position[order]] = float(place)
        return values

    def _put(self, values: list[float], number: int, trips: list[list[int]]) -> bool:
        last = _DEPOT
        for trip in trips:
            for place, order in enumerate(trip):
                column = (self.z if place == 0 and last != _DEPOT else self.x).get((number, last, order))
                if column is None:
                    return False
                values[column], last = 1.0, order
        values[self.x[number, last, _DEPOT]] = 1.0
        return True

    def routes(self, x: np.ndarray) -> Routes:
        """The routes of a point."""
        found: Routes = {}
        for number, kind in enumerate(self.kinds):
            ahead = {
                key[1]: (key[2], False)
                for key, c in self.x.items()
                if key[0] == number and key[1] != _DEPOT and x[c] > 0.5
            }
            ahead |= {key[1]: (key[2], True) for key, c in self.z.items() if key[0] == number and x[c] > 0.5}
            firsts = [key[2] for key, c in self.x.items() if key[0] == number and key[1] == _DEPOT and x[c] > 0.5]
            for truck, first in zip(kind.trucks, firsts, strict=False):
                trips, order = [[first]], first
                while ahead[order][0] != _DEPOT:
                    order, again = ahead[order]
                    trips.append([order]) if again else trips[-1].append(order)
                found[truck] = trips
        return found


def solve(problem: Problem, seconds: float, start: Routes) -> tuple[Routes, Found, float]:
    """Search for the best plan, to the proof of optimality or for so many seconds.

    Args:
        start: a plan to begin with.

    Returns:
        The routes, where the search ended, and the price at which an order was left out in it.
    """
    prize = leave_out_price(problem)
    planned = sum(len(trip) for trips in start.values() for trip in trips)
    model = _Model(problem, prize, planned == len(problem.orders) - len(problem.unplannable))
    found = model.program.minimize(seconds, model.point(start))
    return (start if found.x is None else model.routes(found.x)), found, prize


def _far(problem: Problem) -> float:
    """A minute after which nothing needs to begin."""
    orders, trucks = problem.orders, problem.trucks
    begin = max(float(trucks.shift_start.max(initial=0.0)), float(orders.ready.max(initial=0.0)))
    rest = float(orders.service.sum()) + float(trucks.reload.max(initial=0.0)) * len(orders)
    return begin + rest + 2.0 * float(problem.minutes.max(initial=0.0)) * (len(orders) + 1)
