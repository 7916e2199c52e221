"""The least wMAPD that any capacity costs could reach, by linear programming.

Costs move units between a product's orderable nodes; they do not change how much it orders. So each product's simulated
weekly order quantity is taken as given and may be split freely over its orderable nodes, where it arrives by the
lead-time distribution in expectation; what was in flight at the start is fixed:

    minimize Σ_h |Σ_gk P_gkh x_gk + f_h − u_h|   subject to   Σ_k x_gk = Q_g, x ≥ 0

Products of one kind (`jaxsim.measures.order_groups`) form one group g per order week. For any prices π in [−1, 1] the
dual objective Σ_h π_h (u_h − f_h) − Σ_g Q_g max_k Σ_h P_gkh π_h is a valid bound, so the bound is recomputed from the
solver's prices, clipped, and holds however early the solver stopped. Q_g are means over trials; the dual objective is
linear in them at the solver's prices, so its values at the quantities of single trials give the bound's error.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.sparse
from jaxtyping import Float64

from jaxsim.measures.adherence import planned_total
from jaxsim.measures.estimates import Estimate, total
from jaxsim.measures.order_groups import OrderGroups
from jaxsim.measures.split_lp import Split, SplitProblem, solve_highs, solve_interior
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, Resource
from jaxsim.system import System

HIGHS_COLUMNS = 10_000
"""Largest LP that goes to HiGHS; larger ones go to the structured interior point."""
NEARNESS = 1e-3
"""Weight of being near an actual utilization, beside the deviation that is minimized: less than 1, at which it would be
as dear to be far, and more than a solver's tolerance."""


@dataclasses.dataclass(frozen=True)
class Bound:
    """Bracket of the least reachable wMAPD."""

    wmapd: float
    """Dual objective: no costs can do better."""
    standard_error: float
    """Over trials, by the delta method; NaN with one trial. That products are a sample is not in it."""
    primal: float
    """wMAPD of the split found; equals `wmapd` when the LP was solved to optimality. inf when none was found."""
    utilization: Float64[np.ndarray, "nodes weeks"]
    """Utilization of that split, units; 0 where there is no plan."""
    prices: Float64[np.ndarray, "nodes weeks"]
    """Dual values π in [−1, 1]: by how many units the least Σ|V| changes per unit of plan more in a node-week; 0 where
    there is no plan. They prove `wmapd`. At a kink, as at a plan that is met exactly, they are one of several."""
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
    return bound_of(OrderGroups.of(system, outcome), system.network.plan, time_limit=time_limit, threads=threads)


def bound_of(
    groups: OrderGroups, plan: Float64[np.ndarray, "nodes weeks"], *, time_limit: float = 30.0, threads: int = 1
) -> Bound:
    """Bound on wMAPD at the order quantities of groups; arguments and errors are those of `lower_bound`.

    Args:
        plan: labor plan, units, NaN where there is none.
    """
    planned = ~np.isnan(plan)
    size = planned_total(plan)
    problem, by_trial = groups.problem(plan)
    split = _solve(problem, time_limit, threads)
    reached, primal = np.zeros_like(plan), float("inf")
    if split.units is not None:
        arrivals = problem.arrival @ _repair(problem, split.units)
        reached[planned] = arrivals + groups.fixed[planned]
        primal = float(np.abs(arrivals - problem.gap).sum()) / size
    worth = _worth(problem, split.prices)
    dual = max(float(split.prices @ problem.gap) - float(problem.quantity @ worth), 0.0) / size
    error = total(np.ones(1), None, (worth @ by_trial)[None] / size).standard_error
    prices = np.zeros_like(plan)
    prices[planned] = split.prices
    return Bound(min(dual, primal), error, primal, reached, prices, len(problem.quantity), split.status)


