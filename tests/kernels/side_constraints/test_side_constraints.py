"""Buying LPs with side constraints, both methods: against HiGHS, hot, infeasible and invalid."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from jaxsim.kernels import buying, side_constraints
from jaxsim.kernels.buying.certificate import Point, Prices, Side, examine
from jaxsim.kernels.side_constraints import BuyingLP, OrderRows, Status, column_generation, no_start, solve
from tests.kernels.random_lps import KINDS, random_lps
from validation.reference_lp import constraint_matrix

SHAPE = NODES, REGIONS, SEGMENTS = 4, 4, 4
FEASIBLE = tuple(kind if kind != "infeasible" else "ordinary" for kind in KINDS)
METHODS = pytest.mark.parametrize("method", side_constraints.METHODS.values(), ids=lambda method: method.name)
ROWS, EACH = 3, 3
"""All LPs of a method share one compiled program: same number of rows and of LPs."""


def instances(kinds=FEASIBLE, seed: int = 0) -> dict[str, np.ndarray]:
    parts = [random_lps(SHAPE, EACH, kind, 100 * i + seed) for i, kind in enumerate(kinds)]
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def as_buying(fields, dtype: type[np.floating] = np.float64) -> BuyingLP:
    return BuyingLP(**{name: jnp.asarray(array, dtype) for name, array in fields.items()})


def side_rows(fields, seed: int, dtype: type[np.floating] = np.float64) -> OrderRows:
    """A storage limit on volume, the least that one node must order, and a weight to be met, such that orders exist."""
    rng = np.random.default_rng(seed)
    cap, total = fields["order_cap"], fields["order_total"]
    order = cap * (total / np.maximum(cap.sum(0), 1e-300))
    scale = 10.0 ** rng.uniform(-3, 3, (ROWS, 1, cap.shape[1]))
    first = np.broadcast_to(np.eye(NODES)[:, :1], cap.shape)
    coefficient = scale * np.stack([rng.uniform(0.5, 2, cap.shape), first, rng.normal(size=cap.shape)])
    used = (coefficient * order).sum(1)
    exact = rng.random(total.shape) < 0.5
    slack = np.where(exact, 0, 0.05 * np.abs(used[2]))
    low = np.stack([np.full_like(total, -np.inf), 0.9 * used[1], used[2] - slack])
    high = np.stack([used[0], np.full_like(total, np.inf), used[2] + slack])
    return OrderRows(*(jnp.asarray(a, dtype) for a in (coefficient, low, high)))


def with_highs(fields, rows: OrderRows, i: int) -> float:
    """Objective of LP number i by `linprog`, in the LP's own units."""
    unit = fields["supply"][:, i].sum() + fields["order_total"][i]
    price = np.abs(fields["segment_value"][..., i]).max()
    lp = {name: array[..., i] for name, array in fields.items()}
    closed = np.isinf(lp["route_cost"]).ravel()
    cost = [lp["order_cost"], np.where(closed, 0, lp["route_cost"].ravel()), lp["overage_cost"]]
    upper = [lp["order_cap"] / unit, np.where(closed, 0, np.inf), np.full(NODES, np.inf)]
    upper = np.concatenate([*upper, lp["segment_width"].ravel() / unit])
    base = constraint_matrix(*SHAPE)
    coefficient, low, high = (np.asarray(a)[..., i] for a in rows)
    size = np.abs(coefficient).max(1)
    side = np.hstack([coefficient / size[:, None], np.zeros((ROWS, base.shape[1] - NODES))])
    bounds = np.concatenate([high, -low]) / np.tile(size, 2) / unit
    best = linprog(
        np.concatenate([*cost, -lp["segment_value"].ravel()]) / price,
        A_ub=np.concatenate([side, -side])[np.isfinite(bounds)],
        b_ub=bounds[np.isfinite(bounds)],
        A_eq=base,
        b_eq=np.concatenate([lp["supply"], np.zeros(REGIONS), [lp["order_total"]]]) / unit,
        bounds=np.stack([np.zeros_like(upper), upper], 1),
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    return best.fun * unit * price


def size_of(fields, answer) -> np.ndarray:
    """Sum of the magnitudes of the objective's terms."""
    route = np.where(np.isfinite(fields["route_cost"]), fields["route_cost"], 0)
    pairs = (fields["order_cost"], answer.order), (route, answer.ship), (fields["overage_cost"], answer.leftover)
    pairs += ((-fields["segment_value"], answer.served),)
    every = [np.abs(cost * np.asarray(units)).reshape(-1, cost.shape[-1]) for cost, units in pairs]
    return np.concatenate(every).sum(0)


@METHODS
def test_agrees_with_highs(method):
    fields = instances(seed=1)
    rows = side_rows(fields, 2)
    found = jax.tree.map(np.asarray, solve(as_buying(fields), rows, method=method))
    answer = found.solution
    assert (answer.status == Status.OPTIMAL).all()
    size = size_of(fields, answer)
    for i in range(len(size)):
        assert abs(with_highs(fields, rows, i) - answer.objective[i]) <= 1e-7 * size[i]
    free = buying.solve(as_buying(fields))
    assert (answer.objective >= np.asarray(free.objective) - 1e-7 * size).all()
    assert (answer.objective > np.asarray(free.objective) + 1e-4 * size).any()
    assert (answer.order >= 0).all()
    assert (answer.order <= fields["order_cap"]).all()
    np.testing.assert_allclose(answer.order.sum(0), fields["order_total"], rtol=1e-13)
    # A price has the sign of the bound that holds, and none without one.
    assert (found.row_price[0] <= 0).all()
    assert (found.row_price[1] >= 0).all()


def test_prices_of_rows_are_derivatives():
    fields = instances(seed=1)
    rows = side_rows(fields, 2)
    found = jax.tree.map(np.asarray, solve(as_buying(fields), rows))
    step = 1e-6 * np.abs(np.asarray(rows.high[0]))
    nudged = lambda sign: rows._replace(high=rows.high.at[0].add(sign * step))
    up, down = (solve(as_buying(fields), nudged(sign)).solution for sign in (1, -1))
    fine = (up.status == Status.OPTIMAL) & (down.status == Status.OPTIMAL)
    saved, lost = (np.abs(found.solution.objective - each.objective) for each in (up, down))
    slack, worth = 1e-10 * size_of(fields, found.solution), -found.row_price[0] * step
    # At a kink the price is between the slopes on both sides.
    assert (saved - slack <= worth)[fine].all()
    assert (worth <= lost + slack)[fine].all()
    assert fine.sum() >= 24
    assert (worth > 100 * slack)[fine].sum() >= 6


@pytest.mark.parametrize(
    ("method", "dtype", "tolerance"),
    [
        (side_constraints.COLUMN_GENERATION, np.float64, 1e-7),
        (side_constraints.FIRST_ORDER, np.float64, 1e-7),
        (side_constraints.COLUMN_GENERATION, np.float32, 1e-3),
    ],
)
def test_rows_that_allow_everything_change_nothing(method, dtype, tolerance):
    fields = instances(KINDS)
    infeasible = np.repeat(KINDS, EACH) == "infeasible"
    rows = side_rows(fields, 0, dtype)
    rows = rows._replace(low=jnp.full_like(rows.low, -jnp.inf), high=jnp.full_like(rows.high, jnp.inf))
    found = solve(as_buying(fields, dtype), rows, method=method)
    answer, exact = found.solution, buying.solve(as_buying(fields))
    assert answer.order.dtype == dtype
    np.testing.assert_array_equal(answer.status, np.where(infeasible, Status.INFEASIBLE, Status.OPTIMAL))
    off = np.abs(np.asarray(answer.objective, np.float64) - exact.objective)[~infeasible]
    assert (off <= tolerance * size_of(fields, answer)[~infeasible]).all()
    order = np.asarray(answer.order)[:, ~infeasible]
    assert (order >= 0).all()
    assert (order <= fields["order_cap"][:, ~infeasible].astype(dtype)).all()
    np.testing.assert_allclose(order.sum(0), fields["order_total"][~infeasible], rtol=20 * np.finfo(dtype).eps)
    assert (np.asarray(found.row_price)[:, ~infeasible] == 0).all()


@METHODS
def test_rows_that_no_order_keeps_and_numbers_that_mean_nothing(method):
    """Each in its own LPs of one batch; their neighbors are solved as they are without them."""
    fields = instances(seed=1)
    rows = side_rows(fields, 2)
    undamaged = solve(as_buying(fields), rows, method=method)
    low, high, coefficient = (np.array(a) for a in (rows.low, rows.high, rows.coefficient))
    low[1, :4] = 2 * coefficient[1, 0, :4] * (fields["order_total"][:4] + 1)
    low[2, 4], high[2, 4] = 1, -1
    coefficient[2, 1, 5], low[0, 6], high[2, 7] = np.inf, np.inf, np.nan
    fields["order_cost"][0, 8] = np.nan
    rows = OrderRows(*map(jnp.asarray, (coefficient, low, high)))
    found = solve(as_buying(fields), rows, method=method)
    status = np.asarray(found.solution.status)
    assert (status[:5] == Status.INFEASIBLE).all()
    assert (status[5:9] == Status.BAD_INPUT).all()
    assert (status[9:] == Status.OPTIMAL).all()
    for each in jax.tree.leaves((found.solution, found.row_price)):
        assert np.isfinite(each).all()
    close = 1e-13 if method == side_constraints.COLUMN_GENERATION else 1e-6
    np.testing.assert_allclose(found.solution.objective[9:], undamaged.solution.objective[9:], rtol=close)


@pytest.mark.parametrize(
    ("changed", "fewer"), [("order_cost", 0.5), ("route_cost", 0.5), ("supply", 0.5), ("all", 0.8)]
)
def test_hot_start(changed, fewer):
    """The same optimum in fewer solves of the LP without rows, whatever has changed a little."""
    fields = instances(seed=1)
    rows = side_rows(fields, 2)
    start = solve(as_buying(fields), rows).start
    rng = np.random.default_rng(3)
    moved = lambda name, shape: fields[name] * rng.uniform(0.995, 1.005, shape)
    if changed == "all":
        fields |= {name: moved(name, fields[name].shape) for name in ("order_cost", "route_cost", "supply")}
        factor = rng.uniform(0.995, 1.005, fields["order_total"].shape)
        fields |= {name: fields[name] * factor for name in ("order_cap", "order_total")}
    else:
        fields[changed] = moved(changed, fields[changed].shape)
    rows = side_rows(fields, 2)
    cold, hot = solve(as_buying(fields), rows), solve(as_buying(fields), rows, start=start)
    assert (np.asarray(hot.solution.status) == Status.OPTIMAL).all()
    size = size_of(fields, cold.solution)
    assert (np.abs(hot.solution.objective - cold.solution.objective) <= 1e-11 * size).all()
    assert hot.iterations.mean() < fewer * cold.iterations.mean()


def test_an_invalid_start_changes_no_optimum():
    fields = instances(seed=1)
    rows = side_rows(fields, 2)
    cold = solve(as_buying(fields), rows)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        shuffled = jax.tree.map(lambda a, rng=rng: jnp.asarray(rng.permutation(np.asarray(a), axis=-1)), cold.start)
        order = np.where(rng.random(cold.start.order.shape) < 0.1, np.nan, rng.normal(size=cold.start.order.shape))
        row = rng.integers(-1, ROWS, cold.start.row.shape).astype(np.int8)
        at_high = rng.random(cold.start.at_high.shape) < 0.5
        invalid = cold.start._replace(order=jnp.asarray(order), row=jnp.asarray(row), at_high=jnp.asarray(at_high))
        for start in (shuffled, invalid):
            found = solve(as_buying(fields), rows, start=start).solution
            assert (np.asarray(found.status) == Status.OPTIMAL).all()
            np.testing.assert_allclose(found.objective, cold.solution.objective, rtol=1e-10)


@METHODS
def test_float32(method):
    fields = instances(seed=1)
    found = solve(as_buying(fields, np.float32), side_rows(fields, 2, np.float32), method=method).solution
    exact = solve(as_buying(fields), side_rows(fields, 2)).solution
    assert found.order.dtype == np.float32
    assert (np.asarray(found.status) == Status.OPTIMAL).mean() >= 0.9  # rows that allow one order only, to rounding
    fine = np.asarray(found.status) == Status.OPTIMAL
    off = np.abs(np.asarray(found.objective, np.float64) - exact.objective)
    assert (off <= 1e-3 * size_of(fields, exact))[fine].all()


def test_batch_axes_blocks_and_lanes_change_no_answer(monkeypatch):
    """More LPs than a block or than lanes, some infeasible or invalid, two batch axes: as in small batches."""
    monkeypatch.setattr(column_generation, "_BLOCK", 32)
    parts = [instances(KINDS, seed) for seed in range(5)]
    fields = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    fields["supply"][0, 7] = -1
    rows = side_rows(fields, 3)
    some = lambda tree, first: jax.tree.map(lambda a: a[..., first : first + 36], tree)
    square = lambda tree: jax.tree.map(lambda a: jnp.reshape(a, (*a.shape[:-1], 9, 20)), tree)
    lps = as_buying(fields)
    for method in side_constraints.METHODS.values():
        small = [solve(some(lps, i), some(rows, i), method=method) for i in range(0, 180, 36)]
        joined = jax.tree.map(lambda *each: np.concatenate(each, axis=-1), *small).solution
        together = solve(square(lps), square(rows), method=method)
        flat = jax.tree.map(lambda a: np.asarray(a).reshape(*a.shape[:-2], 180), together.solution)
        np.testing.assert_array_equal(flat.status, joined.status)
        assert {Status.OPTIMAL, Status.INFEASIBLE, Status.BAD_INPUT} <= set(flat.status)
        fine = flat.status == Status.OPTIMAL
        each, all_at_once = (np.concatenate([np.ravel(a.iterations) for a in some]) for some in (small, [together]))
        assert np.mean(each[fine] == all_at_once[fine]) > 0.8  # two programs, which round apart
        np.testing.assert_allclose(flat.objective[fine], joined.objective[fine], rtol=1e-6)
        size = np.maximum(joined.order.sum(0)[fine], 1e-300)
        np.testing.assert_allclose(flat.order[:, fine] / size, joined.order[:, fine] / size, rtol=0, atol=1e-6)


def small_whole_numbers(count: int, rows: int, seed: int) -> tuple[dict[str, np.ndarray], OrderRows]:
    """LPs and rows of small whole numbers, many of them alike, through an order of whole numbers: ties everywhere."""
    rng = np.random.default_rng(seed)
    draw = lambda low, high, *axes: rng.integers(low, high, (*axes, count)).astype(float)
    cap = draw(0, 6, NODES)
    order = rng.integers(0, cap + 1).astype(float)
    fields = {
        "order_cost": draw(0, 4, NODES), "order_cap": cap, "order_total": order.sum(0), "supply": draw(0, 3, NODES),
        "route_cost": draw(0, 4, NODES, REGIONS), "overage_cost": draw(0, 2, NODES),
        "segment_value": -np.sort(-draw(0, 8, REGIONS, SEGMENTS), 1), "segment_width": draw(0, 5, REGIONS, SEGMENTS),
    }  # fmt: skip
    coefficient = draw(-1, 3, rows, NODES)
    used = (coefficient * order).sum(1)
    kind, slack = rng.integers(0, 4, used.shape), rng.integers(0, 2, used.shape)
    low = np.where(kind == 0, -np.inf, np.where(kind == 3, used, used - slack))
    high = np.where(kind == 1, np.inf, np.where(kind == 3, used, used + slack))
    return fields, OrderRows(*map(jnp.asarray, (coefficient, low, high)))


@pytest.mark.parametrize("rows", [ROWS, 6])
def test_ties_and_alike_rows_do_not_go_in_circles(rows):
    """An activity on its bound must keep the slope that it entered with, else it and another one swap for ever."""
    for seed in range(4):
        fields, side = small_whole_numbers(256, rows, seed)
        found = solve(as_buying(fields), side)
        assert (np.asarray(found.solution.status) == Status.OPTIMAL).all()
        assert found.iterations.max() <= 60


def test_a_coefficient_where_nothing_can_be_ordered_plays_no_part():
    fields = instances(seed=1)
    fields["order_cap"][1] = 0
    fields["order_total"] = np.minimum(fields["order_total"], fields["order_cap"].sum(0))
    rows = side_rows(fields, 2)
    marked = rows._replace(coefficient=rows.coefficient.at[:, 1].set(1e15))
    plain, found = solve(as_buying(fields), rows), solve(as_buying(fields), marked)
    assert (np.asarray(plain.solution.status) == Status.OPTIMAL).all()
    np.testing.assert_array_equal(found.solution.order, plain.solution.order)
    np.testing.assert_array_equal(found.row_price, plain.row_price)


def test_certificate_sees_damage():
    fields = instances(seed=1)
    rows, lp = side_rows(fields, 2), as_buying(fields)
    found = solve(lp, rows)
    answer, no = found.solution, jnp.zeros(len(KINDS) * EACH, bool)
    point = Point(*(getattr(answer, name) for name in Point._fields))
    prices = Prices(answer.supply_price, answer.demand_price, answer.order_price)
    status = jax.jit(lambda rows, price: examine(lp, point, prices, (no, no, no), 1e-8, Side(rows, price)).status)
    assert (status(rows, found.row_price) == Status.OPTIMAL).all()
    binds = np.asarray(found.row_price)[0] < 0
    assert binds.sum() >= 6
    size = np.abs(np.asarray(rows.coefficient)).max(1) * (fields["supply"].sum(0) + fields["order_total"])
    tighter = rows._replace(high=rows.high.at[0].add(-1e-6 * size[0]))
    assert (status(tighter, found.row_price)[binds] == Status.INACCURATE).all()
    priced = np.asarray(found.row_price)[1] > 1e-3
    assert (status(rows, found.row_price.at[0].multiply(1.01))[binds] == Status.INACCURATE).any()
    assert (status(rows, found.row_price.at[0].set(1.0)) == Status.INACCURATE).all(), "a price on a bound that is none"
    assert priced.any()


def test_three_cases_by_hand_without_a_batch_axis():
    """The cases of the module's docstring."""
    one = lambda *numbers: jnp.asarray(numbers, float)
    lp = BuyingLP(
        one(0, 0), one(20, 20), jnp.asarray(10.0), one(0, 0), one(1, 2)[:, None], one(0, 0), one(20)[:, None],
        one(10)[:, None],
    )  # fmt: skip
    row = lambda low, high, *coefficient: OrderRows(one(*coefficient)[None], one(low), one(high))
    for method in side_constraints.METHODS.values():
        answer = partial(solve, lp, method=method)
        limited = answer(row(-np.inf, 6, 1, 0))
        np.testing.assert_allclose(limited.solution.order, [6, 4], atol=1e-6)
        np.testing.assert_allclose(limited.row_price, [-1], atol=1e-6)
        enough = answer(row(10, np.inf, 1, 1))
        np.testing.assert_allclose(enough.solution.order, [10, 0], atol=1e-6)
        assert answer(row(11, np.inf, 1, 1)).solution.status == Status.INFEASIBLE


def test_what_cannot_be_asked(unchecked_types):
    fields = instances(seed=1)
    lp, rows = as_buying(fields), side_rows(fields, 2)
    with pytest.raises(ValueError, match=r"rows: there are none; buying\.solve"):
        solve(lp, jax.tree.map(lambda a: a[:0], rows))
    with pytest.raises(ValueError, match=r"method: 'simplex' is none; take an object out of side_constraints\.METHODS"):
        solve(lp, rows, method="simplex")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="start: not one of column_generation for LPs of this shape"):
        solve(lp, rows, start=no_start(lp, ROWS, side_constraints.FIRST_ORDER))
