"""One chunk of product-trials over the whole horizon: the scan over weeks and days (docs/semantics.md)."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int8, Int32

from jaxsim import draws
from jaxsim.demand.source import WeekDraw
from jaxsim.kernels.buying import known_or
from jaxsim.simulator import guard
from jaxsim.simulator.buying import book, buy, lp_method, no_basis, no_order
from jaxsim.simulator.fulfillment import fulfill
from jaxsim.simulator.guard import Check
from jaxsim.simulator.placement import place
from jaxsim.simulator.state import Day, Inputs, Shared, State


class Counts(NamedTuple):
    """A chunk's `jaxsim.outcome.Outcome`, batch-last, and the first fault of each product-trial (`guard`)."""

    arrivals: Int32[Array, "weeks slots batch"]
    orders: Int32[Array, "weeks slots batch"]
    inventory_unit_days: Int32[Array, "weeks slots batch"]
    served: Int32[Array, "ranks regions batch"]
    lost: Int32[Array, "regions batch"]
    backlog_unit_days: Int32[Array, "weeks batch"]
    final_backlog: Int32[Array, "regions batch"]
    moved: Int32[Array, "sources slots batch"]
    fault: Int32[Array, " batch"]


class Shape(NamedTuple):
    """What a compilation holds fixed beside the shapes of arrays; hashable."""

    draw: WeekDraw
    """How a week's units follow from `Inputs.demand`."""
    weekday_share: tuple[float, ...]
    ring: int
    """Longest transfer + 1, days."""
    sources: int
    """Leading slots that placement sends from."""


def simulate_chunk(
    inputs: Inputs, shared: Shared, bases: Int8[Array, "weeks bytes batch"], shape: Shape, record: bool
) -> tuple[Counts, Int8[Array, "weeks bytes batch"], Day | None]:
    """Simulate every product-trial of a chunk.

    Args:
        bases: where each week's buying LP starts, zeros where nothing is known: at the basis of the review before.
        record: also return every day.

    Returns:
        The counts, the bases found, and with `record` each `Day` field with leading axes (weeks, 7).
    """

    def one_week(carry, week_and_basis):
        (state, fault), (week, basis) = carry, week_and_basis
        state = state._replace(basis=known_or(basis, state.basis, lp_method(inputs)))
        demand, found = _demand(inputs, shape, week)

        def one_day(carry, day_demand):
            state, day, arrivals, unit_days, backlog_days, fault = carry
            state, found, received, record_day = simulate_day(inputs, shared, state, day, day_demand, record)
            sums = arrivals + received, unit_days + state.on_hand, backlog_days + state.backlog.sum(0, dtype=jnp.int32)
            return (state, day + 1, *sums, guard.first(fault, found)), record_day

        zero = jnp.zeros_like(state.on_hand)
        start = state, 7 * week, zero, zero, zero[0], guard.first(fault, found)
        carry, days = lax.scan(one_day, start, demand)
        state, day, arrivals, unit_days, backlog_days, fault = carry
        fault = guard.first(fault, guard.of_state(state, day - 1, Check.WEEK))
        return (state, fault), (arrivals, unit_days, backlog_days, state.basis, days)

    weeks = jnp.arange(inputs.order_up_to.shape[0], dtype=jnp.int32)
    start = start_state(inputs, shape), jnp.zeros_like(inputs.case_pack)
    (state, fault), (arrivals, unit_days, backlog_days, bases, days) = lax.scan(one_week, start, (weeks, bases))
    last = state.served, state.lost, backlog_days, state.backlog, state.moved
    return Counts(arrivals, state.ordered, unit_days, *last, fault), bases, days if record else None


def _demand(inputs: Inputs, shape: Shape, week: Int32[Array, ""]):
    """Whole units (7, regions, batch) of a week, and the faults found in them."""
    numbers = lax.dynamic_index_in_dim(inputs.demand, week, keepdims=False)
    key = inputs.key[0], inputs.key[1]
    by_region = shape.draw(jnp, key, inputs.trial, week, numbers, inputs.demand_share)
    units = draws.over_days(jnp, key, inputs.trial, week, by_region, shape.weekday_share)
    return jnp.moveaxis(units, 1, 0).astype(jnp.int32), guard.of_demand(units, week)


def start_state(inputs: Inputs, shape: Shape) -> State:
    zero = jnp.zeros_like(inputs.on_hand)
    weeks = inputs.order_up_to.shape[0]
    nobody = jnp.zeros_like(inputs.preference[0])
    return State(
        on_hand=inputs.on_hand,
        ordered=jnp.zeros((weeks, *zero.shape), zero.dtype),
        due=jnp.zeros((weeks, *zero.shape), zero.dtype),
        on_order=inputs.in_flight.sum(0, dtype=jnp.int32),
        transfers=jnp.zeros((shape.ring, *zero.shape), zero.dtype),
        in_transit=zero,
        served=jnp.zeros_like(inputs.preference),
        lost=nobody,
        backlog=nobody,
        moved=jnp.zeros((shape.sources, *zero.shape), zero.dtype),
        basis=no_basis(inputs),
    )


def simulate_day(inputs: Inputs, shared: Shared, state: State, day, demand, record: bool):
    """Receive, buy, place, fulfill, close."""
    state, received, transferred = _receive(inputs, state, day)
    since = day - inputs.first_review_day
    review = (since >= 0) & (since % inputs.review_days == 0)
    buy_today = lambda: buy(inputs, shared, state, day, review)
    order, basis = lax.cond(review.any(), buy_today, lambda: (no_order(inputs), state.basis))
    state = book(state, order, day)._replace(basis=basis)
    state, moved = place(inputs, state, day)
    state, served, lost = fulfill(inputs, state, demand)
    fault = guard.first(guard.of_order(order, day), guard.of_state(state, day, Check.DAY))
    if not record:
        return state, fault, received, None
    fields = (received, transferred, order.quantity, order.lp_order, order.units, order.lead_time)
    record_day = Day(*fields, moved, demand, served, lost, state.backlog, state.on_hand)
    return state, fault, received, record_day


def _receive(inputs: Inputs, state: State, day: Int32[Array, ""]):
    ring = state.transfers.shape[0]
    arrived = jnp.where(state.due == day, state.ordered, 0).sum(0, dtype=jnp.int32)
    received = lax.dynamic_index_in_dim(inputs.in_flight, day, keepdims=False) + arrived
    transferred = lax.dynamic_index_in_dim(state.transfers, day % ring, keepdims=False)
    state = state._replace(
        on_hand=state.on_hand + received + transferred,
        on_order=state.on_order - received,
        transfers=lax.dynamic_update_index_in_dim(state.transfers, jnp.zeros_like(transferred), day % ring, 0),
        in_transit=state.in_transit - transferred,
    )
    return state, received, transferred
