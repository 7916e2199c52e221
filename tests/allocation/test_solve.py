"""Plans cost what scipy finds, prices are derivatives, and a problem without a plan says why."""

import dataclasses

import numpy as np
import pytest

from jaxsim import allocation
from jaxsim.allocation import Problem, Status, sifting, solve
from tests.allocation.instances import COSTS, DEMAND, LEAST_COST, SUPPLY, by_scipy, example, random_problem


def test_the_example_costs_1020():
    plan = solve(example())
    assert plan.status is Status.OPTIMAL
    assert plan.cost == plan.objective == LEAST_COST
    matrix = plan.matrix()
    np.testing.assert_allclose(matrix.sum(0), DEMAND)
    assert (matrix.sum(1) <= SUPPLY).all()
    assert (np.array(COSTS) * matrix).sum() == LEAST_COST
    assert plan.totals == {"cost": LEAST_COST, "unmet_cost": 0.0}
    assert sum(row["units"] for row in plan.table.to_pylist()) == 125


def test_the_example_as_tables_is_the_same():
    i, j = (each.ravel() for each in np.indices((3, 4)))
    costs = {"warehouse": [f"W{k}" for k in i], "location": [f"L{k}" for k in j], "cost": np.ravel(COSTS).astype(float)}
    supply = {"warehouse": ["W0", "W1", "W2"], "units": SUPPLY}
    plan = allocation.allocate(costs, supply, {"location": ["L0", "L1", "L2", "L3"], "units": DEMAND})
    assert plan.cost == LEAST_COST
    np.testing.assert_array_equal(plan.matrix(), solve(example()).matrix())


@pytest.mark.parametrize("seed", range(60))
def test_plans_cost_what_scipy_finds(seed):
    problem = random_problem(seed, priced=seed % 2 == 0)
    plan, answer = solve(problem), by_scipy(problem)
    assert answer is not None
    assert (plan.status is Status.OPTIMAL) == (answer.status == 0)
    if answer.status:
        assert plan.shortage is not None
        return
    assert plan.objective == pytest.approx(answer.fun, rel=1e-9)
    assert plan.gap <= 1e-9
    used = np.bincount(problem.supply_of, plan.units, len(problem.supply))
    assert (used <= problem.supply + 1e-6).all()
    met = np.bincount(problem.demand_of, plan.units, len(problem.demand)) + plan.unmet
    assert (met >= problem.demand - 1e-6).all()
    assert (plan.units >= problem.minimum - 1e-9).all()
    assert (plan.units <= problem.maximum + 1e-9).all()


@pytest.mark.parametrize("seed", range(12))
def test_prices_are_derivatives(seed):
    """Least cost is convex in the bounds, so a price p keeps f(b + h) ≥ f(b) + p h for every h, exactly; where both
    one-sided differences agree, the price is their common value."""
    problem = random_problem(seed, priced=True)
    plan, step, smooth = solve(problem), 1e-3, 0
    for name, price in (
        ("supply", plan.supply_price),
        ("demand", plan.demand_price),
        ("capacity", plan.capacity_price),
    ):
        for row in range(len(price)):
            found = []
            for h in (step, -step):
                bounds = getattr(problem, name).copy()
                bounds[row] += h
                moved = solve(dataclasses.replace(problem, **{name: bounds})).objective
                assert moved >= plan.objective + price[row] * h - 1e-8
                found.append((moved - plan.objective) / h)
            if abs(found[0] - found[1]) < 1e-6:
                assert price[row] == pytest.approx(found[0], abs=1e-6)
                smooth += abs(price[row]) > 1e-6
    assert (plan.supply_price <= 1e-9).all()
    assert (plan.demand_price >= -1e-9).all()
    assert smooth >= 3


