"""Stratified sampling: unbiased, exact in its sums, better than simple random sampling, sane at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsim.sampling import Population, neyman_allocation, stratified_sample, stratified_variance, work_saved


def population(count: int, seed: int = 0, families: int = 12) -> Population:
    rng = np.random.default_rng(seed)
    volume = rng.lognormal(2, 1.5, count)
    names = tuple(f"p{i}" for i in range(count))
    return Population(names, volume, rng.integers(0, families, count), np.sqrt(volume) + 0.3 * volume)


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 400), st.integers(1, 500), st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_sums(count, size, seed, families):
    products = population(count, seed, families)
    sample = stratified_sample(products, size, seed)
    assert len(sample.rows) == min(size, count) == sample.allocation.sum()
    assert sample.population.sum() == count
    assert sample.sampling_weight.sum() == pytest.approx(count, rel=1e-12)
    assert (sample.sampling_weight >= 1).all()
    assert (np.diff(sample.rows) > 0).all()
    assert sample.names == tuple(products.names[row] for row in sample.rows)
    np.testing.assert_array_equal(np.bincount(sample.stratum, minlength=len(sample.population)), sample.allocation)
    if size > 3:
        assert (sample.allocation >= np.minimum(sample.population, 2)).all()
    if size >= count:
        assert (sample.sampling_weight == 1).all()


def test_equal_seeds_draw_equal_samples():
    products = population(300)
    assert stratified_sample(products, 40, 1).names == stratified_sample(products, 40, 1).names
    assert stratified_sample(products, 40, 1).names != stratified_sample(products, 40, 2).names


def test_unbiased_with_the_modeled_variance():
    """1,000 draws: the mean at 5 standard errors (false alarm 6e-7), the deviation at 15%, over 6 of its own."""
    products = population(600, 3)
    total = products.volume.sum()
    estimates, sample = [], stratified_sample(products, 100, 0)
    stratum = np.full(len(products.names), -1)  # the same for every seed, so the draws together show all members
    for seed in range(1000):
        sample = stratified_sample(products, 100, seed)
        estimates.append(sample.sampling_weight @ products.volume[sample.rows])
        stratum[sample.rows] = sample.stratum
    error = np.std(estimates, ddof=1)
    assert abs(np.mean(estimates) - total) <= 5 * error / np.sqrt(len(estimates))
    assert (np.bincount(stratum) == sample.population).all()
    members = [products.volume[stratum == s] for s in range(len(sample.population))]
    squares = [volume.var(ddof=1) if len(volume) > 1 else 0.0 for volume in members]
    exact = sample.population * (sample.population - sample.allocation) * np.array(squares) / sample.allocation
    assert error == pytest.approx(np.sqrt(exact.sum()), rel=0.15)


def test_saves_work_on_skewed_volumes():
    products = population(20_000, 5)
    sample = stratified_sample(products, 500, 0)
    assert work_saved(products, sample) > 5
    assert stratified_variance(sample) > 0


def test_the_largest_are_always_taken():
    products = population(1000)
    volume = products.volume.copy()
    volume[17] = 100 * volume.sum()
    products = Population(products.names, volume, products.family, products.spread)
    for seed in range(5):
        sample = stratified_sample(products, 20, seed)
        assert sample.sampling_weight[sample.rows == 17] == 1.0


def test_everything_when_the_sample_is_the_population():
    products = population(30)
    sample = stratified_sample(products, 30, 0)
    assert work_saved(products, sample) == 1.0
    assert stratified_variance(sample) == 0.0


def test_products_without_volume():
    zeros = np.zeros(50)
    products = Population(tuple(map(str, range(50))), zeros, np.zeros(50, int), zeros)
    assert stratified_sample(products, 10, 0).sampling_weight.sum() == pytest.approx(50)


def test_neyman_allocation_is_proportional():
    np.testing.assert_array_equal(
        neyman_allocation(np.array([100, 100, 100]), np.array([1.0, 2.0, 3.0]), 60), [10, 20, 30]
    )
    np.testing.assert_array_equal(
        neyman_allocation(np.array([100, 5, 100]), np.array([1.0, 100.0, 1.0]), 45), [20, 5, 20]
    )
    np.testing.assert_array_equal(neyman_allocation(np.array([100, 100]), np.array([1.0, 0.0]), 20), [18, 2])


@pytest.mark.usefixtures("unchecked_types")
def test_refusals():
    with pytest.raises(ValueError, match="at least 1"):
        stratified_sample(population(3), 0, 0)
    with pytest.raises(ValueError, match="does not fit"):
        neyman_allocation(np.array([5, 5, 5]), np.ones(3), 2)
    with pytest.raises(ValueError, match="one number for each"):
        Population(("a", "b"), np.zeros(1), np.zeros(1, int), np.zeros(1))
    with pytest.raises(ValueError, match="family must hold one number for each"):
        Population(("a", "b"), np.zeros(2), np.zeros(1, int), np.zeros(2))
    with pytest.raises(ValueError, match="finite"):
        Population(("a",), np.array([np.nan]), np.zeros(1, int), np.zeros(1))
