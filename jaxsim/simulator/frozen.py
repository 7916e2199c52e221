"""The buying LPs of a simulation with what each review saw held fixed, so that prices act on them alone.

Under other prices a simulation's later reviews would see other stock. Here they do not: what is left is a convex
problem, whose LPs can be solved again under any prices, and whose orders respond to prices by the LPs' own
sensitivities. What an order does to the orders after it is small beside what a price does to the order itself.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Float64, Int32

from jaxsim import interrupts
from jaxsim.kernels.buying import BuyingLP, sensitivity
from jaxsim.resources import Costs
from jaxsim.simulator import chunks
from jaxsim.simulator.policies.buy import buying_lp
from jaxsim.simulator.state import Inputs, Review, Shared
from jaxsim.system import System


class FrozenChunk(NamedTuple):
    """The reviews of a chunk of product-trials."""

    rows: chunks.Chunk
    inputs: Inputs
    reviews: Review
    """With a leading axis of weeks."""


class FrozenReviews:
    """Every review of a simulation."""

    def __init__(self, system: System, trials: int, parts: list[FrozenChunk], threads: int) -> None:
        """Note them; `jaxsim.Simulator.reviews` records them."""
        self.system, self.trials = system, trials
        self._parts, self._threads = parts, threads

    def response(self, costs: Costs, barrier: float) -> Float64[np.ndarray, "products weeks slots slots"]:
        """∂(order into a slot)/∂(order cost of a slot) of each week's review under prices, mean over trials.

        That of `jaxsim.kernels.buying.central_order` at a barrier, since an LP's own order jumps; units² per cost.
        Symmetric, negative semidefinite, and rows sum to 0, as prices move orders and do not change their total.

        Raises:
            ValueError: `costs` have another shape or are not finite.
        """
        slots, weeks = self.system.products.node.shape[1], self.system.weeks
        total = np.zeros((len(self.system.product_names), weeks, slots, slots))
        for part, found in zip(self._parts, self._solve(partial(_response, barrier), costs), strict=True):
            rows = part.rows.product[: part.rows.filled]
            np.add.at(total, rows, np.moveaxis(found, -1, 0)[: part.rows.filled])
        return total / self.trials

    def _solve(self, function: Callable[[Inputs, Shared, Review], Array], costs: Costs) -> list[np.ndarray]:
        with jax.enable_x64(True):
            shared = chunks.shared(self.system, costs, np.dtype(np.float64))

        def one(part: FrozenChunk) -> np.ndarray:
            interrupts.check()
            with jax.enable_x64(True):
                return np.asarray(function(part.inputs, shared, part.reviews))

        with ThreadPoolExecutor(min(self._threads, len(self._parts))) as pool:
            return list(pool.map(one, self._parts))


@jax.jit
def _response(
    barrier: Float[Array, ""] | float, inputs: Inputs, shared: Shared, reviews: Review
) -> Float[Array, "weeks slots slots batch"]:
    return lax.map(lambda each: sensitivity(_lp(inputs, shared, *each), barrier), _by_week(reviews))


def _by_week(reviews: Review) -> tuple[Review, Int32[Array, " weeks"]]:
    return reviews, jnp.arange(reviews.quantity.shape[0], dtype=jnp.int32)


def _lp(inputs: Inputs, shared: Shared, review: Review, week: Int32[Array, ""]) -> BuyingLP:
    """The LP of each product-trial's review in a week, whose day differs between them."""
    day = 7 * week + inputs.first_review_day % 7
    charge = shared.capacity_cost[inputs.lead_time_distribution, day]
    return buying_lp(inputs, shared, review, week, charge)
