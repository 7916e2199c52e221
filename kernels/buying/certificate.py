"""Objective, duality gap, residuals and status of a point, computed from the LP as it was given and nothing else."""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Solution
from jaxsim.kernels.projection import capped_simplex
from jaxsim.kernels.status import Status


class Point(NamedTuple):
    """A primal point; fields as in `Solution`, units."""

    order: Array
    ship: Array
    leftover: Array
    served: Array


class Prices(NamedTuple):
    """A dual point: prices of the supply rows, the demand rows and the order total, cost per unit."""

    supply: Array
    demand: Array
    order: Array


class Side(NamedTuple):
    """Side constraints on the order, with their prices (rows, B): cost per unit of the row, >= 0 where it is ``low``
    that holds.
    """

    rows: OrderRows
    price: Array


Certify = Callable[[Point, Prices, Array], Solution]
"""`examine` for one batch of LPs; the last argument says which are unfinished."""


def complete_point(problem: BuyingLP, order: Array, ship: Array) -> Point:
    """The point that an order and shipments stand for: the order is projected, leftover and served follow from both."""
    order = capped_simplex(order, problem.order_cap, problem.order_total)
    leftover = jnp.maximum(problem.supply + order - jnp.sum(ship, axis=1), 0)
    # No flow fills more than all units: cut there, a wide segment takes no digits from the ones after it.
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    width = jnp.minimum(problem.segment_width, everything[None, None])
    before = jnp.concatenate([jnp.zeros_like(width[:, :1]), jnp.cumsum(width[:, :-1], axis=1)], axis=1)
    served = jnp.clip(jnp.sum(ship, axis=0)[:, None] - before, 0, problem.segment_width)
    return Point(order, ship, leftover, served)


def complete_prices(problem: BuyingLP, supply: Array, order: Array | None = None) -> Prices:
    """A feasible dual point from prices of supplies: demand costs what they ask, supplies are worth the most for that.

    Prices of nodes that have and get no units do not count. An order price that is not finite is that
    of the dearest node that may be ordered into; without any, it is the one that proves most.
    """
    alive = (problem.supply > 0) | (jnp.minimum(problem.order_cap, problem.order_total[None]) > 0)
    supply = jnp.where(alive, jnp.minimum(supply, problem.overage_cost), -jnp.inf)
    demand = jnp.max(supply[:, None] - problem.route_cost, axis=0)
    demand = jnp.maximum(demand, -problem.segment_value[:, 0])
    supply = jnp.minimum(problem.overage_cost, jnp.min(demand[None] + problem.route_cost, axis=1))
    reach = problem.order_cost + supply
    if order is None:
        return Prices(supply, demand, _best_order_price(problem, reach))
    dearest = jnp.max(jnp.where(problem.order_cap > 0, reach, -jnp.inf), axis=0)
    order = jnp.where(jnp.isfinite(order), order, dearest)
    return Prices(supply, demand, jnp.where(jnp.isfinite(order), order, 0))


def _best_order_price(problem: BuyingLP, reach: Array) -> Array:
    """Where the dual objective is largest, which is concave in this price, with corners at ``reach``."""
    cap = jnp.minimum(problem.order_cap, problem.order_total[None])
    best, most = jnp.zeros_like(problem.order_total), jnp.full_like(problem.order_total, -jnp.inf)
    for price, open_cap in zip(reach, problem.order_cap, strict=True):
        value = problem.order_total * price + jnp.sum(cap * jnp.minimum(0, reach - price[None]), axis=0)
        better = (open_cap > 0) & (value > most)
        best, most = jnp.where(better, price, best), jnp.where(better, value, most)
    return best


def examine(
    problem: BuyingLP,
    point: Point,
    prices: Prices,
    flags: tuple[Array, Array, Array],
    tolerance: float,
    side: Side | None = None,
) -> Solution:
    """Objective, gap, residuals and status of a point, from the LP's definition alone.

    The flags say which LPs are bad, infeasible, and unfinished.
    """
    route = jnp.where(jnp.isfinite(problem.route_cost), problem.route_cost, 0)
    pairs = (
        (problem.order_cost, point.order),
        (route, point.ship),
        (problem.overage_cost, point.leftover),
        (-problem.segment_value, point.served),
    )
    whole = lambda a: jnp.sum(a.reshape(-1, a.shape[-1]), axis=0)
    objective = reduce(jnp.add, [whole(cost * units) for cost, units in pairs])
    size = reduce(jnp.add, [whole(jnp.abs(cost) * units) for cost, units in pairs])
    bound, primal = _dual_objective(problem, prices), _primal_residual(problem, point)
    if side is not None:
        bound = _dual_objective(with_prices(problem, side), prices) + jnp.sum(worths(side), axis=0)
        primal = jnp.maximum(primal, _side_residual(problem, point, side.rows))
    gap, dual = jnp.abs(objective - bound) / jnp.where(size > 0, size, 1), _dual_residual(problem, prices)
    bad, infeasible, unfinished = flags
    fine = (gap <= tolerance) & (primal <= tolerance) & (dual <= tolerance)
    status = jnp.where(unfinished, Status.ITERATION_LIMIT, Status.INACCURATE)
    status = jnp.where(fine, Status.OPTIMAL, status)
    status = jnp.where(infeasible, Status.INFEASIBLE, status)
    status = jnp.where(bad, Status.BAD_INPUT, status).astype(jnp.int32)
    return Solution(*point, *prices, objective, gap, primal, dual, status)


