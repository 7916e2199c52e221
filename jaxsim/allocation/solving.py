"""Solving one allocation problem: its LP, the columns to begin with, and the certificate of what comes back."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse
from jaxtyping import Float64, Int

from jaxsim.allocation.plan import TOLERANCE, Plan, Status, objective_of
from jaxsim.allocation.problem import ALL, MEASURES, Problem
from jaxsim.allocation.shortage import explain
from jaxsim.allocation.sifting import WHOLE, Answer, ColumnLP, cheapest_by, sift
from jaxsim.allocation.tables import read_problem

WEIGHTS = {"cost": 1.0, "holding_cost": 1.0}
"""Money alone, unless the caller says otherwise."""
_FIRST = 12
"""Lanes of each supply and each demand that a large LP begins with."""
_LESS_WILLINGLY = 10.0
"""Where not all limits can be kept: how much dearer it is to break another one than to leave demand unmet."""


def allocate(
    costs: Any,
    supply: Any,
    demand: Any,
    *,
    capacity: Any = None,
    weights: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> Plan:
    """Read tables and solve: what the command `jaxsim allocate` does.

    Args:
        costs, supply, demand, capacity: files, data frames or mappings of columns, as in `read_problem`.
        weights, at_most: as in `solve`.

    Raises:
        TableError: a table breaks its schema.
        ValueError: a weight or a bound cannot be used.
    """
    return solve(read_problem(costs, supply, demand, capacity), weights=weights, at_most=at_most)


def solve(
    problem: Problem,
    *,
    weights: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
) -> Plan:
    """A plan of least objective Σ weight · measure; unmet demand counts as cost.

    An infeasible problem comes back with `Status.INFEASIBLE`, the plan of least violation, and in `Plan.shortage` which
    demand and supply contradict each other and by how much.

    Args:
        weights: of `MEASURES`, not negative; 1 for both costs and 0 for the others when left out.
        at_most: bounds on the totals of measures, such as {"co2_kg": 1000}.

    Raises:
        ValueError: a weight or a bound is of no measure, negative or not finite.
        RuntimeError: the solver failed, or negative costs have no least sum.
        KeyboardInterrupt: a signal has asked for an end.
    """
    weights, at_most = dict(WEIGHTS if weights is None else weights), dict(at_most or {})
    for what, given in (("weight", weights), ("bound", at_most)):
        for name, value in given.items():
            if name not in MEASURES:
                raise ValueError(f"there is no measure {name!r}; there are {', '.join(MEASURES)}")
            if not np.isfinite(value) or (what == "weight" and value < 0):
                raise ValueError(f"the {what} of {name} is {value:g}; it must be finite and not negative")
    lp = linear_program(problem, weights, at_most)
    return _plan(problem, weights, at_most, lp, sift(lp, _first(problem, lp)))


def linear_program(problem: Problem, weights: Mapping[str, float], at_most: Mapping[str, float]) -> ColumnLP:
    """The LP: columns are lanes, then unmet demand; rows are supply, demand, capacity, bounds on measures."""
    lanes, supplies, demands = problem.lanes, len(problem.supply), len(problem.demand)
    priced = np.flatnonzero(np.isfinite(problem.unmet_price))
    shared, every = np.flatnonzero(problem.capacity_of != ALL), np.arange(lanes)
    after = supplies + demands + len(problem.capacity)
    bounds = [(after + i, problem.measure(name)) for i, name in enumerate(at_most)]
    unmet = np.arange(lanes, lanes + len(priced))
    entries = [
        (problem.supply_of, every, np.ones(lanes)),
        (supplies + problem.demand_of, every, np.ones(lanes)),
        (supplies + demands + problem.capacity_of[shared], shared, problem.load[shared]),
        *((np.full(lanes, row), every, each) for row, each in bounds),
        (supplies + priced, unmet, np.ones(len(priced))),
    ]
    row, column, value = (np.concatenate([each[i] for each in entries]) for i in range(3))
    rows = after + len(at_most)
    limits = np.array(list(at_most.values()), float)
    violation = np.full(rows, _LESS_WILLINGLY)
    violation[supplies : supplies + demands] = 1.0
    unmet_cost = weights.get("cost", 0.0) * problem.unmet_price[priced]
    return ColumnLP(
        cost=np.concatenate([objective_of(problem, weights), unmet_cost]),
        lower=np.concatenate([problem.minimum, np.zeros(len(priced))]),
        upper=np.concatenate([problem.maximum, np.full(len(priced), np.inf)]),
        matrix=scipy.sparse.csc_array((value, (row, column)), shape=(rows, lanes + len(priced))),
        row_low=np.concatenate(
            [np.full(supplies, -np.inf), problem.demand, np.full(rows - supplies - demands, -np.inf)]
        ),
        row_high=np.concatenate([problem.supply, np.full(demands, np.inf), problem.capacity, limits]),
        violation_cost=violation,
    )


def _first(problem: Problem, lp: ColumnLP) -> Int[np.ndarray, " some"]:
    """Columns that an optimum is likely to use: the cheapest lanes of each supply and demand, and unmet demand."""
    if len(lp.cost) <= WHOLE:
        return np.arange(len(lp.cost))
    cost = lp.cost[: problem.lanes]
    mask = cheapest_by(problem.demand_of, cost, _FIRST) | cheapest_by(problem.supply_of, cost, _FIRST)
    return np.concatenate([np.flatnonzero(mask), np.arange(problem.lanes, len(lp.cost))])


def _plan(
    problem: Problem, weights: Mapping[str, float], at_most: Mapping[str, float], lp: ColumnLP, answer: Answer
) -> Plan:
    supplies, demands = len(problem.supply), len(problem.demand)
    units = answer.x[: problem.lanes]
    unmet = np.zeros(demands)
    unmet[np.isfinite(problem.unmet_price)] = answer.x[problem.lanes :]
    prices = answer.y + 0.0 if answer.feasible else np.full(len(answer.y), np.nan)
    cuts = np.cumsum([supplies, demands, len(problem.capacity)])
    of_supply, of_demand, of_capacity, of_limits = np.split(prices, cuts)
    gap, residual = _certificate(lp, answer) if answer.feasible else (np.nan, np.nan)
    proven = max(gap, residual) <= TOLERANCE
    if not answer.feasible:
        unmet = unmet + answer.violation[supplies : supplies + demands]
    return Plan(
        problem=problem,
        status=Status.INFEASIBLE if not answer.feasible else Status.OPTIMAL if proven else Status.INACCURATE,
        weights=weights,
        units=units,
        unmet=unmet,
        objective=float(lp.cost @ answer.x),
        supply_price=of_supply,
        demand_price=of_demand,
        capacity_price=of_capacity,
        limit_price=dict(zip(at_most, map(float, of_limits), strict=True)),
        at_most=at_most,
        gap=gap,
        residual=residual,
        shortage=None if answer.feasible else explain(problem, at_most, lp, answer),
        columns=min(answer.columns, problem.lanes),
    )


def _certificate(lp: ColumnLP, answer: Answer) -> tuple[float, float]:
    """Gap and largest residual of a point and prices, from the LP as it was given and nothing else."""
    x, y = answer.x, answer.y
    activity, reduced = lp.matrix @ x, lp.cost - lp.matrix.T @ y
    miss = np.maximum(np.maximum(lp.row_low - activity, activity - lp.row_high), 0.0)
    miss = np.concatenate([miss, np.maximum(lp.lower - x, 0.0), np.maximum(x - lp.upper, 0.0)])
    bound = np.where(y > 0, lp.row_low, lp.row_high)
    size = max(1e-300, _largest(lp.row_low, lp.row_high, np.abs(activity)))
    wrong_side = np.where((y != 0) & ~np.isfinite(bound), np.abs(y), 0.0)
    held = np.where(reduced > 0, lp.lower, lp.upper)
    loose = np.where((reduced != 0) & ~np.isfinite(held), np.abs(reduced), 0.0)
    price_size = max(1e-300, _largest(lp.cost, y))
    known_row, known_column = np.isfinite(bound) & (y != 0), np.isfinite(held) & (reduced != 0)
    dual = float(y[known_row] @ bound[known_row]) + float(reduced[known_column] @ held[known_column])
    terms = float(np.abs(lp.cost * x).sum())
    gap = abs(float(lp.cost @ x) - dual) / terms if terms > 0 else abs(dual)
    residual = max(float(miss.max(initial=0.0)) / size, float(np.r_[wrong_side, loose].max(initial=0.0)) / price_size)
    return gap, residual


def _largest(*arrays: Float64[np.ndarray, "..."]) -> float:
    every = np.abs(np.concatenate(arrays))
    return float(every[np.isfinite(every)].max(initial=0.0))
