"""The interior point solver against HiGHS, its certificate and starts, and the central path's derivatives."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels import buying
from jaxsim.kernels.buying import BuyingLP, Method, Solution, Status, central_order, sensitivity, solve_from
from jaxsim.kernels.buying.blocks import prepare
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.interior_point import search as interior_point
from jaxsim.kernels.buying.methods.interior_point.scaled import State
from tests.kernels.random_lps import KINDS, random_lps
from validation.adversarial_lps import FAMILIES, adversarial_lps
from validation.reference_lp import HighsBuyingLP

Fields = dict[str, np.ndarray]
SHAPE = 3, 2, 2
EACH = 8
COUNT = EACH * len(KINDS)  # all float64 tests share one batch size, and with it one compiled function
BARRIER = 1e-3

no_start = partial(buying.no_start, method=buying.INTERIOR_POINT)


def several(kinds=KINDS, each: int = EACH, seed: int = 0) -> Fields:
    parts = [random_lps(SHAPE, each, kind, 100 * i + seed) for i, kind in enumerate(kinds)]
    return {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}


def as_lps(fields: Fields, dtype: type[np.floating] = np.float64) -> BuyingLP:
    return BuyingLP(**{name: jnp.asarray(array, dtype) for name, array in fields.items()})


def run(
    fields: Fields, dtype: type[np.floating] = np.float64, method: Method = buying.INTERIOR_POINT, **options
) -> Solution:
    """By the program that also takes states: compiling another one would take longer than all its runs."""
    lps = as_lps(fields, dtype)
    return jax.tree.map(np.asarray, solve_from(lps, no_start(lps), method=method, **options)[0])


@jax.jit
def iterations(lps: BuyingLP, state: State) -> jax.Array:
    """How many each LP takes."""
    limits = Limits(40, 1e-8)
    lps, certify = prepare(lps, None, limits.tolerance)
    return interior_point.search(lps, state, limits, certify, False)[2]


def size_of_terms(fields: Fields, answer: Solution) -> np.ndarray:
    """Sum of the magnitudes of the objective's terms."""
    route = np.where(np.isfinite(fields["route_cost"]), fields["route_cost"], 0)
    pairs = (fields["order_cost"], answer.order), (route, answer.ship), (fields["overage_cost"], answer.leftover)
    pairs += ((fields["segment_value"], answer.served),)
    return np.sum([np.abs(cost * units).reshape(-1, cost.shape[-1]).sum(0) for cost, units in pairs], axis=0)


def check_against_highs(fields: Fields, answer: Solution, tolerance: float, certified: float) -> None:
    """Statuses as HiGHS has them, objectives within the tolerance, and this part of the feasible LPs `OPTIMAL`."""
    highs = HighsBuyingLP(*SHAPE)
    size = size_of_terms(fields, answer)
    feasible = np.zeros(len(size), bool)
    for i in range(len(size)):
        exact = highs.solve({name: array[..., i] for name, array in fields.items()})
        feasible[i] = exact.feasible
        assert (answer.status[i] == Status.INFEASIBLE) == (not exact.feasible)
        if answer.status[i] == Status.OPTIMAL:
            assert exact.objective is not None
            assert abs(answer.objective[i] - exact.objective) <= 2 * tolerance * size[i]
    assert np.mean(answer.status[feasible] == Status.OPTIMAL) >= certified
    optimal = answer.status == Status.OPTIMAL
    worst = np.max([answer.gap, answer.primal_residual, answer.dual_residual], axis=0)
    assert (worst[optimal] <= tolerance).all()


@pytest.fixture(scope="module")
def fields() -> Fields:
    return several()


@pytest.fixture(scope="module")
def answer(fields) -> Solution:
    return run(fields)


def test_agrees_with_highs(fields, answer):
    check_against_highs(fields, answer, 1e-8, 1.0)
    order = answer.order[:, answer.status == Status.OPTIMAL]
    total = fields["order_total"][answer.status == Status.OPTIMAL]
    assert (order >= 0).all()
    assert (order <= fields["order_cap"][:, answer.status == Status.OPTIMAL]).all()
    np.testing.assert_allclose(order.sum(0), total, rtol=1e-13, atol=0)


