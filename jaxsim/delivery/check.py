"""Whether a schedule keeps every rule, judged by itself: from the problem and the times that the schedule states.

Nothing that makes schedules is used here, so a mistake there cannot hide. Every rule is one short loop.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import SLACK, Schedule, Trip


@dataclass(frozen=True)
class Violation:
    """A broken rule."""

    kind: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def violations(schedule: Schedule) -> list[Violation]:
    """Every broken rule of a schedule; empty where it can be driven as it says."""
    problem = schedule.problem
    found = list(_each_order_once(schedule))
    for trip in schedule.trips:
        found += _load(problem, trip)
        found += _times(problem, trip)
    found += _shifts(schedule)
    found += _totals(schedule)
    return found


def _each_order_once(schedule: Schedule) -> Iterator[Violation]:
    names = schedule.problem.orders.name
    visits = [stop.order for trip in schedule.trips for stop in trip.stops]
    for order in sorted(set(visits)):
        if not 0 <= order < len(names):
            yield Violation("unknown order", f"there is no order number {order}")
        elif visits.count(order) > 1:
            yield Violation("order twice", f"order {names[order]} is delivered {visits.count(order)} times")
        elif order in schedule.unplanned:
            yield Violation("order twice", f"order {names[order]} is both delivered and left out")
    for order in range(len(names)):
        if order not in visits and order not in schedule.unplanned:
            yield Violation("missing order", f"order {names[order]} is neither delivered nor named as left out")


def _load(problem: Problem, trip: Trip) -> Iterator[Violation]:
    load = sum(float(problem.orders.weight[stop.order]) for stop in trip.stops)
    capacity, name = float(problem.trucks.capacity[trip.truck]), problem.trucks.name[trip.truck]
    if load > capacity + SLACK:
        yield Violation("overload", f"truck {name} leaves with {load:g}, and carries {capacity:g}")


def _times(problem: Problem, trip: Trip) -> Iterator[Violation]:
    orders, truck = problem.orders, problem.trucks.name[trip.truck]
    depot = int(problem.trucks.depot[trip.truck])
    place, clock = depot, trip.depart
    for stop in trip.stops:
        name, here = orders.name[stop.order], len(problem.depots) + stop.order
        if stop.arrival < clock + problem.minutes[place, here] - SLACK:
            yield Violation("too fast", f"truck {truck} reaches order {name} sooner than it can drive there")
        if stop.begin < stop.arrival - SLACK:
            yield Violation("too early", f"order {name} is served before truck {truck} is there")
        if stop.begin < orders.ready[stop.order] - SLACK:
            yield Violation("too early", f"order {name} is served before its window opens")
        late = max(0.0, stop.begin - float(orders.due[stop.order]))
        if late > SLACK and orders.late_price[stop.order] == float("inf"):
            yield Violation("too late", f"order {name} is served {late:g} minutes after its window, which must be kept")
        if abs(late - stop.late) > 2 * SLACK:
            yield Violation("wrong lateness", f"order {name} is {late:g} minutes late, and not {stop.late:g}")
        if stop.leave < stop.begin + orders.service[stop.order] - SLACK:
            yield Violation("service cut short", f"truck {truck} leaves order {name} before its service is over")
        place, clock = here, stop.leave
    if not trip.stops:
        yield Violation("empty trip", f"truck {truck} leaves without an order")
    if trip.back < clock + problem.minutes[place, depot] - SLACK:
        yield Violation("too fast", f"truck {truck} is back sooner than it can drive")


def _shifts(schedule: Schedule) -> Iterator[Violation]:
    trucks = schedule.problem.trucks
    for truck in sorted({trip.truck for trip in schedule.trips}):
        name = trucks.name[truck]
        trips = sorted((trip for trip in schedule.trips if trip.truck == truck), key=lambda trip: trip.depart)
        if len(trips) > trucks.trips[truck]:
            yield Violation("too many trips", f"truck {name} makes {len(trips)} trips of {trucks.trips[truck]} at most")
        if trips[0].depart < trucks.shift_start[truck] - SLACK:
            yield Violation("before the shift", f"truck {name} leaves before its shift begins")
        if max(trip.back for trip in trips) > trucks.shift_end[truck] + SLACK:
            yield Violation("after the shift", f"truck {name} is back after its shift has ended")
        for first, second in itertools.pairwise(trips):
            if second.depart < first.back + trucks.reload[truck] - SLACK:
                yield Violation("trips overlap", f"truck {name} leaves again before it is back and loaded")


def _totals(schedule: Schedule) -> Iterator[Violation]:
    """Cost as the schedule states it against a sum of its own, and the bound below it."""
    problem, cost = schedule.problem, 0.0
    for trip in schedule.trips:
        place = depot = int(problem.trucks.depot[trip.truck])
        for stop in trip.stops:
            here = len(problem.depots) + stop.order
            cost += float(problem.miles[place, here]) * float(problem.trucks.cost_per_mile[trip.truck])
            late, price = stop.begin - problem.orders.due[stop.order], problem.orders.late_price[stop.order]
            cost += float(late * price) if late > SLACK and price < float("inf") else 0.0
            place = here
        cost += float(problem.miles[place, depot]) * float(problem.trucks.cost_per_mile[trip.truck])
    cost += sum(float(problem.trucks.fixed_cost[truck]) for truck in {trip.truck for trip in schedule.trips})
    if abs(cost - schedule.cost) > 1e-6 * max(1.0, cost):
        yield Violation("wrong cost", f"the trips cost {cost:g}, and not {schedule.cost:g}")
    if schedule.bound is not None and schedule.bound > cost * (1 + 1e-6) + 1e-6:
        yield Violation("wrong bound", f"the bound {schedule.bound:g} is above the cost {cost:g}")
