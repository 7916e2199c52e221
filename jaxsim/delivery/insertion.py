"""Plans that are made order by order: the plain one of a dispatcher, and a start for better searches."""

import math

import numpy as np

from jaxsim import interrupts
from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import Routes, Trip, timed


def first_fit(problem: Problem) -> Routes:
    """Orders as they stand in the table, each at the end of the first truck's day that it fits into.

    It joins the truck's last trip where load, windows and shift allow, else begins another trip of that truck where it
    may, else the next truck is asked. What fits nowhere is left out.
    """
    routes: Routes = {}
    for order in _plannable(problem):
        for truck in range(len(problem.trucks)):
            trips = routes.get(truck, [])
            longer = [[*trips[:-1], [*trips[-1], order]]] if trips else []
            if len(trips) < problem.trucks.trips[truck]:
                longer.append([*trips, [order]])
            fitting = next((each for each in longer if timed(problem, truck, each) is not None), None)
            if fitting is not None:
                routes[truck] = fitting
                break
    return routes


def cheapest_insertion(problem: Problem) -> Routes:
    """Orders by the end of their window, the latest-opening last, each where it adds least cost.

    After Solomon (*Algorithms for the vehicle routing and scheduling problems with time window constraints*, 1987),
    with the whole cost as the measure. Of trucks that are alike and idle only the first is tried.
    """
    routes: Routes = {}
    costs: dict[int, float] = {}
    due, ready = problem.orders.due, problem.orders.ready
    for order in sorted(_plannable(problem), key=lambda order: (due[order], ready[order], order)):
        interrupts.check()
        best: tuple[float, int, list[list[int]]] | None = None
        for truck in _candidates(problem, routes):
            for trips in _insertions(routes.get(truck, []), order, int(problem.trucks.trips[truck])):
                added = truck_cost(problem, truck, timed(problem, truck, trips)) - costs.get(truck, 0.0)
                if added < (math.inf if best is None else best[0] - 1e-12):
                    best = added, truck, trips
        if best is not None:
            routes[best[1]] = best[2]
            costs[best[1]] = costs.get(best[1], 0.0) + best[0]
    return routes


def truck_cost(problem: Problem, truck: int, trips: list[Trip] | None) -> float:
    """Currency for a truck's day; inf where it cannot be driven."""
    if trips is None:
        return math.inf
    if not trips:
        return 0.0
    depot, miles, late = int(problem.trucks.depot[truck]), 0.0, 0.0
    for trip in trips:
        path = np.array([depot, *map(problem.place, trip.orders), depot])
        miles += float(problem.miles[path[:-1], path[1:]].sum())
        late += sum(stop.late * float(problem.orders.late_price[stop.order]) for stop in trip.stops if stop.late > 0)
    return miles * float(problem.trucks.cost_per_mile[truck]) + float(problem.trucks.fixed_cost[truck]) + late


def _plannable(problem: Problem) -> list[int]:
    return [order for order in range(len(problem.orders)) if order not in problem.unplannable]


def _candidates(problem: Problem, routes: Routes) -> list[int]:
    """Trucks that are out, and the first idle one of each kind."""
    idle = (next((truck for truck in group if truck not in routes), None) for group in problem.trucks.alike)
    return [*routes, *(truck for truck in idle if truck is not None)]


def _insertions(trips: list[list[int]], order: int, most: int) -> list[list[list[int]]]:
    """Every way to put an order into a truck's day."""
    found = [
        [*trips[:i], [*trip[:place], order, *trip[place:]], *trips[i + 1 :]]
        for i, trip in enumerate(trips)
        for place in range(len(trip) + 1)
    ]
    if len(trips) < most:
        found += [[*trips[:i], [order], *trips[i:]] for i in range(len(trips) + 1)]
    return found