def test_float32_agrees_with_highs(fields):
    answer = run(fields, np.float32)
    assert answer.order.dtype == np.float32
    check_against_highs(fields, answer, 2e-5, 0.97)


def test_mixed_precision_agrees_with_highs(fields):
    answer = run(fields, method=buying.INTERIOR_POINT_MIXED)
    assert answer.order.dtype == np.float64
    check_against_highs(fields, answer, 1e-8, 0.97)


def test_hard_families():
    """Never a false optimum; what is not proved stays a small part."""
    parts = [adversarial_lps(family, SHAPE, EACH, 5) for family in FAMILIES if family != "extreme scales"]
    parts.append(adversarial_lps("mixed", SHAPE, COUNT - EACH * len(parts), 6))
    fields = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    # HiGHS calls caps short by less than its own tolerance feasible: such LPs are left out.
    miss = np.abs(fields["order_cap"].sum(0) / np.maximum(fields["order_total"], 1e-300) - 1)
    answer = run(fields)
    keep = (miss > 1e-6) | (miss == 0)
    fields, part = jax.tree.map(lambda a: a[..., keep], (fields, answer))
    highs = HighsBuyingLP(*SHAPE)
    size = size_of_terms(fields, part)
    for i in np.flatnonzero(part.status == Status.OPTIMAL):
        exact = highs.solve({name: array[..., i] for name, array in fields.items()})
        if exact.objective is not None:
            assert part.objective[i] <= exact.objective + 1e-7 * size[i]
    assert np.mean(np.isin(answer.status, (Status.OPTIMAL, Status.INFEASIBLE))) >= 0.95


def test_edges(fields):
    """What leaves no interior, or nothing at all, in the first LPs of a batch."""
    fields = {name: array.copy() for name, array in several(("ordinary",), COUNT, 3).items()}
    fields["order_cap"][:, :8] = 10.0
    fields["order_total"][:8] = 12.0
    fields["order_total"][0] = 30.0  # all caps
    fields["order_total"][1] = 30.0 * (1 - 1e-12)
    fields["order_total"][2] = 0.0
    fields["order_cap"][1:, 3], fields["order_total"][3] = 0, 10.0  # one node
    fields["segment_width"][..., 4] = 1e9
    fields["supply"][:, 5] = fields["order_total"][5] = 0
    fields["route_cost"][..., 6] = np.inf
    fields["order_total"][7] = 31.0
    fields["supply"][:, 8] = fields["order_cap"][:, 8] = fields["order_total"][8] = 0
    fields["order_cost"][0, 9], fields["segment_width"][0, 0, 10], fields["supply"][0, 11] = np.nan, np.inf, -1
    answer = run(fields)
    assert (answer.status[[0, 1, 2, 3, 4, 5, 6, 8]] == Status.OPTIMAL).all()
    assert answer.status[7] == Status.INFEASIBLE
    assert (answer.status[9:12] == Status.BAD_INPUT).all()
    assert (answer.status[12:] == Status.OPTIMAL).all()
    np.testing.assert_array_equal(answer.order[:, 0], 10)
    assert answer.objective[8] == 0
    for array in answer:
        assert np.isfinite(array).all()


def test_no_lp_depends_on_the_others(fields, answer):
    """Not on their order, on blocks, on batch axes, or on whether there are any."""
    same = lambda one, other: jax.tree.map(np.testing.assert_array_equal, one, other)
    take = lambda tree, index: jax.tree.map(lambda a: a[..., index], tree)
    mixed_up = np.random.default_rng(0).permutation(COUNT)
    same(run(take(fields, mixed_up)), take(answer, mixed_up))
    same(run(take(fields, 0)), take(answer, 0))
    split = jax.tree.map(lambda a: a.reshape(*a.shape[:-1], 2, -1), fields)
    same(jax.tree.map(lambda a: a.reshape(*a.shape[:-2], -1), run(split, block=32)), answer)


