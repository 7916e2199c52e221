"""Scores are their definitions, and the published figures of simple forecasts come out."""

import dataclasses
import itertools

import numpy as np
import pytest

from jaxsim.forecast import LEVELS, Panel, Predicted
from jaxsim.forecast.baselines import LastValue, PastQuantiles, SeasonalNaive
from jaxsim.forecast.evaluation import evaluate, hold_out, scores, seasonal_scale
from tests.forecast.data import counts, needs
from validation import panels

CASES = [
    ("carparts", SeasonalNaive(), 1.600, 1.2015),
    ("carparts", PastQuantiles(), 0.975, 0.832),
    ("hospital", SeasonalNaive(), 0.0726, 0.9205),
    ("hospital", PastQuantiles(), 0.085, 1.011),
    ("favorita", SeasonalNaive(), 0.3547, 0.9962),
    ("favorita", LastValue(), 0.2840, 0.8425),
    ("favorita", PastQuantiles(13), 0.2124, 0.7356),
    ("favorita", PastQuantiles(26), 0.2172, 0.7500),
    ("favorita", PastQuantiles(52), 0.2236, 0.7700),
]
COVERED = {("favorita", PastQuantiles(weeks)): share for weeks, share in ((13, 0.61), (26, 0.67), (52, 0.70))}
"""Share of actual units within 10–90%."""


@pytest.mark.parametrize(
    ("name", "method", "wql", "mase"), [pytest.param(*case, marks=needs[case[0]]) for case in CASES]
)
def test_published_figures_of_simple_forecasts(name, method, wql, mase):
    (row,) = evaluate(panels.panel(name), panels.HORIZONS[name], {"it": method})
    assert row.scores.wql == pytest.approx(wql, abs=6e-4)
    assert row.scores.mase == pytest.approx(mase, abs=6e-4)
    covered = COVERED.get((name, method))
    assert covered is None or round(row.scores.coverage[80], 2) == covered


def test_scores_are_their_definitions():
    panel = counts(frequency="day", periods=40)
    panel.values[3, -2] = np.nan
    panel.values[4, -5:] = np.nan
    history, actual = hold_out(panel, 5)
    random = np.random.default_rng(1)
    paths = random.poisson(5.0, (30, 50, 5))
    predicted = Predicted.from_paths(paths, LEVELS)
    found = scores(predicted, actual, history)
    known = [(i, t) for i, t in np.ndindex(actual.shape) if not np.isnan(actual[i, t])]
    total = sum(abs(actual[at]) for at in known)
    loss = 0.0
    for at, (k, level) in itertools.product(known, enumerate(LEVELS)):
        error = actual[at] - predicted.quantiles[(*at, k)]
        loss += 2 * max(level * error, (level - 1) * error) / total / len(LEVELS)
    assert found.wql == pytest.approx(loss)
    assert found.calibration[1].at_most == np.mean([actual[at] <= predicted.quantiles[(*at, 1)] for at in known])
    assert found.calibration[1].below == np.mean([actual[at] < predicted.quantiles[(*at, 1)] for at in known])
    low, high = np.quantile(paths, (0.05, 0.95), axis=1)
    assert found.coverage[90] == np.mean([low[at] <= actual[at] <= high[at] for at in known])
    assert found.mase_series == 29
    crps = 0.0
    for i in range(30):
        here = ~np.isnan(actual[i])
        x, y = paths[i][:, here].sum(1), actual[i, here].sum()
        crps += np.abs(x - y).mean() - np.abs(x[:, None] - x).sum() / (2 * 50 * 49)
    assert found.crps_sum == pytest.approx(crps / total)


def test_series_without_scale_leave_the_mase_alone():
    values = np.array([[1.0, 1, 1, 1, 1, 1, 1, 4, 4], [0, 1, 0, 1, 0, 1, 0, 2, 4]])
    values = np.vstack([values, np.full(9, np.nan)])
    panel = Panel(values, "day", np.array(list("abc")))
    history, actual = hold_out(panel, 1)
    np.testing.assert_allclose(seasonal_scale(history), [3, 2, np.nan])
    history, actual = hold_out(panel, 2)
    assert np.isnan(seasonal_scale(history)).all()
    found = scores(LastValue()(history, 2), actual, history)
    assert (found.mase_series, np.isnan(found.mase)) == (0, True)
    assert found.wql == pytest.approx((3 + 3 + 2 + 4) / 14)
    assert np.isnan(found.crps_sum)


def test_coverage_is_not_claimed_beyond_the_levels_that_there_are():
    panel = counts()
    history, actual = hold_out(panel, 6)
    given = PastQuantiles()(history, 6)
    assert given.levels[0] == 0.05
    few = dataclasses.replace(given, levels=LEVELS, quantiles=given.at(LEVELS))
    assert np.isnan(scores(few, actual, history).coverage[90])
    assert scores(few, actual, history).coverage[80] == scores(given, actual, history).coverage[80]
    assert scores(given, actual, history).coverage[90] >= scores(given, actual, history).coverage[80]


def test_demand_out_of_stock_is_not_scored():
    panel = counts(periods=30)
    censored = np.zeros(panel.shape, bool)
    censored[2, -1] = True
    history, actual = hold_out(dataclasses.replace(panel, censored=censored), 4)
    assert np.isnan(actual[2, -1])
    assert history.censored is not None
    assert history.censored.shape == (30, 26)


def test_what_cannot_be_scored_is_said():
    panel = counts(periods=30)
    with pytest.raises(ValueError, match="a horizon is from 1 to 29 periods of these 30, not 30"):
        hold_out(panel, 30)
    history, actual = hold_out(panel, 4)
    with pytest.raises(ValueError, match=r"the forecast is of \(30, 3\)"):
        scores(LastValue()(history, 3), actual, history)
    with pytest.raises(ValueError, match="not all are 0"):
        scores(LastValue()(history, 4), 0 * actual, history)


def test_every_method_runs_with_every_seed_and_is_timed():
    rows = evaluate(counts(), 5, {"last": LastValue(), "naive": SeasonalNaive()}, seeds=(3, 4))
    assert [(row.method, row.seed) for row in rows] == [("last", 3), ("last", 4), ("naive", 3), ("naive", 4)]
    assert all(row.seconds > 0 for row in rows)
