"""Differences of estimates from simulations of the same product-trials with common random numbers.

Demand and lead times are the same draws in both, so most of what moves one moves the other, and the difference is known
far better than its two sides. Its standard error is that of the total of the differences, product-trial by
product-trial, of the two linearized measures.
"""

import dataclasses
import math

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, PerTrial, linearized, total

NORMAL_95 = 1.959963984540054
"""Half of a 95% confidence interval in standard errors, by the normal law."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Second minus first, its standard error, and what the pairing is worth."""

    mean: float
    standard_error: float
    variance_ratio: float
    """Variance of the difference of two independent simulations of this size / variance of this one: how many times
    as many product-trials independent ones need. NaN when either is 0 or unknown."""

    @property
    def half_width(self) -> float:
        """Half of the 95% confidence interval."""
        return NORMAL_95 * self.standard_error


def paired_totals(
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"] | None,
    first: PerTrial,
    second: PerTrial,
    mean: float | None = None,
) -> Difference:
    """Difference of two totals Σ γ · mean over trials.

    Args:
        sampling_weight: γ of each product.
        strata: stratum of each product; products of equal γ when left out.
        first: contribution of each product-trial. second: of the same product-trials.
        mean: the difference itself, where the contributions are linearized and do not add up to it.
    """
    paired = total(sampling_weight, strata, second - first)
    alone = [total(sampling_weight, strata, side).standard_error for side in (first, second)]
    value = paired.mean if mean is None else mean
    return Difference(value, paired.standard_error, variance_ratio(alone[0], alone[1], paired.standard_error))


def paired_ratios(
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"] | None,
    first: tuple[PerTrial, PerTrial],
    second: tuple[PerTrial, PerTrial],
) -> Difference:
    """Difference of two ratios of totals, each given as numerator and denominator; NaN when a denominator is 0."""
    (a, a_rest), (b, b_rest) = linearized(sampling_weight, *first), linearized(sampling_weight, *second)
    if math.isnan(a) or math.isnan(b):
        return Difference(math.nan, math.nan, math.nan)
    return paired_totals(sampling_weight, strata, a_rest, b_rest, b - a)


def relative_fall(
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"] | None,
    first: tuple[PerTrial, PerTrial],
    second: tuple[PerTrial, PerTrial],
) -> Estimate:
    """(first − second) / first of two ratios of totals, each given as numerator and denominator: a fraction.

    The paper states its loss of preferred node availability so. NaN when the first or a denominator is 0.
    """
    (a, a_rest), (b, b_rest) = linearized(sampling_weight, *first), linearized(sampling_weight, *second)
    if math.isnan(a) or math.isnan(b) or a == 0:
        return Estimate(math.nan, math.nan)
    return Estimate(1 - b / a, total(sampling_weight, strata, (b / a * a_rest - b_rest) / a).standard_error)


def independent(first: Estimate, second: Estimate) -> Difference:
    """Difference of two estimates that have nothing in common."""
    error = math.hypot(first.standard_error, second.standard_error)
    return Difference(second.mean - first.mean, error, math.nan)


def variance_ratio(first: float, second: float, paired: float) -> float:
    """(se₁² + se₂²) / se², NaN where that has no meaning: also where all that is left of the difference is roundoff."""
    apart = first**2 + second**2
    return apart / paired**2 if paired**2 > 1e-20 * apart > 0 else math.nan