def _dual_objective(problem: BuyingLP, prices: Prices) -> Array:
    """Σ s π + Q θ + Σ d min(0, −b − ρ) + Σ cap min(0, c + π − θ).

    No flow exceeds all units together, and no order the total, so widths and caps are cut there: the LP is the same,
    and rounding errors of prices are not multiplied by widths that no flow could fill.
    """
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    width = jnp.minimum(problem.segment_width, everything[None, None])
    cap = jnp.minimum(problem.order_cap, problem.order_total[None])
    supply = jnp.sum(problem.supply * prices.supply, axis=0)
    segment = width * jnp.minimum(0, -problem.segment_value - prices.demand[:, None])
    order = cap * jnp.minimum(0, problem.order_cost + prices.supply - prices.order[None])
    return supply + problem.order_total * prices.order + jnp.sum(segment, axis=(0, 1)) + jnp.sum(order, axis=0)


def with_prices(problem: BuyingLP, side: Side) -> BuyingLP:
    """The LP whose order costs pay what the side constraints are worth."""
    return problem._replace(
        order_cost=problem.order_cost - jnp.sum(side.rows.coefficient * side.price[:, None], axis=0)
    )


def worths(side: Side) -> Array:
    """Of each side constraint's bound at its price, (rows, B); -inf where the price counts on a bound that is none."""
    bound = jnp.where(side.price > 0, side.rows.low, side.rows.high)
    return jnp.where(side.price == 0, 0, bound * side.price)


def _side_residual(problem: BuyingLP, point: Point, rows: OrderRows) -> Array:
    """Largest violation of a side constraint, relative to its largest coefficient times all units of the LP."""
    activity = jnp.sum(rows.coefficient * point.order[None], axis=1)
    over = jnp.maximum(jnp.maximum(rows.low - activity, activity - rows.high), 0)
    size = jnp.max(jnp.abs(rows.coefficient), axis=1) * (jnp.sum(problem.supply, axis=0) + problem.order_total)
    return jnp.max(over / jnp.where(size > 0, size, 1), axis=0)


def _primal_residual(problem: BuyingLP, point: Point) -> Array:
    """Largest violation of a row or a bound, relative to all units of the LP."""
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    closed = jnp.where(jnp.isfinite(problem.route_cost), 0, jnp.abs(point.ship))
    worst = _largest(
        jnp.sum(point.ship, axis=1) + point.leftover - point.order - problem.supply,
        jnp.sum(point.ship, axis=0) - jnp.sum(point.served, axis=1),
        (jnp.sum(point.order, axis=0) - problem.order_total)[None],
        jnp.maximum(point.order - problem.order_cap, 0),
        jnp.maximum(point.served - problem.segment_width, 0),
        *(jnp.maximum(-a, 0) for a in point),
        closed,
    )
    return worst / jnp.where(everything > 0, everything, 1)


def _dual_residual(problem: BuyingLP, prices: Prices) -> Array:
    """Largest violation of π ≤ h or π − w ≤ ρ, relative to the largest cost; the other rows have slacks."""
    cost = cost_size(problem)
    route = prices.supply[:, None] - problem.route_cost - prices.demand[None]
    worst = _largest(jnp.maximum(prices.supply - problem.overage_cost, 0), jnp.maximum(route, 0))
    return worst / jnp.where(cost > 0, cost, 1)


def _largest(*arrays: Array) -> Array:
    """Largest magnitude in each LP, infinities aside."""
    flat = [jnp.where(jnp.isfinite(a), jnp.abs(a), 0).reshape(-1, a.shape[-1]).max(0) for a in arrays]
    largest = flat[0]
    for each in flat[1:]:
        largest = jnp.maximum(largest, each)
    return largest


def cost_size(problem: BuyingLP) -> Array:
    """The largest cost that plays a part."""
    order_cost = jnp.where(problem.order_cap > 0, problem.order_cost, 0)
    return _largest(order_cost, problem.route_cost, problem.overage_cost, problem.segment_value)
