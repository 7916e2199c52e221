"""The least wMAPD that any capacity costs could reach, by linear programming.

Costs move units between a product's orderable nodes; they do not change how much it orders. So each product's simulated
weekly order quantity is taken as given and may be split freely over its orderable nodes, where it arrives by the
lead-time distribution in expectation; what was in flight at the start is fixed:

    minimize Σ_h |Σ_gk P_gkh x_gk + f_h − u_h|   subject to   Σ_k x_gk = Q_g, x ≥ 0

Products with the same orderable nodes, distributions and review weekday form one group g per order week. For any prices
π in [−1, 1] the dual objective Σ_h π_h (u_h − f_h) − Σ_g Q_g max_k Σ_h P_gkh π_h is a valid bound, so the bound is
recomputed from the solver's prices, clipped, and holds however early the solver stopped.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import scipy.sparse
from jaxtyping import Bool, Float64, Int

from jaxsim.measures.split_lp import Split, SplitProblem, solve_highs, solve_interior
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, Resource
from jaxsim.resources.arrivals import arrival_by_week, in_flight_arrivals
from jaxsim.system import System

HIGHS_COLUMNS = 10_000
"""Largest LP that goes to HiGHS; larger ones go to the structured interior point."""


@dataclasses.dataclass(frozen=True)
class Bound:
    """Bracket of the least reachable wMAPD."""

    wmapd: float
    """Dual objective: no costs can do better."""
    primal: float
    """wMAPD of the split found; equals `wmapd` when the LP was solved to optimality. inf when none was found."""
    utilization: Float64[np.ndarray, "nodes weeks"]
    """Utilization of that split, units; 0 where there is no plan."""
    groups: int
    """Groups with a positive order quantity."""
    status: str
    """Status of the LP solver, in words."""


def lower_bound(system: System, outcome: Outcome, *, time_limit: float = 30.0, threads: int = 1) -> Bound:
    """Bound on wMAPD at the order quantities of `outcome`.

    It is that of expected arrivals, which utilization counts too.

    Args:
        time_limit: seconds that HiGHS may take, where it is used.
        threads: threads that HiGHS may use.

    Raises:
        ValueError: The labor plan has no positive total.
    """
    plan = system.network.plan
    planned = ~np.isnan(plan)
    total = float(plan[planned].sum())
    if not total > 0:
        raise ValueError("bound: the labor plan must have a positive total")
    fixed = _in_flight_by_node(system)
    problem = _groups(system, outcome, planned, (plan - fixed)[planned])
    split = _solve(problem, time_limit, threads)
    reached, primal = np.zeros_like(plan), float("inf")
    if split.units is not None:
        arrivals = problem.arrival @ _repair(problem, split.units)
        reached[planned] = arrivals + fixed[planned]
        primal = float(np.abs(arrivals - problem.gap).sum()) / total
    dual = max(_dual_objective(problem, split.prices), 0.0) / total
    return Bound(min(dual, primal), primal, reached, len(problem.quantity), split.status)


def wmapd_bound(system: System, outcome: Outcome, resources: Sequence[Resource] = (ARRIVALS,)) -> float:
    """The least wMAPD over the node-weeks of several resources together that any prices could reach.

    The bound of arrivals is that of `lower_bound`; of other resources nothing better than 0 is known.

    Raises:
        ValueError: The plans have no positive total.
    """
    sizes = {resource: float(np.nansum(resource.plan(system))) for resource in resources}
    total = sum(sizes.values())
    if not total > 0:
        raise ValueError("bound: the plans must have a positive total")
    share = sizes.get(ARRIVALS, 0.0) / total
    return lower_bound(system, outcome).wmapd * share if share > 0 else 0.0


def _solve(problem: SplitProblem, time_limit: float, threads: int) -> Split:
    columns = problem.columns
    if columns == 0:
        return Split(np.zeros(0), np.sign(problem.gap), "Optimal")
    if columns <= HIGHS_COLUMNS:
        return solve_highs(problem, time_limit=time_limit, threads=threads)
    return solve_interior(problem)


def _in_flight_by_node(system: System) -> Float64[np.ndarray, "nodes weeks"]:
    """f: γ-weighted units on the way at the start, by week of arrival."""
    products = system.products
    weighted, used = in_flight_arrivals(system) * products.sampling_weight[:, None, None], products.node >= 0
    nodes = len(system.network.nodes)
    return np.stack(
        [np.bincount(products.node[used], weighted[:, w][used], minlength=nodes) for w in range(system.weeks)], axis=1
    )


def _groups(
    system: System,
    outcome: Outcome,
    planned: Bool[np.ndarray, "nodes weeks"],
    gap: Float64[np.ndarray, " planned"],
) -> SplitProblem:
    """Collect products of equal orderable nodes, distributions and review weekday: a group per week with orders."""
    products = system.products
    ordered = outcome.orders.sum((1, 3), dtype=np.int64) / outcome.orders.shape[1] * products.sampling_weight[:, None]
    distribution = np.unique(system.lead_times.probability, axis=0, return_inverse=True)[1].ravel()
    key = np.where(
        products.orderable,
        products.node.astype(np.int64) * (distribution.max() + 1) + distribution[products.lead_time_distribution],
        -1,
    )
    key = np.column_stack([np.sort(key, axis=1), products.first_review_day % 7])
    kinds, example, kind = np.unique(key, axis=0, return_index=True, return_inverse=True)
    quantity = np.stack([np.bincount(kind.ravel(), column, minlength=len(kinds)) for column in ordered.T], axis=1)
    quantity[~products.orderable[example].any(1)] = 0.0
    group, week = np.nonzero(quantity > 0)
    slots = products.orderable[example[group]]
    column_group, column_slot = np.nonzero(slots)
    product = example[group[column_group]]
    weekly = arrival_by_week(
        system, products.lead_time_distribution[product, column_slot], products.first_review_day[product] % 7
    )
    matrix = _scatter(weekly, week[column_group], products.node[product, column_slot], planned)
    start = (
        np.concatenate([[0], np.cumsum(slots.sum(1))[:-1]]).astype(np.int64) if len(group) else np.zeros(0, np.int64)
    )
    return SplitProblem(quantity[group, week], start, matrix, gap)


def _scatter(
    weekly: Float64[np.ndarray, "columns weeks"],
    order_week: Int[np.ndarray, " columns"],
    node: Int[np.ndarray, " columns"],
    planned: Bool[np.ndarray, "nodes weeks"],
) -> scipy.sparse.csc_array:
    """Columns of P: arrivals by (node, week) with a plan; weeks past the horizon and node-weeks without plan drop
    out."""
    constraint = np.full(planned.shape, -1)
    constraint[planned] = np.arange(planned.sum())
    column, later = np.nonzero(weekly > 0)
    week = order_week[column] + later
    inside = week < planned.shape[1]
    column, week, value = column[inside], week[inside], weekly[column[inside], later[inside]]
    row = constraint[node[column], week]
    used = row >= 0
    shape = (int(planned.sum()), len(weekly))
    return scipy.sparse.csc_array(scipy.sparse.coo_array((value[used], (row[used], column[used])), shape=shape))


def _repair(problem: SplitProblem, units: Float64[np.ndarray, " columns"]) -> Float64[np.ndarray, " columns"]:
    """Exactly feasible split: no negative part, every group's parts scaled to its quantity."""
    if len(units) == 0:
        return units
    quantity = np.repeat(problem.quantity, problem.lengths)
    parts = np.maximum(units, 0.0) + 1e-12 * quantity
    return parts * quantity / np.repeat(np.add.reduceat(parts, problem.start), problem.lengths)


def _dual_objective(problem: SplitProblem, prices: Float64[np.ndarray, " h"]) -> float:
    """Σ_h π_h (u_h − f_h) − Σ_g Q_g max_k Σ_h P_gkh π_h, in units."""
    if len(problem.quantity) == 0:
        return float(prices @ problem.gap)
    best = np.maximum.reduceat(problem.arrival.T @ prices, problem.start)
    return float(prices @ problem.gap) - float(problem.quantity @ best)
