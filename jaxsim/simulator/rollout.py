"""One chunk of product-trials over the whole horizon: policies and the environment's `step`, scanned by weeks and days.

A week's demand is drawn together, and states are tested in full, and warm starts kept, once a week.
"""

import enum
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int32

from jaxsim.simulator import env, guard
from jaxsim.simulator.guard import Check
from jaxsim.simulator.policies import BuyingPolicy, Carry, Policies
from jaxsim.simulator.policies.protocol import keep, restore
from jaxsim.simulator.state import Day, Inputs, Review, Shared, State


class Record(enum.Enum):
    """What a rollout returns beside its counts."""

    NOTHING = 0
    DAYS = 1
    """Each field of `Day` with leading axes (weeks, 7)."""
    REVIEWS = 2
    """Each field of `Review` with a leading axis of weeks; a product has at most one review a week."""


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
    review: Review | None
    """Of this week, where it is recorded."""


class _Week(NamedTuple):
    """What is known of a week before it starts."""

    number: Int32[Array, ""]
    kept: Any


def rollout(
    inputs: Inputs, shared: Shared, policies: Policies, kept: Any, record: Record
) -> tuple[Counts, Any, Day | Review | None]:
    """Simulate every product-trial of a chunk.

    Args:
        kept: what the run before kept for each week (`policies.protocol.WarmStart`), leading axis weeks; zeros where
            nothing is known.
        record: what else to return.

    Returns:
        The counts, what is kept for the next run, and what is recorded.
    """

    def one_day(morning: _Morning, demand: Int32[Array, "regions batch"]) -> tuple[_Morning, Day | None]:
        state, memory, sums, review = morning
        order, memory = env.ask(policies.buy, inputs, shared, state, memory)
        if review is not None:
            seen, ordered = Review.of(state, order.quantity), inputs.reviewed(state.day)
            review = jax.tree.map(lambda new, old: jnp.where(ordered, new, old), seen, review)
        decisions = env.Decisions(order, policies.place, policies.fulfill)
        state, day = env.step(inputs, shared, state, decisions, demand)
        return _Morning(state, memory, sums.plus(day), review), day if record is Record.DAYS else None

    def one_week(
        last: tuple[State, Carry], week: _Week
    ) -> tuple[tuple[State, Carry], tuple[_Sums, Any, Day | Review | None]]:
        state, memory = last
        memory = restore(policies.buy, inputs, memory, week.kept)
        demand, found = env.week_of_demand(inputs, shared, week.number)
        state = state._replace(fault=guard.first(state.fault, found))
        morning = _Morning(state, memory, nothing, no_review if record is Record.REVIEWS else None)
        (state, memory, sums, review), days = lax.scan(one_day, morning, demand)
        fault = guard.first(state.fault, *guard.of_state(state, state.day - 1, Check.WEEK))
        return (state._replace(fault=fault), memory), (
            sums,
            keep(policies.buy, inputs, memory),
            days if review is None else review,
        )

    zero = jnp.zeros_like(inputs.on_hand)
    nothing = _Sums(zero, zero, zero, zero[0])
    no_review = Review(zero, jnp.zeros_like(inputs.preference[0]), zero[0])
    weeks = _Week(jnp.arange(inputs.order_up_to.shape[0], dtype=jnp.int32), kept)
    start = env.reset(inputs, shared), policies.buy.init(inputs)
    (state, _), (sums, kept, recorded) = lax.scan(one_week, start, weeks)
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
    return counts, kept, recorded


def nothing_kept(inputs: Inputs, policy: BuyingPolicy) -> Any:
    """What the first run takes for what the run before kept: zeros."""
    of_a_week = jax.eval_shape(lambda: keep(policy, inputs, policy.init(inputs)))
    weeks = inputs.order_up_to.shape[0]
    return jax.tree.map(lambda leaf: jnp.zeros((weeks, *leaf.shape), leaf.dtype), of_a_week)
