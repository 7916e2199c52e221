"""Demand that comes now and then: a rate from smoothed sizes and gaps, and counts around it.

References: Croston, *Forecasting and stock control for intermittent demands*, Operational Research Quarterly, 1972;
Syntetos and Boylan, *The accuracy of intermittent demand estimates*, International Journal of Forecasting, 2005;
Teunter, Syntetos and Babai, *Intermittent demand: linking forecasting to inventory obsolescence*, EJOR, 2011.

All three say a rate alone. Here the units of a period are negative binomial around it, of the variance that the
series had for its mean, which leans on that of all series: these count for `SHRINKAGE` periods.
"""

import dataclasses

import numpy as np
from jaxtyping import Float64
from scipy.stats import nbinom

from jaxsim.forecast.baselines import known_values, row_means, steady
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import SCORED_LEVELS, Predicted

SHRINKAGE = 12.0
"""Periods that the variance of all series counts for."""

LEAST_DISPERSION = 1.01
"""Least variance for a mean of 1; a Poisson distribution has 1."""


@dataclasses.dataclass(frozen=True)
class Croston:
    """Smoothed size of a demand over the smoothed gap between two.

    Raises:
        ValueError: a weight outside (0, 1].
    """

    weight: float = 0.1
    """Of the latest size and gap."""
    corrected: bool = False
    """Whether the rate is lessened by half the weight, as Syntetos and Boylan correct its bias."""

    def __post_init__(self) -> None:
        _check_weight(self.weight)

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; nothing is random."""
        values = np.maximum(known_values(history), 0.0)
        size, gap = first_demand(values)
        since = np.zeros(len(values))
        begun = np.zeros(len(values), bool)
        for units in values.T:  # the first demand is where sizes start, so it moves them not
            since += begun & ~np.isnan(units)
            sold = units > 0
            moved = sold & begun
            size = np.where(moved, size + self.weight * (units - size), size)
            gap = np.where(moved, gap + self.weight * (since - gap), gap)
            since = np.where(sold, 0.0, since)
            begun |= sold
        rate = size / gap * (1 - self.weight / 2 if self.corrected else 1.0)
        return _counts(values, rate, horizon)


@dataclasses.dataclass(frozen=True)
class Tsb:
    """Smoothed size of a demand times its smoothed probability, which falls while nothing is sold.

    Raises:
        ValueError: a weight outside (0, 1].
    """

    size_weight: float = 0.1
    """Of the latest size."""
    probability_weight: float = 0.1
    """Of whether the latest period had demand."""

    def __post_init__(self) -> None:
        _check_weight(self.size_weight)
        _check_weight(self.probability_weight)

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; nothing is random."""
        values = np.maximum(known_values(history), 0.0)
        size, gap = first_demand(values)
        probability = 1 / gap
        for units in values.T:
            sold = units > 0
            size = np.where(sold, size + self.size_weight * (units - size), size)
            moved = probability + self.probability_weight * (sold - probability)
            probability = np.where(np.isnan(units), probability, moved)
        return _counts(values, size * probability, horizon)


def _check_weight(weight: float) -> None:
    if not 0 < weight <= 1:
        raise ValueError(f"a weight of smoothing is above 0 and at most 1, not {weight:g}")


def first_demand(
    values: Float64[np.ndarray, "series periods"],
) -> tuple[Float64[np.ndarray, " series"], Float64[np.ndarray, " series"]]:
    """Size of the first demand, and the mean gap of all, in periods, as what smoothing starts from."""
    sold = values > 0
    size = np.where(sold.any(1), values[np.arange(len(values)), sold.argmax(1)], 0.0)
    return size, np.maximum((~np.isnan(values)).sum(1), 1) / np.maximum(sold.sum(1), 1)


def _counts(
    values: Float64[np.ndarray, "series periods"], rate: Float64[np.ndarray, " series"], horizon: int
) -> Predicted:
    """Negative binomial counts of these means."""
    spread = dispersion(values)
    quantiles = nbinom.ppf(SCORED_LEVELS, (rate / (spread - 1))[:, None], (1 / spread)[:, None])
    return steady(np.where(rate[:, None] > 0, quantiles, 0.0), rate, horizon)


def dispersion(values: Float64[np.ndarray, "series periods"]) -> Float64[np.ndarray, " series"]:
    """Variance over mean of each series, at least `LEAST_DISPERSION`; of rows of 0 that of all series."""
    known = ~np.isnan(values)
    mean = row_means(values)
    squares = np.where(known, (values - mean[:, None]) ** 2, 0.0).sum(1)
    use = (mean > 0) & (known.sum(1) > 1)
    if not use.any():
        return np.full(len(values), LEAST_DISPERSION)
    freedom = np.where(use, known.sum(1) - 1.0, 0.0)
    own = np.where(use, squares / np.where(use, mean, 1.0), 0.0)  # variance over mean, times its degrees of freedom
    common = own.sum() / freedom.sum()
    return np.maximum((own + SHRINKAGE * common) / (freedom + SHRINKAGE), LEAST_DISPERSION)
