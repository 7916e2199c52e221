"""The default method on a toy response, fresh noise in every iteration: box, optimality, stopping, resuming."""

import dataclasses

import numpy as np
import pytest
from toy import Toy

from jaxsim.cost_search import (
    Evaluation,
    IterationCount,
    LpSensitivity,
    Newton,
    SearchState,
    Space,
    StopReason,
    deviation_gap,
    projected_violation,
    search,
    start_state,
)


@pytest.fixture(scope="module")
def toy() -> Toy:
    return Toy(1)


def noisy(toy: Toy, noise: float, seed: int = 0):
    """Utilization with noise of its own in every iteration, as large as a part of the mean plan."""

    def evaluate(costs, iteration):
        error = np.full(len(costs), noise * toy.plan.mean())
        drawn = error * np.random.default_rng([seed, iteration]).standard_normal(len(costs))
        return Evaluation(toy.utilization(costs) + drawn, error=error)

    return evaluate


def box(toy: Toy, price: float) -> Space:
    size = np.full(len(toy.plan), price)
    return Space(np.ones(len(toy.plan)), np.zeros(len(toy.plan), int), np.ones(len(toy.plan), bool), size, size)


def true_wmapd(toy: Toy, costs) -> float:
    return np.abs(toy.utilization(costs) - toy.plan).sum() / toy.plan.sum()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_comes_near_the_bound_through_noise(seed):
    """Without any sensitivity, by a diagonal whose size is corrected by what is seen."""
    toy = Toy(seed)
    result = search(noisy(toy, 0.05), toy.plan, Newton(stop=(IterationCount(40),), average=10), space=box(toy, 3.0))
    assert true_wmapd(toy, result.costs) <= 2 * toy.bound()
    assert result.promoted_iteration == result.state.iteration - 1
    assert abs(result.wmapd - true_wmapd(toy, result.costs)) < 0.05


def test_a_higher_price_buys_more_adherence_for_higher_costs(toy):
    found = [search(noisy(toy, 0.01), toy.plan, space=box(toy, price)).costs for price in (0.1, 0.4, 1.6)]
    reached = [true_wmapd(toy, costs) for costs in found]
    assert reached[0] > reached[1] > reached[2]
    for costs, price in zip(found, (0.1, 0.4, 1.6), strict=True):
        assert np.abs(costs).max() == price


@pytest.mark.parametrize("target", [0.12, 0.2])
def test_aims_its_price_at_a_target(toy, target):
    """The price of deviation ends where what it leaves is what was asked for, from too dear and from too cheap."""
    for price in (0.15, 0.6):
        result = search(noisy(toy, 0.01), toy.plan, Newton(target=target, steady=20.0), space=box(toy, price))
        assert abs(true_wmapd(toy, result.costs) / target - 1) < 0.25
        assert np.abs(result.costs).max() <= price * float(result.state.price) * (1 + 1e-12)
        assert 0.25 <= float(result.state.price) <= 2.0


def test_ends_at_an_optimum_of_the_box(toy):
    space = box(toy, 0.4)
    start = projected_violation(space, toy.plan, 0 * toy.plan, toy.utilization(0 * toy.plan) - toy.plan, 0 * toy.plan)
    result = search(noisy(toy, 0.01), toy.plan, Newton(stop=(IterationCount(60),), average=10), space=space)
    violation = toy.utilization(result.costs) - toy.plan
    end = projected_violation(space, toy.plan, result.costs, violation, 0 * toy.plan)
    assert end.violation < 0.12 * start.violation
    assert deviation_gap(space, toy.plan, result.costs, violation) < 0.12 * deviation_gap(
        space, toy.plan, 0 * toy.plan, toy.utilization(0 * toy.plan) - toy.plan
    )


def test_only_costs_at_an_end_of_a_wide_box_are_put_there(toy):
    """What is a small part of a wide box is still much of a cost scale: it would change what node-weeks cost beside
    each other."""
    space, method = box(toy, 32.0), Newton()
    costs = np.where(np.arange(len(toy.plan)) % 2, -31.5, -31.97)
    nothing = 0 * costs[None]
    state = dataclasses.replace(
        start_state(space, method),
        iteration=1,
        next_costs=costs,
        costs=costs[None],
        violation=nothing,
        error=nothing,
        path=np.zeros(1),
    )
    assert np.array_equal(method.answer(toy.plan, space, state).costs, np.where(costs == -31.5, costs, -32.0))


