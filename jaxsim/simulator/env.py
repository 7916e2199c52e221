"""The environment: what a day does to a state, given decisions (docs/semantics.md). Pure, jittable, vmappable.

    inputs, shared = jaxsim.simulator.prepare(system, costs, trials=4, seed=1)
    state = reset(inputs, shared)                                # the morning of day 0, after receipts
    order, memory = ask(policy, inputs, shared, state, memory)   # or an order from elsewhere
    state, day = step(inputs, shared, state, Decisions(order))   # buy, place, fulfill, close; the next morning

A state is a morning after its receipts: all that buying may know. Placement is decided when the day's orders are
booked, and fulfillment when the day's demand is known; so those two are rules that `step` asks at their moment, or
arrays for who has decided otherwise. The scan over days (`jaxsim.simulator.rollout`) calls the same `step`.

What cannot be done (stock that is not there, a transfer that does not exist, units in the range of no whole number) is
recorded in `State.fault`, which `jaxsim.simulator.guard.sentence` reads; the numbers after a fault say nothing.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int, Int32

from jaxsim import draws
from jaxsim.simulator import guard
from jaxsim.simulator.guard import Check
from jaxsim.simulator.policies import (
    BuyingPolicy,
    Carry,
    FulfillByPreference,
    FulfillmentPolicy,
    PlaceByTarget,
    PlacementPolicy,
)
from jaxsim.simulator.state import Day, Inputs, Order, Service, Shared, State


class Decisions(NamedTuple):
    """What is decided on a day."""

    order: Order
    """Dropped for product-trials that are not reviewed today."""
    place: PlacementPolicy | Int32[Array, "sources slots batch"] = PlaceByTarget()
    """Units sent from each of the leading slots to each slot, or who decides them once the orders are booked."""
    fulfill: FulfillmentPolicy | Service = FulfillByPreference()
    """Units for each region from its rank-p slot, or who decides them once the demand is known."""


def reset(inputs: Inputs, shared: Shared) -> State:
    """The morning of day 0, after its receipts."""
    zero = jnp.zeros_like(inputs.on_hand)
    weeks = inputs.order_up_to.shape[0]
    nobody = jnp.zeros_like(inputs.preference[0])
    transfers, in_transit = jnp.zeros((shared.shape.ring, *zero.shape), zero.dtype), zero
    if inputs.in_transit is not None:
        transfers = transfers.at[: inputs.in_transit.shape[0]].set(inputs.in_transit)
        in_transit = inputs.in_transit.sum(0, dtype=jnp.int32)
    state = State(
        day=jnp.int32(0),
        received=zero,
        received_transfers=zero,
        on_hand=inputs.on_hand,
        ordered=jnp.zeros((weeks, *zero.shape), zero.dtype),
        due=jnp.zeros((weeks, *zero.shape), zero.dtype),
        on_order=inputs.in_flight.sum(0, dtype=jnp.int32),
        transfers=transfers,
        in_transit=in_transit,
        served=jnp.zeros_like(inputs.preference),
        lost=nobody,
        backlog=nobody if inputs.backlog is None else inputs.backlog,
        moved=jnp.zeros((shared.shape.sources, *zero.shape), zero.dtype),
        fault=jnp.zeros_like(inputs.case_pack),
    )
    return _receive(inputs, state)


def ask(policy: BuyingPolicy, inputs: Inputs, shared: Shared, state: State, memory: Carry) -> tuple[Order, Carry]:
    """A buying policy's order of the morning, and its memory after.

    The policy is asked on days when anybody is reviewed. The memory of those who are not stays as it is, so that it
    does not depend on which others are simulated beside them.
    """
    review = inputs.reviewed(state.day)

    def reviewed() -> tuple[Order, Carry]:
        order, after = policy(inputs, shared, state, state.day, memory)
        return order, jax.tree.map(lambda new, old: jnp.where(review, new, old), after, memory)

    return lax.cond(review.any(), reviewed, lambda: (Order.none(inputs), memory))


def step(
    inputs: Inputs,
    shared: Shared,
    state: State,
    decisions: Decisions,
    demand: Int32[Array, "regions batch"] | None = None,
) -> tuple[State, Day]:
    """One day: buy, place, fulfill, close; then the receipts of the next morning.

    Args:
        demand: units that each region asks for today, for who draws a week at a time or has demand of their own; the
            day of `week_of_demand` when left out.

    Returns:
        The next morning and the record of the day. After the last day of the horizon nothing arrives any more.
    """
    day, fault = state.day, state.fault
    if demand is None:
        week, found = week_of_demand(inputs, shared, day // 7)
        fault = guard.first(fault, found)
        today = lax.dynamic_index_in_dim(week, day % 7, keepdims=False)
    else:
        today = demand
    order = _of_reviewed(inputs, decisions.order, day)
    lead_time = _lead_times_of(inputs, shared, order, day)
    state = _book(state, order, lead_time)
    place, fulfill = decisions.place, decisions.fulfill
    moved = place(inputs, state, day) if callable(place) else place
    state = _dispatch(inputs, state, moved)
    service = fulfill if isinstance(fulfill, Service) else fulfill(inputs, state, today)
    state, lost = _serve(inputs, state, today, service)
    tests = guard.of_order(inputs, order, day)
    if not isinstance(place, PlaceByTarget):  # tests of the default rules' decisions would take a tenth of the time,
        tests += guard.of_moves(inputs, moved, day)
    if not isinstance(fulfill, FulfillByPreference):  # and conformance with the event engine proves them
        tests += guard.of_service(inputs, service, lost, day)
    fault = guard.first(fault, *tests, *guard.of_state(state, day, Check.DAY))
    record = Day(
        received=state.received,
        received_transfers=state.received_transfers,
        order_quantity=order.quantity,
        lp_order=order.lp_order,
        orders=order.units,
        lead_time=lead_time,
        moved=moved,
        demand=today,
        served=service.units,
        lost=lost,
        backlog=state.backlog,
        on_hand=state.on_hand,
    )
    return _receive(inputs, state._replace(day=day + 1, fault=fault)), record


def week_of_demand(
    inputs: Inputs, shared: Shared, week: Int32[Array, ""]
) -> tuple[Int32[Array, "7 regions batch"], guard.Found]:
    """Whole units of demand of each day of a week, and a test of them."""
    numbers = lax.dynamic_index_in_dim(inputs.demand, week, keepdims=False)
    key = inputs.key[0], inputs.key[1]
    by_region = shared.shape.draw(jnp, key, inputs.trial, week, numbers, inputs.demand_share)
    units = jnp.asarray(draws.over_days(jnp, key, inputs.trial, week, by_region, shared.shape.weekday_share))
    return jnp.moveaxis(units, 1, 0).astype(jnp.int32), guard.of_demand(units, week)


def lead_times(inputs: Inputs, shared: Shared, day: Int32[Array, ""]) -> Int32[Array, "slots batch"]:
    """Lead time that an order placed today into each slot would have, days: its distribution's quantile at a draw."""
    slots, (_, days) = inputs.lead_time_distribution.shape[0], shared.cumulative.shape
    key, slot = (inputs.key[0], inputs.key[1]), jnp.arange(slots)[:, None]
    u = draws.lead_time_uniform(jnp, key, inputs.trial, day, slot)
    flat, row = shared.cumulative.reshape(-1), inputs.lead_time_distribution * days

    def halve(
        _: Int[Array, ""], bounds: tuple[Int32[Array, "slots batch"], Int32[Array, "slots batch"]]
    ) -> tuple[Int32[Array, "slots batch"], Int32[Array, "slots batch"]]:
        low, high = bounds
        middle = (low + high) // 2
        beyond = flat[row + middle] <= u
        return jnp.where(beyond, middle + 1, low), jnp.where(beyond, high, middle)

    bounds = jnp.zeros_like(inputs.lead_time_distribution), jnp.full_like(inputs.lead_time_distribution, days - 1)
    return lax.fori_loop(0, int(days - 1).bit_length(), halve, bounds)[0]


