"""One chunk of product-trials over the whole horizon: the scan over weeks and days (docs/semantics.md)."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int32

from jaxsim import draws
from jaxsim.simulator.buying import book, buy, no_order
from jaxsim.simulator.fulfillment import fulfill
from jaxsim.simulator.placement import place
from jaxsim.simulator.state import Day, Inputs, Shared, State


class Counts(NamedTuple):
    """A chunk's `jaxsim.outcome.Outcome`, batch-last, and the worst LP status."""

    arrivals: Int32[Array, "weeks slots batch"]
    orders: Int32[Array, "weeks slots batch"]
    inventory: Int32[Array, "weeks slots batch"]
    served: Int32[Array, "ranks regions batch"]
    lost: Int32[Array, "regions batch"]
    moved: Int32[Array, "sources slots batch"]
    status: Int32[Array, "batch"]


def simulate_chunk(
    inputs: Inputs, shared: Shared, levels: tuple[float, ...], ring: int, sources: int, record: bool
) -> tuple[Counts, Day | None]:
    """Simulate every product-trial of a chunk.

    Args:
        levels: levels of `inputs.quantiles`.
        ring: longest transfer + 1, days.
        sources: leading slots that placement sends from.
        record: also return every day.

    Returns:
        The counts, and with `record` each `Day` field with leading axes (weeks, 7).
    """

    def one_week(carry, week):
        state, status = carry
        demand = _demand(inputs, levels, week)

        def one_day(carry, day_demand):
            state, day, arrivals, inventory, status = carry
            state, worst, received, record_day = _day(inputs, shared, state, day, day_demand, record)
            carry = state, day + 1, arrivals + received, inventory + state.on_hand, jnp.maximum(status, worst)
            return carry, record_day

        zero = jnp.zeros_like(state.on_hand)
        carry, days = lax.scan(one_day, (state, 7 * week, zero, zero, status), demand)
        state, _, arrivals, inventory, status = carry
        return (state, status), (arrivals, inventory, days)

    weeks = inputs.order_up_to.shape[0]
    start = _start(inputs, ring, sources), jnp.zeros_like(inputs.case_pack)
    (state, status), (arrivals, inventory, days) = lax.scan(one_week, start, jnp.arange(weeks, dtype=jnp.int32))
    counts = Counts(arrivals, state.ordered, inventory, state.served, state.lost, state.moved, status)
    return counts, days if record else None


def _demand(inputs: Inputs, levels: tuple[float, ...], week: Int32[Array, ""]) -> Int32[Array, "7 regions batch"]:
    quantiles = lax.dynamic_index_in_dim(inputs.quantiles, week, keepdims=False)
    key = inputs.key[0], inputs.key[1]
    units = draws.weekly_demand(jnp, key, inputs.trial, week, levels, quantiles, inputs.demand_share)
    return jnp.moveaxis(units, 1, 0).astype(jnp.int32)


def _start(inputs: Inputs, ring: int, sources: int) -> State:
    zero = jnp.zeros_like(inputs.on_hand)
    weeks = inputs.order_up_to.shape[0]
    return State(
        on_hand=inputs.on_hand,
        ordered=jnp.zeros((weeks, *zero.shape), zero.dtype),
        due=jnp.zeros((weeks, *zero.shape), zero.dtype),
        vendor_coming=inputs.in_flight.sum(0, dtype=jnp.int32),
        transfers=jnp.zeros((ring, *zero.shape), zero.dtype),
        transfers_coming=zero,
        served=jnp.zeros_like(inputs.choice),
        lost=jnp.zeros_like(inputs.choice[0]),
        moved=jnp.zeros((sources, *zero.shape), zero.dtype),
    )


def _day(inputs: Inputs, shared: Shared, state: State, day, demand, record: bool):
    """Receive, buy, place, fulfill, close."""
    state, received, transferred = _receive(inputs, state, day)
    since = day - inputs.first_review_day
    review = (since >= 0) & (since % inputs.review_days == 0)
    order = lax.cond(review.any(), lambda: buy(inputs, shared, state, day, review), lambda: no_order(inputs))
    state = book(state, order, day)
    state, moved = place(inputs, state, day)
    state, served, lost = fulfill(inputs, state, demand)
    if not record:
        return state, order.status, received, None
    fields = (received, transferred, order.quantity, order.lp_order, order.units, order.lead_time)
    record_day = Day(*fields, moved, demand, served, lost, state.on_hand)
    return state, order.status, received, record_day


def _receive(inputs: Inputs, state: State, day: Int32[Array, ""]):
    ring = state.transfers.shape[0]
    arrived = jnp.where(state.due == day, state.ordered, 0).sum(0, dtype=jnp.int32)
    received = lax.dynamic_index_in_dim(inputs.in_flight, day, keepdims=False) + arrived
    transferred = lax.dynamic_index_in_dim(state.transfers, day % ring, keepdims=False)
    state = state._replace(
        on_hand=state.on_hand + received + transferred,
        vendor_coming=state.vendor_coming - received,
        transfers=lax.dynamic_update_index_in_dim(state.transfers, jnp.zeros_like(transferred), day % ring, 0),
        transfers_coming=state.transfers_coming - transferred,
    )
    return state, received, transferred
