"""Small random delivery problems, and plans of them by trying everything."""

import itertools
import math

import numpy as np

from jaxsim.delivery import Orders, Problem, Trucks
from jaxsim.delivery.insertion import truck_cost
from jaxsim.delivery.schedule import timed


def random_problem(seed: int, *, orders: int = 5, trucks: int = 2, soft: bool = False, trips: int = 1) -> Problem:
    """Places on a plane, windows, unlike trucks at two depots."""
    rng = np.random.default_rng(seed)
    position = rng.uniform(0, 20, (2 + orders, 2)).round(1)
    apart = position[:, None] - position[None, :]
    miles = np.hypot(apart[..., 0], apart[..., 1]).round(1)
    ready = rng.integers(0, 60, orders).astype(float)
    return Problem(
        Orders(
            tuple(f"O{i}" for i in range(orders)),
            weight=rng.integers(1, 8, orders).astype(float),
            ready=ready,
            due=ready + rng.integers(10, 50, orders),
            service=rng.integers(0, 10, orders).astype(float),
            late_price=np.where(rng.random(orders) < 0.7, 0.3, np.inf) if soft else np.full(orders, np.inf),
        ),
        Trucks(
            tuple(f"T{i}" for i in range(trucks)),
            capacity=rng.integers(8, 16, trucks).astype(float),
            cost_per_mile=rng.choice([1.0, 1.5], trucks),
            fixed_cost=rng.choice([0.0, 5.0], trucks),
            shift_start=rng.choice([0.0, 10.0], trucks),
            shift_end=rng.choice([90.0, 150.0], trucks),
            trips=np.full(trucks, trips),
            reload=np.full(trucks, 5.0),
            depot=rng.integers(0, 2, trucks),
        ),
        depots=("north", "south"),
        miles=miles,
        minutes=miles,
        position=position,
    )


def hauls(seed: int) -> Problem:
    """Orders with a distance of their own and trucks with a cost per mile: the form of a plain order list."""
    rng = np.random.default_rng(seed)
    orders, trucks = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    haul = np.concatenate([[0.0], rng.integers(1, 50, orders).astype(float)])
    miles = np.broadcast_to(haul, (orders + 1,) * 2).copy()
    np.fill_diagonal(miles, 0.0)
    nothing, free = np.zeros(orders), np.full(orders, np.inf)
    return Problem(
        Orders(
            tuple(f"O{i}" for i in range(orders)),
            rng.integers(1, 10, orders).astype(float),
            nothing,
            free,
            nothing,
            free,
        ),
        Trucks(
            tuple(f"T{i}" for i in range(trucks)),
            capacity=rng.integers(5, 20, trucks).astype(float),
            cost_per_mile=rng.choice([1.0, 2.0, 3.0], trucks),
            fixed_cost=rng.choice([0.0, 20.0], trucks),
            shift_start=np.zeros(trucks),
            shift_end=np.full(trucks, np.inf),
            trips=np.ones(trucks, np.int64),
            reload=np.zeros(trucks),
            depot=np.zeros(trucks, np.int64),
        ),
        ("depot",),
        miles,
        miles,
        hauls=True,
    )


def best_by_trying(problem: Problem) -> tuple[int, float]:
    """Most orders that can be served, and the least cost of serving so many: every assignment, sequence and cut."""
    best = (0, 0.0)
    orders = range(len(problem.orders))
    day: dict[tuple[int, frozenset[int]], float] = {}
    for truck in range(len(problem.trucks)):
        for size in range(len(problem.orders) + 1):
            for members in itertools.combinations(orders, size):
                day[truck, frozenset(members)] = _best_day(problem, truck, members)
    for owners in itertools.product(range(-1, len(problem.trucks)), repeat=len(problem.orders)):
        cost = sum(
            day[truck, frozenset(o for o in orders if owners[o] == truck)] for truck in range(len(problem.trucks))
        )
        found = sum(owner >= 0 for owner in owners), cost
        if math.isfinite(cost) and (-found[0], found[1]) < (-best[0], best[1]):
            best = found
    return best


def _best_day(problem: Problem, truck: int, members: tuple[int, ...]) -> float:
    if not members:
        return 0.0
    if problem.hauls:
        fits = problem.orders.weight[list(members)].sum() <= problem.trucks.capacity[truck]
        miles = problem.miles[0, [problem.place(o) for o in members]].sum()
        return (
            float(miles * problem.trucks.cost_per_mile[truck] + problem.trucks.fixed_cost[truck]) if fits else math.inf
        )
    best, most = math.inf, int(problem.trucks.trips[truck])
    for sequence in itertools.permutations(members):
        for cuts in range(min(most, len(sequence))):
            for at in itertools.combinations(range(1, len(sequence)), cuts):
                edges = [0, *at, len(sequence)]
                trips = [list(sequence[a:b]) for a, b in itertools.pairwise(edges)]
                best = min(best, truck_cost(problem, truck, timed(problem, truck, trips)))
    return best
