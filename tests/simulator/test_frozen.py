"""Recorded reviews are the LPs that the simulation solved; how their orders respond to prices."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels.buying import sensitivity, solve
from jaxsim.resources.arrivals import arrival_by_week, response
from jaxsim.simulator import Simulator, chunks
from jaxsim.simulator.frozen import _by_week, _lp
from jaxsim.system import System, build
from validation.random_scenarios import random_scenario

BARRIER = 1e-2


@pytest.fixture(scope="module")
def system() -> System:
    return build(random_scenario(4, networks=3, products=6, weeks=4))


def prices(system: System) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.3, system.network.plan.shape)


def test_recorded_reviews_are_the_lps_that_were_solved(system):
    """Their optimum under the prices of the run is the order vector of the run's days, for every product-trial."""
    simulator, costs = Simulator(system, trials=2, seed=3), prices(system)
    reviews, days = simulator.reviews(costs), simulator.trajectory(costs)
    found = 0
    for part in reviews._parts:
        shared = chunks.shared(system, costs, np.dtype(np.float64))
        for week in range(system.weeks):
            review = jax.tree.map(lambda values, week=week: values[week], part.reviews)
            order = np.asarray(solve(_lp(part.inputs, shared, review, jnp.int32(week))).order)
            for column in range(part.rows.filled):
                product, trial = part.rows.product[column], part.rows.trial[column]
                day = 7 * week + system.products.first_review_day[product] % 7
                assert review.quantity[column] == days.order_quantity[product, trial, day]
                np.testing.assert_allclose(order[:, column], days.lp_order[product, trial, day], atol=1e-6)
                found += int(review.quantity[column] > 0)
    assert found > 10


def test_response_is_the_mean_over_trials_of_each_lps_sensitivity(system):
    reviews, costs = Simulator(system, trials=2, seed=3, chunk=8).reviews(), prices(system)
    expected = np.zeros_like(found := reviews.response(costs, BARRIER))
    shared = chunks.shared(system, costs, np.dtype(np.float64))
    for part in reviews._parts:
        for review, week in zip(*_by_week_lists(part.reviews), strict=True):
            each = np.asarray(sensitivity(_lp(part.inputs, shared, review, week), BARRIER))
            for column in range(part.rows.filled):
                expected[part.rows.product[column], int(week)] += each[..., column] / 2
    np.testing.assert_allclose(found, expected, atol=1e-9)
    np.testing.assert_allclose(found, np.swapaxes(found, 2, 3), atol=1e-9)
    assert found.any()


def test_matrix_by_loops(system):
    """∂Ũ/∂λ, product by product, over weeks of review, slots and weeks of arrival."""
    products, weeks = system.products, system.weeks
    orders = Simulator(system, trials=1, seed=3).reviews().response(None, BARRIER)
    later = arrival_by_week(system, products.lead_time_distribution, products.first_review_day[:, None] % 7)
    expected = np.zeros((len(system.network.nodes), weeks, len(system.network.nodes), weeks))
    for a, w, k, j in np.argwhere(orders != 0):
        for first in range(weeks - w):
            for second in range(weeks - w):
                expected[products.node[a, k], w + first, products.node[a, j], w + second] += (
                    products.sampling_weight[a] * orders[a, w, k, j] * later[a, k, first] * later[a, j, second]
                )
    found = response(system, orders)
    np.testing.assert_allclose(found, expected.reshape(found.shape), atol=1e-9)
    assert np.linalg.eigvalsh(found).max() < 1e-9


def _by_week_lists(reviews):
    values, weeks = _by_week(reviews)
    return [jax.tree.map(lambda each, week=week: each[week], values) for week in weeks], list(weeks)
