"""What goes into the buying LP and what comes out."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jaxtyping import Bool, Float, Int32


class Shape(NamedTuple):
    """Sizes of a buying LP."""

    nodes: int
    regions: int
    segments: int


class BuyingLP(NamedTuple):
    """Costs per unit and quantities in units of one LP, or of a batch of LPs along trailing axes B."""

    order_cost: Float[Array, " nodes *batch"]
    """c_k, sourcing and capacity cost of ordering a unit into k; may be negative."""
    order_cap: Float[Array, " nodes *batch"]
    """cap_k ≥ 0; 0 where not orderable."""
    order_total: Float[Array, "*batch"]
    """Q ≥ 0."""
    supply: Float[Array, " nodes *batch"]
    """s_k ≥ 0, inventory and units on the way to k."""
    route_cost: Float[Array, "nodes regions *batch"]
    """w_kr; +inf where there is no route."""
    overage_cost: Float[Array, " nodes *batch"]
    """h_k, cost of a unit that stays at k."""
    segment_value: Float[Array, "regions segments *batch"]
    """b_rm, worth of a unit served; must not increase along m. The first axis may be 1."""
    segment_width: Float[Array, "regions segments *batch"]
    """d_rm ≥ 0."""

    @property
    def shape(self) -> Shape:
        """Nodes, regions and segments."""
        nodes, regions, *_ = self.route_cost.shape
        return Shape(nodes, regions, self.segment_width.shape[1])

    @property
    def batch(self) -> tuple[int, ...]:
        """The batch axes' shape."""
        return self.order_total.shape


class OrderRows(NamedTuple):
    """Side constraints ``low <= Σ_k coefficient_k x_k <= high`` on the order x of a buying LP."""

    coefficient: Float[Array, "rows nodes *batch"]
    """In units of the row per unit ordered."""
    low: Float[Array, " rows *batch"]
    """-inf where there is none."""
    high: Float[Array, " rows *batch"]
    """+inf where there is none."""


def is_invalid(problem: BuyingLP) -> Bool[Array, "*batch"]:
    """Which LPs have a number that `Status.BAD_INPUT` speaks of."""
    batch = problem.order_total.shape
    no = lambda bad: jnp.any(bad.reshape(-1, *batch), axis=0)
    wrong = [~jnp.isfinite(a) for a in problem._replace(route_cost=problem.order_cap)]
    wrong += [a < 0 for a in (problem.order_cap, problem.order_total, problem.supply, problem.segment_width)]
    wrong += [~(problem.route_cost > -jnp.inf), problem.segment_value[:, 1:] > problem.segment_value[:, :-1]]
    bad = no(wrong[0])
    for each in wrong[1:]:
        bad |= no(each)
    return bad


def is_infeasible(problem: BuyingLP) -> Bool[Array, "*batch"]:
    """Which LPs have caps below the total, beyond the rounding error of summing them."""
    slack = 4 * problem.order_cap.shape[0] * jnp.finfo(problem.order_cap.dtype).eps
    return jnp.sum(problem.order_cap, axis=0) < problem.order_total * (1 - slack)


def or_nothing(problem: BuyingLP, skip: Bool[Array, " block"]) -> BuyingLP:
    """An LP without units, which takes no work, in the place of those to skip."""
    spread = lambda a: skip.reshape((1,) * (a.ndim - 1) + skip.shape)
    return BuyingLP(*(jnp.where(spread(a), jnp.zeros_like(a), a) for a in problem))


class Solution(NamedTuple):
    """An optimal vertex with its prices and its certificate."""

    order: Float[Array, " nodes *batch"]
    """x_k, units; in {0 ≤ x ≤ cap, Σx = Q} to rounding of the sum."""
    ship: Float[Array, "nodes regions *batch"]
    """y_kr, units."""
    leftover: Float[Array, " nodes *batch"]
    """o_k, units."""
    served: Float[Array, "regions segments *batch"]
    """z_rm, units."""
    supply_price: Float[Array, " nodes *batch"]
    """∂objective/∂s_k, cost per unit: the dual of k's supply row."""
    demand_price: Float[Array, " regions *batch"]
    """Cost of one more unit that is already in region r (minus what it is worth there): the dual of r's row."""
    order_price: Float[Array, "*batch"]
    """∂objective/∂Q, cost per unit."""
    objective: Float[Array, "*batch"]
    gap: Float[Array, "*batch"]
    """|primal − dual objective| / Σ|terms of the primal objective|."""
    primal_residual: Float[Array, "*batch"]
    """Largest violation of a constraint, as a part of Σs + Q."""
    dual_residual: Float[Array, "*batch"]
    """Largest violation of a dual constraint, as a part of the largest cost."""
    status: Int32[Array, "*batch"]
    """A `Status`."""
