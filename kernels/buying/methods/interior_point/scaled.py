"""The buying LP in units of its own size, and points to start its interior point method from."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike

from jaxsim.kernels.buying.certificate import cost_size
from jaxsim.kernels.buying.methods.interior_point.arcs import Dual, Iterate, Quantities, balance, drops
from jaxsim.kernels.buying.methods.interior_point.barrier import Goal
from jaxsim.kernels.buying.problem import BuyingLP, Shape
from jaxsim.kernels.laplacian import add, inverse, most
from jaxsim.kernels.no_fuse import no_fuse
from jaxsim.kernels.scaling import power_of_two

_WAY = 0.01
"""Product to start warm from over what rows lack."""


class Scaled(NamedTuple):
    """An LP whose largest cost and all of whose units are between 1/2 and 1, as arcs; axes as in `Iterate`."""

    supply: Array
    total: Array
    upper: Array
    """Of order and served."""
    out_cost: Array
    bound_cost: Array
    out_open: Array
    bound_open: Array
    held: Array
    """Where the upper bound could ever hold; elsewhere it is left out."""


class Units(NamedTuple):
    quantity: Array
    """Powers of two, (B,)."""
    cost: Array
    fixed: Array
    """(nodes, B): orders that the caps leave no choice about, in the LP's own units; part of the supply."""


class State(NamedTuple):
    """Where an interior point solve ended, to start a similar one from. Opaque."""

    out: Array
    low: Array
    node: Array
    hub: Array
    quantity: Array
    """The units; 0 where there was no solve."""
    cost: Array


def scale(problem: BuyingLP, drop_useless_routes: bool) -> tuple[Scaled, Units]:
    """The arcs, without those that cannot carry anything, and without those that need not if so asked."""
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    unit, price = power_of_two(everything), power_of_two(cost_size(problem))
    amount = lambda a: jnp.where(a < 2 * everything, a, 2 * everything) / unit
    supply, total, width = amount(problem.supply), amount(problem.order_total), amount(problem.segment_width)
    # No order exceeds the total. Where the two are equal the derivative belongs to the total.
    cap = jnp.where(problem.order_cap < problem.order_total, problem.order_cap, problem.order_total) / unit
    rounding = 4 * cap.shape[0] * jnp.finfo(cap.dtype).eps
    full = add(cap) <= total * (1 + rounding)
    fixed = jnp.where(full, cap, 0)
    supply, cap, total = supply + fixed, jnp.where(full, 0, cap), jnp.where(full, 0, total)
    route = jnp.where(jnp.isfinite(problem.route_cost), problem.route_cost, 0)
    value = jnp.broadcast_to(problem.segment_value, width.shape)
    useful = jnp.isfinite(problem.route_cost)
    if drop_useless_routes:
        useful &= route < problem.overage_cost[:, None] + problem.segment_value[None, :, 0]
    has_units = supply + cap > 0
    routes = useful & has_units[:, None] & jnp.any(width > 0, axis=1)[None]
    served = (width > 0) & jnp.any(routes, axis=0)[:, None]
    flat = lambda order, served: jnp.concatenate([order, served.reshape(-1, total.shape[0])])
    out = lambda ship, leftover: jnp.concatenate([ship, leftover[:, None]], axis=1)
    arcs = Scaled(
        supply, total, flat(cap, width),
        out(jnp.where(routes, route, 0), problem.overage_cost) / price,
        flat(problem.order_cost, -value) / price,
        out(routes, has_units), flat(cap > 0, served),
        flat((cap > 0) & (cap < total), served & (width < everything / unit)),
    )  # fmt: skip
    return arcs, Units(unit, price, fixed * unit)


def cold_start(lp: Scaled, product: float | Array) -> Iterate:
    """Quantities that keep every row, in proportion and clear of all bounds, and slacks that make products equal."""
    nodes, regions = lp.out_cost.shape[0], lp.out_cost.shape[1] - 1
    cap, width = lp.upper[:nodes], lp.upper[nodes:].reshape(regions, -1, lp.total.shape[0])
    part = lp.total * inverse(add(cap))
    units = lp.supply + cap * part
    everything = add(units)
    wanted = add(width, 1)
    # Half of what is wanted, or of what there is.
    give = jnp.minimum(0.5, 0.5 * everything * inverse(add(wanted)))
    ship = jnp.where(lp.out_open[:, :-1], units[:, None] * (give * wanted * inverse(everything)), 0)
    served = width * (add(ship) * inverse(wanted))[:, None]
    out = jnp.concatenate([ship, (units - add(ship, 1))[:, None]], axis=1)
    low = jnp.concatenate([cap * part, served.reshape(-1, lp.total.shape[0])])
    room = jnp.concatenate([cap * ((add(cap) - lp.total) * inverse(add(cap))), lp.upper[nodes:] - low[nodes:]])
    return _centered(lp, out, low, room, product, (jnp.zeros_like(units), jnp.zeros_like(out[0])))


