"""A plain buying policy, the "before" of the case study: each product buys into the node that is cheapest for it."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Int32

from jaxsim.simulator.policies.buy import capacity_cost, order_quantity
from jaxsim.simulator.state import Inputs, Order, Shared, State


@dataclass(frozen=True)
class BuyCheapest:
    """Orders up to the usual level, all of it into the orderable slot of least sourcing cost, ties to the lower slot.

    It looks at no stock, no route and no demand of any place; capacity costs add to the sourcing cost where there are
    any.
    """

    def init(self, inputs: Inputs) -> tuple:
        """No memory."""
        return ()

    def __call__(
        self, inputs: Inputs, shared: Shared, state: State, day: Int32[Array, ""], carry: tuple
    ) -> tuple[Order, tuple]:
        """The whole order quantity in one slot."""
        cost = inputs.lp_sourcing_cost + capacity_cost(inputs, shared, day)
        cheapest = jnp.argmin(jnp.where(inputs.orderable, cost, jnp.inf), axis=0)
        slots = jnp.arange(cost.shape[0])[:, None]
        return Order.of_units(inputs, jnp.where(slots == cheapest, order_quantity(inputs, state, day), 0)), carry
