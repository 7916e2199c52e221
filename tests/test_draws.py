"""Seeds of other purposes: whole numbers in range, and none that a user would choose."""

import itertools

import numpy as np

from jaxsim.draws import independent_seed


def test_independent_seeds_differ_in_seed_and_purpose():
    """Among 2,000 seeds of 64 bits a collision has a chance of 1e-13."""
    made = {
        independent_seed(seed, purpose)
        for seed, purpose in itertools.product([*range(998), 2**63 - 1, 2**64 - 1], ("out of sample", "pilot"))
    }
    assert len(made) == 2_000
    assert min(made) > 2**32, "next to the seeds that people choose"
    assert max(made) < 2**64


def test_bits_of_an_independent_seed_are_even():
    """A bit is a fair coin: over 4,096 seeds its mean is within 5.5 standard errors of a half (64 bits: 1 in 4e5)."""
    seeds = np.array([independent_seed(seed, "out of sample") for seed in range(4_096)], np.uint64)
    bits = (seeds[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.abs(bits.mean(0) - 0.5).max() < 5.5 * 0.5 / 64


def test_an_independent_seed_stays_what_it_is():
    """Runs that were made before are compared with runs to come."""
    assert independent_seed(0, "out of sample") == 0xFD2CC33174890952
