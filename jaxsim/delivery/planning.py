"""One way to a schedule: the method that fits the size, the start it needs, and the check of what comes out."""

import dataclasses
import math
import time

from jaxsim.delivery import search
from jaxsim.delivery.arcs import size_of
from jaxsim.delivery.assignment import assign
from jaxsim.delivery.check import violations
from jaxsim.delivery.insertion import cheapest_insertion, first_fit, truck_cost
from jaxsim.delivery.milp import solve
from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import Routes, Schedule, Status, scheduled, timed

METHODS = ("auto", "milp", "assignment", "pyvrp", "cheapest_insertion", "first_fit")
"""`auto` picks one of the others."""
MOST_ARCS, MOST_DECISIONS = 6_000, 20_000
"""Arcs between orders, and arcs times pairs of which either could come first, up to which `auto` takes the exact model:
on Solomon's instances and parts of them it then proved an optimum within ten seconds (`docs/delivery.md`)."""
MOST_INSERTED = 400
"""Orders up to which a plan by insertion is made to learn whether all fit."""


def plan(problem: Problem, *, method: str = "auto", seconds: float = 10.0, seed: int = 0) -> Schedule:
    """A schedule that serves as many orders as it can at least cost.

    Orders that no truck could deliver are named with the reason, the rest is planned.

    Args:
        method: of `METHODS`. "auto" takes the assignment where each order is a haul of its own and no time matters, the
            exact model where few orders can follow each other, else PyVRP.
        seconds: time for the search; what is found by then comes back, with its bound where there is one.
        seed: of PyVRP.

    Raises:
        ValueError: there is no such method, it does not fit, the time is not positive, or PyVRP is needed and not
            installed (the message says how to install it).
        RuntimeError: the plan breaks a rule, which would be a fault of this package.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method {method!r}; there are {', '.join(METHODS)}")
    if not seconds > 0:
        raise ValueError(f"the time for a search must be positive, not {seconds:g} seconds")
    if method == "assignment" and not (problem.hauls and problem.timeless):
        raise ValueError("an assignment needs orders with distances of their own, without windows and shifts")
    began = time.perf_counter()
    chosen, why = (method, "as asked") if method != "auto" else _choice(problem)
    found = _MADE[chosen](problem, seconds, seed, why)
    found = dataclasses.replace(found, seconds=time.perf_counter() - began)
    broken = violations(found)
    if broken:
        raise RuntimeError(f"the plan by {chosen} breaks a rule: {broken[0]}")
    return found


def _choice(problem: Problem) -> tuple[str, str]:
    """A method, and why it."""
    if problem.hauls and problem.timeless:
        return "assignment", "each order is a haul of its own, so no sequence matters"
    size = size_of(problem)
    few = f"one order can follow another in {size.arcs:,} ways, and {size.reversible:,} pairs go either way round"
    if size.arcs <= MOST_ARCS and size.arcs * size.reversible <= MOST_DECISIONS:
        return "milp", f"{few}, few enough for the exact model"
    if search.installed():
        return "pyvrp", f"{few}, too many for the exact model"
    raise ValueError(
        f"{few}, too many for the exact model, and PyVRP is not installed: {search.INSTALL}, or ask for the method "
        "milp, cheapest_insertion or first_fit"
    )


def _start(problem: Problem) -> tuple[Routes, str]:
    """The better of two plans that are made order by order: more orders first, then less cost."""
    plans = {"cheapest_insertion": cheapest_insertion(problem), "first_fit": first_fit(problem)}
    value = lambda routes: (-_planned(routes), _cost(problem, routes))
    name = min(plans, key=lambda each: value(plans[each]))
    return plans[name], name


def _planned(routes: Routes) -> int:
    return sum(len(trip) for trips in routes.values() for trip in trips)


def _cost(problem: Problem, routes: Routes) -> float:
    return sum(truck_cost(problem, truck, timed(problem, truck, trips)) for truck, trips in routes.items())


def _exact(problem: Problem, seconds: float, why: str, method: str) -> Schedule:
    start, by = _start(problem)
    routes, found, prize = (assign if method == "assignment" else solve)(problem, seconds, start)
    left_out = len(problem.orders) - len(problem.unplannable) - _planned(routes)
    bound = found.bound - prize * left_out
    proven = max(0.0, bound) if math.isfinite(bound) else None
    proven = None if proven is None else min(proven, _cost(problem, routes))
    from_start = f"; it is the plan by {by} with which the search began" if routes == start else ""
    note = f"{method}: {why}. {found.status.value[:-1]}{from_start}."
    return scheduled(problem, routes, found.status, method, note, proven)


def _by_milp(problem: Problem, seconds: float, seed: int, why: str) -> Schedule:
    return _exact(problem, seconds, why, "milp")


def _by_assignment(problem: Problem, seconds: float, seed: int, why: str) -> Schedule:
    return _exact(problem, seconds, why, "assignment")


def _by_pyvrp(problem: Problem, seconds: float, seed: int, why: str) -> Schedule:
    began = time.perf_counter()
    start: Routes = _start(problem)[0] if len(problem.orders) <= MOST_INSERTED else {}
    wanted = len(problem.orders) - len(problem.unplannable)
    rest = max(0.1 * seconds, seconds - (time.perf_counter() - began))
    routes, interrupted = search.search(problem, rest, seed, all_fit=_planned(start) == wanted)
    value = lambda each: (-_planned(each), _cost(problem, each))
    if value(start) < value(routes):
        routes = start
    status = Status.INTERRUPTED if interrupted else Status.HEURISTIC
    return scheduled(problem, routes, status, "pyvrp", f"pyvrp: {why}. {status.value}")


def _by_insertion(problem: Problem, seconds: float, seed: int, why: str) -> Schedule:
    note = f"cheapest_insertion: {why}. {Status.HEURISTIC.value}"
    return scheduled(problem, cheapest_insertion(problem), Status.HEURISTIC, "cheapest_insertion", note)


def _by_first_fit(problem: Problem, seconds: float, seed: int, why: str) -> Schedule:
    note = f"first_fit: {why}. {Status.HEURISTIC.value}"
    return scheduled(problem, first_fit(problem), Status.HEURISTIC, "first_fit", note)


_MADE = {
    "milp": _by_milp,
    "assignment": _by_assignment,
    "pyvrp": _by_pyvrp,
    "cheapest_insertion": _by_insertion,
    "first_fit": _by_first_fit,
}
