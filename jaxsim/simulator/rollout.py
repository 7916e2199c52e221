"""One chunk of product-trials over the whole horizon: policies and the environment's `step`, scanned by weeks and days.

A week's demand is drawn together, and states are tested in full, and warm starts kept, once a week.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int32

from jaxsim.simulator import env, guard
from jaxsim.simulator.guard import Check
from jaxsim.simulator.policies import BuyingPolicy, Carry, Policies
from jaxsim.simulator.policies.protocol import keep, restore
from jaxsim.simulator.state import Day, Inputs, Shared, State


class Counts(NamedTuple):
    """A chunk's `jaxsim.outcome.Outcome`, batch-last, and the first fault of each product-trial (`guard`)."""

    arrivals: Int32[Array, "weeks slots batch"]
    orders: Int32[Array, "weeks slots batch"]
    inventory_unit_days: Int32[Array, "weeks slots batch"]
    end_inventory: Int32[Array, "weeks slots batch"]
    served: Int32[Array, "ranks regions batch"]
    lost: Int32[Array, "regions batch"]
    backlog_unit_days: Int32[Array, "weeks batch"]
    final_backlog: Int32[Array, "regions batch"]
    moved: Int32[Array, "sources slots batch"]
    fault: Int32[Array, " batch"]


class _Sums(NamedTuple):
    """What a week adds up, and the stock of its last day so far."""

    arrivals: Int32[Array, "slots batch"]
    inventory_unit_days: Int32[Array, "slots batch"]
    end_inventory: Int32[Array, "slots batch"]
    backlog_unit_days: Int32[Array, " batch"]

    def plus(self, day: Day) -> "_Sums":
        """The sums with one more day."""
        return _Sums(
            self.arrivals + day.received,
            self.inventory_unit_days + day.on_hand,
            day.on_hand,
            self.backlog_unit_days + day.backlog.sum(0, dtype=jnp.int32),
        )


class _Morning(NamedTuple):
    """What a day hands to the next."""

    state: State
    memory: Carry
    sums: _Sums


class _Week(NamedTuple):
    """What is known of a week before it starts."""

    number: Int32[Array, ""]
    kept: Any


def rollout(
    inputs: Inputs, shared: Shared, policies: Policies, kept: Any, record: bool
) -> tuple[Counts, Any, Day | None]:
    """Simulate every product-trial of a chunk.

    Args:
        kept: what the run before kept for each week (`policies.protocol.WarmStart`), leading axis weeks; zeros where
            nothing is known.
        record: also return every day.

    Returns:
        The counts, what is kept for the next run, and with `record` each `Day` field with leading axes (weeks, 7).
    """

    def one_day(morning: _Morning, demand: Int32[Array, "regions batch"]) -> tuple[_Morning, Day | None]:
        state, memory, sums = morning
        order, memory = env.ask(policies.buy, inputs, shared, state, memory)
        decisions = env.Decisions(order, policies.place, policies.fulfill)
        state, day = env.step(inputs, shared, state, decisions, demand)
        return _Morning(state, memory, sums.plus(day)), day if record else None

    def one_week(last: tuple[State, Carry], week: _Week) -> tuple[tuple[State, Carry], tuple[_Sums, Any, Day | None]]:
        state, memory = last
        memory = restore(policies.buy, inputs, memory, week.kept)
        demand, found = env.week_of_demand(inputs, shared, week.number)
        state = state._replace(fault=guard.first(state.fault, found))
        (state, memory, sums), days = lax.scan(one_day, _Morning(state, memory, nothing), demand)
        fault = guard.first(state.fault, *guard.of_state(state, state.day - 1, Check.WEEK))
        return (state._replace(fault=fault), memory), (sums, keep(policies.buy, inputs, memory), days)

    zero = jnp.zeros_like(inputs.on_hand)
    nothing = _Sums(zero, zero, zero, zero[0])
    weeks = _Week(jnp.arange(inputs.order_up_to.shape[0], dtype=jnp.int32), kept)
    start = env.reset(inputs, shared), policies.buy.init(inputs)
    (state, _), (sums, kept, days) = lax.scan(one_week, start, weeks)
    counts = Counts(
        arrivals=sums.arrivals,
        orders=state.ordered,
        inventory_unit_days=sums.inventory_unit_days,
        end_inventory=sums.end_inventory,
        served=state.served,
        lost=state.lost,
        backlog_unit_days=sums.backlog_unit_days,
        final_backlog=state.backlog,
        moved=state.moved,
        fault=state.fault,
    )
    return counts, kept, days


def nothing_kept(inputs: Inputs, policy: BuyingPolicy) -> Any:
    """What the first run takes for what the run before kept: zeros."""
    of_a_week = jax.eval_shape(lambda: keep(policy, inputs, policy.init(inputs)))
    weeks = inputs.order_up_to.shape[0]
    return jax.tree.map(lambda leaf: jnp.zeros((weeks, *leaf.shape), leaf.dtype), of_a_week)
