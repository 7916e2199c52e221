"""Placement by target: cross docks forward what they received, storage replenishes fulfillment nodes."""

from dataclasses import dataclass
from functools import partial

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int32

from jaxsim.kernels.no_fuse import no_fuse
from jaxsim.simulator.proportion import apportion
from jaxsim.simulator.state import Inputs, State
from jaxsim.system import CROSS_DOCK, STORAGE


@dataclass(frozen=True)
class PlaceByTarget:
    """Every source slot in turn sends by its destinations' shortfalls, and sees what the ones before it sent."""

    def __call__(self, inputs: Inputs, state: State, day: Int32[Array, ""]) -> Int32[Array, "sources slots batch"]:
        """Units from each source slot to each slot."""
        target = lax.dynamic_index_in_dim(inputs.target, day // 7, keepdims=False) + _waiting_at(inputs, state)
        position, sent = state.on_hand + state.incoming, []
        for source in range(state.moved.shape[0]):
            stock = state.on_hand[source]
            units = _send(inputs, stock, position, target, source)
            position = (position + units).at[source].add(-units.sum(0, dtype=jnp.int32))
            sent.append(units)
        return jnp.stack(sent)


def _waiting_at(inputs: Inputs, state: State) -> Int32[Array, "slots batch"]:
    """Backlogged units of the regions that prefer each slot."""
    slots = jnp.arange(state.on_hand.shape[0], dtype=inputs.preference.dtype)[:, None, None]
    return jnp.where(inputs.preference[0][None] == slots, state.backlog[None], 0).sum(1, dtype=jnp.int32)


@partial(no_fuse, static=1)
def _send(
    inputs: Inputs,
    stock: Int32[Array, " batch"],
    position: Int32[Array, "slots batch"],
    target: Int32[Array, "slots batch"],
    source: int,
) -> Int32[Array, "slots batch"]:
    """Units that a source slot with `stock` sends to each slot today."""
    reached = inputs.transit_days[source] >= 0
    shortfall = jnp.where(reached, jnp.maximum(target - position, 0), 0)
    total = shortfall.sum(0, dtype=jnp.int32)
    forwards = inputs.kind[source] == CROSS_DOCK
    share = jnp.where(reached, inputs.placement_weight, 0)
    fallback = jnp.where((share > 0).any(0), share, reached.astype(jnp.int32))
    weights = jnp.where(forwards & (total == 0), fallback, shortfall)
    limit = jnp.where(forwards, stock, jnp.minimum(stock, total))
    moves = forwards | (inputs.kind[source] == STORAGE)
    return apportion(jnp.where(moves, limit, 0), weights)