@pytest.mark.parametrize("seed", range(4))
def test_sifting_finds_what_the_whole_lp_does(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    problem = Problem.of_matrix(rng.uniform(1, 10, (30, 40)), rng.uniform(40, 60, 30), rng.uniform(20, 40, 40))
    whole = solve(problem)
    monkeypatch.setattr(sifting, "WHOLE", 10)
    monkeypatch.setattr("jaxsim.allocation.solving.WHOLE", 10)
    monkeypatch.setattr("jaxsim.allocation.solving._FIRST", 1)
    some = solve(problem)
    assert whole.columns == 1200
    assert some.columns < 1000
    assert some.status is Status.OPTIMAL
    assert some.objective == pytest.approx(whole.objective, rel=1e-12)
    short = dataclasses.replace(problem, supply=problem.supply * 0.5)
    first = solve(short).shortage
    monkeypatch.undo()
    second = solve(short).shortage
    assert first is not None
    assert second is not None
    assert first.amount == pytest.approx(second.amount, rel=1e-9)


def test_sifting_goes_on_where_the_first_lanes_have_no_plan(monkeypatch):
    """The cheapest lane of each location leads to one warehouse, which cannot serve them all."""
    costs = np.column_stack([np.full(6, 5.0) + np.arange(6), *(np.full(6, 9.0) + np.arange(6) for _ in range(5))])
    costs[0] = 1.0
    problem = Problem.of_matrix(costs, np.full(6, 10.0), np.full(6, 10.0))
    for name in ("jaxsim.allocation.solving.WHOLE", "jaxsim.allocation.sifting.WHOLE"):
        monkeypatch.setattr(name, 3)
    monkeypatch.setattr("jaxsim.allocation.solving._FIRST", 1)
    plan, answer = solve(problem), by_scipy(problem)
    assert answer is not None
    assert plan.status is Status.OPTIMAL
    assert plan.objective == pytest.approx(answer.fun)


def test_an_infeasible_problem_names_the_cut_and_the_amount():
    """L1 and L2 are reached by W1 alone, which has 30 of the 45 units that they want."""
    costs = [[1, 1, 1], [np.inf, np.inf, 1]]
    plan = solve(Problem.of_matrix(costs, [30, 100], [25, 20, 10]))
    assert plan.status is Status.INFEASIBLE
    assert plan.shortage is not None
    assert plan.shortage.amount == pytest.approx(15)
    conflict = {(row["limit"], row["name"]): row["units"] for row in plan.shortage.conflict.to_pylist()}
    assert conflict == {("demand", "L1"): 25, ("demand", "L2"): 20, ("supply", "W1"): 30}
    assert plan.shortage.broken["units"].to_numpy().sum() == pytest.approx(15)
    assert str(plan.shortage).startswith(
        "No plan keeps every limit: the demand of L1, L2 (45 in all) exceeds the supply of W1 (30 in all) by 15."
    )
    assert np.isnan(plan.supply_price).all()
    assert plan.unmet.sum() == pytest.approx(15)


def test_a_bound_on_a_measure_is_said_in_units_of_demand():
    """Each unit emits 2, so a bound of 10 is enough for 5 of the 45 units."""
    problem = Problem.of_matrix([[1, 1]], [100], [25, 20], co2_kg=[[2, 2]])
    assert str(solve(problem, at_most={"co2_kg": 10}).shortage).startswith(
        "No plan keeps every limit: the demand of L1, L2 (45 in all) exceeds the bound on co2_kg (enough for 5) by 40."
    )


def test_minima_and_maxima_are_part_of_a_contradiction():
    plan = solve(Problem.of_matrix([[1, 1]], [10], [5, 5], minimum=[[8, 0]]))
    assert plan.shortage is not None
    assert plan.shortage.amount == pytest.approx(3)
    assert "the minimum of lane W1 to L1" in str(plan.shortage)
    plan = solve(Problem.of_matrix([[1, 1]], [100], [5, 50], maximum=[[np.inf, 20]]))
    assert plan.shortage is not None
    assert plan.shortage.amount == pytest.approx(30)
    assert "the maximum of lane W1 to L2" in str(plan.shortage)


@pytest.mark.parametrize("seed", range(30))
def test_the_amount_is_the_least_violation(seed):
    """As an LP of its own says, and the contradiction adds up to it."""
    rng = np.random.default_rng(seed)
    costs = np.where(rng.random((4, 6)) < 0.5, rng.uniform(1, 9, (4, 6)), np.inf)
    problem = Problem.of_matrix(costs, rng.integers(5, 30, 4), rng.integers(5, 30, 6))
    plan = solve(problem)
    soft = by_scipy(dataclasses.replace(problem, unmet_price=np.ones(6)), np.zeros(problem.lanes))
    assert soft is not None
    if soft.fun < 1e-9:
        assert plan.status is Status.OPTIMAL
        return
    assert plan.shortage is not None
    assert plan.shortage.amount == pytest.approx(soft.fun, rel=1e-9)
    assert plan.unmet.sum() == pytest.approx(soft.fun, rel=1e-9)
    names = lambda side: {row["name"] for row in plan.shortage.conflict.to_pylist() if row["limit"] == side}  # pyright: ignore
    needy = [j for j in range(6) if f"L{j + 1}" in names("demand")]
    reach = {i for i in range(4) for j in needy if np.isfinite(costs[i, j])}
    assert reach <= {i for i in range(4) if f"W{i + 1}" in names("supply")}
    wanted = problem.demand[needy].sum() - problem.supply[[i for i in range(4) if f"W{i + 1}" in names("supply")]].sum()
    assert wanted == pytest.approx(plan.shortage.amount)


def test_bounds_on_measures_hold_and_have_a_price():
    problem = random_problem(3, priced=True)
    free = solve(problem)
    bound = 0.9 * free.total("co2_kg")
    plan = solve(problem, at_most={"co2_kg": bound})
    assert plan.total("co2_kg") <= bound * (1 + 1e-9)
    assert plan.objective > free.objective
    nearby = solve(problem, at_most={"co2_kg": bound + 1e-3})
    assert plan.limit_price["co2_kg"] == pytest.approx((nearby.objective - plan.objective) / 1e-3, abs=1e-5)


def test_weights_say_what_is_minimized():
    problem = random_problem(5, priced=True)
    for name in allocation.MEASURES:
        plan = solve(problem, weights={name: 2.0, "cost": 2.0})
        own = problem.measure("cost") + (problem.measure(name) if name != "cost" else 0.0)
        answer = by_scipy(problem, own)
        assert answer is not None
        assert plan.objective == pytest.approx(2 * answer.fun, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"supply": [1.0, 2.0]}, "supply has shape"),
        ({"demand": [1.0, 2.0, 3.0, np.nan]}, r"demand\[3\] is nan"),
        ({"supply": [1.0, -2.0, 3.0]}, r"supply\[1\] is -2"),
        ({"minimum": 5.0, "maximum": 4.0}, "lane W1 to L1: the minimum 5 is above the maximum 4"),
        ({"costs": [1.0, 2.0]}, "two, warehouses and locations"),
        ({"warehouses": ["a", "a", "b"]}, "3 different names"),
        ({"co2": np.ones((3, 4))}, "there is no measure 'co2'"),
    ],
)
def test_bad_arrays_are_refused_in_a_sentence(change, message):
    given = {"costs": COSTS, "supply": SUPPLY, "demand": DEMAND} | change
    with pytest.raises(ValueError, match=message):
        Problem.of_matrix(**given)


def test_bad_weights_and_bounds_are_refused():
    for arguments in ({"weights": {"speed": 1.0}}, {"weights": {"cost": -1.0}}, {"at_most": {"days": np.inf}}):
        with pytest.raises(ValueError, match=r"measure|must be"):
            solve(example(), **arguments)


def test_a_wrong_answer_is_not_called_optimal(monkeypatch):
    """The certificate is recomputed, so what a solver merely claims does not pass."""
    true = sifting.sift
    worse = lambda lp, first: (found := true(lp, first))._replace(x=found.x * 1.001)
    monkeypatch.setattr("jaxsim.allocation.solving.sift", worse)
    assert solve(example()).status is Status.INACCURATE
