"""Fulfillment by preference: in round p, every region asks its rank-p slot for what is still unserved."""

from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int32

from jaxsim.kernels.no_fuse import no_fuse
from jaxsim.simulator.proportion import cut
from jaxsim.simulator.state import Inputs, Service, State
from jaxsim.system import FULFILLMENT


class _Round(NamedTuple):
    """What a round of asking leaves for the next."""

    rank: Int32[Array, ""]
    on_hand: Int32[Array, "slots batch"]
    left: Int32[Array, "regions batch"]
    """Units asked for and not served."""
    served: Int32[Array, "ranks regions batch"]


@dataclass(frozen=True)
class FulfillByPreference:
    """Rounds in the order of regions' preferences; a slot that is short shares its stock in proportion."""

    def __call__(self, inputs: Inputs, state: State, demand: Int32[Array, "regions batch"]) -> Service:
        """Units for each region by rank."""
        ranks = inputs.preference.shape[0]
        serves = inputs.kind == FULFILLMENT

        def unserved(last: _Round) -> Bool[Array, ""]:
            stocked = (serves & (last.on_hand > 0)).any(0)
            return (last.rank < ranks) & (stocked & (last.left > 0).any(0)).any()

        def serve(last: _Round) -> _Round:
            rank, on_hand, left, served = last
            preference = lax.dynamic_index_in_dim(inputs.preference, rank, keepdims=False)
            on_hand, granted = _round(on_hand, preference, left)
            served = lax.dynamic_update_index_in_dim(served, granted, rank, 0)
            return _Round(rank + 1, on_hand, left - granted, served)

        start = _Round(jnp.int32(0), state.on_hand, demand + state.backlog, jnp.zeros_like(inputs.preference))
        last = lax.while_loop(unserved, serve, start)
        return Service(last.served, state.on_hand - last.on_hand)


def _round(
    on_hand: Int32[Array, "slots batch"],
    preference: Int32[Array, "regions batch"],
    asked: Int32[Array, "regions batch"],
) -> tuple[Int32[Array, "slots batch"], Int32[Array, "regions batch"]]:
    """One round: every slot shares its stock in proportion to what the regions that chose it ask."""
    stock, whole, upper = _asks(on_hand, preference, asked)
    granted = _grant(stock, whole, upper, asked)
    return on_hand - _taken(on_hand, preference, granted), granted


@no_fuse
def _asks(
    on_hand: Int32[Array, "slots batch"],
    preference: Int32[Array, "regions batch"],
    asked: Int32[Array, "regions batch"],
) -> tuple[Int32[Array, "regions batch"], Int32[Array, "regions batch"], Int32[Array, "regions batch"]]:
    """For each region: stock at the slot it asks, all that is asked there, and the part asked by regions up to it."""
    regions = asked.shape[0]
    up_to = (jnp.arange(regions)[None, :] <= jnp.arange(regions)[:, None])[..., None]
    asks = jnp.where(preference[None] == preference[:, None], asked[None], 0)
    stock = jnp.where(_chosen(on_hand, preference), on_hand[:, None], 0).sum(0, dtype=jnp.int32)
    return stock, asks.sum(1, dtype=jnp.int32), jnp.where(up_to, asks, 0).sum(1, dtype=jnp.int32)


@no_fuse
def _grant(
    stock: Int32[Array, "regions batch"],
    whole: Int32[Array, "regions batch"],
    upper: Int32[Array, "regions batch"],
    asked: Int32[Array, "regions batch"],
) -> Int32[Array, "regions batch"]:
    stock, whole, upper = (units.astype(jnp.float64) for units in (stock, whole, upper))
    return cut(jnp.minimum(stock, whole), upper, upper - asked.astype(jnp.float64), whole)


@no_fuse
def _taken(
    on_hand: Int32[Array, "slots batch"],
    preference: Int32[Array, "regions batch"],
    granted: Int32[Array, "regions batch"],
) -> Int32[Array, "slots batch"]:
    return jnp.where(_chosen(on_hand, preference), granted[None], 0).sum(1, dtype=jnp.int32)


def _chosen(
    on_hand: Int32[Array, "slots batch"], preference: Int32[Array, "regions batch"]
) -> Bool[Array, "slots regions batch"]:
    return preference[None] == jnp.arange(on_hand.shape[0], dtype=preference.dtype)[:, None, None]
