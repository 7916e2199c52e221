"""The first-order solver against HiGHS, its certificate against damage, and failures."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from jaxsim.kernels.general import (
    LinearProgram,
    Rows,
    State,
    Status,
    dense,
    solve,
)
from jaxsim.kernels.general.linear_program import prove

COUNT, COLUMNS, ROWS = 24, 9, 4
GROUPS = ((1, 2, 3), (4, 6, 8))  # a capped simplex of neighbors, and one of entries here and there
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


@pytest.mark.slow
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
