"""The search on a toy response: convergence, resuming to the bit, interruption, refusal of bad numbers."""

import dataclasses

import numpy as np
import pytest
from toy import Toy

from jaxsim.cost_search import (
    CurvatureUpdate,
    Evaluation,
    IterationCount,
    IterationRecord,
    Paper,
    SearchResult,
    SearchState,
    Space,
    Stalled,
    StopReason,
    WithinFactorOfBound,
    search,
    start_state,
)


@pytest.fixture(scope="module")
def toy() -> Toy:
    return Toy(1)


def evaluate(toy: Toy):
    return lambda costs, _: Evaluation(toy.utilization(costs), {"pna": float(costs.sum())})


@pytest.fixture(scope="module")
def whole(toy) -> tuple[SearchResult, list[SearchState], list[IterationRecord]]:
    """A search that nothing stopped, with the state and the record that it reported after every iteration."""
    states, records = [], []

    def keep(state: SearchState, record: IterationRecord) -> None:
        states.append(state)
        records.append(record)

    return search(evaluate(toy), toy.plan, Paper(), on_iteration=keep), states, records


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_comes_within_twice_the_bound(seed):
    toy = Toy(seed)
    result = search(evaluate(toy), toy.plan, Paper())
    unconstrained = np.abs(toy.utilization(np.zeros_like(toy.plan)) - toy.plan).sum() / toy.plan.sum()
    bound = toy.bound()
    assert result.reason is StopReason.ITERATIONS
    assert len(result.records) == 30
    assert result.wmapd <= 0.37 * unconstrained
    assert bound * 0.999 <= result.wmapd <= 2 * bound


@pytest.mark.parametrize("cost_scale", [0.3, 3.0])
def test_forgives_a_wrong_cost_scale(toy, cost_scale):
    space = Space.uniform(len(toy.plan), cost_scale)
    result = search(evaluate(toy), toy.plan, Paper(), space=space)
    assert result.wmapd <= 0.2 * result.state.path[0]


def test_node_weeks_that_do_not_answer_do_no_harm(toy, whole):
    dead = np.full(40, toy.plan.mean())
    arrivals = dead * np.random.default_rng(0).uniform(0.5, 1.5, 40)
    plan = np.r_[toy.plan, dead]
    response = lambda costs, _: Evaluation(np.r_[toy.utilization(costs[:-40]), arrivals])
    costs = search(response, plan, Paper()).costs[:-40]
    assert np.abs(toy.utilization(costs) - toy.plan).sum() / toy.plan.sum() < 1.5 * whole[0].wmapd


def test_promotes_the_best_iterate(toy, whole):
    result, _, seen = whole
    assert result.wmapd == min(record.wmapd for record in seen)
    assert seen[result.promoted_iteration].wmapd == result.wmapd
    np.testing.assert_array_equal(toy.utilization(result.costs), result.utilization)
    assert [record.iteration for record in seen] == list(range(30))
    assert seen[0].extras == {"pna": pytest.approx(1e-3 * len(toy.plan))}


def test_resumes_to_the_bit(toy, whole):
    result, states, _ = whole
    for at in (0, 1, 2, 17):
        again = search(evaluate(toy), toy.plan, Paper(), state=SearchState.from_arrays(states[at].to_arrays()))
        for name, array in result.state.to_arrays().items():
            assert array.tobytes() == again.state.to_arrays()[name].tobytes(), name


def test_an_interrupt_keeps_the_last_complete_iteration(toy, whole):
    calls = []

    def stopped(costs, _):
        calls.append(costs)
        if len(calls) == 6:
            raise KeyboardInterrupt
        return Evaluation(toy.utilization(costs))

    result = search(stopped, toy.plan, Paper())
    assert result.interrupted
    assert result.state.iteration == 5
    resumed = search(evaluate(toy), toy.plan, Paper(), state=result.state)
    np.testing.assert_array_equal(resumed.costs, whole[0].costs)


def test_an_interrupt_in_the_first_simulation_promotes_nothing():
    def stopped(costs, _):
        raise KeyboardInterrupt

    result = search(stopped, np.ones(3), Paper())
    assert result.interrupted
    assert result.promoted_iteration == -1
    assert result.wmapd == np.inf


def test_refuses_numbers_that_are_not_finite():
    with pytest.raises(FloatingPointError, match=r"iteration 0: utilization of node-week 1"):
        search(lambda costs, _: Evaluation(np.array([1.0, np.nan])), np.ones(2))


@pytest.mark.parametrize("plan", [np.zeros(3), np.array([1.0, np.nan]), np.array([1.0, -1.0]), np.ones((2, 2))])
@pytest.mark.usefixtures("unchecked_types")
def test_refuses_bad_plans(plan):
    with pytest.raises(ValueError, match="the plan must be"):
        search(lambda costs, _: Evaluation(costs), plan)


