"""Projections by their properties: inside, on and outside the set, at edges, twice, under vmap."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxsim.kernels.projection import box, capped_simplex, simplex

FINITE = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
AMOUNT = st.floats(0, 1e6, width=32, allow_subnormal=False)


vectors = st.lists(st.tuples(FINITE, AMOUNT), min_size=5, max_size=5)


def bisected(values, cap, total):
    """The same projection by 200 halvings of an interval."""
    low, high = (values - cap).min() - 1, values.max() + 1
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(values - middle, 0, cap).sum() > total else (low, middle)
    return np.clip(values - low, 0, cap)


@settings(max_examples=150, deadline=None)
@given(vectors, st.floats(0, 1, width=32, allow_subnormal=False))
def test_capped_simplex_is_the_nearest_feasible_point(pairs, part):
    values, cap = np.array(pairs, np.float64).T
    total = part * cap.sum()
    point = np.asarray(capped_simplex(jnp.asarray(values), jnp.asarray(cap), jnp.asarray(total)))
    scale = 1 + np.abs(values).max() + cap.max()
    assert (point >= 0).all()
    assert (point <= cap).all()
    assert abs(point.sum() - total) <= 4e-14 * total
    np.testing.assert_allclose(point, bisected(values, cap, total), atol=1e-12 * scale)
    again = capped_simplex(jnp.asarray(point), jnp.asarray(cap), jnp.asarray(total))
    np.testing.assert_allclose(again, point, atol=1e-14 * scale)


@settings(max_examples=50, deadline=None)
@given(vectors, AMOUNT)
def test_simplex_keeps_the_sum(pairs, total):
    values = np.array(pairs)[:, 0]
    point = np.asarray(simplex(jnp.asarray(values), jnp.asarray(total)))
    assert (point >= 0).all()
    assert abs(point.sum() - total) <= 1e-13 * total
    np.testing.assert_allclose(point, bisected(values, np.full(5, total), total), atol=1e-11 * (1 + total + 1e6))


@pytest.mark.parametrize(
    ("values", "cap", "total", "expected"),
    [
        ([0.2, 0.8], [1, 1], 1, [0.2, 0.8]),  # inside
        ([1.0, 0.0], [1, 1], 1, [1, 0]),  # a corner
        ([5.0, -5.0], [1, 1], 1, [1, 0]),  # far outside
        ([3.0, 3.0], [1, 1], 1, [0.5, 0.5]),  # the axis of symmetry
        ([9.0, 1.0], [2, 9], 6, [2, 4]),  # one cap binds
        ([4.0, 4.0], [1, 2], 3, [1, 2]),  # caps sum to the total
        ([4.0, 4.0], [1, 2], 0, [0, 0]),
        ([4.0, 4.0], [1, 2], 5, [1, 2]),  # an empty set: the caps
        ([4.0, 4.0], [0, 2], 1, [0, 1]),
    ],
)
def test_capped_simplex_cases(values, cap, total, expected):
    point = capped_simplex(jnp.asarray(values), jnp.asarray(cap, jnp.float64), jnp.asarray(total, jnp.float64))
    np.testing.assert_allclose(point, expected, atol=1e-15)


def test_batch_axes_and_vmap_agree():
    rng = np.random.default_rng(0)
    values, cap = jnp.asarray(rng.normal(size=(6, 3, 4))), jnp.asarray(rng.random((6, 3, 4)))
    total = cap.sum(0) * jnp.asarray(rng.random((3, 4)))
    together = capped_simplex(values, cap, total)
    each = jax.vmap(jax.vmap(capped_simplex, (1, 1, 0), 1), (2, 2, 1), 2)(values, cap, total)
    np.testing.assert_allclose(together, each, atol=1e-15)


def test_float32_stays_float32():
    point = capped_simplex(jnp.ones(3, jnp.float32), jnp.ones(3, jnp.float32), jnp.float32(2))
    assert point.dtype == jnp.float32
    assert float(point.sum()) == pytest.approx(2, abs=1e-6)


def test_box():
    values = jnp.asarray([-1.0, 0.5, 2.0, np.nan, np.inf])
    np.testing.assert_array_equal(box(values, jnp.zeros(5), jnp.ones(5)), [0, 0.5, 1, np.nan, 1])
    np.testing.assert_array_equal(
        box(box(values, jnp.zeros(5), jnp.ones(5)), jnp.zeros(5), jnp.ones(5))[:3], [0, 0.5, 1]
    )
