"""Estimates with standard errors, from a stratified sample of products simulated in several trials.

A total over the population is Σ_a γ_a · mean over trials of y_a. Its variance has two sources (two-stage sampling,
Cochran 1977, eq. 11.24): which products were drawn, (1 − f) n_s/(n_s − 1) Σ_a (z_a − z̄)² per stratum, with z_a = γ_a ×
the product's mean, f = n_s/N_s and N_s = Σ γ, and the trials, Σ_a γ_a s_a² / T with s_a² the variance over a product's
trials. Any measure is first written as such a total, a ratio by the delta method, so that the covariance of its parts
is in.

With a single trial s_a² is unknown: then f is taken as 0, which overstates the error, by little where f is small but
several times where products stand for themselves alone; with two trials or more it is right. A stratum of a single
product whose variance is needed joins a neighbor, which overstates too. What cannot be estimated is NaN.
"""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int

PerTrial = Float64[np.ndarray, "products trials"]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """An estimate and its standard error, arrays of one shape or two floats."""

    mean: Any
    standard_error: Any


def strata_of(
    sampling_weight: Float64[np.ndarray, " products"], strata: Int[np.ndarray, " products"] | None
) -> Int[np.ndarray, " products"]:
    """Stratum of each product, 0 … S − 1; without `strata`, products of equal γ are taken as one stratum."""
    return np.unique(sampling_weight if strata is None else strata, return_inverse=True)[1]


def variance_strata(
    sampling_weight: Float64[np.ndarray, " products"], strata: Int[np.ndarray, " products"], trials: int
) -> Int[np.ndarray, " products"]:
    """Strata 0 … S − 1 with each that has a single product, but needs two for its variance, joined to a neighbor.

    A single product needs no other when it stands for itself alone and has several trials. The neighbor is the stratum
    numbered before, or after where there is none before.
    """
    single = np.bincount(strata) == 1
    alone = single & ((trials == 1) | (np.bincount(strata, sampling_weight) > 1 + 1e-9))
    return np.maximum(np.cumsum(~alone) - 1, 0)[strata]


def total(
    sampling_weight: Float64[np.ndarray, " products"], strata: Int[np.ndarray, " products"] | None, values: PerTrial
) -> Estimate:
    """Σ γ · mean over trials, with its standard error.

    Args:
        sampling_weight: γ of each product.
        strata: stratum of each product; products of equal γ when left out.
        values: contribution of each product-trial.
    """
    trials = values.shape[1]
    spread = values.var(1, ddof=1) if trials > 1 else np.zeros(len(values))
    means = values.mean(1)
    variance = total_variance(sampling_weight, strata_of(sampling_weight, strata), means, spread, trials)
    return Estimate(float(sampling_weight @ means), float(np.sqrt(variance)))


def total_variance(
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"],
    means: Float64[np.ndarray, " products"],
    trial_variance: Float64[np.ndarray, " products"],
    trials: int,
) -> float:
    """Variance of Σ γ · mean, see above; NaN where it cannot be estimated.

    Args:
        strata: numbers 0 … S − 1.
        means: mean over trials of each product.
        trial_variance: unbiased variance over each product's trials; ignored when there is one trial.
    """
    if not estimable(sampling_weight, trials):
        return float("nan")
    group = variance_strata(sampling_weight, strata, trials)
    count, z = np.bincount(group), sampling_weight * means
    centered = z - (np.bincount(group, z) / np.maximum(count, 1))[group]
    population, within = np.bincount(group, sampling_weight), np.bincount(group, sampling_weight * trial_variance)
    return float(stage_variance(population, count, np.bincount(group, centered**2), within, trials).sum())


def estimable(sampling_weight: Float64[np.ndarray, " products"], trials: int) -> bool:
    """Whether the sample says anything of its own error: not a single product that stands for others, or has one
    trial."""
    return len(sampling_weight) > 1 or (trials > 1 and bool(np.all(sampling_weight <= 1 + 1e-9)))


def stage_variance(
    population: Float[np.ndarray, "..."],
    count: Int[np.ndarray, "..."] | Float[np.ndarray, "..."],
    between_squares: Float[np.ndarray, "..."],
    scaled_trial_variance: Float[np.ndarray, "..."],
    trials: int,
) -> Float64[np.ndarray, "..."]:
    """Variance contributions of strata: between products (sum of squared deviations) plus between trials.

    Args:
        population: N_s = Σ γ.
        count: n_s, products simulated.
        between_squares: Σ (z_a − z̄)² with z = γ · mean, broadcast against the others.
        scaled_trial_variance: Σ γ_a s_a².
        trials: T.
    """
    fraction = np.where(trials > 1, count / np.maximum(population, 1e-300), 0.0)
    between = np.maximum(1 - fraction, 0.0) * between_squares * count / np.maximum(count - 1, 1)
    within = scaled_trial_variance / trials if trials > 1 else 0.0
    return between + within


def linearized(
    sampling_weight: Float64[np.ndarray, " products"], numerator: PerTrial, denominator: PerTrial
) -> tuple[float, PerTrial]:
    """Ratio R = Y / X of two totals, and (y − R x) / X of each product-trial, whose total varies as the ratio does to
    first order.

    NaN throughout when the denominator's total is 0.
    """
    bottom = float(sampling_weight @ denominator.mean(1)) if len(sampling_weight) else 0.0
    if bottom == 0:
        return float("nan"), np.full(numerator.shape, np.nan)
    value = float(sampling_weight @ numerator.mean(1)) / bottom
    return value, (numerator - value * denominator) / bottom


def ratio(
    sampling_weight: Float64[np.ndarray, " products"],
    strata: Int[np.ndarray, " products"] | None,
    numerator: PerTrial,
    denominator: PerTrial,
) -> Estimate:
    """Ratio of two totals; its standard error by the delta method: that of the total of (y − R x) / X.

    NaN, with error NaN, when the denominator's total is 0.
    """
    value, rest = linearized(sampling_weight, numerator, denominator)
    if np.isnan(value):
        return Estimate(value, value)
    return Estimate(value, total(sampling_weight, strata, rest).standard_error)