def _of_reviewed(inputs: Inputs, order: Order, day: Int32[Array, ""]) -> Order:
    """The order without what is said of product-trials that are not reviewed."""
    review = inputs.reviewed(day)
    return Order(*(jnp.where(review, values, jnp.zeros_like(values)) for values in order))


def _lead_times_of(inputs: Inputs, shared: Shared, order: Order, day: Int32[Array, ""]) -> Int32[Array, "slots batch"]:
    """Lead times of an order, 0 where nothing is ordered; drawn on days with orders only."""
    placed = order.units > 0
    draw = lambda: jnp.where(placed, lead_times(inputs, shared, day), 0)
    return lax.cond(placed.any(), draw, lambda: jnp.zeros_like(order.units))


def _book(state: State, order: Order, lead_time: Int32[Array, "slots batch"]) -> State:
    """Put an order on the calendar; an empty one changes nothing."""
    week = state.day // 7
    ordered = lax.dynamic_index_in_dim(state.ordered, week, keepdims=False) + order.units
    due = lax.dynamic_index_in_dim(state.due, week, keepdims=False)
    due = jnp.where(order.units > 0, state.day + lead_time, due)
    return state._replace(
        ordered=lax.dynamic_update_index_in_dim(state.ordered, ordered, week, 0),
        due=lax.dynamic_update_index_in_dim(state.due, due, week, 0),
        on_order=state.on_order + order.units,
    )


