"""Adherence of utilization to the labor plan: wMAPD, the objective that a search reports."""

import dataclasses
import math

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, PerTrial, total
from jaxsim.outcome import Outcome
from jaxsim.system import System


@dataclasses.dataclass(frozen=True)
class Adherence:
    """wMAPD of a simulated sample, and what sampling does to it; fractions."""

    wmapd: float
    standard_error: float
    """By the delta method; good where most node-weeks are farther from their plan than their own standard error. It
    does not count that a search fitted its costs to this sample: the out-of-sample wMAPD tells that."""
    noise: float
    """wMAPD that sampling noise alone would show at perfect adherence, Σ_h se_h √(2/π) / Σ_h u_h. |Ũ − u| is biased
    upward by noise; a wMAPD not far above this floor says little of the true one."""
    contribution: PerTrial
    """Σ_h sign(Ũ_h − u_h) · arrivals_h / Σ_h u_h of each product-trial."""


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
    return float(np.abs(utilization[planned] - plan[planned]).sum()) / _planned_total(plan)


def adherence(
    system: System, outcome: Outcome, used: Estimate, strata: Int[np.ndarray, " products"] | None = None
) -> Adherence:
    """wMAPD of an outcome with its standard error and noise floor.

    Args:
        system: the sample that was simulated.
        outcome: its outcome.
        used: `utilization(system, outcome, strata)`.
        strata: stratum of each product; products of equal γ when left out.

    Raises:
        ValueError: The plan has no positive total.
    """
    plan, mean = system.network.plan, np.asarray(used.mean)
    contribution = deviation_contribution(system, outcome, mean)
    planned = ~np.isnan(plan)
    floor = np.asarray(used.standard_error)[planned].sum() * math.sqrt(2 / math.pi) / _planned_total(plan)
    error = total(system.products.sampling_weight, strata, contribution).standard_error
    return Adherence(wmapd(mean, plan), error, float(floor), contribution)


def deviation_contribution(system: System, outcome: Outcome, mean: Float64[np.ndarray, "nodes weeks"]) -> PerTrial:
    """Part of each product-trial in wMAPD: Σ_h sign(Ũ_h − u_h) · arrivals_h / Σ_h u_h, a fraction.

    Totals of these differ from wMAPD by the constant −Σ_h sign(Ũ_h − u_h) u_h / Σ_h u_h, so they vary as it does while
    no sign changes.

    Args:
        mean: Ũ, units.
    """
    plan, node = system.network.plan, system.products.node
    sign = np.where(np.isnan(plan), 0.0, np.sign(mean - np.nan_to_num(plan))) / _planned_total(plan)
    weight = np.where((node >= 0)[:, :, None], sign[node], 0.0)
    return np.einsum("atwl,alw->at", outcome.arrivals, weight)


def _planned_total(plan: Float64[np.ndarray, "..."]) -> float:
    total_units = float(plan[~np.isnan(plan)].sum())
    if not total_units > 0:
        raise ValueError("wMAPD: the plan must have a positive total")
    return total_units
