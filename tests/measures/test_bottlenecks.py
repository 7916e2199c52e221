"""What keeps node-weeks from their plan: splits by hand, a planted case of each kind, and who uses a node-week."""

import dataclasses

import numpy as np
import pytest
import scipy.optimize
from instances import random_outcome
from test_totals import RESOURCES, SEEDS, equal, instance, take

from jaxsim.measures import (
    PARTS,
    OrderGroups,
    Parts,
    Sources,
    at_end_of,
    bound_of,
    nearest_optimum,
    split_deviation,
    unmendable,
    wmapd,
)
from jaxsim.measures.sources import TOP
from jaxsim.resources import ARRIVALS, STORAGE
from jaxsim.resources.arrivals import arrival_by_week

NOISE = np.sqrt(2 / np.pi)


def split(violation, bound=0.0, at_end: bool | None = False, error=0.0, step=0.0) -> Parts:
    """Split node-weeks whose other numbers are all the same."""
    each = lambda value: np.full(len(violation), value, np.float64)
    end = None if at_end is None else np.full(len(violation), at_end)
    return split_deviation(
        np.array(violation, np.float64), bound=each(bound), at_end=end, error=each(error), step=each(step)
    )


def one(parts: Parts) -> dict[str, float]:
    """The parts of the only node-week."""
    return {name: float(units[0]) for name, units in parts.items()}


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("bound", {"bound": 10.0, "at_end": True, "error": 9.0, "step": 90.0}),
        ("price", {"at_end": True, "error": 9.0, "step": 90.0}),
        ("noise", {"error": 20.0, "step": 90.0}),
        ("granularity", {"step": 20.0}),
        ("rest", {}),
    ],
)
@pytest.mark.parametrize("violation", [10.0, -10.0])
def test_a_planted_case_of_each_kind(name, facts, violation):
    assert one(split([violation], **facts)) == dict.fromkeys(PARTS, 0.0) | {name: 10.0}


def test_every_part_takes_what_those_before_it_left():
    found = one(split([100.0], bound=30.0, error=10.0, step=40.0))
    noise = 10 * NOISE
    assert found == pytest.approx({"bound": 30, "price": 0, "noise": noise, "granularity": 20, "rest": 50 - noise})
    assert one(split([-100.0], bound=30.0, at_end=True, error=10.0, step=40.0))["price"] == 70.0


def test_what_is_not_known_counts_as_nothing():
    found = split([5.0, -7.0], bound=np.nan, at_end=None, step=4.0)
    assert np.isnan(found.bound).all()
    assert np.isnan(found.price).all()
    assert found.granularity.tolist() == [2.0, 2.0]
    assert found.rest.tolist() == [3.0, 5.0]
    shares = found.shares(np.array([10.0, 10.0]))
    assert np.isnan([shares["bound"], shares["price"]]).all()
    assert shares["rest"] == 0.4


def test_parts_add_up_to_wmapd():
    rng = np.random.default_rng(0)
    plan, used = rng.uniform(1, 1000, 500), rng.uniform(1, 1000, 500)
    facts = [rng.uniform(0, 300, 500) for _ in range(3)]
    violation = used - plan
    found = split_deviation(violation, bound=facts[0], at_end=rng.random(500) < 0.3, error=facts[1], step=facts[2])
    units = np.array([each for _, each in found.items()])
    assert (units >= 0).all()
    assert (units > 0).any(1).all()
    np.testing.assert_allclose(units.sum(0), np.abs(violation), rtol=1e-12, atol=1e-9)
    assert sum(found.shares(plan).values()) == pytest.approx(wmapd(used, plan), rel=1e-12)


def test_an_end_counts_on_its_side_of_the_plan_alone():
    ends = np.array([2.0, 2.0, -1.0, -1.0, 0.0, 2.0 - 1e-7, 2.0])
    violation = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0, 0.0])
    box = np.full(7, -1.0), np.full(7, 2.0)
    found = at_end_of(violation, ends, box, np.full(7, 1e-6))
    assert found.tolist() == [True, False, False, True, False, True, False]
    free = np.full(7, np.inf)
    assert not at_end_of(violation, ends, (-free, free), np.full(7, 1e-6)).any()


