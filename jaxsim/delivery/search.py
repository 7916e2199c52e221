"""Large problems: PyVRP's iterated local search, an optional part of the installation.

PyVRP counts in whole numbers, so money, minutes and weights are scaled: exactly where they have one decimal at most,
else to a thousandth of a unit, times and weights rounded to the safe side. A soft window becomes several orders of
which one at most is served, each later than the one before and worth less by the lateness; what the plan then costs is
computed exactly from its routes.

Reference: Wouda, Lan and Kool, *PyVRP: a high-performance VRP solver package*, INFORMS Journal on Computing, 2024.
"""

import importlib
import importlib.util
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxsim import interrupts
from jaxsim.delivery.arcs import leave_out_price
from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import Routes

LATE_STEPS = (10.0, 30.0, 90.0)
"""Minutes of lateness at which a soft window is tried beyond its end, and without limit."""
INSTALL = "pip install 'jaxsim-inbound[delivery]'"
_MOST = 1 << 40


def installed() -> bool:
    """Whether PyVRP is there."""
    return importlib.util.find_spec("pyvrp") is not None


@dataclass(frozen=True)
class _Scale:
    """Whole numbers for real ones."""

    factor: float

    @classmethod
    def of(cls, *arrays: np.ndarray) -> "_Scale":
        """Ten where that is exact, else a thousand."""
        every = np.concatenate([np.ravel(each) for each in arrays])
        every = every[np.isfinite(every)] * 10.0
        return cls(10.0 if np.abs(every - np.round(every)).max(initial=0.0) < 1e-7 else 1000.0)

    def near(self, values: Any) -> np.ndarray:
        return self._whole(np.round(np.asarray(values, float) * self.factor))

    def up(self, values: Any) -> np.ndarray:
        return self._whole(np.ceil(np.asarray(values, float) * self.factor - 1e-6))

    def down(self, values: Any) -> np.ndarray:
        return self._whole(np.floor(np.asarray(values, float) * self.factor + 1e-6))

    @staticmethod
    def _whole(values: np.ndarray) -> np.ndarray:
        return np.minimum(values, _MOST).astype(np.int64)


def search(problem: Problem, seconds: float, seed: int, *, all_fit: bool) -> tuple[Routes, bool]:
    """Search for so many seconds.

    Args:
        all_fit: whether a plan of all orders is known to exist, so that none may be left out.

    Returns:
        The routes, and whether a signal ended the search.

    Raises:
        ValueError: PyVRP is not installed; the message says how to install it.
    """
    if not installed():
        raise ValueError(f"this needs PyVRP, which is not installed: {INSTALL}")
    pyvrp: Any = importlib.import_module("pyvrp")
    built = _Built(pyvrp.Model(), problem, all_fit)
    stop = _Stop(seconds)
    result = built.model.solve(stop, seed=seed, display=False, collect_stats=False)
    if not result.is_feasible():
        return {}, stop.interrupted
    return built.routes(result.best), stop.interrupted


class _Stop:
    """Ends a search when its time is over or a signal asks for it."""

    def __init__(self, seconds: float) -> None:
        self.end = time.perf_counter() + seconds
        self.interrupted = False

    def __call__(self, best_cost: int) -> bool:
        self.interrupted = interrupts.requested()
        return self.interrupted or time.perf_counter() > self.end


