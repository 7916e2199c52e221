"""Projections by their properties: inside, on and outside the set, at edges, twice, batched, and differentiated."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsim.kernels import projection
from jaxsim.kernels.projection import box, capped_simplex, simplex

FINITE = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
AMOUNT = st.floats(0, 1e6, width=32, allow_subnormal=False)
WEIGHT = st.floats(2**-10, 2**10, width=32)
PART = st.floats(0, 1, width=32, allow_subnormal=False)
TIED = st.sampled_from([-1.0, 0.0, 1.0, 2.0])

vectors = st.lists(st.tuples(FINITE | TIED, AMOUNT | st.just(0.0), WEIGHT), min_size=5, max_size=5)
project = jax.jit(capped_simplex)


@pytest.fixture(params=["all", "halving"])
def search(request, monkeypatch):
    """Both ways of finding t, whatever the length."""
    monkeypatch.setattr(projection, "_SHORT", 10**6 if request.param == "all" else 0)
    return lambda *args: jax.jit(lambda *each: capped_simplex(*each))(*map(jnp.asarray, args))


def bisected(values, cap, total, weights):
    """The same projection by 300 halvings of an interval."""
    low, high = (weights * (values - cap)).min() - 1, (weights * values).max() + 1
    for _ in range(300):
        middle = (low + high) / 2
        over = np.clip(values - middle / weights, 0, cap).sum() > total
        low, high = (middle, high) if over else (low, middle)
    return np.clip(values - low / weights, 0, cap)


@settings(max_examples=150, deadline=None)
@given(vectors, PART)
def test_capped_simplex_is_the_nearest_feasible_point(pairs, part):
    values, cap, weights = np.array(pairs, np.float64).T
    total = part * cap.sum()
    point = np.asarray(project(values, cap, total, weights))
    scale = 1 + np.abs(values).max() + cap.max()
    assert (point >= 0).all()
    assert (point <= cap).all()
    assert abs(point.sum() - total) <= 4e-15 * total
    np.testing.assert_allclose(point, bisected(values, cap, total, weights), atol=1e-12 * scale)
    np.testing.assert_allclose(project(point, cap, total, weights), point, atol=1e-14 * scale)
    # Variational inequality: the step to the point makes no sharp angle with the way on to any other feasible point.
    pull = weights * (values - point)
    for other in (cap * part, bisected(-values, cap, total, weights)):
        assert pull @ (other - point) <= 1e-10 * scale * weights.max() * (total + scale * 1e-3)


@settings(max_examples=100, deadline=None)
@given(vectors, vectors, PART)
def test_capped_simplex_never_spreads_points(first, second, part):
    values, cap, weights = np.array(first, np.float64).T
    other = np.array(second, np.float64)[:, 0]
    ends = [np.asarray(project(v, cap, part * cap.sum(), weights)) for v in (values, other)]
    length = lambda a: np.sqrt((weights * a**2).sum())
    scale = np.sqrt(weights.max()) * (1 + np.abs(values).max() + np.abs(other).max() + cap.max())
    assert length(ends[0] - ends[1]) <= length(values - other) + 1e-12 * scale


@settings(max_examples=50, deadline=None)
@given(vectors, AMOUNT)
def test_simplex_keeps_the_sum(pairs, total):
    values, _, weights = np.array(pairs).T
    point = np.asarray(jax.jit(simplex)(values, total, weights))
    assert (point >= 0).all()
    assert abs(point.sum() - total) <= 4e-15 * total
    nearest = bisected(values, np.full(5, total), total, weights)
    np.testing.assert_allclose(point, nearest, atol=1e-11 * (1 + total + 1e6))


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
        ([4.0, 1.0], [np.inf, np.inf], 5, [4, 1]),
        ([4.0, 1.0], [np.inf, 2], 3, [3, 0]),
        ([2.0, 2.0, 2.0], [1, np.inf, np.inf], 6, [1, 2.5, 2.5]),
        ([-7.0], [3], 2, [2]),  # a vector of one
        ([-7.0], [3], 4, [3]),
        ([1e12, 1e-12], [1e-12, 1e12], 2e-12, [1e-12, 1e-12]),
        ([1e12, 5.0, 4.0], [1, 10, 10], 2, [1, 1, 0]),  # the far entry takes no digits from the others
        ([-1e12, 5.0, 4.0], [1e12, 10, 10], 2, [0, 1.5, 0.5]),
        ([1.0, np.nan], [1, 1], 1, [np.nan, np.nan]),
        ([1.0, 2.0], [1, 1], np.nan, [np.nan, np.nan]),
        ([1.0, 2.0], [np.nan, 1], 1, [np.nan, np.nan]),
    ],
)
def test_capped_simplex_cases(search, values, cap, total, expected):
    point = search(values, np.asarray(cap, np.float64), np.float64(total))
    np.testing.assert_allclose(point, expected, rtol=1e-15, atol=1e-15)


def test_weights_share_the_distance(search):
    """Two entries 3 too large in all: the one of weight 2 moves half as far as the one of weight 1."""
    point = search(np.array([4.0, 4.0]), np.full(2, 9.0), np.float64(5), np.array([2.0, 1.0]))
    np.testing.assert_allclose(point, [3, 2], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_long_vectors_of_many_scales(search, dtype):
    rng = np.random.default_rng(1)
    many = lambda: 10 ** rng.uniform(-12, 12, (200, 9))
    values, cap, weights = (many() * rng.choice([-1, 1], (200, 9))).astype(dtype), many().astype(dtype), many()
    weights = np.sqrt(weights).astype(dtype)
    total = (rng.random(9) * cap.sum(0)).astype(dtype)
    total[0] = 1e-12
    point = np.asarray(search(values, cap, total, weights))
    assert point.dtype == dtype
    assert (point >= 0).all()
    assert (point <= cap).all()
    rounding = 100 * np.finfo(dtype).eps
    np.testing.assert_allclose(point.sum(0, dtype=np.float64), total, rtol=rounding)
    # At the nearest point w (v - x) is one number on free entries, at most that at 0 and at least that at the caps.
    pull = (weights * (values - point)).astype(np.float64)
    size = weights * (np.abs(values) + np.minimum(cap, total))
    free = (point > 0) & (point < cap)
    for i in range(9):
        level = np.median(pull[free[:, i], i]) if free[:, i].any() else pull[point[:, i] > 0, i].min()
        slack = rounding * (size[:, i] + abs(level))
        assert (pull[:, i] <= level + slack)[point[:, i] == 0].all()
        assert (pull[:, i] >= level - slack)[point[:, i] == cap[:, i]].all()


def test_batch_axes_vmap_and_empty_batches_agree():
    rng = np.random.default_rng(0)
    values, cap = jnp.asarray(rng.normal(size=(6, 3, 4))), jnp.asarray(rng.random((6, 3, 4)))
    total = cap.sum(0) * jnp.asarray(rng.random((3, 4)))
    together = project(values, cap, total)
    each = jax.jit(jax.vmap(jax.vmap(capped_simplex, (1, 1, 0), 1), (2, 2, 1), 2))(values, cap, total)
    np.testing.assert_allclose(together, each, atol=1e-15)
    assert project(jnp.zeros((6, 0)), jnp.zeros((6, 0)), jnp.zeros(0)).shape == (6, 0)


def test_nan_stays_in_its_vector():
    values = jnp.asarray([[1.0, np.nan], [2.0, 1.0]])
    point = project(values, jnp.ones((2, 2)), jnp.ones(2))
    np.testing.assert_array_equal(point, [[0, np.nan], [1, np.nan]])


def test_float32_stays_float32():
    point = project(jnp.ones(3, jnp.float32), jnp.ones(3, jnp.float32), jnp.float32(2))
    assert point.dtype == jnp.float32
    assert float(point.sum()) == pytest.approx(2, abs=1e-6)


both_ways = jax.jit(
    lambda args, way, seen: (jax.jvp(capped_simplex, args, way)[1], jax.vjp(capped_simplex, *args)[1](seen))
)


@pytest.mark.parametrize("seed", range(4))
def test_derivatives_are_slopes(seed):
    """All four arguments, both directions, against centered differences; the entries make free, full and empty ones."""
    rng = np.random.default_rng(seed)
    cap = rng.uniform(0.1, 1, 6)
    args = rng.normal(size=6), cap, np.float64(0.4 * cap.sum()), rng.uniform(0.5, 2, 6)
    args = tuple(map(jnp.asarray, args))
    way = [jnp.asarray(rng.normal(size=np.shape(a))) for a in args]
    step = 1e-6
    ends = [project(*(a + sign * step * b for a, b in zip(args, way, strict=True))) for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    seen = jnp.arange(6.0)
    forward, back = both_ways(args, tuple(way), seen)
    np.testing.assert_allclose(forward, slope, atol=1e-8)
    np.testing.assert_allclose(sum(np.sum(a * b) for a, b in zip(back, way, strict=True)), seen @ slope, atol=1e-7)


def test_jacobian_is_the_projection_on_the_free_set():
    values, weights = jnp.asarray([3.0, 2.5, -1.0, 9.0]), jnp.asarray([1.0, 2.0, 1.0, 1.0])
    jacobian = jax.jit(jax.jacrev(capped_simplex))(values, jnp.asarray([9.0, 9.0, 9.0, 1.0]), jnp.asarray(4.0), weights)
    give = np.array([1, 0.5])
    np.testing.assert_allclose(jacobian[:2, :2], np.eye(2) - give[:, None] / give.sum(), atol=1e-15)
    assert not np.asarray(jacobian[2:]).any()
    assert not np.asarray(jacobian[:, 2:]).any()


def test_derivatives_at_the_edges():
    slopes = jax.jit(jax.jacfwd(capped_simplex, argnums=(0, 1, 2)))
    ones = jnp.ones(2)
    by_value, by_cap, by_total = slopes(ones, ones, jnp.asarray(5.0))  # an empty set: x = cap
    np.testing.assert_array_equal(by_value, np.zeros((2, 2)))
    np.testing.assert_array_equal(by_cap, np.eye(2))
    np.testing.assert_array_equal(by_total, [0, 0])
    corner = jnp.asarray([5.3, -5.0])
    np.testing.assert_array_equal(jax.jit(jax.jacfwd(simplex, argnums=1))(corner, jnp.asarray(0.1)), [1, 0])
    _, by_cap, by_total = slopes(corner, 3 * ones, jnp.asarray(0.1))  # a corner of the simplex, far from its cap
    np.testing.assert_array_equal(by_cap, np.zeros((2, 2)))
    np.testing.assert_array_equal(by_total, [1, 0])


def test_second_derivative_and_batches():
    """The projection is linear in values on each piece, but not in weights."""
    f = lambda w: capped_simplex(jnp.asarray([2.0, 2.0]), jnp.full(2, 9.0), jnp.asarray(2.0), jnp.stack([w, 1 - w]))[0]
    # Both move 2 in all, inversely to their weights: x_0 = 2 - 2 (1 - w).
    first, second = jax.jit(jax.vmap(lambda w: (jax.grad(f)(w), jax.grad(jax.grad(f))(w))))(jnp.asarray([0.6, 0.7]))
    np.testing.assert_allclose(first, [2, 2], rtol=1e-12)
    np.testing.assert_allclose(second, [0, 0], atol=1e-12)


def test_box():
    values = jnp.asarray([-1.0, 0.5, 2.0, np.nan, np.inf])
    np.testing.assert_array_equal(box(values, jnp.zeros(5), jnp.ones(5)), [0, 0.5, 1, np.nan, 1])
    np.testing.assert_array_equal(
        box(box(values, jnp.zeros(5), jnp.ones(5)), jnp.zeros(5), jnp.ones(5))[:3], [0, 0.5, 1]
    )
