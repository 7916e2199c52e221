"""A sharper dual point for answers whose gap the grid of costs is too coarse to close.

Costs on the grid are whole multiples of about 2^-49 of the largest. Where the costs that matter are a ten-millionth of
that or less, the flow is right and the prices made from its labels are not sharp enough to prove it. Shortest paths in
the residual network of the same flow with the costs as they were given are.
"""

import jax.numpy as jnp
from jax import Array

from jaxsim.kernels.buying.certificate import Prices
from jaxsim.kernels.buying.methods.shortest_paths.flow import NEVER, Flow, Labels, Network, next_segment, swept_labels
from jaxsim.kernels.buying.problem import BuyingLP


def sharp_labels(problem: BuyingLP, net: Network, flow: Flow, step: Array) -> Labels:
    """Labels of a flow under unrounded costs, in grid steps.

    The sweeps end at the fixed point, or after as many as the longest path takes: an optimum of the rounded costs may
    leave a negative cycle of the given ones, around which they would go for ever. Any labels make a dual point.
    """
    steps = lambda a: a / step.reshape((1,) * (a.ndim - 1) + step.shape)
    given = net._replace(
        order_cost=jnp.where(net.cap > 0, steps(problem.order_cost), 0),
        route_cost=jnp.where(jnp.isfinite(problem.route_cost), steps(problem.route_cost), NEVER),
        overage_cost=steps(problem.overage_cost),
        segment_value=steps(problem.segment_value),
    )
    value, _ = next_segment(given, flow.served)
    nodes, regions, _ = net.route_cost.shape
    return swept_labels(given, flow, value, undo=0, most=(nodes + regions) // 2 + 2)


def sharp_prices(problem: BuyingLP, prices: Prices, flow: Flow) -> tuple[Prices, Prices]:
    """A dual point, and the same with the lowest price of the order total that is as good.

    Where every node that is worth ordering into is full, the total's price may lie anywhere from the dearest of them to
    the next one. A next one that costs a billion times as much would drown the others in the dual objective's rounding.
    """
    reach = jnp.where(flow.order > 0, problem.order_cost + prices.supply, -jnp.inf)
    dearest = jnp.max(reach, axis=0)
    return prices, prices._replace(order=jnp.where(jnp.isfinite(dearest), dearest, prices.order))
