"""The first-order solver against HiGHS and the special solver, its certificate against damage, and failures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsim.kernels import buying_lp
from jaxsim.kernels._linear_program import prove
from jaxsim.kernels.first_order import (
    BuyingLP,
    LinearProgram,
    OrderRows,
    Rows,
    State,
    Status,
    buying_lp_with_constraints,
    dense,
    solve,
)
from scipy.optimize import linprog

from tests.kernels.random_lps import KINDS, random_lps
from tests.kernels.reference_lp import constraint_matrix

COUNT, COLUMNS, ROWS = 24, 9, 4
GROUPS = ((1, 2, 3), (4, 6, 8))  # a capped simplex of neighbors, and one of entries here and there
SHAPE = 4, 4, 4
FEASIBLE = tuple(kind if kind != "infeasible" else "ordinary" for kind in KINDS)
TOLERANCE = 1e-8


def random_programs(seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """LPs that have an optimum: a feasible point and feasible prices are drawn first. Rows of all sorts; ties."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(ROWS, COLUMNS, COUNT)) * 10.0 ** rng.uniform(-1, 1, (ROWS, 1, COUNT))
    matrix[:, :, COUNT // 2 :] = np.round(matrix[:, :, COUNT // 2 :])
    low, high = rng.uniform(-2, 0, (COLUMNS, COUNT)), rng.uniform(1, 3, (COLUMNS, COUNT))
    low[0], high[0], high[5] = -np.inf, np.inf, np.inf
    high[1] = np.inf
    x = rng.uniform(0, 1, (COLUMNS, COUNT))
    y = rng.normal(size=(ROWS, COUNT))
    activity = np.einsum("mnb,nb->mb", matrix, x)
    row_low, row_high = activity.copy(), activity.copy()
    row_high[1] = np.inf
    row_low[2] = -np.inf
    row_low[3], row_high[3] = activity[3] - 1, activity[3] + 1
    y[1], y[2] = np.abs(y[1]), -np.abs(y[2])
    reduced = rng.normal(size=(COLUMNS, COUNT))
    reduced[0], reduced[5] = 0, np.abs(reduced[5])
    fields = {
        "cost": np.einsum("mnb,mb->nb", matrix, y) + reduced, "low": low, "high": high,
        "row_low": row_low, "row_high": row_high, "totals": np.stack([x[list(group)].sum(0) for group in GROUPS]),
    }  # fmt: skip
    return fields, matrix


def as_program(fields: dict[str, np.ndarray]) -> LinearProgram:
    return LinearProgram(**{name: jnp.asarray(array) for name, array in fields.items()})


def with_scipy(fields, matrix, i, groups=GROUPS):
    """LP number i by HiGHS through `linprog`."""
    lp = {name: array[..., i] for name, array in fields.items()}
    a = matrix if matrix.ndim == 2 else matrix[..., i]
    sums = np.array([[j in group for j in range(len(lp["cost"]))] for group in groups], float)
    finite = [np.isfinite(lp["row_high"]), np.isfinite(lp["row_low"])]
    return linprog(
        lp["cost"],
        A_ub=np.concatenate([a[finite[0]], -a[finite[1]]]),
        b_ub=np.concatenate([lp["row_high"][finite[0]], -lp["row_low"][finite[1]]]),
        A_eq=sums,
        b_eq=lp["totals"],
        bounds=np.stack([lp["low"], lp["high"]], 1),
    )


def run(fields, matrix, start: State | None = None):
    """Solve; a cold start is written out, so that all calls share one compiled function."""
    lp = as_program(fields)
    start = State(jnp.zeros_like(lp.cost), jnp.zeros_like(lp.row_low), jnp.zeros(COUNT)) if start is None else start
    answer = solve(lp, dense(jnp.asarray(matrix)), groups=GROUPS, start=start, max_iterations=4000)
    return jax.tree.map(np.asarray, answer)


@pytest.fixture(scope="module")
def answered():
    fields, matrix = random_programs()
    return fields, matrix, run(fields, matrix)


def test_agrees_with_highs(answered):
    fields, matrix, answer = answered
    assert (answer.status == Status.OPTIMAL).all()
    for i in range(COUNT):
        size = (np.abs(fields["cost"][:, i]) * np.abs(answer.x[:, i])).sum()
        assert abs(answer.objective[i] - with_scipy(fields, matrix, i).fun) <= 1e-7 * size
    assert max(answer.gap.max(), answer.primal_residual.max(), answer.dual_residual.max()) <= TOLERANCE
    assert (answer.x >= fields["low"]).all()
    assert (answer.x <= fields["high"]).all()
    for group, total in zip(GROUPS, fields["totals"], strict=True):
        np.testing.assert_allclose(answer.x[list(group)].sum(0), total, rtol=1e-13)


def test_prices_are_derivatives(answered):
    fields, matrix, answer = answered
    step = 1e-4
    more = fields | {"row_low": fields["row_low"].copy(), "row_high": fields["row_high"].copy()}
    more["row_low"][0] += step
    more["row_high"][0] += step
    for i in range(6):  # real-valued LPs, not those with ties
        slope = (with_scipy(more, matrix, i).fun - with_scipy(fields, matrix, i).fun) / step
        assert slope == pytest.approx(answer.y[0, i], abs=1e-3 * (1 + abs(slope)))


def test_certificate_sees_damage(answered):
    fields, matrix, answer = answered
    lp, rows = as_program(fields), dense(jnp.asarray(matrix))
    proof = jax.jit(lambda x, y: prove(lp, rows, GROUPS, x, y))
    worst = lambda p: np.max([p.gap, p.primal_residual, p.dual_residual], axis=0)
    assert (worst(proof(answer.x, answer.y)) <= TOLERANCE).all()
    for place in range(COLUMNS):  # on a bound, in a group, free
        damaged = answer.x.copy()
        damaged[place] += 1e-3 * (1 + np.abs(damaged[place]))
        assert (worst(proof(damaged, answer.y)) > TOLERANCE).all()
    assert (worst(proof(answer.x, answer.y + 1e-3)) > TOLERANCE).all()
    # Whatever the prices, they never prove more than the optimum, if they leave no reduced cost out.
    for seed in range(3):
        noise = np.random.default_rng(seed).normal(size=answer.y.shape)
        noise[1], noise[2] = np.abs(noise[1]), -np.abs(noise[2])
        other = proof(answer.x, noise)
        bound = other.dual_residual == 0
        assert (other.dual_objective <= answer.objective + 1e-6 * np.abs(answer.objective) + 1e-9)[bound].all()


def test_warm_start_needs_fewer_iterations(answered):
    fields, matrix, answer = answered
    moved = fields | {"cost": fields["cost"] * np.random.default_rng(1).uniform(0.995, 1.005, fields["cost"].shape)}
    moved["cost"][[0, 5]] = fields["cost"][[0, 5]]
    cold, warm = run(moved, matrix), run(moved, matrix, start=answer.state)
    solved = (cold.status == Status.OPTIMAL) & (warm.status == Status.OPTIMAL)
    assert solved.sum() >= 12  # a moved cost may leave a free entry without an optimum
    assert np.median(warm.iterations[solved]) < 0.7 * np.median(cold.iterations[solved])
    again = run(fields, matrix, start=answer.state)
    assert np.median(again.iterations) <= 32


def test_what_has_no_answer_is_never_optimal():
    """Each kind in its own LPs of one batch; their neighbors are solved as they are alone."""
    fields, matrix = random_programs()
    fields = {name: array.copy() for name, array in fields.items()}
    spread = np.abs(np.where(np.isfinite(fields["low"]), matrix, 0)).sum(1)
    matrix[0, 0, :4] = matrix[0, 5, :4] = 0  # rows of bounded entries, which cannot go so far
    matrix[0, 1, :4] = 0
    fields["row_low"][0, :4] = fields["row_high"][0, :4] = 10 * spread[0, :4]
    fields["totals"][0, 4:6] = -100  # below all lower bounds
    fields["low"][7, 6], fields["high"][7, 6] = 1, 0
    fields["row_low"][3, 7] = fields["row_high"][3, 7] + 1
    fields["cost"][0, 8:10], matrix[:, 0, 8:10] = 1, 0  # falls for ever
    fields["cost"][3, 10], fields["totals"][0, 11], matrix[1, 1, 12] = np.nan, np.inf, np.nan
    answer = run(fields, matrix)
    assert (answer.status[:8] == Status.INFEASIBLE).all()
    assert (answer.status[8:10] == Status.ITERATION_LIMIT).all()
    assert (answer.status[10:13] == Status.BAD_INPUT).all()
    assert (answer.status[13:] == Status.OPTIMAL).all()
    alone = run(*random_programs())
    np.testing.assert_array_equal(answer.iterations[13:], alone.iterations[13:])
    np.testing.assert_allclose(answer.x[:, 13:], alone.x[:, 13:], rtol=1e-9, atol=1e-9)


def _forward(matrix, x):
    return jnp.einsum("mn,n...->m...", matrix, x)


def _adjoint(matrix, y):
    return jnp.einsum("mn,m...->n...", matrix, y)


def test_shared_matrix_functions_and_no_batch_axis():
    """The module's example: the cheapest way to share 5 within a row; A as a pair of functions."""
    fields = [[1.0, 2.0], [0.0, 0.0], [4.0, 4.0], [-np.inf], [0.0], [5.0]]
    lp = LinearProgram(*map(jnp.asarray, fields))
    matrix = jnp.asarray([[1.0, -1.0]])
    rows = Rows(matrix, _forward, _adjoint)
    answer = solve(lp, rows, groups=((0, 1),))
    assert answer.status == Status.OPTIMAL
    np.testing.assert_allclose(answer.x, [2.5, 2.5], atol=1e-7)
    np.testing.assert_allclose(answer.y, [-0.5], atol=1e-6)
    np.testing.assert_allclose(answer.group_price, [1.5], atol=1e-6)
    x, y = jnp.asarray([[1.0, 2.0], [3.0, 4.0]]), jnp.asarray([[5.0, 6.0]])
    for each in (dense(matrix), dense(jnp.stack([matrix, matrix], -1))):
        np.testing.assert_array_equal(each @ x, rows @ x)
        np.testing.assert_array_equal(each.pull(y), rows.pull(y))


def buying(kinds, each: int, seed: int = 0) -> dict[str, np.ndarray]:
    parts = [random_lps(SHAPE, each, kind, 100 * i + seed) for i, kind in enumerate(kinds)]
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def as_buying(fields, dtype: type[np.floating] = np.float64) -> BuyingLP:
    return BuyingLP(**{name: jnp.asarray(array, dtype) for name, array in fields.items()})


def terms(fields, answer) -> tuple[np.ndarray, np.ndarray]:
    """Objective and sum of its magnitudes, in NumPy."""
    route = np.where(np.isfinite(fields["route_cost"]), fields["route_cost"], 0)
    pairs = (fields["order_cost"], answer.order), (route, answer.ship), (fields["overage_cost"], answer.leftover)
    pairs += ((-fields["segment_value"], answer.served),)
    every = np.concatenate([(cost * np.asarray(units)).reshape(-1, cost.shape[-1]) for cost, units in pairs])
    return every.sum(0), np.abs(every).sum(0)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-7), (np.float32, 1e-3)])
