"""Schedules cost what trying everything finds, and say how good they are."""

import dataclasses
import itertools

import numpy as np
import pytest

from jaxsim import interrupts
from jaxsim.delivery import Status, plan, read_problem, search, violations
from tests.delivery.instances import best_by_trying, hauls, random_problem
from validation import solomon

needs_pyvrp = pytest.mark.skipif(not search.installed(), reason=f"PyVRP is not installed: {search.INSTALL}")
needs_solomon = pytest.mark.skipif(not solomon.names(), reason="Solomon's instances lie beside the project, not in it")


@pytest.mark.parametrize("seed", range(200))
def test_hauls_cost_what_trying_everything_finds(seed):
    problem = hauls(seed)
    found = plan(problem)
    assert found.method == "assignment"
    assert found.status is Status.OPTIMAL
    planned, cost = best_by_trying(problem)
    assert (found.planned, found.cost) == (planned, pytest.approx(cost))
    assert found.gap == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("seed", "soft", "trips"), [(seed, soft, trips) for seed in range(8) for soft in (False, True) for trips in (1, 2)]
)
def test_routes_cost_what_trying_everything_finds(seed, soft, trips):
    problem = random_problem(seed, orders=4, soft=soft, trips=trips)
    found = plan(problem, method="milp", seconds=60)
    planned, cost = best_by_trying(problem)
    assert found.status is Status.OPTIMAL
    assert (found.planned, found.cost) == (planned, pytest.approx(cost))
    assert found.gap is not None
    assert found.gap <= 1e-6


def test_the_random_problems_cover_what_they_are_for():
    several = [
        plan(random_problem(seed, orders=4, soft=True, trips=trips), method="milp")
        for seed in range(8)
        for trips in (1, 2)
    ]
    trucks = [[trip.truck for trip in found.trips] for found in several]
    assert any(len(set(each)) < len(each) for each in trucks)  # a truck that leaves twice
    assert any(found.late_minutes > 0 for found in several)
    assert any(found.unplanned for found in several)
    assert any(len({trip.truck for trip in found.trips}) > 1 for found in several)


def first_fit_of_the_case_study(problem):
    """Every sequence of orders, each order to the first truck with room: the plain search that this replaces."""
    best = np.inf
    for sequence in itertools.permutations(range(len(problem.orders))):
        room, cost, used = problem.trucks.capacity.copy(), 0.0, set()
        for order in sequence:
            fits = np.flatnonzero(room >= problem.orders.weight[order])
            if not len(fits):
                cost = np.inf
                break
            room[fits[0]] -= problem.orders.weight[order]
            used.add(int(fits[0]))
            cost += problem.miles[0, problem.place(order)] * problem.trucks.cost_per_mile[fits[0]]
        best = min(best, cost + problem.trucks.fixed_cost[list(used)].sum())
    return best


def test_hauls_never_cost_more_than_first_fit_over_all_sequences():
    better = 0
    for seed in range(60):
        problem, found = hauls(seed), plan(hauls(seed))
        first_fit = first_fit_of_the_case_study(problem)
        if np.isfinite(first_fit):
            assert found.cost <= first_fit + 1e-9
            better += found.cost < first_fit - 1e-9
    assert better > 5


def test_orders_that_no_truck_could_deliver_are_named_and_the_rest_is_planned():
    trucks = {"truck": ["T"], "capacity": [10.0], "cost_per_mile": [1.0], "x": [0.0], "y": [0.0], "shift_end": [100.0]}
    orders = {
        "order": ["heavy", "early", "far", "good"],
        "weight": [11.0, 1.0, 1.0, 1.0],
        "x": [1.0, 10.0, 30.0, 5.0],
        "y": [0.0, 0.0, 0.0, 0.0],
        "due": [50.0, 15.0, 90.0, 50.0],
    }
    found = plan(read_problem(orders, trucks))
    reasons = {row["order"]: row["reason"] for row in found.unplanned_table.to_pylist()}
    assert reasons == {
        "heavy": "it weighs 11, and no truck carries more than 10",
        "early": "its window ends at minute 15, and no truck that can carry it is there before minute 20",
        "far": "a truck that serves it is back at minute 120 at the earliest, after its shift",
    }
    assert found.planned == 1
    assert found.cost == 10


