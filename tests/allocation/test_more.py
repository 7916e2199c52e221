"""Ranges of costs, Pareto fronts and batches, each against solving again."""

import dataclasses

import numpy as np
import pytest

from jaxsim.allocation import (
    Problem,
    Status,
    limited_front,
    ranging,
    solve,
    solve_batch,
    weighted_front,
)
from tests.allocation.instances import COSTS, DEMAND, LEAST_COST, SUPPLY, example, random_problem


def with_cost(problem: Problem, lane: int, cost: float) -> Problem:
    """The problem with another transport cost of one lane."""
    costs = problem.measure("cost").copy()
    costs[lane] = cost
    return dataclasses.replace(problem, measures=problem.measures | {"cost": costs})


@pytest.mark.parametrize("seed", [None, *range(8)])
def test_within_its_range_a_cost_changes_no_plan_and_beyond_it_does(seed):
    """The example is degenerate, where the ranging of one basis would say too little."""
    problem = example() if seed is None else random_problem(seed, priced=True)
    plan = solve(problem)
    found = ranging(plan)
    finite = 0
    for lane, low, high in zip(found.lane.tolist(), found.low.tolist(), found.high.tolist(), strict=True):
        for end, outward in ((low, -1.0), (high, 1.0)):
            cost = float(problem.measure("cost")[lane])
            far = float(cost + outward * 50.0 if np.isinf(end) else end)
            inside = with_cost(problem, lane, cost + 0.999 * (far - cost))
            here = lambda p: float((p.measure("cost") + p.measure("holding_cost")) @ plan.units) + plan.unmet_cost
            if inside.measure("cost")[lane] >= 0:
                assert solve(inside).objective == pytest.approx(here(inside), rel=1e-8)
            if np.isfinite(end):
                finite += 1
                beyond = with_cost(problem, lane, end + outward * 0.05)
                assert solve(beyond).objective < here(beyond) - 1e-6
    assert finite > 5


def test_ranges_of_the_example():
    found = ranging(solve(example()))
    assert found.table.num_rows == 12
    rows = {(row["warehouse"], row["location"]): (row["low"], row["high"]) for row in found.table.to_pylist()}
    assert rows["W1", "L3"] == pytest.approx((8, 12))
    assert rows["W3", "L4"] == (-np.inf, pytest.approx(7))


def test_what_cannot_be_ranged_is_refused():
    problem = example()
    with pytest.raises(ValueError, match="numbered from 0 to 11"):
        ranging(solve(problem), [12])
    with pytest.raises(ValueError, match="no weight"):
        ranging(solve(problem, weights={"days": 1.0}))
    with pytest.raises(ValueError, match="breaks them by the least"):
        ranging(solve(Problem.of_matrix([[1]], [1], [2])))


