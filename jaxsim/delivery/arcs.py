"""Which order can follow which on a truck: the arcs of the exact model, and how many there are.

An arc from i to j exists where a truck of the kind could serve both in that sequence. Narrow windows and small trucks
leave few arcs, and few arcs make a small model.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import SLACK


class Kind:
    """A group of trucks that are alike, and what they could do; times are minutes by order."""

    def __init__(self, problem: Problem, trucks: tuple[int, ...]) -> None:
        self.trucks = trucks
        table, orders, truck = problem.trucks, problem.orders, trucks[0]
        self.depot, self.cost = int(table.depot[truck]), float(table.cost_per_mile[truck])
        self.fixed, self.capacity = float(table.fixed_cost[truck]), float(table.capacity[truck])
        self.trips, self.reload = int(table.trips[truck]), float(table.reload[truck])
        place = len(problem.depots) + np.arange(len(orders))
        self.out, self.home = problem.minutes[self.depot, place], problem.minutes[place, self.depot]
        self.miles_out, self.miles_home = problem.miles[self.depot, place], problem.miles[place, self.depot]
        self.minutes, self.miles = problem.minutes[np.ix_(place, place)], problem.miles[np.ix_(place, place)]
        self.earliest = np.maximum(orders.ready, table.shift_start[truck] + self.out)
        self.latest = np.minimum(orders.latest, table.shift_end[truck] - self.home - orders.service)
        fits = (orders.weight <= self.capacity + SLACK) & (self.earliest <= self.latest + SLACK)
        known = np.isin(np.arange(len(orders)), list(problem.unplannable), invert=True)
        self.serves: Bool[np.ndarray, " orders"] = fits & known
        both = self.serves[:, None] & self.serves[None, :] & ~np.eye(len(orders), dtype=bool)
        leave = (self.earliest + orders.service)[:, None]
        load = orders.weight[:, None] + orders.weight[None, :] <= self.capacity + SLACK
        self.follows: Bool[np.ndarray, "orders orders"] = both & load & (leave + self.minutes <= self.latest + SLACK)
        again = leave + self.between <= self.latest + SLACK
        one_trip = float(orders.weight[known].sum()) <= self.capacity and self._direct_is_shorter()
        useful = self.trips > 1 and not one_trip
        self.reloads: Bool[np.ndarray, "orders orders"] = both & again if useful else np.zeros_like(both)

    def _direct_is_shorter(self) -> bool:
        """Whether going straight on never takes more miles or minutes than by way of the depot."""
        miles = self.miles_home[:, None] + self.miles_out[None, :]
        return bool((self.miles <= miles + 1e-9).all() and (self.minutes <= self.between + 1e-9).all())

    @property
    def between(self) -> Float64[np.ndarray, "orders orders"]:
        """Minutes from one order to another by way of the depot."""
        return self.home[:, None] + self.reload + self.out[None, :]


def kinds_of(problem: Problem) -> list[Kind]:
    """Every kind of truck."""
    return [Kind(problem, group) for group in problem.trucks.alike]


class Size(NamedTuple):
    """How hard the exact model is, over all kinds of trucks."""

    arcs: int
    """Arcs between orders."""
    reversible: int
    """Pairs of orders of which either could come first: what a search has to decide."""


def size_of(problem: Problem) -> Size:
    """Size of the exact model of a problem."""
    arcs = reversible = 0
    for kind in kinds_of(problem):
        for matrix in (kind.follows, kind.reloads):
            arcs += int(matrix.sum())
            reversible += int((matrix & matrix.T).sum()) // 2
    return Size(arcs, reversible)


def leave_out_price(problem: Problem) -> float:
    """A price at which no order is left out that could be served: above the cost of any sensible plan.

    A plan that serves every order by a trip of its own, by the dearest truck and as late as can be, costs less.
    """
    trucks, orders = problem.trucks, problem.orders
    place = len(problem.depots) + np.arange(len(orders))
    miles = max((float((problem.miles[d, place] + problem.miles[place, d]).sum()) for d in trucks.depot), default=0.0)
    miles = max(miles, float(problem.miles.max(initial=0.0, axis=0)[place].sum()))
    total = miles * float(trucks.cost_per_mile.max(initial=0.0)) + float(trucks.fixed_cost.sum())
    soft = np.isfinite(orders.late_price) & np.isfinite(orders.due)
    last = float(trucks.shift_end.max(initial=0.0))
    last = last if np.isfinite(last) else _horizon(problem)
    late = float((orders.late_price[soft] * np.maximum(last - orders.due[soft], 0.0)).sum())
    return 1.0 + total + late


def _horizon(problem: Problem) -> float:
    """A minute by which one truck could have done everything, one trip after the other."""
    begin = max(float(problem.trucks.shift_start.max(initial=0.0)), float(problem.orders.ready.max(initial=0.0)))
    rest = float(problem.orders.service.sum()) + float(problem.trucks.reload.max(initial=0.0)) * len(problem.orders)
    return begin + rest + 2.0 * float(problem.minutes.max(initial=0.0)) * len(problem.orders)
