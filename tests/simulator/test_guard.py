"""A number that is not finite, or a quantity that overflows, stops the run and is named."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxsim.simulator.day import Shape, simulate_day, start_state

from jaxsim.resources import ARRIVALS
from jaxsim.scenario import textbook
from jaxsim.simulator import Simulator, chunks, guard
from jaxsim.simulator.guard import Check
from jaxsim.simulator.state import Shared, State
from jaxsim.system import MOST_UNITS, System, build

HUGE = 2**31 - 1


@pytest.fixture(scope="module")
def system() -> System:
    return build(textbook.scenario(weeks=4))


@pytest.fixture(scope="module")
def start(system):
    """A chunk's inputs, its state at the start, and a jitted day that returns the faults of the day and the week."""
    chunk = chunks.partition(system.products, 1, 64)[0]
    inputs = jax.tree.map(jnp.asarray, chunks.inputs(system, chunk, 0, np.dtype("float64")))
    shape = Shape(system.source.draw, tuple(system.weekday_share.tolist()), ring=16, sources=1)
    cost = ARRIVALS.charge(system, np.zeros((3, 4))).order
    shared = Shared(jnp.asarray(system.lead_times.cumulative), jnp.asarray(cost))
    demand = jnp.zeros((1, len(chunk.product)), jnp.int32)

    @jax.jit
    def faults(state: State, shared: Shared):
        day = jnp.int32(7)
        state, fault, *_ = simulate_day(inputs, shared, state, day, demand, record=False)
        return guard.first(fault, guard.of_state(state, day, Check.WEEK))

    return faults, start_state(inputs, shape), shared


def test_a_sound_day_has_no_fault(start):
    faults, state, shared = start
    assert not faults(state, shared).any()


@pytest.mark.parametrize("value", [-5, MOST_UNITS, HUGE])
@pytest.mark.parametrize("leaf", [name for name in State._fields if name != "basis"])
def test_all_units_of_the_state_are_watched(start, leaf, value):
    """Planted before day 7 in one product-trial, found on that day in that one, by name or by what it spilled into."""
    faults, state, shared = start
    planted = state._replace(**{leaf: getattr(state, leaf).at[..., 3].set(value)})
    found = np.asarray(faults(planted, shared))
    assert np.flatnonzero(found).tolist() == [3]
    assert guard.sentence(int(found[3])).startswith("day 7, ")
    whole = guard.first(*(guard.of_state(planted, jnp.int32(7), check) for check in Check))
    assert guard.sentence(int(whole[3])) == f"day 7, {leaf} left the range of 0 to {MOST_UNITS - 1:,} units"


def test_a_buying_lp_that_fails_is_named(start):
    faults, state, shared = start
    state = state._replace(on_hand=jnp.zeros_like(state.on_hand))  # so that every product orders
    found = faults(state, shared._replace(capacity_cost=shared.capacity_cost.at[0].set(jnp.nan)))
    assert "day 7, the buying LP ended as BAD_INPUT" in guard.sentence(int(found.max()))


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
