"""Adherence of utilization to the labor plan: wMAPD, the objective that a search reports."""

import numpy as np
from jaxtyping import Float64


def wmapd(utilization: Float64[np.ndarray, "..."], plan: Float64[np.ndarray, "..."]) -> float:
    """Constraint-weighted mean absolute percent deviation Σ_h |U_h − u_h| / Σ_h u_h (section 3.1), a fraction.

    Node-weeks whose plan is NaN are left out.

    Args:
        utilization: U, units, in any shape.
        plan: u, units, in the same shape.

    Raises:
        ValueError: Shapes differ, or the plan has no positive total.
    """
    if utilization.shape != plan.shape:
        raise ValueError(f"wMAPD: utilization has shape {utilization.shape}, plan {plan.shape}")
    planned = ~np.isnan(plan)
    total = float(plan[planned].sum())
    if not total > 0:
        raise ValueError("wMAPD: the plan must have a positive total")
    return float(np.abs(utilization[planned] - plan[planned]).sum()) / total
