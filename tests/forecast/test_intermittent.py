"""Croston's rate and that of Teunter, Syntetos and Babai, beside a plain loop, and counts around them."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy.stats import nbinom

from jaxsim.forecast import Panel
from jaxsim.forecast.evaluation import evaluate
from jaxsim.forecast.intermittent import Croston, Tsb, dispersion
from tests.forecast.data import counts, needs
from validation import panels


def croston(series, weight):
    """The rate of one series, as the paper words it."""
    known = [units for units in series if not np.isnan(units)]
    times = [t for t, units in enumerate(known) if units > 0]
    if not times:
        return 0.0
    size, gap = known[times[0]], len(known) / len(times)
    for before, t in itertools.pairwise(times):
        size += weight * (known[t] - size)
        gap += weight * (t - before - gap)
    return size / gap


def tsb(series, weight):
    known = [units for units in series if not np.isnan(units)]
    sold = [units for units in known if units > 0]
    if not sold:
        return 0.0
    size, probability = sold[0], len(sold) / len(known)
    for units in known:
        if units > 0:
            size += weight * (units - size)
        probability += weight * ((units > 0) - probability)
    return size * probability


def test_rates_are_those_of_a_plain_loop():
    panel = counts()
    panel.values[1] = 0
    panel.values[2, 5] = np.nan
    for method, plain in ((Croston(0.2), croston), (Tsb(0.2, 0.2), tsb)):
        expected = [plain(series, 0.2) for series in panel.values]
        np.testing.assert_allclose(method(panel, 2).mean[:, 1], expected)
    np.testing.assert_allclose(Croston(0.2, True)(panel, 2).mean, 0.9 * Croston(0.2)(panel, 2).mean)


def test_counts_have_the_rate_and_the_variance_of_the_series():
    random = np.random.default_rng(0)
    panel = Panel(random.negative_binomial(2, 0.2, (40, 500)).astype(float), "week", np.arange(40).astype(str))
    np.testing.assert_allclose(dispersion(panel.values), 5, rtol=0.4)
    found = Tsb()(panel, 1)
    q, rate, spread = found.quantiles[:, 0], found.mean, dispersion(panel.values)[:, None]
    np.testing.assert_array_equal(q, nbinom.ppf(found.levels, rate / (spread - 1), 1 / spread))
    assert (q == np.floor(q)).all()


def test_nothing_sold_is_forecast_at_zero():
    panel = Panel(np.array([[0.0] * 5, [np.nan] * 5]), "day", np.array(["a", "b"]))
    assert not Croston()(panel, 3).quantiles.any()
    assert not Tsb()(panel, 3).quantiles.any()


def test_returns_are_no_demand():
    panel = counts()
    with_returns = dataclasses.replace(panel, values=np.where(panel.values == 0, -3.0, panel.values))
    np.testing.assert_array_equal(Croston()(panel, 2).quantiles, Croston()(with_returns, 2).quantiles)


@pytest.mark.parametrize("method", [lambda: Croston(0.0), lambda: Tsb(1.1), lambda: Tsb(0.1, -1)])
def test_weights_are_checked(method):
    with pytest.raises(ValueError, match="above 0 and at most 1"):
        method()


@needs["carparts"]
def test_intermittent_parts_are_forecast_better_than_by_past_quantiles():
    rows = evaluate(panels.panel("carparts"), 12, {"croston": Croston(), "tsb": Tsb()})
    assert max(row.scores.wql for row in rows) < 0.975
