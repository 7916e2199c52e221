"""A price of deviation: what a unit more or less than planned costs, as overtime and idle labor do.

    minimize buying cost + Σ_h ρ_h |V_h|

is the search for costs λ in the box |λ_h| ≤ ρ_h: within it a node-week is worth steering, at its end a unit of
deviation is cheaper than steering on. The dual is bounded, which without ρ it is not where no costs meet the plan, and
the costs are optimal when the *projected violation* is 0: V_h = 0 inside the box, V_h ≥ 0 at its upper end, V_h ≤ 0 at
its lower one.
"""

from typing import NamedTuple

import numpy as np
import scipy.special
from jaxtyping import Float64

from jaxsim.cost_search.space import Space

AT_END = 1e-9
"""Distance from an end of the box, as a part of the cost scale, at which a cost counts as being there."""


class Projected(NamedTuple):
    """Projected violation of a point, as parts of the plan's total."""

    violation: float
    noise: float
    """What the standard errors alone would show at a point that is optimal; NaN where they are unknown."""


def projected_violation(
    space: Space,
    plan: Float64[np.ndarray, " h"],
    costs: Float64[np.ndarray, " h"],
    violation: Float64[np.ndarray, " h"],
    error: Float64[np.ndarray, " h"],
) -> Projected:
    """How far costs are from the optimum in the box: Σ_h of |V_h| inside, max(−V_h, 0) at the upper end, max(V_h, 0) at
    the lower one.

    Args:
        plan: u, units. costs: λ. violation: V, units. error: its standard error, units.
    """
    least, most = space.box()
    slack, total = AT_END * space.cost_scale, float(plan.sum())
    outward = np.where(costs >= most - slack, -violation, np.where(costs <= least + slack, violation, np.nan))
    inside = np.isnan(outward)
    part = np.where(inside, np.abs(violation), np.maximum(outward, 0.0))
    inward = np.where(inside, 0.0, np.maximum(-outward, 0.0))  # how far V is on the right side of an end
    ratio = np.divide(inward, error, out=np.zeros_like(error), where=error > 0)
    chance = error * (np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi) - ratio * scipy.special.ndtr(-ratio))
    noise = np.where(inside, error * np.sqrt(2 / np.pi), chance)
    priced = space.priced
    return Projected(float(part[priced].sum()) / total, float(noise[priced].sum()) / total)


def deviation_gap(
    space: Space,
    plan: Float64[np.ndarray, " h"],
    costs: Float64[np.ndarray, " h"],
    violation: Float64[np.ndarray, " h"],
) -> float:
    """Primal less dual objective, Σ_h ρ_h |V_h| − λ_h V_h, cost per planned unit; inf without a price of deviation.

    At orders that are optimal for λ the buying costs of both cancel. So it bounds what better costs could save where
    the states of reviews are frozen and orders are the LPs' own; in a simulation, whose later states answer earlier
    orders and whose orders are whole case packs, it is an estimate of that.
    """
    if space.under is None or space.over is None:
        return float("inf")
    price = np.where(violation > 0, space.over, space.under) * np.abs(violation)
    priced = space.priced
    return float((price - costs * violation)[priced].sum()) / float(plan.sum())
