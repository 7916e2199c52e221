"""Demand sources: numbers of product-trials, draws in both array modules, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim import draws
from jaxsim.demand.source import MOST_UNITS, DemandSource, PathSource, QuantileSource

RANDOM = np.random.default_rng(8)
TOTALS = RANDOM.integers(0, 500, (3, 4, 2))
REGIONS = RANDOM.integers(0, 200, (3, 4, 2, 5))
QUANTILES = QuantileSource(np.array([0.0, 0.4, 1.0]), RANDOM.random((3, 2, 3)).cumsum(2) * 300)
SOURCES = {"quantiles": QUANTILES, "totals": PathSource(TOTALS), "regions": PathSource(REGIONS)}
PRODUCT, TRIAL = np.array([2, 0, 0, 1]), np.array([3, 0, 1, 2])
SHARES = RANDOM.dirichlet(np.ones(5), 4).T


def units_of(xp, source: DemandSource, week: int):
    """Units of some product-trials by region, `(regions, batch)`."""
    key = draws.product_key(np, 7, (PRODUCT.astype(np.uint32), PRODUCT.astype(np.uint32)))
    numbers = xp.asarray(source.numbers(PRODUCT, TRIAL)[:, week].T)
    key, trial = tuple(xp.asarray(word) for word in key), xp.asarray(TRIAL.astype(np.uint32))
    return source.draw(xp, key, trial, week, numbers, xp.asarray(SHARES))


@pytest.mark.parametrize("name", SOURCES)
def test_draws_are_whole_and_equal_in_both_array_modules(name):
    source = SOURCES[name]
    with np.errstate(over="ignore"):
        plain = units_of(np, source, 1)
    with jax.enable_x64(True):
        compiled = jax.jit(lambda: units_of(jnp, source, 1))()
    np.testing.assert_array_equal(plain, compiled)
    assert plain.shape == (5, 4)
    assert (plain == np.floor(plain)).all()
    assert (plain >= 0).all()
    assert plain.any()


def test_paths_are_taken_as_they_are():
    """Totals are split over regions without a unit lost; units of regions stay where they are."""
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(units_of(np, SOURCES["totals"], 1).sum(0), TOTALS[PRODUCT, TRIAL, 1])
        np.testing.assert_array_equal(units_of(np, SOURCES["regions"], 1).T, REGIONS[PRODUCT, TRIAL, 1])


@pytest.mark.parametrize("name", SOURCES)
def test_what_a_source_says_of_itself(name):
    source, rows = SOURCES[name], np.array([1])
    assert source.shape == (3, 2)
    assert source.regions == (5 if name == "regions" else None)
    assert source.trials == (None if name == "quantiles" else 4)
    assert hash(source.draw) == hash(source.take(rows).draw)
    assert source.draw == source.take(rows).draw
    first = source.take(rows).numbers(np.array([0]), np.array([2]))
    np.testing.assert_array_equal(first, source.numbers(rows, np.array([2])))


def test_volume_is_mean_weekly_units():
    np.testing.assert_allclose(SOURCES["totals"].volume, TOTALS.mean((1, 2)))
    np.testing.assert_allclose(SOURCES["regions"].volume, REGIONS.sum(3).mean((1, 2)))
    np.testing.assert_allclose(QUANTILES.volume, QUANTILES.quantiles.mean((1, 2)))


def test_paths_may_be_whole_floats():
    source = PathSource(TOTALS.astype(float))
    assert source.units.dtype == np.int32
    np.testing.assert_array_equal(source.units, TOTALS)


@pytest.mark.parametrize("value", [-1.0, 0.5, np.nan, np.inf, float(MOST_UNITS)])
def test_paths_that_are_no_whole_units_are_refused(value):
    units = TOTALS.astype(float)
    units[1, 2, 0] = value
    with pytest.raises(ValueError, match=rf"^sample paths\[1, 2, 0\] is {value}; it must be whole, not negative"):
        PathSource(units)


def test_units_of_all_regions_stay_in_range():
    units = np.zeros((1, 1, 2, 2), np.int64)
    units[0, 0, 1] = MOST_UNITS // 2
    with pytest.raises(ValueError, match=r"^sample paths\[0, 0, 1, 0\] .* over all regions at most 67,108,863 units"):
        PathSource(units)


def test_paths_have_three_axes_or_four():
    with pytest.raises(ValueError, match=r"by product, trial, week and.*; got int64 of shape \(3, 4\)"):
        PathSource(TOTALS[:, :, 0])