def test_refuses_a_state_of_another_plan(toy):
    state = search(evaluate(toy), toy.plan, Paper(stop=(IterationCount(1),))).state
    with pytest.raises(ValueError, match="the state has 150 node-weeks, the plan 2"):
        search(evaluate(toy), np.ones(2), state=state)


def test_refuses_damaged_states(toy):
    arrays = search(evaluate(toy), toy.plan, Paper(stop=(IterationCount(2),))).state.to_arrays()
    with pytest.raises(ValueError, match="missing or unknown"):
        SearchState.from_arrays({name: array for name, array in arrays.items() if name != "path"})
    with pytest.raises(ValueError, match="path has shape"):
        SearchState.from_arrays(arrays | {"path": np.zeros(7)})


def test_a_curvature_of_ones_own_is_used(toy):
    @dataclasses.dataclass(frozen=True)
    class Given:
        def __call__(self, matrix, transition):
            return CurvatureUpdate(transition.evaluation.sensitivity(), skipped=False)

    sensitivity = -np.diag(toy.plan)
    response = lambda costs, _: Evaluation(toy.utilization(costs), sensitivity=lambda: sensitivity)
    result = search(response, toy.plan, Paper(curvature=Given(), stop=(IterationCount(10),)))
    np.testing.assert_array_equal(result.state.curvature, sensitivity)
    assert result.wmapd < 0.5 * result.state.path[0]


def test_stop_rules():
    path = np.array([0.4, 0.2, 0.1, 0.11, 0.12])
    assert IterationCount(5)(path) is StopReason.ITERATIONS
    assert IterationCount(6)(path) is None
    assert WithinFactorOfBound(0.05, 2.0)(path) is StopReason.NEAR_BOUND
    assert WithinFactorOfBound(0.05, 1.9)(path) is None
    assert Stalled(2)(path) is StopReason.STALLED
    assert Stalled(3)(path) is None
    assert Stalled(5)(path) is None


@pytest.mark.parametrize("wrong", [{"first_step": -1.0}, {"secant_spread": 0.5}, {"limits": ()}, {"stop": ()}])
def test_config_is_checked(wrong):
    with pytest.raises(ValueError, match="Paper"):
        Paper(**wrong)


@pytest.fixture(scope="module")
def two_parts(toy) -> tuple[np.ndarray, Space]:
    """A plan whose first 40 node-weeks nothing reaches, and then the toy's."""
    size = len(toy.plan)
    plan = np.r_[np.full(40, toy.plan.mean()), toy.plan]
    scale, part = np.r_[np.full(40, 7.0), np.ones(size)], np.r_[np.zeros(40, int), np.ones(size, int)]
    return plan, Space(scale, part, np.arange(len(plan)) >= 40)


def test_node_weeks_without_a_price_stay_out(toy, whole, two_parts):
    """Costs, H and steps of the others are what they are alone; the deviation counts."""
    plan, space = two_parts
    fixed = plan[:40] * np.random.default_rng(0).uniform(0.5, 1.5, 40)
    states: list[SearchState] = []
    result = search(
        lambda costs, _: Evaluation(np.r_[fixed, toy.utilization(costs[40:])]), plan, Paper(), space=space,
        on_iteration=lambda state, record: states.append(state),
    )  # fmt: skip
    assert not result.costs[:40].any()
    assert result.state.curvature.shape == (len(toy.plan), len(toy.plan))
    assert result.wmapd == np.abs(result.utilization - plan).sum() / plan.sum()
    for mine, alone in zip(states, whole[1], strict=True):
        np.testing.assert_array_equal(mine.next_costs[40:], alone.next_costs)
    restored = SearchState.from_arrays(states[4].to_arrays())
    np.testing.assert_array_equal(restored.curvature, states[4].curvature)


def test_parts_have_their_own_scale_and_elasticity(toy):
    """Two copies, one priced in other money: the costs are the same in each one's money."""
    size, money = len(toy.plan), 8.0
    plan = np.r_[toy.plan, toy.plan]
    space = Space(np.r_[np.ones(size), np.full(size, money)], np.repeat([0, 1], size), np.ones(2 * size, bool))
    both = lambda costs, _: Evaluation(np.r_[toy.utilization(costs[:size]), toy.utilization(costs[size:] / money)])
    costs = search(both, plan, Paper(stop=(IterationCount(6),)), space=space).state.next_costs
    np.testing.assert_allclose(costs[size:], money * costs[:size], rtol=1e-6, atol=1e-9)


def test_refuses_a_space_of_another_size(toy):
    with pytest.raises(ValueError, match="space must have a positive cost scale for each node-week"):
        search(evaluate(toy), toy.plan, Paper(), space=Space.uniform(3, 1.0))
    other = start_state(Space.uniform(len(toy.plan), 1.0), Paper())
    space = Space(np.ones(len(toy.plan)), np.zeros(len(toy.plan), int), np.arange(len(toy.plan)) > 4)
    with pytest.raises(ValueError, match="prices"):
        search(evaluate(toy), toy.plan, Paper(), space=space, state=other)
