"""The buying LP as a minimum-cost flow in whole numbers, by successive shortest paths in JAX.

Quantities and costs are rounded to multiples of a power of two, so fine that the answer errs by rounding alone. `flow`
finds the optimal flow without tolerances; the flow and its labels give the point and its prices in the numbers that
came in.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxsim.kernels.buying.certificate import Certify, Prices, complete_point, complete_prices, cost_size
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.shortest_paths.flow import NEVER, Labels, Network, least_cost_flow
from jaxsim.kernels.buying.methods.shortest_paths.refine import sharp_labels, sharp_prices
from jaxsim.kernels.buying.problem import BuyingLP, Solution
from jaxsim.kernels.scaling import power_of_two
from jaxsim.kernels.status import Status


class _Proof(NamedTuple):
    """What another dual point changes of a `Solution`."""

    supply_price: Array
    demand_price: Array
    order_price: Array
    gap: Array
    dual_residual: Array
    status: Array


def solve_block(problem: BuyingLP, start: Array, limits: Limits, certify: Certify) -> tuple[Solution, Array]:
    """Certified optima of a block of LPs; the start is of no bytes."""
    net, unit, step = on_grid(problem)
    flow, labels, _ = least_cost_flow(net, limits.iterations)
    point = complete_point(problem, flow.order * unit[None], flow.ship * unit[None, None])
    solution = certify(point, _prices(problem, labels, step), flow.open())
    proof = _Proof(*(getattr(solution, name) for name in _Proof._fields))

    def sharper_proof() -> _Proof:
        best = proof
        for each in sharp_prices(problem, _prices(problem, sharp_labels(problem, net, flow, step), step), flow):
            other = certify(point, each, flow.open())
            better = (other.gap < best.gap) & (solution.status == Status.INACCURATE)
            other = _Proof(*(getattr(other, name) for name in _Proof._fields))
            best = jax.tree.map(lambda new, old, better=better: jnp.where(better, new, old), other, best)
        return best

    # A conditional copies what it returns: only what it may change.
    proof = lax.cond(jnp.any(solution.status == Status.INACCURATE), sharper_proof, lambda: proof)
    return solution._replace(**proof._asdict()), start


def _prices(problem: BuyingLP, labels: Labels, step: Array) -> Prices:
    """A dual point from the labels."""
    pool = jnp.where(labels.pool < NEVER / 2, labels.pool * step, jnp.inf)
    return complete_prices(problem, labels.node * step[None], pool)


def on_grid(problem: BuyingLP) -> tuple[Network, Array, Array]:
    """The LP in whole numbers, with the unit of quantity (one bit finer than rounding) and the step of cost.

    All units together are less than 2^(mantissa bits), so sums of quantities are exact; costs leave four bits for
    paths. A cap or width is cut at twice all units, which keeps it from ever being reached.
    """
    mantissa = jnp.finfo(problem.supply.dtype).nmant
    everything = jnp.sum(problem.supply, axis=0) + problem.order_total
    unit = power_of_two(everything, mantissa)
    step = power_of_two(cost_size(problem), mantissa - 3)
    row = lambda each, a: each.reshape((1,) * (a.ndim - 1) + each.shape)
    whole = lambda a: jnp.round(jnp.minimum(a, 2 * row(everything, a)) / row(unit, a))
    amount = lambda a: jnp.where(row(everything, a) > 0, whole(a), jnp.sign(a))
    steps = lambda a: jnp.round(a / row(step, a))
    cap, total = amount(problem.order_cap), amount(problem.order_total)
    net = Network(
        order_cost=jnp.where(cap > 0, steps(problem.order_cost), 0),
        cap=cap,
        total=jnp.minimum(total, jnp.sum(cap, axis=0)),
        supply=amount(problem.supply),
        route_cost=jnp.where(jnp.isfinite(problem.route_cost), steps(problem.route_cost), NEVER),
        overage_cost=steps(problem.overage_cost),
        segment_value=steps(problem.segment_value),
        filled=jnp.cumsum(amount(problem.segment_width), axis=1),
    )
    return net, unit, step