def test_orders_for_which_no_room_is_left_are_named_too():
    trucks = {"truck": ["T"], "capacity": [10.0], "cost_per_mile": [1.0]}
    orders = {"order": ["a", "b", "c"], "weight": [6.0, 5.0, 5.0], "distance": [1.0, 2.0, 2.0]}
    found = plan(read_problem(orders, trucks))
    assert [row["order"] for row in found.unplanned_table.to_pylist()] == ["a"]
    assert "no truck has room" in found.unplanned[0]


def test_nothing_to_do_is_a_plan():
    trucks = {"truck": ["T"], "capacity": [10.0], "cost_per_mile": [1.0]}
    problem = read_problem({"order": ["a"], "weight": [11.0], "distance": [1.0]}, trucks)
    for each in (problem, dataclasses.replace(problem, hauls=False)):
        found = plan(each)
        assert (found.planned, found.cost, found.gap) == (0, 0.0, 0.0)


def test_at_its_time_limit_the_exact_model_returns_its_best_plan_with_its_gap():
    found = plan(random_problem(0, orders=25, trucks=8), method="milp", seconds=0.3)
    assert found.status is Status.TIME_LIMIT
    assert found.gap is None or 0 < found.gap <= 1
    assert violations(found) == []
    assert found.planned > 5


def test_an_interrupted_search_keeps_its_best_plan(monkeypatch):
    asked = iter([False] * 3)
    monkeypatch.setattr(interrupts, "requested", lambda: next(asked, True))
    found = plan(random_problem(0, orders=25, trucks=8), method="milp", seconds=60)
    assert found.status is Status.INTERRUPTED
    assert found.seconds < 30
    assert found.planned > 5


@pytest.mark.parametrize("method", ["first_fit", "cheapest_insertion"])
def test_plans_made_order_by_order_keep_every_rule(method):
    for seed in range(10):
        problem = random_problem(seed, orders=12, trucks=4, soft=seed % 2 == 0, trips=2)
        found = plan(problem, method=method)
        assert violations(found) == []
        exact = plan(random_problem(seed, orders=4), method="milp")
        made = plan(random_problem(seed, orders=4), method=method)
        assert (made.planned, -made.cost) <= (exact.planned, -exact.cost + 1e-9)


def test_what_does_not_fit_is_refused():
    problem = random_problem(0)
    for method, seconds, message in (
        ("magic", 1.0, "there is no method 'magic'"),
        ("auto", 0.0, "must be positive"),
        ("assignment", 1.0, "distances of their own"),
    ):
        with pytest.raises(ValueError, match=message):
            plan(problem, method=method, seconds=seconds)


def test_without_pyvrp_a_large_problem_says_what_to_install(monkeypatch):
    monkeypatch.setattr(search, "installed", lambda: False)
    problem = random_problem(0, orders=40, trucks=8)
    for method in ("auto", "pyvrp"):
        with pytest.raises(ValueError, match=r"pip install 'jaxsim-inbound\[delivery\]'"):
            plan(problem, method=method)


@needs_pyvrp
@pytest.mark.parametrize(("seed", "soft", "trips"), [(0, False, 1), (1, True, 1), (2, False, 2), (3, True, 2)])
def test_the_search_finds_what_the_exact_model_does(seed, soft, trips):
    problem = random_problem(seed, orders=6, trucks=3, soft=soft, trips=trips)
    exact = plan(problem, method="milp", seconds=60)
    found = plan(problem, method="pyvrp", seconds=1.0)
    assert found.planned == exact.planned
    assert exact.cost - 1e-6 <= found.cost <= exact.cost * 1.05


@needs_pyvrp
def test_a_large_problem_goes_to_the_search_and_says_so():
    found = plan(random_problem(5, orders=40, trucks=10), seconds=1.0)
    assert found.method == "pyvrp"
    assert "too many for the exact model" in found.note
    assert violations(found) == []


@needs_solomon
@pytest.mark.parametrize(
    ("name", "customers", "distance"),
    [("R101", 25, 617.1), ("C101", 25, 191.3), ("RC101", 25, 461.1), ("R101", 50, 1044.0)],
)
def test_solomons_narrow_windows_are_solved_to_their_known_optimum(name, customers, distance):
    found = plan(solomon.instance(name, customers), seconds=60)
    assert found.method == "milp"
    assert found.status is Status.OPTIMAL
    assert found.cost == pytest.approx(distance)