def test_stops_when_only_noise_is_left(toy):
    method = Newton(stop=(IterationCount(200),))
    loud = search(noisy(toy, 0.5), toy.plan, method, space=box(toy, 0.4))
    assert loud.reason is StopReason.AT_NOISE
    assert loud.state.iteration < 40
    quiet = search(noisy(toy, 1e-4), toy.plan, Newton(stop=(IterationCount(40),)), space=box(toy, 0.4))
    assert quiet.reason is StopReason.ITERATIONS


def test_one_sided_plans_get_prices_of_one_sign(toy):
    size = len(toy.plan)
    none, some = np.zeros(size), np.full(size, 0.5)
    space = Space(np.ones(size), np.zeros(size, int), np.ones(size, bool), under=none, over=some)
    costs = search(noisy(toy, 0.01), toy.plan, space=space).costs
    assert costs.min() == 0
    assert costs.max() == 0.5


def test_resumes_to_the_bit_and_starts_from_given_costs(toy):
    states: list[SearchState] = []
    space, evaluate = box(toy, 0.4), noisy(toy, 0.05)
    whole = search(evaluate, toy.plan, space=space, on_iteration=lambda state, _: states.append(state))
    for at in (0, 1, 7):
        again = search(evaluate, toy.plan, space=space, state=SearchState.from_arrays(states[at].to_arrays()))
        assert again.costs.tobytes() == whole.costs.tobytes()
    warm = search(evaluate, toy.plan, Newton(stop=(IterationCount(3),)), space=space, start=whole.costs)
    assert warm.state.path[0] < 0.5 * whole.state.path[0]
    with pytest.raises(ValueError, match="the start must be a finite cost"):
        search(evaluate, toy.plan, space=space, start=np.full(len(toy.plan), np.nan))


def test_a_sensitivity_is_taken_where_there_is_one_and_averaged(toy):
    """Node-weeks of which it does not tell keep the diagonal that they had."""
    size, calls = len(toy.plan), []

    def evaluate(costs, iteration):
        def sensitivity():
            calls.append(iteration)
            matrix = -np.diag(toy.plan * (1 + iteration))
            matrix[:3] = 0
            return matrix

        return Evaluation(toy.utilization(costs), sensitivity=sensitivity)

    method = Newton(curvature=LpSensitivity(every=2, weight=0.25), stop=(IterationCount(3),))
    matrix = search(evaluate, toy.plan, method, space=box(toy, 0.4)).state.curvature
    assert calls == [0, 2]
    np.testing.assert_allclose(np.diag(matrix)[3:], -toy.plan[3:] * (0.75 + 0.25 * 3))
    assert (np.diag(matrix)[:3] < 0).all()
    assert matrix.shape == (size, size)


@pytest.mark.parametrize(
    ("costs", "violation", "violated", "noise"),
    [
        (0.0, 30.0, 0.3, np.sqrt(2 / np.pi) * 0.1),  # inside: both signs count
        (1.0, 30.0, 0.0, 0.0),  # at the upper end and over plan: as it should be, and far from the other side
        (1.0, -30.0, 0.3, 0.1 / np.sqrt(2 * np.pi)),
        (-1.0, -30.0, 0.0, 0.0),
        (-1.0, 30.0, 0.3, 0.1 / np.sqrt(2 * np.pi)),
    ],
)
def test_projected_violation_by_hand(costs, violation, violated, noise):
    one = np.ones(1)
    space = Space(one, np.zeros(1, int), np.ones(1, bool), under=one, over=one)
    found = projected_violation(space, 100 * one, costs * one, violation * one, 10 * one)
    assert found.violation == pytest.approx(violated)
    assert found.noise == pytest.approx(noise, abs=1e-3)


def test_gap_by_hand():
    """2 units over at a price of 3, of which λ has earned 1 each; 1 under at a price of 5."""
    space = Space(np.ones(2), np.zeros(2, int), np.ones(2, bool), under=np.full(2, 5.0), over=np.full(2, 3.0))
    gap = deviation_gap(space, np.array([6.0, 4.0]), np.array([1.0, 0.0]), np.array([2.0, -1.0]))
    assert gap == pytest.approx((2 * 3 - 2 * 1 + 1 * 5) / 10)
    assert deviation_gap(Space.uniform(2, 1.0), np.ones(2), np.ones(2), np.ones(2)) == np.inf


@pytest.mark.parametrize("wrong", [{"steady": 0}, {"power": 0.4}, {"damping": -1}, {"average": 0}, {"stop": ()}])
def test_settings_are_checked(wrong):
    with pytest.raises(ValueError, match="Newton"):
        Newton(**wrong)
