"""Exponential smoothing, and what it does on series that it cannot smooth."""

import importlib.util
import sys
import types

import numpy as np
import pytest

from jaxsim.forecast import Panel, smoothing
from jaxsim.forecast.baselines import PastQuantiles
from jaxsim.forecast.evaluation import evaluate
from tests.forecast.data import counts, needs
from validation import panels

needs_statsforecast = pytest.mark.skipif(
    importlib.util.find_spec("statsforecast") is None, reason=f"statsforecast is not installed: {smoothing.INSTALL}"
)


def made_up(monkeypatch, forecast):
    """Put a module in the place of statsforecast's models, whose forecast is made up."""

    class AutoETS:
        def __init__(self, season_length):
            self.season = season_length

        def forecast(self, y, h, level):
            return forecast(self.season, y, h, level)

    monkeypatch.setitem(sys.modules, "statsforecast.models", types.SimpleNamespace(AutoETS=AutoETS))


def test_exploding_intervals_and_short_series_fall_back_and_are_counted(monkeypatch):
    def forecast(season, y, h, level):
        width = {2.0: np.inf, 3.0: 1e6, 4.0: np.nan}.get(y[0], 0.02)
        if y[0] == 5:
            raise ValueError("no model able to be fitted")
        ends = {f"{side}-{p}": y[-1] + sign * width * p for p in level for side, sign in (("lo", -1), ("hi", 1))}
        return {name: np.full(h, value) for name, value in ends.items()} | {"mean": np.full(h, y[-1])}

    made_up(monkeypatch, forecast)
    values = np.arange(1.0, 8.0)[:, None] * np.ones(8)
    values[5, :5], values[6, [0, 4, 7]] = np.nan, np.nan
    panel = Panel(values, "month", np.arange(7).astype(str))
    found = smoothing.ExponentialSmoothing()(panel, 2)
    instead = PastQuantiles()(panel, 2)
    np.testing.assert_array_equal(found.quantiles[1:6], instead.quantiles[1:6])
    assert found.quantiles[0, 0, 0] == 0  # less than nothing is not sold
    assert found.quantiles[6, 0, -1] == pytest.approx(7 + 1.8)
    assert found.remarks == (
        "series forecast by their past quantiles, intervals beyond 5 times the history's maximum, or not finite: 4",
        "series forecast by their past quantiles, fewer than 4 known periods: 1",
    )


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast.models", None)
    with pytest.raises(ImportError, match=r"needs statsforecast.*jaxsim-inbound\[forecast\]"):
        smoothing.ExponentialSmoothing()(counts(), 2)


def test_the_bound_is_checked():
    with pytest.raises(ValueError, match="positive multiple"):
        smoothing.ExponentialSmoothing(most=0)


@needs_statsforecast
def test_a_season_is_found():
    panel = counts(series=4, periods=72)
    found = smoothing.ExponentialSmoothing()(panel, 12)
    shape = 1 + 0.5 * np.sin(2 * np.pi * np.arange(72, 84) / 12)
    assert np.corrcoef(found.mean[-1], shape)[0, 1] > 0.9
    assert not found.remarks


@needs_statsforecast
@needs["hospital"]
def test_published_figure_of_part_of_hospital():
    panel = panels.panel("hospital").take(np.arange(0, 767, 32))
    rows = evaluate(panel, 12, {"ets": smoothing.ExponentialSmoothing(), "past": PastQuantiles()})
    assert rows[0].scores.wql < 0.8 * rows[1].scores.wql