def test_warm_start(fields):
    """A state saves iterations after a small change; none, and no garbage, changes the answer."""
    from_state = partial(solve_from, method=buying.INTERIOR_POINT)
    lps = as_lps(fields)
    cold, state = from_state(lps, no_start(lps))
    np.testing.assert_array_equal(cold.order, buying.solve(lps, method=buying.INTERIOR_POINT).order)
    change = np.random.default_rng(1).uniform(0.995, 1.005, fields["order_cost"].shape)
    moved = fields | {"order_cost": fields["order_cost"] * change}
    exact, _ = from_state(as_lps(moved), no_start(lps))
    optimal = np.asarray(exact.status) == Status.OPTIMAL
    rng = np.random.default_rng(2)
    garbage = (
        jax.tree.map(lambda a: jnp.full_like(a, jnp.nan), state),
        jax.tree.map(lambda a: jnp.asarray(rng.normal(size=a.shape) * 10.0 ** rng.uniform(-9, 9, a.shape)), state),
        jax.tree.map(lambda a: jnp.abs(jnp.asarray(rng.normal(size=a.shape))), state),
        jax.tree.map(lambda a: a[..., ::-1], state),
    )
    for start in (state, *garbage):
        warm, _ = from_state(as_lps(moved), start)
        np.testing.assert_array_equal(warm.status, exact.status)
        off = np.abs(np.asarray(warm.objective - exact.objective))[optimal]
        assert (off <= 2e-8 * size_of_terms(moved, exact)[optimal]).all()
    count, cold_count = (np.asarray(iterations(as_lps(moved), start))[optimal] for start in (state, no_start(lps)))
    assert np.median(count) <= 0.6 * np.median(cold_count)
    _, mixed_state = solve_from(lps, no_start(lps), method=buying.INTERIOR_POINT_MIXED)
    mixed_count = np.asarray(iterations(as_lps(moved), mixed_state))[optimal]
    assert np.percentile(mixed_count, 99) <= np.percentile(count, 99) + 1


def test_iteration_limit_is_said(fields):
    lps = as_lps({name: array[..., 0] for name, array in fields.items()})
    assert (
        solve_from(lps, no_start(lps), max_iterations=2, method=buying.INTERIOR_POINT)[0].status
        == Status.ITERATION_LIMIT
    )


SMOOTH = ("ordinary", "no order", "no demand", "closed routes", "negative costs", "padded", "zero widths", "scarce")


