"""Curvature updates and step limits, one at a time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jaxsim.cost_search import (
    Bisection,
    DampedBfgs,
    DecayingMaximum,
    Evaluation,
    Recent,
    SignCut,
    Transition,
    combine,
    diagonal_start,
)


def transition(step, change) -> Transition:
    return Transition(1, np.asarray(step, float), np.asarray(change, float), Evaluation(np.zeros(len(step))))


def recent(costs, violation, iteration=0, cost_scale=1.0) -> Recent:
    costs = np.asarray(costs, float)
    return Recent(iteration, costs, np.asarray(violation, float), np.full(costs.shape[1], cost_scale))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-2.0, 2.0))
def test_bfgs_keeps_h_negative_semidefinite(seed, agreement):
    rng = np.random.default_rng(seed)
    matrix = -np.diag(rng.uniform(0.5, 2.0, 6))
    for _ in range(8):
        step = rng.normal(size=6)
        matrix = DampedBfgs()(matrix, transition(step, agreement * matrix @ step + rng.normal(size=6))).matrix
        np.testing.assert_array_equal(matrix, matrix.T)
        assert np.linalg.eigvalsh(matrix).max() <= 1e-9 * np.abs(matrix).max()


def test_bfgs_is_equation_7_and_meets_the_secant():
    matrix, step = -np.diag([1.0, 2.0, 3.0]), np.array([1.0, -1.0, 0.5])
    change = -np.array([[2.0, 0.5, 0.0], [0.5, 2.0, 0.0], [0.0, 0.0, 4.0]]) @ step
    update = DampedBfgs()(matrix, transition(step, change))
    seen = matrix @ step
    expected = matrix + np.outer(change, change) / (change @ step) - np.outer(seen, seen) / (step @ seen)
    np.testing.assert_allclose(update.matrix, expected)
    np.testing.assert_allclose(update.matrix @ step, change)
    assert not update.skipped


def test_bfgs_skips_what_contradicts_it():
    matrix = -np.eye(2)
    update = DampedBfgs()(matrix, transition([1.0, 0.0], [50.0, 0.0]))
    assert update.skipped
    np.testing.assert_array_equal(update.matrix, matrix)
    assert DampedBfgs()(matrix, transition([0.0, 0.0], [1.0, 0.0])).skipped


def test_diagonal_start_reads_secants_within_the_spread():
    plan, step = np.array([10.0, 10.0, 10.0]), np.array([0.1, 0.1, -0.1])
    change = -np.array([20.0, 10.0, 12.0]) * step
    start = diagonal_start(plan, step, change, cost_scale=1.0, spread=1.2)
    common = 14.0
    np.testing.assert_allclose(np.diag(start), [-1.2 * common, -common / 1.2, -12.0])
    np.testing.assert_array_equal(start, np.diag(np.diag(start)))


@pytest.mark.parametrize("change", [[1.0, 1.0], [0.0, 0.0]])
def test_diagonal_start_falls_back_to_the_cost_scale(change):
    start = diagonal_start(np.array([4.0, 8.0]), np.full(2, 0.5), np.array(change), cost_scale=2.0, spread=1.0)
    np.testing.assert_allclose(np.diag(start), [-2.0, -4.0])


def test_diagonal_start_is_negative_for_plans_of_zero():
    start = diagonal_start(np.array([0.0, 8.0]), np.zeros(2), np.zeros(2), cost_scale=1.0, spread=2.0)
    assert (np.diag(start) < 0).all()


def test_maximum_decays_in_cost_scales():
    lower, upper = DecayingMaximum(0.5, 0.5, least=0.1)(recent(np.zeros((1, 2)), np.ones((1, 2)), 2, cost_scale=4.0))
    np.testing.assert_allclose(upper, 0.5)
    np.testing.assert_allclose(lower, -0.5)
    assert DecayingMaximum(0.5, 0.5, least=0.1)(recent(np.zeros((1, 1)), np.ones((1, 1)), 20))[1] == 0.1


def test_bisection_goes_half_way_to_the_nearest_cost_of_the_other_sign():
    costs = [[9.0, 0.0], [4.0, 1.0], [2.0, -3.0], [0.0, 0.0]]
    violation = [[-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0], [1.0, 1.0]]
    lower, upper = Bisection(memory=2)(recent(costs, violation))
    np.testing.assert_allclose(upper, [1.0, np.inf])
    np.testing.assert_allclose(lower, [-np.inf, -np.inf])
    np.testing.assert_allclose(
        Bisection(memory=1)(recent(costs[1:2] + costs[3:], violation[1:2] + violation[3:]))[1], [2.0, np.inf]
    )


def test_sign_cut():
    lower, upper = SignCut()(recent(np.zeros((1, 3)), [[2.0, 0.0, -2.0]]))
    np.testing.assert_array_equal(lower, [0.0, 0.0, -np.inf])
    np.testing.assert_array_equal(upper, [np.inf, np.inf, 0.0])


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_the_box_is_never_empty(seed, points):
    rng = np.random.default_rng(seed)
    seen = recent(rng.normal(size=(points, 4)), rng.normal(size=(points, 4)))
    lower, upper = combine((DecayingMaximum(), Bisection(), SignCut()), seen)
    assert ((lower <= 0) & (upper >= 0)).all()
    assert (np.minimum(-lower, upper) == 0).all()


def test_an_unbounded_step_is_refused():
    for limits in ((), (SignCut(),), (Bisection(), SignCut())):
        with pytest.raises(ValueError, match="bounds every step"):
            combine(limits, recent(np.zeros((1, 2)), np.ones((1, 2))))


@pytest.mark.parametrize(
    "make",
    [lambda: DecayingMaximum(0), lambda: DecayingMaximum(decay=2), lambda: Bisection(0), lambda: DampedBfgs(1.5)],
)
def test_parameters_are_checked(make):
    with pytest.raises(ValueError, match="must"):
        make()