def warm_start(lp: Scaled, units: Units, state: State, cold: Iterate, products: tuple[float, float]) -> Iterate:
    """Values of the earlier solve and reduced costs under its potentials, cold where there is no state.

    Each value and slack is moved by equal amounts until their product is that of a centered point, which takes the
    least from what the earlier solve knew and makes a good point of any numbers; rows and reduced costs are off by what
    was moved. The product is between the two given: the further rows are off, the longer the way.
    """
    good = (state.quantity > 0) & (state.cost > 0)
    for each in state:
        good &= jnp.all(jnp.isfinite(each).reshape(-1, good.shape[0]), axis=0)
    state = jax.tree.map(lambda a: jnp.where(good, a, 1), state)
    ratio = lambda old, new: jnp.clip(old / new, 2**-20, 2**20)
    quantity, cost = ratio(state.quantity, units.quantity), ratio(state.cost, units.cost)
    level = jnp.clip(state.node * cost, -8, 8), jnp.clip(state.hub * cost, -8, 8)
    out_drop, bound_drop = drops(*level, lp.upper.shape[0])
    excess = jnp.clip(state.out * quantity - (lp.out_cost + out_drop), -2, 2)
    upper = jnp.where(lp.held, lp.upper, 4)
    low, pull = jnp.clip(state.low * quantity, 0, upper), jnp.clip(lp.bound_cost + bound_drop, -4, 4)
    near_high = low > upper / 2
    free = jnp.where(near_high, upper - low, low) - jnp.maximum(jnp.where(near_high, -pull, pull), 0)

    def at(product: float | Array) -> Iterate:
        nearer = jnp.minimum(_hyperbola(free, product), upper / 2)
        sides = jnp.where(near_high, upper - nearer, nearer), jnp.where(near_high, nearer, upper - nearer)
        return _centered(lp, _hyperbola(excess, product), *sides, product, level)

    least, largest = products
    near = at(least)
    lacking = [most(jnp.abs(each)) for each in balance(quantities_of(lp), near.out, near.low)]
    warm = at(jnp.clip(_WAY * jnp.maximum(*lacking), least, largest))._replace(
        primal_infeasibility=jnp.ones_like(lp.total)
    )
    return jax.tree.map(lambda new, old: jnp.where(good, new, old), warm, cold)


def _hyperbola(difference: Array, product: float | Array) -> Array:
    """The a > 0 with a (a - difference) = product."""
    larger = (jnp.abs(difference) + jnp.sqrt(difference * difference + 4 * product)) / 2
    return jnp.where(difference > 0, larger, product / larger)


def _centered(
    lp: Scaled, out: Array, low: Array, room: Array, product: float | Array, level: tuple[Array, Array]
) -> Iterate:
    out, low = jnp.where(lp.out_open, out, 0), jnp.where(lp.bound_open, low, 0)
    high = jnp.where(lp.held, room, 1)
    slack = lambda a: jnp.where(a > 0, product * inverse(a), 0)
    high_slack = jnp.where(lp.held, slack(high), 0)
    return Iterate(out, slack(out), low, high, slack(low), high_slack, *level, jnp.ones_like(lp.total), 0 * lp.total)


@no_fuse
def dual_of(lp: Scaled, it: Iterate) -> Dual:
    """What the slacks lack of the reduced costs."""
    out, bound = drops(it.node, it.hub, it.low.shape[0])
    return Dual(lp.out_cost + out - it.out_slack, lp.bound_cost + bound - it.low_slack + it.high_slack)


def quantities_of(lp: Scaled) -> Quantities:
    return Quantities(lp.supply, lp.total)


def goal_of(lp: Scaled, gap: float, product: Array) -> Goal:
    """A gap, or where ``product`` is positive a point of the central path."""
    return Goal(gap + 0 * product, product, jnp.abs(lp.bound_cost), jnp.abs(lp.out_cost[:, -1]))


def state_of(it: Iterate, units: Units) -> State:
    return State(it.out, it.low, it.node, it.hub, units.quantity, units.cost)


def no_state(shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> State:
    """What an LP starts from when there was no earlier solve."""
    nodes, regions, segments = shape
    shapes = (nodes, regions + 1), (nodes + regions * segments,), (nodes,), (regions + 1,), (), ()
    return State(*(jnp.zeros((*axes, *batch), dtype) for axes in shapes))


def to_float64(lp: Scaled, it: Iterate) -> Iterate:
    """Where float32 ended, with bounds that hold to the last digit."""
    it = jax.tree.map(lambda a: a.astype(lp.total.dtype), it)
    stretch = jnp.where(lp.held, lp.upper * inverse(it.low + it.high), 1)
    return it._replace(
        low=it.low * stretch,
        high=it.high * stretch,
        dual_infeasibility=jnp.ones_like(it.dual_infeasibility),
        primal_infeasibility=jnp.ones_like(it.dual_infeasibility),
    )


def to_float32(lp: Scaled) -> Scaled:
    return jax.tree.map(lambda a: a if a.dtype == jnp.bool else a.astype(jnp.float32), lp)
