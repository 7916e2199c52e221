"""The box QP against an independent solver, and its certificate on hard cases."""

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsim.cost_search import solve_box_qp


def instance(seed: int, n: int, rank: int, spread: float = 1.0):
    """H of a given rank, with units that differ by e^spread; some bounds 0 or equal."""
    rng = np.random.default_rng(seed)
    unit = np.exp(spread * rng.normal(size=n))
    factor = rng.normal(size=(n, rank)) * unit[:, None] / np.sqrt(max(rank, 1))
    lower = -rng.random(n) / unit * (rng.random(n) < 0.7)
    upper = rng.random(n) / unit * (rng.random(n) < 0.7)
    return -factor @ factor.T, rng.normal(size=n) * unit * 3, lower, upper


def value(matrix, gradient, step):
    return 0.5 * step @ matrix @ step + step @ gradient


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 25), st.integers(0, 25))
def test_reaches_the_optimum_of_an_independent_solver(seed, n, rank):
    matrix, gradient, lower, upper = instance(seed, n, rank)
    solution = solve_box_qp(matrix, gradient, lower, upper)
    assert ((solution.step >= lower) & (solution.step <= upper)).all()
    assert solution.residual <= 1e-12
    minimized = lambda step: (-value(matrix, gradient, step), -(matrix @ step + gradient))
    options = {"maxiter": 5000, "maxfun": 100_000, "ftol": 1e-15, "gtol": 1e-10}
    bounds = list(zip(lower, upper, strict=True))
    choice = {"jac": True, "bounds": bounds, "method": "L-BFGS-B", "options": options}
    other = scipy.optimize.minimize(minimized, np.clip(0, lower, upper), **choice)
    best = value(matrix, gradient, solution.step)
    assert best >= -other.fun - 1e-9 * max(1.0, abs(best))


@pytest.mark.parametrize(("n", "rank"), [(600, 600), (600, 30), (1000, 1000), (1000, 0)])
def test_large_and_singular(n, rank):
    solution = solve_box_qp(*instance(7, n, rank, spread=2.0))
    assert solution.residual <= 1e-12
    assert solution.iterations <= 50


@pytest.mark.parametrize("seed", range(5))
def test_wide_boxes_and_bad_conditioning(seed):
    rng = np.random.default_rng(seed)
    basis = np.linalg.qr(rng.normal(size=(200, 200)))[0]
    matrix = -(basis * 10.0 ** rng.uniform(-8, 0, 200)) @ basis.T
    reach = 10.0 ** rng.uniform(-3, 3, 200)
    assert solve_box_qp((matrix + matrix.T) / 2, rng.normal(size=200), -reach, reach).residual <= 1e-12


def test_fixed_variables_stay():
    matrix, gradient, lower, upper = instance(3, 10, 10)
    fixed = np.arange(10) % 2 == 0
    lower[fixed] = upper[fixed] = 0.25
    solution = solve_box_qp(matrix, gradient, lower, upper)
    assert (solution.step[fixed] == 0.25).all()
    assert solution.residual <= 1e-12


def test_an_inner_optimum_is_newtons():
    matrix, gradient, _, _ = instance(5, 8, 8)
    matrix -= np.eye(8)
    wide = np.full(8, 1e6)
    step = solve_box_qp(matrix, gradient, -wide, wide).step
    np.testing.assert_allclose(step, -np.linalg.solve(matrix, gradient), rtol=1e-9)


def test_no_variables():
    empty = np.zeros(0)
    assert solve_box_qp(np.zeros((0, 0)), empty, empty, empty).step.shape == (0,)


@pytest.mark.parametrize(
    ("matrix", "gradient", "lower", "upper", "rule"),
    [
        ([[1.0]], [1.0], [0.0], [1.0], "negative semidefinite"),
        ([[-1.0]], [np.nan], [0.0], [1.0], "finite"),
        ([[-1.0]], [1.0], [1.0], [0.0], "exceeds"),
        ([[-1.0]], [1.0, 1.0], [0.0, 0.0], [1.0, 1.0], "shapes"),
        ([[-1.0]], [1.0], [0.0, 0.0], [1.0], "shapes"),
    ],
)
@pytest.mark.usefixtures("unchecked_types")
def test_refuses(matrix, gradient, lower, upper, rule):
    with pytest.raises(ValueError, match=rule):
        solve_box_qp(np.array(matrix), np.array(gradient), np.array(lower), np.array(upper))
