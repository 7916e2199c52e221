"""A textbook allocation of three warehouses to four cities, whose least cost is 1020, by two solvers."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog

from jaxsim.kernels.buying import BuyingLP, Status, solve

COSTS = np.array([[8.0, 6, 10, 9], [9, 12, 13, 7], [14, 9, 16, 5]])
SUPPLY = np.array([35.0, 50, 40])
DEMAND = np.array([45.0, 20, 30, 30])
LEAST_COST = 1020
WORTH = 100.0
"""Of a unit served: more than any route costs."""


def test_linprog_finds_the_least_cost():
    leaving = np.kron(np.eye(3), np.ones(4))
    entering = np.kron(np.ones(3), np.eye(4))
    answer = linprog(COSTS.ravel(), A_eq=np.vstack([leaving, entering]), b_eq=np.concatenate([SUPPLY, DEMAND]))
    assert answer.fun == pytest.approx(LEAST_COST, rel=1e-12)


def test_the_kernel_finds_the_least_cost():
    problem = BuyingLP(
        order_cost=jnp.zeros(3),
        order_cap=jnp.zeros(3),
        order_total=jnp.array(0.0),
        supply=jnp.asarray(SUPPLY),
        route_cost=jnp.asarray(COSTS),
        overage_cost=jnp.zeros(3),
        segment_value=jnp.full((4, 1), WORTH),
        segment_width=jnp.asarray(DEMAND[:, None]),
    )
    answer = solve(problem)
    assert answer.status == Status.OPTIMAL
    np.testing.assert_array_equal(answer.served[:, 0], DEMAND)
    assert float((COSTS * answer.ship).sum()) == LEAST_COST
    assert float(answer.objective) == LEAST_COST - WORTH * DEMAND.sum()
