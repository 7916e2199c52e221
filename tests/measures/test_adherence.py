"""wMAPD and its bound, against plain loops and a plainly written linear program."""

import dataclasses

import equinox as eqx
import numpy as np
import pytest
import scipy.optimize
import scipy.sparse
from instances import random_outcome

from jaxsim.measures import lower_bound, wmapd
from jaxsim.measures.split_lp import SplitProblem, solve_highs, solve_interior
from jaxsim.outcome import Outcome
from jaxsim.system import Products, System, build
from validation.random_scenarios import random_scenario


def plain_bound(system: System, outcome) -> float:
    """The bound's LP without grouping: one variable per product, order week and slot."""
    products, plan, weeks = system.products, system.network.plan, system.weeks
    columns, owners, right = [], [], []
    fixed = np.zeros_like(plan)
    for a in range(len(products.sampling_weight)):
        for slot, node in enumerate(products.node[a]):
            for day in range(7 * weeks):
                fixed[node, day // 7] += products.sampling_weight[a] * products.in_flight[a, day, slot] * (node >= 0)
        for week in range(weeks):
            quantity = outcome.orders[a, :, week].sum() / outcome.orders.shape[1] * products.sampling_weight[a]
            if quantity == 0:
                continue
            for slot in np.flatnonzero(products.orderable[a]):
                arrivals = np.zeros_like(plan)
                for lead, probability in enumerate(
                    system.lead_times.probability[products.lead_time_distribution[a, slot]]
                ):
                    day = 7 * week + products.first_review_day[a] % 7 + lead
                    if day < 7 * weeks:
                        arrivals[products.node[a, slot], day // 7] += probability
                columns.append(arrivals)
                owners.append(len(right))
            right.append(quantity)
    planned = ~np.isnan(plan)
    p = np.array([column[planned] for column in columns]).reshape(len(columns), planned.sum()).T
    rows = int(planned.sum())
    owner = (np.array(owners)[None] == np.arange(len(right))[:, None]).astype(float)
    matrix = np.block([[p, -np.eye(rows), np.eye(rows)], [owner, np.zeros((len(right), 2 * rows))]])
    cost = np.r_[np.zeros(len(columns)), np.ones(2 * rows)]
    best = scipy.optimize.linprog(cost, A_eq=matrix, b_eq=np.r_[(plan - fixed)[planned], right])
    return best.fun / plan[planned].sum()


def test_wmapd():
    plan = np.array([[10.0, 30.0], [np.nan, 60.0]])
    assert wmapd(np.array([[20.0, 30.0], [7.0, 50.0]]), plan) == pytest.approx(0.2)
    assert wmapd(np.nan_to_num(plan), plan) == 0.0


def test_wmapd_refuses():
    with pytest.raises(ValueError, match="shape"):
        wmapd(np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match="positive total"):
        wmapd(np.ones(2), np.array([0.0, np.nan]))


@pytest.mark.parametrize("seed", range(10))
def test_bound_is_the_plain_lps_optimum(seed):
    system = build(random_scenario(seed), np.random.default_rng(seed).uniform(1, 5, 12))
    outcome = random_outcome(system, seed)
    bound, plain = lower_bound(system, outcome), plain_bound(system, outcome)
    assert bound.wmapd <= plain * (1 + 1e-9)
    assert bound.wmapd == pytest.approx(plain, rel=1e-4)
    assert bound.primal == pytest.approx(plain, rel=1e-4)
    assert wmapd(bound.utilization, system.network.plan) == pytest.approx(bound.primal, rel=1e-9)


def test_bound_without_orders_is_the_distance_of_what_is_in_flight():
    system = build(random_scenario(3))
    outcome = random_outcome(system, 3)
    still = dataclasses.replace(outcome, orders=np.zeros_like(outcome.orders))
    bound = lower_bound(system, still)
    assert bound.groups == 0
    assert bound.wmapd == pytest.approx(plain_bound(system, still), rel=1e-12)


def test_equal_products_share_a_group():
    system = build(random_scenario(4))
    outcome = random_outcome(system, 4)
    arrays = {field.name: getattr(system.products, field.name) for field in dataclasses.fields(system.products)}
    doubled = Products(**{name: np.concatenate([each] * 2) for name, each in arrays.items() if each is not None})
    twice = eqx.tree_at(lambda s: s.products, system, doubled)
    counts = {field.name: np.concatenate([getattr(outcome, field.name)] * 2) for field in dataclasses.fields(outcome)}
    both = Outcome(**counts)
    assert lower_bound(twice, both).groups == lower_bound(system, outcome).groups


def random_split(seed: int, kinds: int, nodes: int = 12, weeks: int = 4) -> SplitProblem:
    """Groups of 1–4 columns that arrive in the order week or the next two."""
    rng = np.random.default_rng(seed)
    length = rng.integers(1, 5, kinds * weeks)
    arrival = np.zeros((nodes, weeks, length.sum()))
    week, column = np.repeat(np.tile(np.arange(weeks), kinds), length), np.arange(length.sum())
    profile = rng.dirichlet(np.ones(3), length.sum())
    node = rng.integers(0, nodes, length.sum())
    for late in range(3):
        inside = week + late < weeks
        arrival[node[inside], week[inside] + late, column[inside]] += profile[inside, late]
    quantity = rng.lognormal(3, 1, len(length))
    arrival = scipy.sparse.csc_array(arrival.reshape(nodes * weeks, -1))
    gap = arrival @ (np.repeat(quantity / length, length)) * rng.uniform(0.3, 1.7, nodes * weeks)
    return SplitProblem(quantity, np.r_[0, length.cumsum()[:-1]], arrival, gap)


@pytest.mark.parametrize("kinds", [1, 5, 60, 400])
def test_both_solvers_find_the_same_optimum(kinds):
    problem = random_split(kinds, kinds)
    first, second = solve_highs(problem, time_limit=20.0, threads=1), solve_interior(problem)
    deviation = lambda split: np.abs(problem.arrival @ split.units - problem.gap).sum()
    assert first.status == second.status == "Optimal"
    assert second.units is not None
    assert deviation(second) == pytest.approx(deviation(first), rel=1e-4, abs=1e-5 * problem.gap.sum())
    assert (second.units >= 0).all()
    np.testing.assert_allclose(np.add.reduceat(second.units, problem.start), problem.quantity, rtol=1e-6)
