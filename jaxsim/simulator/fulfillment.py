"""The fulfillment decision: in round p, every region asks its rank-p slot for what is still unserved."""

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int32

from jaxsim.kernels.no_fuse import no_fuse
from jaxsim.simulator.proportion import cut
from jaxsim.simulator.state import Inputs, State
from jaxsim.system import FULFILLMENT


def fulfill(
    inputs: Inputs, state: State, demand: Int32[Array, "regions batch"]
) -> tuple[State, Int32[Array, "ranks regions batch"], Int32[Array, "regions batch"]]:
    """Serve a day's demand and what waits from earlier days.

    Returns:
        The state after, the units served to each region by rank, and the units lost.
    """
    ranks = inputs.preference.shape[0]
    serves = inputs.kind == FULFILLMENT

    def unserved(carry):
        rank, on_hand, left, _ = carry
        stocked = (serves & (on_hand > 0)).any(0)
        return (rank < ranks) & (stocked & (left > 0).any(0)).any()

    def serve(carry):
        rank, on_hand, left, served = carry
        preference = lax.dynamic_index_in_dim(inputs.preference, rank, keepdims=False)
        on_hand, granted = _round(on_hand, preference, left)
        return rank + 1, on_hand, left - granted, lax.dynamic_update_index_in_dim(served, granted, rank, 0)

    start = jnp.int32(0), state.on_hand, demand + state.backlog, jnp.zeros_like(inputs.preference)
    _, on_hand, left, served = lax.while_loop(unserved, serve, start)
    backlog = jnp.where(inputs.backlogged, left, 0)
    lost = left - backlog
    state = state._replace(on_hand=on_hand, served=state.served + served, lost=state.lost + lost, backlog=backlog)
    return state, served, lost


def _round(
    on_hand: Int32[Array, "slots batch"],
    preference: Int32[Array, "regions batch"],
    asked: Int32[Array, "regions batch"],
):
    """One round: every slot shares its stock in proportion to what the regions that chose it ask."""
    stock, whole, upper = _asks(on_hand, preference, asked)
    granted = _grant(stock, whole, upper, asked)
    return on_hand - _taken(on_hand, preference, granted), granted


@no_fuse
def _asks(on_hand, preference, asked):
    """For each region: stock at the slot it asks, all that is asked there, and the part asked by regions up to it."""
    regions = asked.shape[0]
    up_to = (jnp.arange(regions)[None, :] <= jnp.arange(regions)[:, None])[..., None]
    asks = jnp.where(preference[None] == preference[:, None], asked[None], 0)
    stock = jnp.where(_chosen(on_hand, preference), on_hand[:, None], 0).sum(0, dtype=jnp.int32)
    return stock, asks.sum(1, dtype=jnp.int32), jnp.where(up_to, asks, 0).sum(1, dtype=jnp.int32)


@no_fuse
def _grant(stock, whole, upper, asked):
    stock, whole, upper = (units.astype(jnp.float64) for units in (stock, whole, upper))
    return cut(jnp.minimum(stock, whole), upper, upper - asked.astype(jnp.float64), whole)


@no_fuse
def _taken(on_hand, preference, granted):
    return jnp.where(_chosen(on_hand, preference), granted[None], 0).sum(1, dtype=jnp.int32)


def _chosen(on_hand, preference) -> Bool[Array, "slots regions batch"]:
    return preference[None] == jnp.arange(on_hand.shape[0], dtype=preference.dtype)[:, None, None]
