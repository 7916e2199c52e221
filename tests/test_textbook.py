"""Textbook problems through both engines: exact costs within stated limits, published answers, and two by hand."""

import numpy as np
import pytest

from jaxsim import reference
from jaxsim.measures import period_costs
from jaxsim.scenario import textbook
from jaxsim.scenario.check import faults_of
from jaxsim.scenario.textbook import Case, Normal
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from validation import textbook as suite
from validation.textbook_answers import exact_cost

pytestmark = pytest.mark.slow  # thousands of trials of all cases, which every test reads

TRIALS = 1_000


@pytest.fixture(scope="module")
def system() -> System:
    return build(textbook.scenario())


@pytest.fixture(scope="module")
def results(system) -> list[suite.Result]:
    return suite.run_cases(system, TRIALS, seed=0)


def test_the_scenario_is_sound():
    assert faults_of(textbook.scenario().tables) == []


def test_simulated_costs_are_the_exact_ones(results):
    """All within 5.4 standard errors: a right simulator fails with a chance of 1e-6; an error of 8% is always found."""
    assert [result.case.name for result in results if not result.fine] == []
    assert max(result.detectable for result in results) < 0.1


def test_another_lead_time_would_be_found(system, results):
    """The costs of one more period of lead time lie outside the limits in every case."""
    for result in results:
        case = result.case
        later = Case(**{**vars(case), "lead_time": case.lead_time + 1})
        if case.backlogged or case.lead_time == 1:  # a fourth pending order makes the chain large
            score = (result.mean - exact_cost(system, later)) / result.standard_error
            assert abs(score) > result.allowed, case.name


def test_policies_reach_the_published_answers(results):
    """Order-up-to is optimal with backlogging; with lost sales the optimum bounds it, and the gap is a few percent."""
    for result in results:
        gap = result.exact / result.case.answer - 1
        assert (0.002 < gap < 0.09) if result.case.is_bound else abs(gap) < 5e-4, result.case.name


def test_engines_agree_on_every_case(system):
    assert suite.differing_entries(system, 2, seed=3) == 0


def test_two_products_by_hand():
    """Demand 10 a period, lead time 1, 25 or 12 on hand at first; costs of holding 2, of shortage 3."""
    constant = Normal(10.0, 0.0, unit=1)
    cases = (
        Case("lost", constant, 2.0, 3.0, 1, 25, False, 0.0, "by hand"),
        Case("waits", constant, 2.0, 3.0, 1, 12, True, 0.0, "by hand"),
        Case("loses", constant, 2.0, 3.0, 1, 12, False, 0.0, "by hand"),
    )
    system = build(textbook.scenario(4, cases))
    for trajectory in (Simulator(system).trajectory(), reference.run(system)):
        ends = lambda daily: daily[:, 0, 6::7, 0].tolist()
        orders = trajectory.order_quantity[:, 0, ::7].tolist()
        # 25: 15 left, then 10 ordered each period, which arrive one later: 5 left at every end.
        # 12: 2 left, 10 ordered; 8 wait, 10 come and 8 wait again.
        # 12, lost: 2 left, 10 ordered; 2 of 10 served, nothing left, 10 come, none left.
        assert orders == [[0, 10, 10, 10], [0, 10, 10, 10], [0, 10, 2, 10]]
        assert ends(trajectory.on_hand) == [[15, 5, 5, 5], [2, 0, 0, 0], [2, 0, 0, 0]]
        assert ends(trajectory.backlog) == [[0, 0, 0, 0], [0, 8, 8, 8], [0, 0, 0, 0]]
        assert ends(trajectory.lost) == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 8, 0, 8]]
        costs = period_costs(system, trajectory)
        np.testing.assert_allclose(costs.holding[:, 0], [[30, 10, 10, 10], [4, 0, 0, 0], [4, 0, 0, 0]])
        np.testing.assert_allclose(costs.shortage[:, 0], [[0, 0, 0, 0], [0, 24, 24, 24], [0, 24, 0, 24]])
