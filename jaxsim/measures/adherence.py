"""Adherence of utilization to the plans of resources: wMAPD, the objective that a search reports."""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, PerTrial, total
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, Resource
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
    """Σ_h sign(Ũ_h − u_h) · use_h / Σ_h u_h of each product-trial."""

    @classmethod
    def of(
        cls,
        plan: Float64[np.ndarray, " h"],
        used: Estimate,
        contribution: PerTrial,
        sampling_weight: Float64[np.ndarray, " products"],
        strata: Int[np.ndarray, " products"] | None = None,
    ) -> "Adherence":
        """Adherence of node-weeks that all have a plan.

        Args:
            plan: u, units. used: Ũ of the same node-weeks, with errors.
            contribution: see the field.
            sampling_weight: γ of each product. strata: stratum of each; products of equal γ when left out.
        """
        floor = used.standard_error.sum() * math.sqrt(2 / math.pi) / planned_total(plan)
        error = total(sampling_weight, strata, contribution).standard_error
        return cls(wmapd(used.mean, plan), error, float(floor), contribution)


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
    return float(np.abs(utilization[planned] - plan[planned]).sum()) / planned_total(plan)


def adherence(
    system: System,
    outcome: Outcome,
    used: Estimate | Mapping[Resource, Estimate],
    strata: Int[np.ndarray, " products"] | None = None,
) -> Adherence:
    """wMAPD of an outcome with its standard error and noise floor.

    Args:
        system: the sample that was simulated.
        outcome: its outcome.
        used: `utilization(system, outcome, strata)` of arrivals, or that of several resources: the wMAPD is then over
            all their node-weeks.
        strata: stratum of each product; products of equal γ when left out.

    Raises:
        ValueError: The plans have no positive total.
    """
    of = {ARRIVALS: used} if isinstance(used, Estimate) else dict(used)
    plans = {resource: resource.plan(system) for resource in of}
    planned = {resource: ~np.isnan(plan) for resource, plan in plans.items()}
    pick = lambda name: np.concatenate([np.asarray(getattr(of[each], name))[planned[each]] for each in of])
    plan = np.concatenate([plans[each][planned[each]] for each in of])
    size = planned_total(plan)
    parts = [_deviation(each, system, outcome, np.asarray(of[each].mean), plans[each], size) for each in of]
    packed = Estimate(pick("mean"), pick("standard_error"))
    return Adherence.of(plan, packed, np.sum(parts, axis=0), system.products.sampling_weight, strata)


def _deviation(
    resource: Resource,
    system: System,
    outcome: Outcome,
    mean: Float64[np.ndarray, "nodes weeks"],
    plan: Float64[np.ndarray, "nodes weeks"],
    size: float,
) -> PerTrial:
    """Part of each product-trial in wMAPD: Σ_h sign(Ũ_h − u_h) · use_h / Σ_h u_h over a resource, a fraction.

    Totals of these differ from wMAPD by the constant −Σ_h sign(Ũ_h − u_h) u_h / Σ_h u_h, so they vary as it does while
    no sign changes.

    Args:
        mean: Ũ, units.
        size: Σ_h u_h of all resources.
    """
    usage = resource.judged(system, outcome)
    sign = np.where(np.isnan(plan), 0.0, np.sign(mean - np.nan_to_num(plan))) / size
    weight = np.where((usage.node >= 0)[:, :, None], sign[usage.node], 0.0)
    return np.einsum("atwl,alw->at", usage.units, weight)


def planned_total(plan: Float64[np.ndarray, "..."]) -> float:
    """Σ_h u_h, units; node-weeks whose plan is NaN are left out.

    Raises:
        ValueError: It is not positive.
    """
    total_units = float(plan[~np.isnan(plan)].sum())
    if not total_units > 0:
        raise ValueError("wMAPD: the plan must have a positive total")
    return total_units
