"""Boosted trees: features know nothing of the future, and forecasts are repeatable and better than simple ones."""

import dataclasses
import importlib.util
import sys

import numpy as np
import pytest

from jaxsim.forecast import Panel, boosted
from jaxsim.forecast.baselines import PastQuantiles
from jaxsim.forecast.boosted import LEAST_ROWS, MOST_WIDER, Boosted, widths
from jaxsim.forecast.evaluation import evaluate, hold_out
from jaxsim.forecast.lag_features import LEAST_SCALE, Source
from jaxsim.forecast.predicted import SCORED_LEVELS
from tests.forecast.data import counts

QUICK = Boosted(model_levels=(0.1, 0.5, 0.9), trees=15, leaves=7, least_in_leaf=20)

needs_lightgbm = pytest.mark.skipif(
    importlib.util.find_spec("lightgbm") is None, reason=f"LightGBM is not installed: {boosted.INSTALL}"
)


@pytest.mark.parametrize("frequency", ["day", "week", "month"])
def test_features_know_nothing_at_the_origin_or_after(frequency):
    panel = counts(series=6, periods=130, frequency=frequency)
    later = dataclasses.replace(panel, values=panel.values.copy())
    later.values[:, 100:] = 1e6
    series, step = np.divmod(np.arange(6 * 20), 20)
    rows = [Source(each).rows(series, np.full(120, 100), step + 1) for each in (panel, later, panel.until(100))]
    for other in rows[1:]:
        np.testing.assert_allclose(rows[0].table, other.table, rtol=1e-5)
        np.testing.assert_allclose(rows[0].scale, other.scale)


def test_features_are_what_they_are_called():
    values = np.arange(60.0)[None] * np.array([[1.0], [2.0]])
    panel = Panel(values, "month", np.array(["a", "a"]), np.array(["x", "y"]))
    found = Source(panel).rows(np.array([1]), np.array([40]), np.array([3]))
    told = dict(zip(found.names, found.table[0].tolist(), strict=True))
    scale = 2 * np.mean([34, 35, 36, 37, 38, 39]) + LEAST_SCALE
    assert found.scale == pytest.approx(scale)
    assert told["lag 1"] == pytest.approx(78 / scale)
    assert told["1 cycles ago"] == told["around 1 cycles ago"] == pytest.approx(2 * 30 / scale)
    assert told["2 cycles ago"] == pytest.approx(2 * 18 / scale)
    assert told["mean of 24"] == pytest.approx(2 * np.arange(16, 40).mean() / scale)
    assert told["deviation of 6"] == pytest.approx(2 * np.arange(34, 40).std() / scale)
    assert told["product, a cycle ago over its level"] == pytest.approx(30 / np.arange(22, 28).mean())
    assert (told["step"], told["season"], told["product"], told["region"]) == (3, 42 % 12, 0, 1)


def test_events_of_the_target_are_features():
    panel = dataclasses.replace(counts(series=2), events=np.arange(60.0)[None])
    found = Source(panel.until(50)).rows(np.array([0, 1]), np.array([50, 50]), np.array([1, 4]))
    np.testing.assert_array_equal(found.table[:, found.names.index("event 0")], [50, 53])


@needs_lightgbm
def test_forecasts_beat_past_quantiles_and_repeat():
    panel = counts(series=60, periods=80)
    rows = evaluate(panel, 6, {"boosted": QUICK, "past": PastQuantiles()})
    assert rows[0].scores.wql < 0.9 * rows[1].scores.wql
    history, _ = hold_out(panel, 6)
    one, two = QUICK(history, 6, seed=1), QUICK(history, 6, seed=1)
    np.testing.assert_array_equal(one.quantiles, two.quantiles)
    assert one.levels == SCORED_LEVELS
    assert (one.quantiles >= 0).all()
    assert (QUICK(history, 6, seed=2).quantiles != one.quantiles).any()


@needs_lightgbm
def test_few_rows_are_drawn_from_many_and_a_series_unknown_is_forecast_at_zero():
    panel = counts(series=12)
    panel.values[4] = np.nan
    found = dataclasses.replace(QUICK, rows=300)(panel, 4)
    assert not found.quantiles[4].any()
    assert found.remarks == ("series of which nothing is known, forecast at 0: 1",)


@needs_lightgbm
def test_nothing_to_learn_from_is_said():
    with pytest.raises(ValueError, match="a known period that follows another one"):
        QUICK(Panel(np.full((3, 20), np.nan), "month", np.arange(3)), 2)


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ImportError, match=r"needs? LightGBM.*jaxsim-inbound\[forecast\]"):
        QUICK(counts(), 2)


def test_settings_are_checked():
    with pytest.raises(ValueError, match="ascend between 0 and 1"):
        Boosted(model_levels=(0.5, 0.1))
    with pytest.raises(ValueError, match="leaves 2 or more"):
        Boosted(leaves=1)


@needs_lightgbm
def test_calibrated_trees_do_not_learn_from_the_last_horizon(monkeypatch):
    panel, ends = counts(series=100, periods=60), []
    examples = boosted._examples
    monkeypatch.setattr(boosted, "_examples", lambda *given: ends.append(given[2]) or examples(*given))
    found = dataclasses.replace(QUICK, calibrated=True)(panel, 6)
    QUICK(panel, 6)
    assert ends == [54, 60]
    assert (np.diff(found.quantiles, axis=2) >= 0).all()


def test_intervals_are_widened_to_hold_what_they_should():
    random = np.random.default_rng(0)
    levels = (0.1, 0.5, 0.9)
    actual = random.normal(100.0, 2.0, 20_000)
    units = np.tile(100 + np.array([-1.2816, 0, 1.2816]), (len(actual), 1))
    wide = widths(units, actual, levels)
    np.testing.assert_allclose(wide, [MOST_WIDER, 1, MOST_WIDER], rtol=0.03)
    np.testing.assert_array_equal(widths(units, 100 + (actual - 100) / 4, levels), 1)
    actual[: len(actual) - LEAST_ROWS + 1] = np.nan
    np.testing.assert_array_equal(widths(units, actual, levels), 1)
