"""The buying LP by shortest paths against HiGHS, at the edges, and its certificate against deliberate damage."""

import inspect
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels import buying
from jaxsim.kernels.buying import BuyingLP, Status
from jaxsim.kernels.buying.methods.shortest_paths import search as paths
from tests.kernels.random_lps import KINDS, random_lps
from validation.reference_lp import HighsBuyingLP

SHAPES = (
    (1, 1, 1),
    (1, 6, 2),
    (6, 1, 4),
    (3, 2, 6),
    (4, 4, 4),
    (8, 8, 4),
    (16, 4, 1),
    (7, 20, 4),
    (16, 32, 4),
)
EACH = 19  # LPs of each shape and kind: 9 x 12 x 19 = 2052
OBJECTIVE_TOLERANCE = 1e-8  # part of the sum of the objective's magnitudes
ORDER_TOLERANCE = 1e-7  # part of all units

solve = partial(buying.solve, method=buying.SHORTEST_PATHS)


def as_lp(fields: dict[str, np.ndarray], dtype: type[np.floating] = np.float64) -> BuyingLP:
    return BuyingLP(**{name: jnp.asarray(array, dtype) for name, array in fields.items()})


def magnitude(fields, solution) -> np.ndarray:
    """Sum of the absolute terms of the objective."""
    route = np.where(np.isfinite(fields["route_cost"]), fields["route_cost"], 0)
    return (
        (np.abs(fields["order_cost"]) * solution.order).sum(0)
        + (np.abs(route) * solution.ship).sum((0, 1))
        + (np.abs(fields["overage_cost"]) * solution.leftover).sum(0)
        + (np.abs(fields["segment_value"]) * solution.served).sum((0, 1))
    )


def small(**changes) -> BuyingLP:
    """Two nodes, one region that wants 10 units worth 20 each, Q = 10."""
    fields = {
        "order_cost": np.zeros(2),
        "order_cap": np.array([10.0, 10.0]),
        "order_total": np.array(10.0),
        "supply": np.zeros(2),
        "route_cost": np.array([[1.0], [2.0]]),
        "overage_cost": np.ones(2),
        "segment_value": np.array([[20.0]]),
        "segment_width": np.array([[10.0]]),
    }
    return as_lp(fields | {name: np.asarray(value) for name, value in changes.items()})


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "x".join(map(str, shape)))
def test_agrees_with_highs(shape):
    parts = [random_lps(shape, EACH, kind, 1000 * i + sum(shape)) for i, kind in enumerate(KINDS)]
    fields = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    kinds = np.repeat(KINDS, EACH)
    solution = jax.tree.map(np.asarray, solve(as_lp(fields)))
    size = np.maximum(magnitude(fields, solution), 1e-300)
    units = np.maximum(fields["supply"].sum(0) + fields["order_total"], 1e-300)
    highs = HighsBuyingLP(*shape)
    for i, kind in enumerate(kinds):
        answer = highs.solve({name: array[..., i] for name, array in fields.items()})
        assert answer.feasible == (solution.status[i] != Status.INFEASIBLE) == (kind != "infeasible")
        if not answer.feasible:
            continue
        assert solution.status[i] == Status.OPTIMAL, kind
        assert abs(solution.objective[i] - answer.objective) <= OBJECTIVE_TOLERANCE * size[i], kind
        if kind != "ties":
            assert np.abs(solution.order[:, i] - answer.order).max() <= ORDER_TOLERANCE * units[i], kind
    feasible = kinds != "infeasible"
    for certificate in (solution.gap, solution.primal_residual, solution.dual_residual):
        assert certificate[feasible].max() <= 1e-13
    order = solution.order[:, feasible]
    assert (order >= 0).all()
    assert (order <= fields["order_cap"][:, feasible]).all()
    np.testing.assert_allclose(order.sum(0), fields["order_total"][feasible], rtol=1e-14)


