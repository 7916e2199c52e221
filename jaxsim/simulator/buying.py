"""The buying decision: how much to order, where (the LP), in whole case packs, and when it arrives."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int8, Int32

from jaxsim import draws
from jaxsim.kernels.buying import BuyingLP, Method, Shape, Start, default_method, solve_from
from jaxsim.simulator.state import Inputs, Order, Shared, State

_SNAP = 1e6  # order vectors are snapped to this part of a case pack before rounding


def order_quantity(inputs: Inputs, state: State, week: Int32[Array, ""]) -> Int32[Array, " batch"]:
    """Units Q that lift the inventory position to the order-up-to level, in whole case packs, halves up."""
    position = (state.on_hand + state.incoming).sum(0, dtype=jnp.int32) - state.backlog.sum(0, dtype=jnp.int32)
    level = lax.dynamic_index_in_dim(inputs.order_up_to, week, keepdims=False)
    shortage = jnp.where(inputs.orderable.any(0), jnp.maximum(level - position, 0), 0)
    return (2 * shortage + inputs.case_pack) // (2 * inputs.case_pack) * inputs.case_pack


def buying_lp(
    inputs: Inputs, shared: Shared, state: State, quantity: Int32[Array, " batch"], day: Int32[Array, ""]
) -> BuyingLP:
    """The LP of `jaxsim.kernels.buying` for every product-trial that orders; the others get an empty one.

    Units that wait are certain demand: they widen their region's first segment.
    """
    dtype = inputs.lp_route_cost.dtype
    cost_today = lax.dynamic_index_in_dim(shared.capacity_cost, day, 1, keepdims=False)
    capacity_cost = jnp.take(cost_today, inputs.lead_time_distribution)
    width = lax.dynamic_index_in_dim(inputs.segment_width, day // 7, keepdims=False)
    width = width.at[:, 0].add(state.backlog.astype(dtype))
    supply = jnp.where(quantity > 0, state.on_hand + state.incoming, 0)
    return BuyingLP(
        order_cost=inputs.lp_sourcing_cost + capacity_cost,
        order_cap=jnp.where(inputs.orderable, quantity, 0).astype(dtype),
        order_total=quantity.astype(dtype),
        supply=supply.astype(dtype),
        route_cost=inputs.lp_route_cost,
        overage_cost=inputs.lp_overage_cost,
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


def lead_times(inputs: Inputs, shared: Shared, day: Int32[Array, ""]) -> Int32[Array, "slots batch"]:
    """Lead time that an order placed today into each slot would have, days: its distribution's quantile at a draw."""
    slots, (_, days) = inputs.lead_time_distribution.shape[0], shared.cumulative.shape
    key, slot = (inputs.key[0], inputs.key[1]), jnp.arange(slots)[:, None]
    u = draws.lead_time_uniform(jnp, key, inputs.trial, day, slot)
    flat, row = shared.cumulative.reshape(-1), inputs.lead_time_distribution * days

    def halve(_, bounds):
        low, high = bounds
        middle = (low + high) // 2
        beyond = flat[row + middle] <= u
        return jnp.where(beyond, middle + 1, low), jnp.where(beyond, high, middle)

    bounds = jnp.zeros_like(inputs.lead_time_distribution), jnp.full_like(inputs.lead_time_distribution, days - 1)
    return lax.fori_loop(0, int(days - 1).bit_length(), halve, bounds)[0]


def buy(
    inputs: Inputs, shared: Shared, state: State, day: Int32[Array, ""], review: Bool[Array, " batch"]
) -> tuple[Order, Int8[Array, "bytes batch"]]:
    """The buying policy π(S; λ) of eq. (6), for the product-trials that are reviewed today, and the LPs' bases."""
    quantity = jnp.where(review, order_quantity(inputs, state, day // 7), 0)
    problem = buying_lp(inputs, shared, state, quantity, day)
    lps, basis = solve_from(problem, state.basis, block=_block(quantity.size), active=quantity > 0)
    units = whole_packs(inputs, lps.order, quantity)
    lead_time = jnp.where(units > 0, lead_times(inputs, shared, day), 0)
    return Order(quantity, lps.order, units, lead_time, lps.status), basis


def lp_method(inputs: Inputs) -> Method:
    """How the buying LPs are solved."""
    return default_method(_lp_shape(inputs))


def no_basis(inputs: Inputs) -> Start:
    """The start of LPs that were not solved before."""
    dtype = inputs.lp_route_cost.dtype
    return lp_method(inputs).init(_lp_shape(inputs), inputs.case_pack.shape, dtype)


def _lp_shape(inputs: Inputs) -> Shape:
    slots, regions, _ = inputs.lp_route_cost.shape
    return Shape(slots, regions, inputs.segment_width.shape[2])


def _block(count: int) -> int:
    """LPs that go through together: on a CPU few, since only a part of a chunk is reviewed on any one day."""
    return min(count, 64) if jax.default_backend() == "cpu" else count


def no_order(inputs: Inputs) -> Order:
    """The decision of a day without a review."""
    zero = jnp.zeros_like(inputs.on_hand)
    none = jnp.zeros_like(inputs.case_pack)
    return Order(none, zero.astype(inputs.lp_route_cost.dtype), zero, zero, none)


def book(state: State, order: Order, day: Int32[Array, ""]) -> State:
    """Put an order on the calendar; an empty one changes nothing."""
    week = day // 7
    placed = order.units > 0
    ordered = lax.dynamic_index_in_dim(state.ordered, week, keepdims=False) + order.units
    due = jnp.where(placed, day + order.lead_time, lax.dynamic_index_in_dim(state.due, week, keepdims=False))
    return state._replace(
        ordered=lax.dynamic_update_index_in_dim(state.ordered, ordered, week, 0),
        due=lax.dynamic_update_index_in_dim(state.due, due, week, 0),
        on_order=state.on_order + order.units,
    )