def test_buying_lp_agrees_with_the_special_solver(dtype, tolerance):
    fields = buying(KINDS, 3)
    infeasible = np.repeat(KINDS, 3) == "infeasible"
    # In float64 with rows that allow everything: they must change nothing, and share the next test's compiled function.
    vacuous = side_rows(fields, 0)._replace(
        low=jnp.asarray(np.full((2, 36), -np.inf)), high=jnp.asarray(np.full((2, 36), np.inf))
    )
    answer = buying_lp_with_constraints(as_buying(fields, dtype), vacuous if dtype == np.float64 else None)
    exact = buying_lp.solve(as_buying(fields))
    assert answer.order.dtype == dtype
    assert (np.asarray(answer.status)[~infeasible] == Status.OPTIMAL).all()
    assert (np.asarray(answer.status)[infeasible] == Status.INFEASIBLE).all()
    objective, size = terms(fields, answer)
    off = np.abs(objective - np.asarray(exact.objective))
    assert (off <= tolerance * size)[~infeasible].all()
    order = np.asarray(answer.order)[:, ~infeasible]
    assert (order >= 0).all()
    assert (order <= fields["order_cap"][:, ~infeasible].astype(dtype)).all()
    rounding = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(order.sum(0), fields["order_total"][~infeasible], rtol=rounding, atol=0)


