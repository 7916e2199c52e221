"""A number that is not finite, or a quantity that overflows, stops the run and is named."""

import dataclasses

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.scenario import textbook
from jaxsim.simulator import Simulator, env, guard, prepare
from jaxsim.simulator.guard import Check
from jaxsim.simulator.policies import BuyByLP
from jaxsim.simulator.state import Order, Service, Shared, State
from jaxsim.system import MOST_UNITS, System, build

HUGE = 2**31 - 1


@pytest.fixture(scope="module")
def system() -> System:
    return build(textbook.scenario(weeks=4))


@pytest.fixture(scope="module")
def chunk(system):
    """Inputs and what is shared; a transfer may take up to 15 days."""
    inputs, shared = prepare(system)
    return inputs, dataclasses.replace(shared, shape=shared.shape._replace(ring=16))


@pytest.fixture(scope="module")
def start(chunk):
    """The state at the start, what is shared, and a jitted day 7 that returns the faults of the day and the week."""
    inputs, shared = chunk
    demand = jnp.zeros((1, len(inputs.case_pack)), jnp.int32)
    policy = BuyByLP()

    @eqx.filter_jit
    def faults(state: State, shared: Shared):
        order, _ = policy(inputs, shared, state, state.day, policy.init(inputs))
        state, _ = env.step(inputs, shared, state, env.Decisions(order), demand)
        return guard.first(state.fault, *guard.of_state(state, state.day - 1, Check.WEEK))

    return faults, env.reset(inputs, shared)._replace(day=jnp.int32(7)), shared


def test_a_sound_day_has_no_fault(start):
    faults, state, shared = start
    assert not faults(state, shared).any()


@pytest.mark.parametrize("value", [-5, MOST_UNITS, HUGE])
@pytest.mark.parametrize("leaf", guard.UNITS)
def test_all_units_of_the_state_are_watched(start, leaf, value):
    """Planted before day 7 in one product-trial, found on that day in that one, by name or by what it spilled into."""
    faults, state, shared = start
    planted = state._replace(**{leaf: getattr(state, leaf).at[..., 3].set(value)})
    found = np.asarray(faults(planted, shared))
    assert np.flatnonzero(found).tolist() == [3]
    assert guard.sentence(int(found[3])).startswith("day 7, ")
    whole = guard.first(
        planted.fault, *(test for check in Check for test in guard.of_state(planted, jnp.int32(7), check))
    )
    assert guard.sentence(int(whole[3])) == f"day 7, {leaf} left the range of 0 to {MOST_UNITS - 1:,} units"


def test_a_buying_lp_that_fails_is_named(start):
    faults, state, shared = start
    state = state._replace(on_hand=jnp.zeros_like(state.on_hand))  # so that every product orders
    found = faults(state, dataclasses.replace(shared, capacity_cost=shared.capacity_cost.at[0].set(jnp.nan)))
    assert "day 7, the buying LP ended as BAD_INPUT" in guard.sentence(int(found.max()))


def test_decisions_that_cannot_be_done_are_named(chunk):
    """One unit more or less than possible, in one product-trial: named in that one."""
    inputs, shared = chunk
    state, units = env.reset(inputs, shared), jnp.zeros_like(inputs.on_hand)
    service = Service.of_units(inputs, jnp.zeros_like(inputs.preference))
    one = lambda like, value=1: jnp.zeros_like(like).at[..., 3].set(value)
    nothing = env.Decisions(Order.none(inputs), jnp.zeros_like(state.moved), service)
    for decisions, name in (
        (nothing._replace(order=nothing.order._replace(units=one(units, -1))), "the buying policy orders negative"),
        (nothing._replace(place=one(state.moved)), "the placement policy sends negative units, or where there is no"),
        (nothing._replace(fulfill=Service.of_units(inputs, one(service.units, -1))), "the fulfillment policy serves"),
        (nothing._replace(fulfill=Service.of_units(inputs, one(service.units))), "the fulfillment policy serves"),
        (nothing._replace(fulfill=service._replace(taken=one(units))), "the fulfillment policy serves"),
    ):
        after, _ = env.step(inputs, shared, state, decisions, jnp.zeros_like(state.backlog))
        assert np.flatnonzero(np.asarray(after.fault)).tolist() == [3]
        assert name in guard.sentence(int(after.fault[3]))


def test_overflow_in_a_run_names_product_trial_and_day(system):
    """Each arrival is in range, both together are not."""
    flight = system.products.in_flight.copy()
    flight[2, 3, 0] = flight[2, 5, 0] = MOST_UNITS - 1
    system = eqx.tree_at(lambda s: s.products.in_flight, system, flight)
    message = r"product base stock, trial 1, day 0, on_order left the range of 0 to 67,108,863 units"
    with pytest.raises(RuntimeError, match=message):
        Simulator(system, trials=1, first_trial=1).run()


def test_a_cost_too_large_for_float32_is_refused(system):
    costs = np.zeros((3, 4))
    costs[0, 2] = 1e300
    with pytest.raises(ValueError, match="too large for float32"):
        Simulator(system, lp_dtype="float32").run(costs)
