"""Random allocation problems, and the same problems as scipy sees them."""

import numpy as np
from scipy.optimize import linprog

from jaxsim.allocation import Problem
from jaxsim.allocation.problem import ALL

COSTS = [[8, 6, 10, 9], [9, 12, 13, 7], [14, 9, 16, 5]]
SUPPLY, DEMAND = [35, 50, 40], [45, 20, 30, 30]
LEAST_COST = 1020


def example() -> Problem:
    """The textbook allocation of three warehouses to four cities."""
    return Problem.of_matrix(COSTS, SUPPLY, DEMAND)


def random_problem(seed: int, *, tight: float = 1.3, priced: bool = False) -> Problem:
    """Two products, some lanes missing, bounds on some lanes, a shared capacity at every second warehouse.

    Args:
        tight: supply of a product over its demand. priced: whether demand may be left unmet at a price.
    """
    rng = np.random.default_rng(seed)
    warehouses, locations, products = int(rng.integers(2, 5)), int(rng.integers(2, 6)), 2
    demand = rng.integers(5, 30, (locations, products)).astype(float)
    supply = rng.dirichlet(np.full(warehouses, 5.0), products).T * demand.sum(0) * tight
    i, j, p = (each.ravel() for each in np.indices((warehouses, locations, products)))
    kept = rng.random(len(i)) < 0.8
    i, j, p = i[kept], j[kept], p[kept]
    lanes, shared = len(i), np.arange(0, warehouses, 2)
    row_of = np.full(warehouses, ALL)
    row_of[shared] = np.arange(len(shared))
    return Problem(
        warehouses=tuple(f"W{k}" for k in range(warehouses)),
        locations=tuple(f"L{k}" for k in range(locations)),
        products=("A", "B"),
        supply=supply.ravel(),
        supply_key=np.stack(np.divmod(np.arange(warehouses * products), products), axis=1),
        demand=demand.ravel(),
        demand_key=np.stack(np.divmod(np.arange(locations * products), products), axis=1),
        unmet_price=np.full(locations * products, 12.0 if priced else np.inf),
        capacity=supply.sum(1)[shared] * 0.9,
        capacity_key=shared.astype(np.int64),
        supply_of=i * products + p,
        demand_of=j * products + p,
        capacity_of=row_of[i],
        load=rng.uniform(0.5, 1.5, lanes),
        measures={
            "cost": rng.uniform(1, 10, lanes),
            "holding_cost": rng.uniform(0, 1, lanes),
            "days": rng.integers(1, 6, lanes).astype(float),
            "co2_kg": rng.uniform(1, 10, lanes),
        },
        minimum=np.where(rng.random(lanes) < 0.1, 0.5, 0.0),
        maximum=np.where(rng.random(lanes) < 0.3, rng.integers(4, 20, lanes), np.inf),
    )


def by_scipy(problem: Problem, cost: np.ndarray | None = None):
    """scipy's answer, from rows written one by one."""
    lanes, demands = problem.lanes, len(problem.demand)
    cost = problem.measure("cost") + problem.measure("holding_cost") if cost is None else cost
    rows, bounds = [], []
    for i, units in enumerate(problem.supply):
        rows.append(np.r_[1.0 * (problem.supply_of == i), np.zeros(demands)])
        bounds.append(units)
    for j, units in enumerate(problem.demand):
        rows.append(-1.0 * np.r_[problem.demand_of == j, np.arange(demands) == j])
        bounds.append(-units)
    for k, units in enumerate(problem.capacity):
        rows.append(np.r_[np.where(problem.capacity_of == k, problem.load, 0.0), np.zeros(demands)])
        bounds.append(units)
    priced = np.isfinite(problem.unmet_price)
    limits = [*zip(problem.minimum, problem.maximum, strict=True), *((0, np.inf if each else 0) for each in priced)]
    objective = np.r_[cost, np.where(priced, problem.unmet_price, 0.0)]
    return linprog(objective, A_ub=np.array(rows, float), b_ub=bounds, bounds=limits, method="highs") if lanes else None
