"""Buying by the LP: how much to order, where (the LP), and in whole case packs."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int32

from jaxsim.kernels.buying import BuyingLP, Method, Shape, Start, default_method, known_or, solve_from
from jaxsim.simulator.state import Inputs, Order, Review, Shared, State

_SNAP = 1e6  # order vectors are snapped to this part of a case pack before rounding


@dataclass(frozen=True)
class BuyByLP:
    """The buying policy π(S; λ) of eq. (6): order up to a level, split by the LP, in whole case packs.

    What it carries is where the next review's LP starts (`jaxsim.kernels.buying.solve_from`). An LP of the same
    week in the run before is nearer than the review before; where one is known, the LP starts from it.
    """

    method: Method | None = None
    """How LPs are solved; None: the default for this machine and the LPs' shape."""

    def init(self, inputs: Inputs) -> Start:
        """No start."""
        return self._method(inputs).init(_lp_shape(inputs), inputs.case_pack.shape, inputs.lp_route_cost.dtype)

    def __call__(
        self, inputs: Inputs, shared: Shared, state: State, day: Int32[Array, ""], carry: Start
    ) -> tuple[Order, Start]:
        """The order, and where its LPs ended."""
        quantity = jnp.where(inputs.reviewed(day), order_quantity(inputs, state, day), 0)
        charge = capacity_cost(inputs, shared, day)
        problem = buying_lp(inputs, shared, Review.of(state, quantity), day // 7, charge)
        block, method = _block(quantity.size), self._method(inputs)
        lps, carry = solve_from(problem, carry, block=block, active=quantity > 0, method=method)
        units = whole_packs(inputs, lps.order, quantity)
        return Order(quantity, lps.order, units, lps.status), carry

    def keep(self, inputs: Inputs, carry: Start) -> Start:
        """Where the LPs ended, if another start cannot change an outcome.

        It cannot where the start is a basis (whole numbers) and the optimum is unique: in float32 ties are not
        excluded, and a start of real numbers leaves digits of its own in the answer.
        """
        exact = all(jnp.issubdtype(leaf.dtype, jnp.integer) for leaf in jax.tree.leaves(carry))
        return carry if exact and inputs.lp_route_cost.dtype == jnp.float64 else ()

    def restore(self, inputs: Inputs, carry: Start, kept: Start) -> Start:
        """Where the same week's LPs ended in the run before, else the review before."""
        return known_or(kept, carry, self._method(inputs)) if jax.tree.leaves(kept) else carry

    def _method(self, inputs: Inputs) -> Method:
        return default_method(_lp_shape(inputs)) if self.method is None else self.method


def order_quantity(inputs: Inputs, state: State, day: Int32[Array, ""]) -> Int32[Array, " batch"]:
    """Units Q that lift the inventory position to the order-up-to level of a review day, in whole packs, halves up."""
    position = (state.on_hand + state.incoming).sum(0, dtype=jnp.int32) - state.backlog.sum(0, dtype=jnp.int32)
    level = lax.dynamic_index_in_dim(inputs.order_up_to, day // 7, keepdims=False)
    shortage = jnp.where(inputs.orderable.any(0), jnp.maximum(level - position, 0), 0)
    return (2 * shortage + inputs.case_pack) // (2 * inputs.case_pack) * inputs.case_pack


def capacity_cost(inputs: Inputs, shared: Shared, day: Int32[Array, ""]) -> Float[Array, "slots batch"]:
    """c(λ) of eq. (6), currency per unit that is ordered today into each slot."""
    cost_today = lax.dynamic_index_in_dim(shared.capacity_cost, day, 1, keepdims=False)
    return jnp.take(cost_today, inputs.lead_time_distribution)


def overage_cost(inputs: Inputs, shared: Shared, week: Int32[Array, ""]) -> Float[Array, "slots batch"]:
    """h of the LP under prices of what is left over until the next review."""
    if shared.overage_charge is None:
        return inputs.lp_overage_cost
    charge = lax.dynamic_index_in_dim(shared.overage_charge, week, keepdims=False)
    span = jnp.minimum(inputs.review_days // 7, charge.shape[1]) - 1
    return inputs.lp_overage_cost + jnp.where(inputs.node >= 0, charge[inputs.node, span], 0)


def buying_lp(
    inputs: Inputs, shared: Shared, review: Review, week: Int32[Array, ""], capacity: Float[Array, "slots batch"]
) -> BuyingLP:
    """The LP of `jaxsim.kernels.buying` for every product-trial that orders; the others get an empty one.

    Units that wait are certain demand: they widen their region's first segment.

    Args:
        week: of the review.
        capacity: c(λ) of its day.
    """
    dtype = inputs.lp_route_cost.dtype
    width = lax.dynamic_index_in_dim(inputs.segment_width, week, keepdims=False)
    width = width.at[:, 0].add(review.backlog.astype(dtype))
    supply = jnp.where(review.quantity > 0, review.supply, 0)
    return BuyingLP(
        order_cost=inputs.lp_sourcing_cost + capacity,
        order_cap=jnp.where(inputs.orderable, review.quantity, 0).astype(dtype),
        order_total=review.quantity.astype(dtype),
        supply=supply.astype(dtype),
        route_cost=inputs.lp_route_cost,
        overage_cost=overage_cost(inputs, shared, week),
        segment_value=inputs.segment_value[None],
        segment_width=width,
    )


def whole_packs(
    inputs: Inputs, order: Float[Array, "slots batch"], quantity: Int32[Array, " batch"]
) -> Int32[Array, "slots batch"]:
    """Largest-remainder rounding of the LP's order vector to case packs; keeps the sum, ties go to the lower slot."""
    pack = inputs.case_pack
    millionths = jnp.where(
        inputs.orderable, jnp.round(order.astype(jnp.float64) / pack.astype(jnp.float64) * _SNAP), 0.0
    )
    base = jnp.floor(millionths / _SNAP)
    remainder = jnp.where(inputs.orderable, millionths - base * _SNAP, -1.0)
    missing = quantity // pack - base.sum(0).astype(jnp.int32)
    slot = jnp.arange(remainder.shape[0])
    lower = (slot[None, :] < slot[:, None])[..., None]
    before = (remainder[None] > remainder[:, None]) | (lower & (remainder[None] == remainder[:, None]))
    rank = before.sum(1, dtype=jnp.int32)
    extra = inputs.orderable & (rank < missing)
    return (base.astype(jnp.int32) + extra.astype(jnp.int32)) * pack


def _lp_shape(inputs: Inputs) -> Shape:
    slots, regions, _ = inputs.lp_route_cost.shape
    return Shape(slots, regions, inputs.segment_width.shape[2])


def _block(count: int) -> int:
    """LPs that go through together: on a CPU few, since only a part of a chunk is reviewed on any one day."""
    return min(count, 64) if jax.default_backend() == "cpu" else count
