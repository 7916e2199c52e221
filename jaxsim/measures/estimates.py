"""Estimates with standard errors, from a stratified sample of products simulated in several trials.

A total over the population is Σ_a γ_a · mean over trials of y_a. Its variance has two sources (two-stage sampling,
Cochran 1977, eq. 11.24): which products were drawn, N_s² (1 − f) s_b² / n_s per stratum with f = n_s/N_s and s_b² the
variance of product means, and the trials, (N_s/n_s) Σ_a s_a² / T with s_a² the variance over a product's trials. N_s =
Σ γ of the stratum. With a single trial s_a² is unknown: then 1 − f is replaced by 1, which overstates the error. A
stratum of one product that stands for others adds no between-product variance, which understates it; `jaxsim.sampling`
avoids such strata.
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float64, Int


@dataclasses.dataclass(frozen=True)
class Estimate:
    """An estimate and its standard error, arrays of one shape or two floats."""

    mean: Any
    standard_error: Any


def strata_of(
    scale: Float64[np.ndarray, "products"], strata: Int[np.ndarray, "products"] | None
) -> Int[np.ndarray, "products"]:
    """Stratum of each product, 0 … S − 1; without `strata`, products of equal γ are taken as one stratum."""
    return np.unique(scale if strata is None else strata, return_inverse=True)[1]


def total_variance(
    scale: Float64[np.ndarray, "products"],
    strata: Int[np.ndarray, "products"],
    means: Float64[np.ndarray, "products"],
    trial_variance: Float64[np.ndarray, "products"],
    trials: int,
) -> float:
    """Variance of Σ γ · mean, see above.

    Args:
        means: mean over trials of each product.
        trial_variance: unbiased variance over each product's trials; ignored when there is one trial.
    """
    count = np.bincount(strata)
    first = np.bincount(strata, means)
    centered = means - (first / np.maximum(count, 1))[strata]
    between = np.bincount(strata, centered**2)
    return float(
        stage_variance(
            np.bincount(strata, scale), count, between, np.bincount(strata, scale * trial_variance), trials
        ).sum()
    )


def stage_variance(
    population, count, between_squares, scaled_trial_variance, trials: int
) -> Float64[np.ndarray, "..."]:
    """Variance contributions of strata: between products (sum of squared deviations) plus between trials.

    Args:
        population: N_s = Σ γ.
        count: n_s, products simulated.
        between_squares: Σ (mean_a − stratum mean)², broadcast against the others.
        scaled_trial_variance: Σ γ_a s_a².
        trials: T.
    """
    fraction = np.where(trials > 1, count / np.maximum(population, 1e-300), 0.0)
    between = population**2 * np.maximum(1 - fraction, 0.0) * between_squares / np.maximum(count * (count - 1), 1)
    within = scaled_trial_variance / trials if trials > 1 else 0.0
    return between + within


def ratio(
    scale: Float64[np.ndarray, "products"],
    strata: Int[np.ndarray, "products"] | None,
    numerator: Float64[np.ndarray, "products trials"],
    denominator: Float64[np.ndarray, "products trials"],
) -> Estimate:
    """Ratio of two totals; its standard error by the delta method: that of the total of (y − R x) / X.

    NaN, with error NaN, when the denominator's total is 0.
    """
    bottom = float(scale @ denominator.mean(1)) if len(scale) else 0.0
    if bottom == 0:
        return Estimate(float("nan"), float("nan"))
    value = float(scale @ numerator.mean(1)) / bottom
    trials = numerator.shape[1]
    rest = (numerator - value * denominator) / bottom
    spread = rest.var(1, ddof=1) if trials > 1 else np.zeros(len(rest))
    variance = total_variance(scale, strata_of(scale, strata), rest.mean(1), spread, trials)
    return Estimate(value, float(np.sqrt(variance)))