@pytest.fixture(scope="module")
def smooth() -> Fields:
    """LPs at unit scale, so that finite differences have digits, and with caps that are not just at the total."""
    fields = several(SMOOTH, COUNT // len(SMOOTH), seed=11)
    unit, price = fields["supply"].sum(0) + fields["order_cap"].sum(0) + 1e-9, fields["overage_cost"].max(0)
    for name in fields:
        fields[name] = fields[name] / (price if name.endswith(("cost", "value")) else unit)
    return fields


def test_central_order_is_central(smooth):
    """It sums to the total within the caps, and tends to the LP's order."""
    lps = as_lps(smooth)
    best = run(smooth)
    far = []
    for barrier in (1e-2, 1e-4, 1e-7):
        order = np.asarray(central_order(lps, barrier))
        np.testing.assert_allclose(order.sum(0), smooth["order_total"], rtol=1e-9, atol=1e-14)
        assert (order >= 0).all()
        assert (order <= smooth["order_cap"] * (1 + 1e-12)).all()
        far.append(np.abs(order - best.order).max())
    assert far[2] < far[1] < far[0]
    assert far[2] < 1e-3


@jax.jit
def derivative(lps: BuyingLP, tangent: BuyingLP) -> jax.Array:
    return jax.jvp(lambda lps: central_order(lps, BARRIER), (lps,), (tangent,))[1]


@jax.jit
def gradient(lps: BuyingLP, weight: jax.Array) -> BuyingLP:
    return jax.grad(lambda lps: jnp.sum(weight * central_order(lps, BARRIER)))(lps)


@pytest.mark.parametrize("name", BuyingLP._fields)
def test_derivatives_are_those_of_finite_differences(smooth, name):
    lps = as_lps(smooth)
    rng = np.random.default_rng(3)
    array = smooth[name]
    scale = rng.normal(size=array.shape[-1]) if name == "segment_value" else rng.normal(size=array.shape)
    direction = jnp.asarray(np.where(np.isfinite(array), array, 0) * scale)
    move = lambda t: lps._replace(**{name: jnp.where(direction == 0, jnp.asarray(array), array + t * direction)})
    step = 1e-5
    slope = (central_order(move(step), BARRIER) - central_order(move(-step), BARRIER)) / (2 * step)
    forward = derivative(lps, jax.tree.map(jnp.zeros_like, lps)._replace(**{name: direction}))
    np.testing.assert_allclose(forward, slope, rtol=1e-4, atol=1e-6 * max(1.0, float(jnp.abs(slope).max())))
    assert jnp.abs(forward).max() > 1e-4
    weight = jnp.asarray(rng.normal(size=forward.shape))
    backward = getattr(gradient(lps, weight), name)
    np.testing.assert_allclose(jnp.vdot(backward, direction), jnp.vdot(weight, forward), rtol=1e-8)


def test_sensitivity(fields, smooth):
    """Symmetric, negative semidefinite, rows that sum to 0, finite everywhere; the Jacobian of `central_order`."""
    response = np.asarray(sensitivity(as_lps(fields), BARRIER))
    assert np.isfinite(response).all()
    np.testing.assert_array_equal(response, response.swapaxes(0, 1))
    size = np.abs(response).max((0, 1))
    assert (np.abs(response.sum(0)) <= 1e-14 * size).all()
    assert (np.linalg.eigvalsh(np.moveaxis(response, -1, 0)).max(1) <= 1e-14 * size).all()
    nothing = np.isin(np.repeat(KINDS, EACH), ("infeasible", "no order", "tight caps"))
    assert (response[..., nothing] == 0).all()
    assert (size[:EACH] > 0).sum() >= EACH - 2
    closed = fields["order_cap"] == 0
    assert (response.transpose(0, 2, 1)[closed] == 0).all()
    lps = as_lps(smooth)
    each = []
    for node in range(SHAPE[0]):
        change = jax.tree.map(jnp.zeros_like, lps)
        change = change._replace(order_cost=change.order_cost.at[node].set(1))
        each.append(derivative(lps, change))
    largest = np.maximum.reduce([np.abs(smooth["overage_cost"]).max(0), smooth["segment_value"].max((0, 1))])
    fixed = np.abs(smooth["order_cost"]).max(0) < largest  # else the barrier grows with an order cost
    jacobian, response = np.stack(each, 1)[..., fixed], np.asarray(sensitivity(lps, BARRIER))[..., fixed]
    assert fixed.sum() >= 10
    np.testing.assert_allclose(response, jacobian, rtol=1e-6, atol=1e-9 * np.abs(jacobian).max())


def test_sensitivity_tends_to_the_response_of_the_order():
    """Summed over LPs whose costs differ by all there is, it is the order that goes from one node to another."""
    nodes, regions, segments = SHAPE
    ones = lambda *shape: np.ones((*shape, COUNT))
    difference = np.linspace(-1, 1, COUNT)
    fields = {
        "order_cost": np.stack([difference, 0 * difference, 0 * difference]),
        "order_cap": ones(nodes) * np.array([[1], [1], [0]]),
        "order_total": ones(),
        "supply": 0 * ones(nodes),
        "route_cost": ones(nodes, regions),
        "overage_cost": ones(nodes),
        "segment_value": 4 * ones(regions, segments),
        "segment_width": ones(regions, segments),
    }
    response = np.asarray(sensitivity(as_lps(fields), BARRIER)).sum(-1) * (2 / (COUNT - 1))
    np.testing.assert_allclose(response, [[-1, 1, 0], [1, -1, 0], [0, 0, 0]], atol=0.03)
