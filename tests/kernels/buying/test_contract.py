"""What every method of the buying LP must do alike."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels import buying
from jaxsim.kernels.buying import BuyingLP, Method, Status, no_start, solve_from
from jaxsim.kernels.buying.methods.interior_point import InteriorPoint
from tests.kernels.random_lps import KINDS, random_lps
from validation.reference_lp import HighsBuyingLP

SHAPE, EACH = (3, 2, 2), 8  # as in test_interior_point, whose compiled functions serve here too
INFEASIBLE = np.repeat(KINDS, EACH) == "infeasible"


@pytest.fixture(scope="module", params=buying.METHODS.values(), ids=lambda method: method.name)
def method(request) -> Method:
    if not request.param.available(buying.Shape(*SHAPE)):
        pytest.skip("Warp is not installed")
    return request.param


@pytest.fixture(scope="module")
def lps() -> BuyingLP:
    parts = [random_lps(SHAPE, EACH, kind, 100 * i) for i, kind in enumerate(KINDS)]
    joined = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    return BuyingLP(**{name: jnp.asarray(array) for name, array in joined.items()})


@pytest.fixture(scope="module")
def exact(lps) -> np.ndarray:
    """Objectives by HiGHS, NaN where there is none."""
    highs = HighsBuyingLP(*SHAPE)
    one = lambda i: {name: np.asarray(array[..., i]) for name, array in lps._asdict().items()}
    answers = [highs.solve(one(i)) for i in range(lps.order_total.size)]
    return np.array([answer.objective if answer.feasible else np.nan for answer in answers], float)


@pytest.fixture(scope="module")
def solved(method, lps):
    """The solver of the method, its answers, and where it ended."""
    solve = partial(solve_from, method=method)
    return solve, *solve(lps, no_start(lps, method))


def test_certified_optima(lps, exact, solved):
    _, answer, _ = solved
    status = np.asarray(answer.status)
    np.testing.assert_array_equal(status == Status.INFEASIBLE, INFEASIBLE)
    assert (status[~INFEASIBLE] == Status.OPTIMAL).mean() >= 0.97
    fine = status == Status.OPTIMAL
    terms = (np.abs(cost * units).reshape(-1, fine.size).sum(0) for cost, units in (
        (lps.order_cost, answer.order), (jnp.where(jnp.isfinite(lps.route_cost), lps.route_cost, 0), answer.ship),
        (lps.overage_cost, answer.leftover), (lps.segment_value, answer.served),
    ))  # fmt: skip
    size = np.maximum(sum(terms), 1e-300)
    assert (np.abs(answer.objective - exact) / size)[fine].max() <= 2e-8
    for name in ("gap", "primal_residual", "dual_residual"):
        assert np.asarray(getattr(answer, name))[fine].max() <= 1e-8
    np.testing.assert_allclose(answer.order.sum(0)[fine], lps.order_total[fine], rtol=1e-14)
    assert (answer.order <= lps.order_cap)[:, fine].all()


def test_starts_serve_again(lps, solved):
    solve, answer, end = solved
    again, _ = solve(lps._replace(order_cost=1.0001 * lps.order_cost), end)
    optimal = (np.asarray(answer.status) == Status.OPTIMAL) & (np.asarray(again.status) == Status.OPTIMAL)
    assert optimal.sum() >= 0.95 * (~INFEASIBLE).sum()
    cold, _ = solve(lps, jax.tree.map(jnp.zeros_like, end))
    np.testing.assert_array_equal(cold.order, answer.order)


def test_bad_numbers_are_told_apart_from_bad_luck(lps, solved, method):
    solve, _, _ = solved
    bad = lps._replace(
        supply=lps.supply.at[0, 3].set(-1.0),
        overage_cost=lps.overage_cost.at[1, 4].set(jnp.nan),
        order_total=lps.order_total.at[5].set(1e9),
        segment_value=lps.segment_value.at[:, 1, 6].set(1e9),
    )
    answer, _ = solve(bad, no_start(lps, method))
    assert list(np.asarray(answer.status)[[3, 4, 5, 6]]) == [
        Status.BAD_INPUT, Status.BAD_INPUT, Status.INFEASIBLE, Status.BAD_INPUT,
    ]  # fmt: skip
    assert all(np.isfinite(np.asarray(field)).all() for field in answer)


def test_a_start_of_another_method_is_refused(lps, method):
    is_interior = isinstance(method, InteriorPoint)
    other = buying.SHORTEST_PATHS if is_interior else buying.INTERIOR_POINT
    with pytest.raises(ValueError, match=f"start: not one of {method.name}"):
        buying.solve_from(lps, no_start(lps, other), method=method)


def test_inactive_lps_are_skipped(lps, solved):
    solve, answer, end = solved
    active = np.arange(lps.order_total.size) % 3 == 1
    start = jax.tree.map(jnp.zeros_like, end)
    part, after = solve(lps, start, active=active)
    for found, whole, skipped in ((part, answer, jax.tree.map(jnp.zeros_like, answer)), (after, end, start)):
        for one, other, none in zip(*map(jax.tree.leaves, (found, whole, skipped)), strict=True):
            np.testing.assert_allclose(
                one[..., active], other[..., active], 1e-9, 1e-14
            )  # digits depend on the program
            np.testing.assert_array_equal(one[..., ~active], none[..., ~active])


def test_methods_are_static_arguments_and_know_their_starts(lps, method, solved):
    _, _, end = solved
    assert {method: 1}[type(method)(**vars(method))] == 1
    assert buying.METHODS[method.name] is method
    fresh = method.init(lps.shape, lps.batch, lps.route_cost.dtype)
    assert jax.tree.map(jnp.shape, fresh) == jax.tree.map(jnp.shape, end)
    assert not np.asarray(method.known(fresh)).any()
    has_starts = sum(leaf.nbytes for leaf in jax.tree.leaves(end)) > 0
    known = np.asarray(method.known(end))
    assert known.shape == lps.batch
    assert (known[~INFEASIBLE] == has_starts).all()
    joined = buying.known_or(end, jax.tree.map(lambda a: a + 1, fresh), method)
    for one, found in zip(jax.tree.leaves(joined), jax.tree.leaves(end), strict=True):
        np.testing.assert_array_equal(one, np.where(known, found, np.ones_like(found)))


def test_a_name_is_no_method(lps, unchecked_types):
    with pytest.raises(ValueError, match=r"method: 'network_simplex' is none; take an object such as buying\.METHODS"):
        buying.solve(lps, method="network_simplex")  # pyright: ignore[reportArgumentType]