def nearest_optimum(
    groups: OrderGroups,
    plan: Float64[np.ndarray, "nodes weeks"],
    utilization: Float64[np.ndarray, "nodes weeks"],
    *,
    time_limit: float = 30.0,
    threads: int = 1,
) -> Float64[np.ndarray, "nodes weeks"] | None:
    """Violation v of the split that has, of all with the least Σ|v|, node-weeks nearest to those of a utilization.

    The bound's LP has many optima: a surplus that no split removes may be left at any node that its products may enter.
    The nearest one lays it where it is, so what an actual deviation has beyond it could have been moved. It minimizes
    Σ|v| + `NEARNESS` Σ|v − V|, which is the same LP with each node-week twice.

    Args:
        plan: units, NaN where there is none.
        utilization: Ũ, units.

    Returns:
        Units, NaN where there is no plan; None when no solver found a split.
    """
    planned = ~np.isnan(plan)
    problem, _ = groups.problem(plan)
    actual = (utilization - groups.fixed)[planned]
    twice = dataclasses.replace(
        problem,
        arrival=scipy.sparse.csc_array(scipy.sparse.vstack([problem.arrival, NEARNESS * problem.arrival])),
        gap=np.concatenate([problem.gap, NEARNESS * actual]),
    )
    split = _solve(twice, time_limit, threads)
    if split.units is None:
        return None
    violation = np.full_like(plan, np.nan)
    violation[planned] = problem.arrival @ _repair(problem, split.units) - problem.gap
    return violation


def wmapd_bound(system: System, outcome: Outcome, resources: Sequence[Resource] = (ARRIVALS,)) -> float:
    """The least wMAPD over the node-weeks of several resources together that any prices could reach.

    The bound of arrivals is that of `lower_bound`; of other resources nothing better than 0 is known.

    Raises:
        ValueError: The plans have no positive total.
    """
    plans = {resource: resource.plan(system) for resource in resources}
    return float(joint_bound(OrderGroups.of(system, outcome), plans).mean)


def joint_bound(
    groups: OrderGroups, plans: Mapping[Resource, Float64[np.ndarray, "nodes weeks"]], found: Bound | None = None
) -> Estimate:
    """`wmapd_bound` of groups, with the standard error of `Bound`.

    Args:
        found: bound of arrivals, where it is known already.

    Raises:
        ValueError: The plans have no positive total.
    """
    sizes = {resource: float(np.nansum(plan)) for resource, plan in plans.items()}
    whole = sum(sizes.values())
    if not whole > 0:
        raise ValueError("bound: the plans must have a positive total")
    share = sizes.get(ARRIVALS, 0.0) / whole
    if not share > 0:
        return Estimate(0.0, 0.0)
    found = bound_of(groups, plans[ARRIVALS]) if found is None else found
    return Estimate(found.wmapd * share, found.standard_error * share)


def _solve(problem: SplitProblem, time_limit: float, threads: int) -> Split:
    columns = problem.columns
    if columns == 0:
        return Split(np.zeros(0), np.sign(problem.gap), "Optimal")
    if columns <= HIGHS_COLUMNS:
        return solve_highs(problem, time_limit=time_limit, threads=threads)
    return solve_interior(problem)


def _repair(problem: SplitProblem, units: Float64[np.ndarray, " columns"]) -> Float64[np.ndarray, " columns"]:
    """Exactly feasible split: no negative part, every group's parts scaled to its quantity."""
    if len(units) == 0:
        return units
    quantity = np.repeat(problem.quantity, problem.lengths)
    parts = np.maximum(units, 0.0) + 1e-12 * quantity
    return parts * quantity / np.repeat(np.add.reduceat(parts, problem.start), problem.lengths)


def _worth(problem: SplitProblem, prices: Float64[np.ndarray, " h"]) -> Float64[np.ndarray, " groups"]:
    """max_k Σ_h P_gkh π_h: what a unit of each group is worth at most."""
    if len(problem.quantity) == 0:
        return np.zeros(0)
    return np.maximum.reduceat(problem.arrival.T @ prices, problem.start)
