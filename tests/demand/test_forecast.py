"""A forecast's moments: from quantiles, from sample paths, and what it refuses."""

import numpy as np
import pytest

from jaxsim.demand.forecast import Forecast
from jaxsim.demand.moments import extend

LEVELS = np.array([0.25, 0.5, 0.75])


def test_moments_of_quantiles_are_those_of_draws():
    """Mean and variance within six standard errors of 200,000 draws: false alarms are rarer than one in 10⁸."""
    quantiles = np.array([[[3.0, 5.0, 11.0]]])
    levels, points = extend(LEVELS, quantiles)
    draws = np.interp(np.random.default_rng(2).random(200_000), levels, points[0, 0])
    forecast = Forecast.from_quantiles(LEVELS, quantiles)
    assert abs(forecast.mean[0, 0] - draws.mean()) < 6 * draws.std() / np.sqrt(draws.size)
    squares = (draws - draws.mean()) ** 2
    assert abs(forecast.variance[0, 0] - draws.var()) < 6 * squares.std() / np.sqrt(draws.size)


def test_moments_of_paths_are_those_over_trials_of_all_regions():
    units = np.random.default_rng(3).integers(0, 50, (4, 7, 3, 2))
    whole, by_region = Forecast.from_paths(units.sum(3)), Forecast.from_paths(units)
    for forecast in (whole, by_region):
        np.testing.assert_allclose(forecast.mean, units.sum(3).mean(1))
        np.testing.assert_allclose(forecast.variance, units.sum(3).var(1))


def test_weekly_quantiles_are_of_the_gamma_with_the_moments():
    forecast = Forecast(np.array([[2.0, 0.0, 5.0]]), np.array([[4.0, 0.0, 0.0]]))  # exponential, nothing, certain
    expected = [[-2.0 * np.log(0.1), 0.0, 5.0]]
    np.testing.assert_allclose(forecast.quantile(0.9), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("mean", "variance", "sentence"),
    [
        (np.full((2, 3), np.nan), np.ones((2, 3)), "the mean of a forecast must be finite"),
        (np.ones((2, 3)), -np.ones((2, 3)), "the variance of a forecast must be finite and not negative"),
    ],
)
def test_bad_moments_are_refused(mean, variance, sentence):
    with pytest.raises(ValueError, match=sentence):
        Forecast(mean, variance)


@pytest.mark.parametrize(
    ("levels", "quantiles"),
    [
        (np.array([0.0, 0.5]), np.ones((1, 1, 2))),
        (np.array([0.5, 0.5]), np.ones((1, 1, 2))),
        (np.array([0.5]), np.ones((1, 1, 1))),
        (LEVELS, np.array([[[2.0, 1.0, 3.0]]])),
        (LEVELS, np.array([[[-1.0, 1.0, 3.0]]])),
        (LEVELS, np.array([[[1.0, np.nan, 3.0]]])),
    ],
)
def test_bad_quantiles_are_refused(levels, quantiles):
    with pytest.raises(ValueError, match=r"^(levels must ascend|quantiles must be finite)"):
        Forecast.from_quantiles(levels, quantiles)