def _dispatch(inputs: Inputs, state: State, moved: Int32[Array, "sources slots batch"]) -> State:
    """Take units off the sources' stock and put them on the transfer calendar."""
    ring, sources = state.transfers.shape[0], moved.shape[0]
    slot_of_ring = jnp.arange(ring, dtype=jnp.int32)[:, None, None]
    transfers = state.transfers
    for source in range(sources):
        due = slot_of_ring == (state.day + inputs.transit_days[source]) % ring
        transfers = transfers + jnp.where(due, moved[source], 0)
    return state._replace(
        on_hand=state.on_hand.at[:sources].add(-moved.sum(1, dtype=jnp.int32)),
        transfers=transfers,
        in_transit=state.in_transit + moved.sum(0, dtype=jnp.int32),
        moved=state.moved + moved,
    )


def _serve(
    inputs: Inputs, state: State, demand: Int32[Array, "regions batch"], service: Service
) -> tuple[State, Int32[Array, "regions batch"]]:
    """Take served units off the stock; of the rest, what waits and what is lost."""
    left = demand + state.backlog - service.units.sum(0, dtype=jnp.int32)
    backlog = jnp.where(inputs.backlogged, left, 0)
    lost = left - backlog
    state = state._replace(
        on_hand=state.on_hand - service.taken,
        served=state.served + service.units,
        lost=state.lost + lost,
        backlog=backlog,
    )
    return state, lost


def _receive(inputs: Inputs, state: State) -> State:
    """Vendor units and transfers that are due on the state's day arrive; nothing does after the horizon."""
    day, ring = state.day, state.transfers.shape[0]
    within = day < inputs.in_flight.shape[0] - 1
    arrived = jnp.where(state.due == day, state.ordered, 0).sum(0, dtype=jnp.int32)
    received = jnp.where(within, lax.dynamic_index_in_dim(inputs.in_flight, day, keepdims=False) + arrived, 0)
    waiting = lax.dynamic_index_in_dim(state.transfers, day % ring, keepdims=False)
    transferred = jnp.where(within, waiting, 0)
    return state._replace(
        received=received,
        received_transfers=transferred,
        on_hand=state.on_hand + received + transferred,
        on_order=state.on_order - received,
        transfers=lax.dynamic_update_index_in_dim(state.transfers, waiting - transferred, day % ring, 0),
        in_transit=state.in_transit - transferred,
    )
