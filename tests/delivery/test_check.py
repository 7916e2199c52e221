"""The checker of schedules finds every fault that is planted, and none where there is none."""

import dataclasses

import pytest

from jaxsim.delivery import Schedule, Trip, plan, violations
from jaxsim.delivery.check import Violation
from tests.delivery.instances import random_problem

SOFT = random_problem(3, orders=6, trucks=3, soft=True, trips=2)
HARD = random_problem(3, orders=6, trucks=3, trips=2)


@pytest.fixture(scope="module")
def soft() -> Schedule:
    """A sound schedule with soft windows in which a truck makes two trips."""
    return plan(SOFT, method="milp", seconds=60)


@pytest.fixture(scope="module")
def hard() -> Schedule:
    """A sound schedule with windows that must be kept."""
    return plan(HARD, method="milp", seconds=60)


def kinds(schedule: Schedule) -> set[str]:
    found = violations(schedule)
    assert all(isinstance(each, Violation) and each.sentence for each in found)
    return {each.kind for each in found}


def with_trip(schedule: Schedule, index: int, trip: Trip) -> Schedule:
    trips = list(schedule.trips)
    trips[index] = trip
    return dataclasses.replace(schedule, trips=tuple(trips))


def with_stop(schedule: Schedule, index: int, place: int, **changes) -> Schedule:
    trip = schedule.trips[index]
    stops = list(trip.stops)
    stops[place] = dataclasses.replace(stops[place], **changes)
    return with_trip(schedule, index, dataclasses.replace(trip, stops=tuple(stops)))


def of_problem(schedule: Schedule, table: str, **changes) -> Schedule:
    changed = dataclasses.replace(getattr(schedule.problem, table), **changes)
    return dataclasses.replace(schedule, problem=dataclasses.replace(schedule.problem, **{table: changed}))


def test_sound_schedules_have_no_fault(soft, hard):
    assert kinds(soft) == kinds(hard) == set()
    trucks = [trip.truck for trip in soft.trips]
    assert len(set(trucks)) < len(trucks)


def test_orders_left_out_twice_or_unknown(soft):
    trip = soft.trips[0]
    shorter = dataclasses.replace(trip, stops=trip.stops[1:])
    assert "missing order" in kinds(with_trip(soft, 0, shorter))
    assert "order twice" in kinds(with_trip(soft, 0, dataclasses.replace(trip, stops=(*trip.stops, trip.stops[0]))))
    assert "order twice" in kinds(dataclasses.replace(soft, unplanned={trip.stops[0].order: "no reason"}))
    assert "empty trip" in kinds(with_trip(soft, 0, dataclasses.replace(trip, stops=())))


def test_an_unknown_order(soft):
    unknown = dataclasses.replace(soft.trips[0].stops[0], order=-1)
    extra = dataclasses.replace(soft.trips[0], stops=(*soft.trips[0].stops, unknown))
    assert "unknown order" in kinds(with_trip(soft, 0, extra))


def test_overload(soft):
    assert kinds(of_problem(soft, "orders", weight=SOFT.orders.weight * 3)) == {"overload"}


def test_driving_too_fast(soft):
    first = soft.trips[0]
    moved = first.stops[-1].arrival - 1.0
    assert "too fast" in kinds(with_stop(soft, 0, len(first.stops) - 1, arrival=moved))
    assert kinds(with_trip(soft, 0, dataclasses.replace(first, back=first.back - 1.0))) == {"too fast"}
    slower = dataclasses.replace(soft.problem, minutes=soft.problem.minutes * 1.5)
    assert "too fast" in kinds(dataclasses.replace(soft, problem=slower))


def test_windows_and_service(soft, hard):
    for index, trip in enumerate(hard.trips):
        for place, stop in enumerate(trip.stops):
            ready, due = hard.problem.orders.ready[stop.order], hard.problem.orders.due[stop.order]
            assert "too early" in kinds(with_stop(hard, index, place, begin=ready - 1.0, arrival=ready - 2.0))
            assert "too early" in kinds(with_stop(hard, index, place, begin=stop.arrival - 1.0))
            late = with_stop(hard, index, place, begin=due + 1.0, leave=due + 1.0 + stop.leave - stop.begin, late=1.0)
            assert "too late" in kinds(late)
            if hard.problem.orders.service[stop.order] > 0:
                assert "service cut short" in kinds(with_stop(hard, index, place, leave=stop.begin))
    assert "wrong lateness" in kinds(with_stop(soft, 0, 0, late=soft.trips[0].stops[0].late + 1.0))


def test_shifts_and_trips(soft):
    truck = next(t for t in {trip.truck for trip in soft.trips} if sum(trip.truck == t for trip in soft.trips) > 1)
    assert kinds(of_problem(soft, "trucks", trips=SOFT.trucks.trips * 0 + 1)) == {"too many trips"}
    assert kinds(of_problem(soft, "trucks", shift_start=SOFT.trucks.shift_start + 60)) == {"before the shift"}
    assert kinds(of_problem(soft, "trucks", shift_end=SOFT.trucks.shift_start)) == {"after the shift"}
    assert kinds(of_problem(soft, "trucks", reload=SOFT.trucks.reload + 200)) == {"trips overlap"}
    later = max((i for i, trip in enumerate(soft.trips) if trip.truck == truck), key=lambda i: soft.trips[i].depart)
    sooner = dataclasses.replace(soft.trips[later], depart=soft.trips[later].depart - 200.0)
    assert "before the shift" in kinds(with_trip(soft, later, sooner))


def test_bounds_above_the_cost(soft):
    assert kinds(dataclasses.replace(soft, bound=soft.cost + 1.0)) == {"wrong bound"}


def test_costs_that_are_not_those_of_the_trips(soft, monkeypatch):
    monkeypatch.setattr(Schedule, "cost", property(lambda self: 1.0))
    assert "wrong cost" in kinds(dataclasses.replace(soft, bound=None))


def test_a_plan_that_breaks_a_rule_is_not_returned(monkeypatch):
    monkeypatch.setattr("jaxsim.delivery.planning.violations", lambda schedule: [Violation("overload", "a sentence")])
    with pytest.raises(RuntimeError, match="a sentence"):
        plan(HARD, method="first_fit")