def test_float32():
    """Float32 holds costs to about 1e-6 of the largest, so that is what a cost of the answer can be off by."""
    for i, kind in enumerate(KINDS):
        if kind == "infeasible":
            continue
        fields = random_lps((8, 8, 4), EACH, kind, i)
        exact = jax.tree.map(np.asarray, solve(as_lp(fields)))
        single = solve(as_lp(fields, np.float32))
        assert single.order.dtype == single.gap.dtype == jnp.float32
        names = ("order_cost", "route_cost", "overage_cost", "segment_value")
        sizes = [
            np.abs(np.where(np.isfinite(fields[name]), fields[name], 0)).reshape(-1, EACH).max(0) for name in names
        ]
        largest = np.max(sizes, axis=0)
        worst = largest * (fields["supply"].sum(0) + fields["order_total"])
        assert (np.abs(np.asarray(single.objective, np.float64) - exact.objective) <= 1e-5 * worst).all(), kind
        assert (np.asarray(single.primal_residual) <= 2e-6).all(), kind
        assert (np.asarray(single.status) == Status.OPTIMAL).mean() >= 0.9, kind


def test_textbook_cases():
    np.testing.assert_array_equal(solve(small()).order, [10, 0])
    np.testing.assert_array_equal(solve(small(order_cap=[4.0, 10.0])).order, [4, 6])
    assert float(solve(small()).objective) == 10 * (1 - 20)
    assert Status(int(solve(small(order_cap=[4.0, 4.0])).status)) is Status.INFEASIBLE


def test_prices_are_derivatives():
    fields = random_lps((4, 4, 4), 42, "ordinary", 3)
    base = solve(as_lp(fields))
    step = 1e-7 * (fields["supply"].sum(0) + fields["order_total"])
    more = fields | {"supply": fields["supply"] + step * np.eye(4)[2][:, None]}
    slope = (solve(as_lp(more)).objective - base.objective) / step
    scale = np.abs(fields["segment_value"]).max((0, 1))
    assert np.mean(np.abs(slope - base.supply_price[2]) <= 1e-6 * scale) >= 0.9  # a kink within the step is rare
    more = fields | {"order_total": fields["order_total"] - step}
    slope = (base.objective - solve(as_lp(more)).objective) / step
    assert np.mean(np.abs(slope - base.order_price) <= 1e-6 * scale) >= 0.9


@pytest.mark.parametrize(
    "change",
    [
        {"order_cost": [np.nan, 1.0]},
        {"order_cap": [np.inf, 1.0]},
        {"order_total": np.nan},
        {"order_total": -1.0},
        {"supply": [-1.0, 0.0]},
        {"route_cost": [[np.nan], [1.0]]},
        {"route_cost": [[-np.inf], [1.0]]},
        {"overage_cost": [np.inf, 1.0]},
        {"segment_value": [[1.0, 2.0]], "segment_width": [[1.0, 1.0]]},
        {"segment_width": [[-1.0]]},
    ],
)
def test_bad_input_is_named(change):
    solution = solve(small(**change))
    assert Status(int(solution.status)) is Status.BAD_INPUT
    assert np.isfinite(solution.order).all()


def test_bad_neighbor_changes_nothing():
    fields = random_lps((4, 4, 4), 42, "ordinary", 5)
    alone = solve(as_lp(fields))
    damaged = {name: array.copy() for name, array in fields.items()}
    damaged["route_cost"][0, 0, 4] = np.nan
    beside = solve(as_lp(damaged))
    others = np.arange(42) != 4
    np.testing.assert_array_equal(alone.order[:, others], beside.order[:, others])
    assert beside.status[4] == Status.BAD_INPUT


def test_iteration_limit_is_reported():
    solution = solve(small(order_cap=[4.0, 10.0]), max_iterations=1)
    assert Status(int(solution.status)) is Status.ITERATION_LIMIT


def test_certificate_sees_damage(monkeypatch):
    """A search that returns a feasible but worse flow must not be called optimal."""
    honest = paths.least_cost_flow

    def worse(net, max_iterations):
        expensive = net._replace(order_cost=net.order_cost[::-1], route_cost=net.route_cost[::-1])
        return honest(expensive, max_iterations)

    monkeypatch.setattr(paths, "least_cost_flow", worse)
    unjitted = partial(inspect.unwrap(buying.solve), method=buying.SHORTEST_PATHS)
    assert Status(int(jax.jit(lambda lp: unjitted(lp))(small()).status)) is Status.INACCURATE