def side_rows(fields, seed: int) -> OrderRows:
    """A storage limit on volume, and the least that one node must order, both such that some order keeps them."""
    rng = np.random.default_rng(seed)
    cap, total = fields["order_cap"], fields["order_total"]
    order = cap * (total / np.maximum(cap.sum(0), 1e-300))
    volume = np.stack([rng.uniform(0.5, 2, cap.shape), np.broadcast_to(np.eye(4)[:, :1], cap.shape)])
    used = (volume * order).sum(1)
    low, high = np.stack([-np.inf * np.ones_like(total), 0.9 * used[1]]), np.stack([used[0], np.inf * total.clip(1, 1)])
    return OrderRows(*map(jnp.asarray, (volume, low, high)))


def test_buying_lp_with_side_constraints_agrees_with_highs():
    fields = buying(FEASIBLE, 3, seed=1)
    rows = side_rows(fields, 2)
    answer = jax.tree.map(np.asarray, buying_lp_with_constraints(as_buying(fields), rows))
    free = buying_lp.solve(as_buying(fields))
    assert (answer.status == Status.OPTIMAL).all()
    objective, size = terms(fields, answer)
    base = constraint_matrix(*SHAPE)
    for i in range(len(size)):
        unit = fields["supply"][:, i].sum() + fields["order_total"][i]
        price = np.abs(fields["segment_value"][..., i]).max()
        lp = {name: array[..., i] for name, array in fields.items()}
        closed = np.isinf(lp["route_cost"]).ravel()
        cost = [lp["order_cost"], np.where(closed, 0, lp["route_cost"].ravel()), lp["overage_cost"]]
        upper = [lp["order_cap"] / unit, np.where(closed, 0, np.inf), np.full(4, np.inf)]
        upper = np.concatenate([*upper, lp["segment_width"].ravel() / unit])
        side = np.hstack([np.asarray(rows.coefficient)[..., i], np.zeros((2, base.shape[1] - 4))])
        best = linprog(
            np.concatenate([*cost, -lp["segment_value"].ravel()]) / price,
            A_ub=side * np.array([[1], [-1]]),
            b_ub=np.array([rows.high[0, i], -rows.low[1, i]]) / unit,
            A_eq=base,
            b_eq=np.concatenate([lp["supply"], np.zeros(4), [lp["order_total"]]]) / unit,
            bounds=np.stack([np.zeros_like(upper), upper], 1),
        )
        assert abs(best.fun * unit * price - objective[i]) <= 1e-7 * size[i]
    assert (objective >= np.asarray(free.objective) - 1e-7 * size).all()
    assert (objective > np.asarray(free.objective) + 1e-4 * size).any()
    # A side constraint that no order keeps is seen, and a number that means nothing is named.
    rows = rows._replace(low=rows.low.at[1].set(2 * (fields["order_total"] + 1)))
    fields["order_cost"][0, 0] = np.nan
    answer = buying_lp_with_constraints(as_buying(fields), rows)
    assert answer.status[0] == Status.BAD_INPUT
    assert (np.asarray(answer.status)[1:] == Status.INFEASIBLE).all()