class _Built:
    """PyVRP's model of a problem, and which order each of its clients stands for."""

    def __init__(self, model: Any, problem: Problem, all_fit: bool) -> None:
        self.model, self.problem = model, problem
        orders, trucks = problem.orders, problem.trucks
        rates = np.unique(trucks.cost_per_mile)
        self.money = _Scale.of(*(problem.miles * rate for rate in rates), trucks.fixed_cost)
        self.clock = _Scale.of(
            problem.minutes,
            orders.ready,
            orders.due,
            orders.service,
            trucks.shift_start,
            trucks.shift_end,
            trucks.reload,
        )
        self.mass = _Scale(1.0) if not np.any(orders.weight % 1) and not np.any(trucks.capacity % 1) else _Scale(1000.0)
        self.places = [model.add_location(x=0.0, y=0.0) for _ in range(len(problem.minutes))]
        self.client_order: list[int] = []
        self._add_orders(all_fit)
        depots = self._add_trucks(rates)
        self.trucks_of = list(trucks.alike)
        assert depots

    def _add_orders(self, all_fit: bool) -> None:
        problem, orders = self.problem, self.problem.orders
        prize = int(self.money.up(leave_out_price(problem)))
        for order in range(len(orders)):
            if order in problem.unplannable:
                continue
            ends = self._ends(order)
            group = self.model.add_client_group(required=all_fit) if len(ends) > 1 else None
            for end, price in ends:
                begin = max(0.0, float(orders.ready[order]))
                self.model.add_client(
                    self.places[problem.place(order)],
                    delivery=int(self.mass.up(orders.weight[order])),
                    service_duration=int(self.clock.up(orders.service[order])),
                    tw_early=int(self.clock.up(begin)),
                    tw_late=int(self.clock.down(end)),
                    prize=0 if all_fit and group is None else max(0, prize - int(self.money.near(price))),
                    required=all_fit and group is None,
                    group=group,
                )
                self.client_order.append(order)

    def _ends(self, order: int) -> list[tuple[float, float]]:
        """Ends of the window, and what lateness costs when service begins there."""
        due, price = float(self.problem.orders.due[order]), float(self.problem.orders.late_price[order])
        if np.isinf(price) or np.isinf(due):
            return [(due, 0.0)]
        last = float(self.problem.trucks.shift_end.max())
        last = last if np.isfinite(last) else due + 20.0 * LATE_STEPS[-1]
        steps = [due + step for step in LATE_STEPS if due + step < last]
        return [(end, price * (end - due)) for end in (due, *steps, max(last, due))]

    def _add_trucks(self, rates: np.ndarray) -> dict[int, Any]:
        problem, trucks, model = self.problem, self.problem.trucks, self.model
        profiles = {}
        minutes = self.clock.up(problem.minutes)
        for rate in rates:
            profiles[rate] = model.add_profile()
            cost = self.money.near(problem.miles * rate)
            for a, start in enumerate(self.places):
                for b, end in enumerate(self.places):
                    if a != b:
                        model.add_edge(start, end, int(cost[a, b]), int(minutes[a, b]), profiles[rate])
        depots: dict[int, Any] = {}
        for group in trucks.alike:
            truck = group[0]
            depot, reload = int(trucks.depot[truck]), float(trucks.reload[truck])
            start = depots.setdefault(depot, model.add_depot(self.places[depot]))
            again = (
                model.add_depot(self.places[depot], service_duration=int(self.clock.up(reload))) if reload else start
            )
            several = int(trucks.trips[truck]) > 1
            model.add_vehicle_type(
                num_available=len(group),
                capacity=int(self.mass.down(trucks.capacity[truck])),
                start_depot=start,
                end_depot=start,
                fixed_cost=int(self.money.near(trucks.fixed_cost[truck])),
                tw_early=int(self.clock.up(trucks.shift_start[truck])),
                tw_late=int(self.clock.down(trucks.shift_end[truck])),
                profile=profiles[trucks.cost_per_mile[truck]],
                reload_depots=[again] if several else [],
                max_reloads=int(trucks.trips[truck]) - 1,
            )
        return depots

    def routes(self, solution: Any) -> Routes:
        """Routes of a solution, trucks of a kind one after the other."""
        left = [list(group) for group in self.trucks_of]
        found: Routes = {}
        for route in solution.routes():
            trips: dict[int, list[int]] = {}
            for activity in route.schedule():
                if activity.is_client():
                    trips.setdefault(activity.trip, []).append(self.client_order[activity.idx])
            found[left[route.vehicle_type()].pop(0)] = [trips[number] for number in sorted(trips)]
        return found