def test_blocks_and_batch_shape_change_nothing():
    fields = random_lps((4, 4, 4), 42, "ordinary", 8)
    whole = solve(as_lp(fields))
    np.testing.assert_array_equal(solve(as_lp(fields), block=16).ship, whole.ship)
    square = solve(as_lp({name: a.reshape(*a.shape[:-1], 6, 7) for name, a in fields.items()}))
    assert square.order.shape == (4, 6, 7)
    assert square.gap.shape == (6, 7)
    np.testing.assert_array_equal(square.order.reshape(4, 42), whole.order)
    one = solve(as_lp({name: a[..., 3] for name, a in fields.items()}))
    assert one.order.shape == (4,)
    assert one.objective.shape == ()
    np.testing.assert_array_equal(one.order, whole.order[:, 3])


def test_shared_segment_values_broadcast():
    fields = random_lps((4, 4, 4), 42, "ordinary", 2)
    shared = fields | {"segment_value": fields["segment_value"][:1]}
    spread = fields | {"segment_value": np.broadcast_to(fields["segment_value"][:1], (4, 4, 42))}
    np.testing.assert_array_equal(solve(as_lp(shared)).ship, solve(as_lp(spread)).ship)


def test_one_trace_per_shape_and_inside_control_flow():
    traces = []

    @jax.jit
    def run(lp):
        traces.append(1)
        zero = jnp.zeros_like(lp.order_total)

        def day(total, _):
            big = jnp.any(lp.order_total > 0)
            order = jax.lax.cond(big, lambda: solve(lp).order, lambda: jnp.zeros_like(lp.supply))
            return total + order.sum(0), order

        return jax.lax.scan(day, zero, length=2)[0]

    for seed in (1, 2):
        fields = random_lps((3, 3, 2), 6, "ordinary", seed)
        np.testing.assert_allclose(run(as_lp(fields)), 2 * fields["order_total"], rtol=1e-13)
    assert len(traces) == 1


def test_every_status_has_a_sentence():
    assert all(status.sentence.endswith(".") for status in Status)


def test_a_segment_wider_than_all_units_takes_no_digits():
    """3 units of 0.001 for a narrow segment before one of ten million."""
    answer = solve(
        small(
            order_cost=[0.0], order_cap=[0.0], order_total=0.0, supply=[3e-3], route_cost=[[1.0]], overage_cost=[1.0],
            segment_value=[[20.0, 10.0]], segment_width=[[1e-3, 1e7]],
        )
    )  # fmt: skip
    assert answer.status == Status.OPTIMAL
    np.testing.assert_allclose(answer.served[0], [1e-3, 2e-3], rtol=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        # The best order costs a hundred-millionth of the other one per unit, and what it serves is worth nothing.
        {
            "order_cost": [1.0, 3e-9], "order_cap": [40.0, 40.0], "order_total": 40.0, "route_cost": [[2.0], [2.0]],
            "overage_cost": [4e-9, 2e-9], "segment_value": [[0.0]], "segment_width": [[40.0]],
        },
        # The largest cost, a segment's value, plays no part.
        {"order_cost": [10.47, 11.0], "order_cap": [0.319, 0.0], "order_total": 0.2065, "supply": [4062872.0, 0.0],
         "route_cost": [[np.inf], [np.inf]], "overage_cost": [4.09e-6, 1.0], "segment_value": [[18205.0]],
         "segment_width": [[8.8e6]]},
        # Serving is worth a hair more than leaving over.
        {"order_cost": [1.0, 1.0], "order_cap": [1.0, 1.0], "order_total": 0.0, "supply": [1.0, 0.0],
         "overage_cost": [3.4e-11, 1.0], "route_cost": [[2.0], [3.0]], "segment_value": [[2.0 - 1.4e-10]],
         "segment_width": [[9.0]]},
    ],
    ids=["order", "unused value", "near tie"],
)  # fmt: skip
@pytest.mark.parametrize("method", [buying.SHORTEST_PATHS, buying.NETWORK_SIMPLEX])
def test_prices_are_sharper_than_the_grid(changes, method):
    """Costs that matter are too small a part of the largest for prices on the grid to prove the optimum."""
    answer = solve(small(**changes), method=method)
    assert answer.status == Status.OPTIMAL
    assert answer.gap < 1e-12