def test_what_no_price_can_mend_by_hand():
    """Two node-weeks share a surplus of 10, the third meets its plan, the fourth is short for another reason."""
    duals = np.array([-1.0, -1.0, 0.5, 0.0])
    violation, nearest = np.array([4.0, 8.0, 0.0, -6.0]), np.array([4.0, 6.0, 0.0, 0.0])
    assert unmendable(violation, nearest, duals, 10.0).tolist() == [4.0, 6.0, 0.0, 0.0]
    elsewhere = np.array([4.0, 0.0, 6.0, 0.0])  # no deviation there: what is missing is where the dual values say
    assert unmendable(violation, elsewhere, duals, 10.0) == pytest.approx([4.0, 6.0, 0.0, 0.0])
    other_side = np.array([-4.0, 0.0, 0.0, 6.0])
    assert unmendable(violation, other_side, duals, 10.0) == pytest.approx([10 / 3, 20 / 3, 0.0, 0.0])
    assert unmendable(violation, other_side, duals, 99.0) == pytest.approx([4.0, 8.0, 0.0, 0.0])
    assert unmendable(violation, nearest, duals, 5.0) == pytest.approx([2.0, 3.0, 0.0, 0.0])
    assert unmendable(violation, nearest, 0 * duals, 12.0).tolist() == [4.0, 6.0, 0.0, 0.0]


def planted(kinds: list[tuple[list[int], float]], nodes: int) -> OrderGroups:
    """Kinds that order so many units into some of the nodes, to arrive in the same, only week."""
    node = np.full((len(kinds), nodes), -1)
    for row, (where, _) in zip(node, kinds, strict=True):
        row[: len(where)] = where
    quantity = np.array([[[units], [units]] for _, units in kinds])
    return OrderGroups(node, (node >= 0).astype(float)[:, :, None], quantity, np.zeros((nodes, 1)))


def test_dual_values_are_what_a_unit_of_plan_changes():
    """Node 0 gets 50 of its own beside what both may take: its surplus ends with its plan, node 2 gets nothing."""
    groups = planted([([0], 50.0), ([0, 1], 30.0)], 3)
    plan = np.array([[20.0], [60.0], [10.0]])
    found = bound_of(groups, plan)
    assert found.wmapd * 90 == pytest.approx(30 + 30 + 10, rel=1e-5)
    np.testing.assert_allclose(found.prices[:, 0], [-1.0, 1.0, 1.0], atol=1e-5)
    for node in range(3):
        more = plan.copy()
        more[node] += 1
        change = bound_of(groups, more).wmapd * more.sum() - found.wmapd * plan.sum()
        assert change == pytest.approx(found.prices[node, 0], abs=1e-3)


