"""Simple forecasts are what they say, with unknown periods too."""

import dataclasses

import numpy as np
import pytest

from jaxsim.forecast import Panel
from jaxsim.forecast.baselines import LastValue, PastQuantiles, SeasonalNaive, row_quantiles
from jaxsim.forecast.predicted import SCORED_LEVELS
from tests.forecast.data import counts

NAN = np.nan
HISTORY = Panel(
    np.array([[9.0, 1, 2, 3, 4, 5, 6, 7, 8], [NAN, NAN, 1, NAN, 3, 4, NAN, NAN, NAN], [NAN] * 9]),
    "day",
    np.array(list("abc")),
)


def test_last_value_is_the_last_known_one():
    np.testing.assert_array_equal(LastValue()(HISTORY, 2).mean, [[8, 8], [4, 4], [0, 0]])


def test_seasonal_naive_goes_back_a_season_and_on_from_there():
    found = SeasonalNaive()(HISTORY, 8).mean
    np.testing.assert_array_equal(found[0], [2, 3, 4, 5, 6, 7, 8, 2])
    np.testing.assert_array_equal(found[1], [1, 4, 3, 4, 4, 4, 4, 1])
    np.testing.assert_array_equal(found[2], 0)


def test_quantiles_of_rows_are_those_of_numpy():
    values = counts().values
    np.testing.assert_allclose(row_quantiles(values), np.nanquantile(values, SCORED_LEVELS, axis=1).T)


def test_past_quantiles_look_further_back_where_nothing_is_known():
    found = PastQuantiles(3)(HISTORY, 2)
    np.testing.assert_allclose(found.quantiles[1, 0], np.quantile([1.0, 3, 4], SCORED_LEVELS))
    np.testing.assert_allclose(found.mean[:, 1], [7, 8 / 3, 0])
    with pytest.raises(ValueError, match="not of 0"):
        PastQuantiles(0)


def test_periods_out_of_stock_are_unknown():
    censored = np.zeros((3, 9), bool)
    censored[0, -1] = True
    assert LastValue()(dataclasses.replace(HISTORY, censored=censored), 1).mean[0, 0] == 7