def two_aims(seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    shape = (4, 6)
    return Problem.of_matrix(
        rng.uniform(1, 10, shape), rng.integers(20, 30, 4), rng.integers(5, 15, 6), co2_kg=rng.uniform(1, 10, shape),
        days=rng.integers(1, 6, shape),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_a_weighted_front_has_every_corner(seed):
    """No weight finds anything below the chain of its plans, and no plan beats another."""
    problem = two_aims(seed)
    front = weighted_front(problem)
    cost, co2 = (front.table[name].to_numpy() for name in ("cost", "co2_kg"))
    assert len(cost) >= 3
    assert (np.diff(cost) > 0).all()
    assert (np.diff(co2) < 0).all()
    assert (np.diff(np.diff(co2) / np.diff(cost)) > -1e-9).all()
    for share in np.linspace(0.01, 0.99, 25):
        best = solve(problem, weights={"cost": share, "co2_kg": 1 - share}).objective
        assert best == pytest.approx((share * cost + (1 - share) * co2).min(), rel=1e-7)


@pytest.mark.parametrize("seed", range(5))
def test_a_limited_front_lies_on_the_weighted_one(seed):
    problem = two_aims(seed)
    corners, limited = weighted_front(problem).table, limited_front(problem, points=9)
    rows = limited.table
    chain = np.interp(rows["co2_kg"].to_numpy(), corners["co2_kg"].to_numpy()[::-1], corners["cost"].to_numpy()[::-1])
    np.testing.assert_allclose(rows["cost"].to_numpy(), chain, rtol=1e-6)
    prices = [plan.limit_price["co2_kg"] for plan in limited.plans[1:-1]]
    assert prices == sorted(prices, reverse=True)


def test_a_front_of_three_aims_has_no_plan_that_another_beats():
    front = weighted_front(two_aims(0), ("cost", "days", "co2_kg"))
    values = np.array([front.table[name].to_numpy() for name in front.aims]).T
    assert len(values) > 5
    for one in values:
        assert not ((values <= one + 1e-9).all(1) & (values < one - 1e-6).any(1)).any()
    for place, name in enumerate(front.aims):
        assert values[:, place].min() == pytest.approx(solve(two_aims(0), weights={name: 1.0}).objective, rel=1e-3)


def test_fronts_refuse_what_is_no_aim():
    for aims in (("cost",), ("cost", "cost"), ("cost", "speed")):
        with pytest.raises(ValueError, match=r"aims|measure"):
            weighted_front(example(), aims)
    with pytest.raises(ValueError, match="two points"):
        limited_front(two_aims(0), points=1)
    with pytest.raises(ValueError, match="exceeds"):
        weighted_front(Problem.of_matrix([[1]], [1], [2], co2_kg=[[1]]))


def test_a_batch_finds_the_example():
    plans = solve_batch([COSTS] * 3, [SUPPLY] * 3, [DEMAND] * 3)
    np.testing.assert_array_equal(plans.cost, [LEAST_COST] * 3)
    assert plans.proven.all()
    assert plans.feasible.all()


@pytest.mark.parametrize("priced", [False, True])
def test_a_batch_costs_what_single_problems_cost(priced):
    rng = np.random.default_rng(1)
    batch, shape = 64, (4, 6)
    costs = np.where(rng.random((batch, *shape)) < 0.9, rng.uniform(1, 10, (batch, *shape)), np.inf)
    supply, demand = rng.uniform(10, 40, (batch, 4)), rng.uniform(5, 20, (batch, 6))
    price = np.full(demand.shape, 8.0) if priced else np.inf
    plans = solve_batch(costs, supply, demand, price)
    assert plans.proven.all()
    assert plans.feasible.sum() > 5
    for k in range(batch):
        at = 8.0 if priced else np.inf
        plan = solve(Problem.of_matrix(costs[k], supply[k], demand[k], unmet_price=at))
        assert (plan.status is Status.OPTIMAL) == plans.feasible[k]
        assert plans.unmet[k].sum() == pytest.approx(plan.unmet.sum(), abs=1e-7)
        if plans.feasible[k]:
            assert plans.objective[k] == pytest.approx(plan.objective, rel=1e-9)
            np.testing.assert_allclose(plans.supply_price[k], plan.supply_price, atol=1e-7)
            np.testing.assert_allclose(plans.demand_price[k], plan.demand_price, atol=1e-7)
    assert priced or not plans.feasible.all()


def test_a_batch_refuses_what_it_cannot_solve():
    good = np.ones((2, 3, 4)), np.ones((2, 3)), np.ones((2, 4))
    bad = [
        ((good[0][0], *good[1:]), "three"),
        ((good[0], good[2], good[2]), "supply has shape"),
        ((-good[0], *good[1:]), "from 0 on"),
        ((good[0], good[1] * np.nan, good[2]), r"supply\[0, 0\] is nan"),
        ((*good, [[1, 1, 1, np.inf]] * 2), "everywhere or nowhere"),
        ((*good, -1.0), "must not be negative"),
    ]
    for arguments, message in bad:
        with pytest.raises(ValueError, match=message):
            solve_batch(*arguments)