@pytest.mark.parametrize("used", [[60.0, 40.0, 0.0], [45.0, 55.0, 0.0], [90.0, 10.0, 0.0]])
def test_the_nearest_optimum_leaves_a_surplus_where_it_is(used):
    """100 units for plans of 40 each: 20 are over, at either node; 30 at the other that may take none are short."""
    groups = planted([([0, 1], 100.0)], 3)
    plan = np.array([[40.0], [40.0], [30.0]])
    found = nearest_optimum(groups, plan, np.array(used)[:, None])
    assert found is not None
    over = np.clip(used[0], 40.0, 60.0) - 40.0
    np.testing.assert_allclose(found[:, 0], [over, 20.0 - over, -30.0], atol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_nearest_optimum_by_linear_programming(seed):
    """Least total first, then least distance, by scipy; and weak duality lets what is missing be found."""
    system, outcome = instance(seed)
    groups, plan = OrderGroups.of(system, outcome), system.network.plan
    problem, _ = groups.problem(plan)
    used = groups.fixed + np.random.default_rng(seed).uniform(0, 100, plan.shape)
    planned = ~np.isnan(plan)
    found, bound = nearest_optimum(groups, plan, used), bound_of(groups, plan)
    assert found is not None
    least, distance = _lexicographic(problem, (used - groups.fixed)[planned])
    assert np.nansum(np.abs(found)) == pytest.approx(least, rel=1e-4)
    far = np.abs(found + plan - used)[planned].sum()
    assert far == pytest.approx(distance, rel=1e-3, abs=1e-2 * least)
    feasible = ARRIVALS.judged(system, outcome)  # a split of its own
    units = np.zeros_like(plan)
    for product, slot in np.argwhere(feasible.node >= 0):
        units[feasible.node[product, slot]] += feasible.units[product, :, :, slot].mean(0)
    violation = (units - plan)[planned]
    total = bound.wmapd * plan[planned].sum()
    shared = unmendable(violation, found[planned], bound.prices[planned], total)
    assert shared.sum() == pytest.approx(total, rel=1e-5)
    assert (shared <= np.abs(violation) * (1 + 1e-12)).all()


def _lexicographic(problem, actual) -> tuple[float, float]:
    """Least Σ|v|, and the least Σ|v − V| of those."""
    rows, columns = len(problem.gap), problem.columns
    dense, eye, none = problem.arrival.toarray(), np.eye(rows), np.zeros((rows, rows))
    owners = problem.owners().toarray()
    equal_to = np.block([[dense, -eye, eye], [owners, np.zeros((len(owners), 2 * rows))]])
    right = np.concatenate([problem.gap, problem.quantity])
    cost = np.concatenate([np.zeros(columns), np.ones(2 * rows)])
    least = scipy.optimize.linprog(cost, A_eq=equal_to, b_eq=right).fun
    more = np.block(
        [
            [equal_to, np.zeros((len(equal_to), 2 * rows))],
            [dense, none, none, -eye, eye],
        ]
    )
    distance = np.concatenate([np.zeros(columns + 2 * rows), np.ones(2 * rows)])
    limit = np.concatenate([cost, np.zeros(2 * rows)])[None]
    found = scipy.optimize.linprog(
        distance, A_ub=limit, b_ub=[least * (1 + 1e-9)], A_eq=more, b_eq=np.concatenate([right, actual])
    )
    return float(least), float(found.fun)


@pytest.mark.parametrize("seed", SEEDS)
def test_users_by_loops(seed):
    """Order sets, the largest products and the step of each node-week."""
    system, outcome = instance(seed)
    products, names = system.products, system.network.nodes
    found, weeks = Sources.of(system, outcome, RESOURCES), system.weeks
    for resource in RESOURCES:
        usage, by_product, by_set = resource.judged(system, outcome), {}, {}
        for product, slot in np.argwhere(usage.node >= 0):
            own = np.sort(products.node[product][products.orderable[product]])
            for week in range(weeks):
                units = usage.units[product, :, week, slot].mean()
                cell = (int(usage.node[product, slot]), week)
                by_product.setdefault(cell, []).append((units, system.product_names[product]))
                if cell[0] in own:
                    name = " + ".join(names[node] for node in own)
                    sets = by_set.setdefault(cell, {})
                    sets[name] = sets.get(name, 0.0) + units
        for cell, every in by_product.items():
            rows = found.rows(resource, cell[0], cell[1], names)
            largest = sorted((units for units, _ in every if units > 0), reverse=True)[:TOP]
            told = [row for row in rows if row["kind"] == "product"]
            assert [row["units"] for row in told] == pytest.approx(largest)
            assert all((pytest.approx(row["units"]), row["name"]) in every for row in told)
            sets = by_set.get(cell, {})
            told = [row for row in rows if row["kind"] == "order set"]
            assert [row["units"] for row in told] == pytest.approx(sorted(sets.values(), reverse=True)[: len(told)])
            assert all(sets[row["name"]] == pytest.approx(row["units"]) for row in told)
    assert found.held[STORAGE].step == pytest.approx(found.held[STORAGE].units[:, :, 0])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_step_is_the_largest_order_that_may_come(seed):
    system, outcome = instance(seed)
    products, weeks = system.products, system.weeks
    expected = np.zeros_like(system.network.plan)
    for product, slot in np.argwhere(products.orderable):
        distribution, weekday = products.lead_time_distribution[product, slot], products.first_review_day[product] % 7
        later = arrival_by_week(system, np.asarray(distribution), np.asarray(weekday))
        for review in range(weeks):
            whole = outcome.orders[product, :, review].sum(1).mean() * products.sampling_weight[product]
            for week in range(review, weeks):
                cell = products.node[product, slot], week
                expected[cell] = max(expected[cell], whole * later[week - review])
    found = Sources.of(system, outcome, (ARRIVALS,)).held[ARRIVALS].step
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("blocks", [2, 5, 12])
def test_blocks_add_up_to_the_whole(seed, blocks):
    """Also with fewer slots in a block; a product that is named is the same one."""
    system, outcome = instance(seed)
    parts = [take(system, outcome, rows) for rows in np.array_split(np.arange(12), blocks)]
    whole = Sources.of(system, outcome, RESOURCES)
    found = sum((Sources.of(*each, RESOURCES) for each in parts[1:]), Sources.of(*parts[0], RESOURCES))
    assert (found.node == whole.node).all()
    for resource, held in whole.held.items():
        other = found.held[resource]
        assert (other.product == held.product).all()
        numbers = lambda held: {name: getattr(held, name) for name in ("by_set", "units", "step")}
        equal(numbers(held), numbers(other))
    again = Sources.from_arrays(found.to_arrays(), RESOURCES)
    for name, values in found.to_arrays().items():
        assert (again.to_arrays()[name] == values).all(), name


def test_ties_go_to_the_product_that_comes_first():
    system, _ = instance(1)
    outcome = random_outcome(system, 1)
    same = dataclasses.replace(outcome, end_inventory=np.minimum(outcome.end_inventory, 0) + np.int32(7))
    held = Sources.of(system, same, (STORAGE,)).held[STORAGE]
    order = {name: number for number, name in enumerate(system.product_names)}
    for names in held.product.reshape(-1, TOP):
        numbers = [order[str(name)] for name in names if name]
        assert numbers == sorted(numbers)