def test_lanes_change_no_answer():
    """More LPs than lanes, some infeasible or meaningless, two batch axes: each as in a batch that goes together."""
    fields = buying(KINDS, 15)
    fields["supply"][0, 7] = -1
    rows = side_rows(fields, 3)
    some = lambda tree, first: jax.tree.map(lambda a: a[..., first : first + 36], tree)
    square = lambda tree: jax.tree.map(lambda a: jnp.reshape(a, (*a.shape[:-1], 9, 20)), tree)
    lps = as_buying(fields)
    lined_up = buying_lp_with_constraints(square(lps), square(rows))
    together = [buying_lp_with_constraints(some(lps, i), some(rows, i)) for i in range(0, 180, 36)]
    joined = jax.tree.map(lambda *parts: np.concatenate(parts, axis=-1), *together)
    flat = jax.tree.map(lambda a: np.asarray(a).reshape(*a.shape[:-2], 180), lined_up)
    np.testing.assert_array_equal(flat.status, joined.status)
    assert {Status.OPTIMAL, Status.INFEASIBLE, Status.BAD_INPUT} <= set(flat.status)
    fine = flat.status == Status.OPTIMAL
    assert np.mean(flat.iterations[fine] == joined.iterations[fine]) > 0.8  # two programs, which round apart
    size = np.maximum(joined.order.sum(0)[fine], 1e-300)
    np.testing.assert_allclose(flat.order[:, fine] / size, joined.order[:, fine] / size, rtol=0, atol=1e-6)
    np.testing.assert_allclose(flat.objective[fine], joined.objective[fine], rtol=1e-6)
