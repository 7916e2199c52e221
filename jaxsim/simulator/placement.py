"""The placement decision: cross docks forward what they received, storage replenishes fulfillment nodes."""

from functools import partial

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int32

from jaxsim.kernels.no_fuse import no_fuse
from jaxsim.simulator.proportion import apportion
from jaxsim.simulator.state import Inputs, State
from jaxsim.system import CROSS_DOCK, STORAGE


def place(inputs: Inputs, state: State, day: Int32[Array, ""]) -> tuple[State, Int32[Array, "sources slots batch"]]:
    """Send units from every source slot in order, each seeing what the ones before it sent.

    Returns:
        The state after the day's transfers left, and the units sent from each source slot to each slot.
    """
    target = lax.dynamic_index_in_dim(inputs.target, day // 7, keepdims=False) + _waiting_at(inputs, state)
    sent = []
    for source in range(state.moved.shape[0]):
        units = _send(inputs, state, target, source)
        state = _dispatch(state, units, inputs.transit_days[source], source, day)
        sent.append(units)
    moved = jnp.stack(sent)
    return state._replace(moved=state.moved + moved), moved


def _waiting_at(inputs: Inputs, state: State) -> Int32[Array, "slots batch"]:
    """Backlogged units of the regions that prefer each slot."""
    slots = jnp.arange(state.on_hand.shape[0], dtype=inputs.preference.dtype)[:, None, None]
    return jnp.where(inputs.preference[0][None] == slots, state.backlog[None], 0).sum(1, dtype=jnp.int32)


@partial(no_fuse, static=1)
def _send(
    inputs: Inputs, state: State, target: Int32[Array, "slots batch"], source: int
) -> Int32[Array, "slots batch"]:
    """Units that a source slot sends to each slot today."""
    reached = inputs.transit_days[source] >= 0
    shortfall = jnp.where(reached, jnp.maximum(target - state.on_hand - state.incoming, 0), 0)
    total = shortfall.sum(0, dtype=jnp.int32)
    forwards = inputs.kind[source] == CROSS_DOCK
    share = jnp.where(reached, inputs.placement_weight, 0)
    fallback = jnp.where((share > 0).any(0), share, reached.astype(jnp.int32))
    weights = jnp.where(forwards & (total == 0), fallback, shortfall)
    stock = state.on_hand[source]
    limit = jnp.where(forwards, stock, jnp.minimum(stock, total))
    moves = forwards | (inputs.kind[source] == STORAGE)
    return apportion(jnp.where(moves, limit, 0), weights)


def _dispatch(state: State, units, transit_days, source: int, day: Int32[Array, ""]) -> State:
    """Take units off the source's stock and put them on the transfer calendar."""
    ring = state.transfers.shape[0]
    due = jnp.arange(ring, dtype=jnp.int32)[:, None, None] == (day + transit_days) % ring
    return state._replace(
        on_hand=state.on_hand.at[source].add(-units.sum(0, dtype=jnp.int32)),
        transfers=state.transfers + jnp.where(due, units, 0),
        in_transit=state.in_transit + units,
    )
