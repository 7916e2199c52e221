"""A product's arrays as plain Python numbers, and the state that a trial of it changes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt32

from jaxsim.demand.source import DemandSource
from jaxsim.system import System


@dataclass(frozen=True)
class Product:
    """Row of `jaxsim.system.Products`: nested lists in its axis order without the product's, in the same units."""

    name: str
    days: int
    """Days D of the horizon."""

    backlogged: bool
    """Whether unserved demand waits."""
    case_pack: int
    first_review_day: int
    review_days: int
    node: list[int]
    kind: list[int]
    orderable: list[bool]
    distribution: list[int]
    """By slot, the row of its lead-time distribution; meaningless where not orderable."""
    lead_time_probability: list[list[float]]
    """By slot, the probability of 0, 1, … days from order to arrival; empty where not orderable."""

    sourcing_cost: list[float]
    """p of the buying LP; `overage_cost` is h and `route_cost` w, all tie-broken."""
    overage_cost: list[float]
    route_cost: list[list[float]]
    segment_width: list[list[list[float]]]
    segment_value: list[float]
    order_up_to: list[int]

    transit_days: list[list[int]]
    target: list[list[int]]
    placement_weight: list[int]
    preference: list[list[int]]

    on_hand: list[int]
    in_flight: list[list[int]]
    in_transit: list[list[int]]
    backlog: list[int]

    id: UInt32[np.ndarray, " 2"]
    source: DemandSource
    """Of this product alone."""
    weekday_share: Float64[np.ndarray, " 7"]
    demand_share: Float64[np.ndarray, " regions"]
    lead_time_cumulative: list[Float64[np.ndarray, " days"] | None]
    """By slot, None where not orderable; read by the draws only, as are the four fields before it."""


@dataclass
class State:
    """S_t of Algorithm 1: units by slot; by region, the day's demand once it is known and what waits from before."""

    on_hand: list[int]
    on_order: list[int]
    """Vendor units in flight, those due after the horizon too."""
    in_transit: list[int]
    """Units sent here by placement that have not arrived."""
    demand: list[int]
    backlog: list[int]
    """Backlogged units by region."""


def product_of(system: System, index: int) -> Product:
    """Take one product out of the arrays.

    Args:
        index: row of `system.products`.
    """
    rows, distributions = system.products, system.lead_times
    orderable = rows.orderable[index].tolist()
    distribution = rows.lead_time_distribution[index].tolist()
    return Product(
        name=system.product_names[index],
        days=7 * system.weeks,
        backlogged=bool(rows.backlogged[index]),
        case_pack=int(rows.case_pack[index]),
        first_review_day=int(rows.first_review_day[index]),
        review_days=int(rows.review_days[index]),
        node=rows.node[index].tolist(),
        kind=rows.kind[index].tolist(),
        orderable=orderable,
        distribution=distribution,
        lead_time_probability=[
            distributions.probability[i].tolist() if ok else [] for i, ok in zip(distribution, orderable, strict=True)
        ],
        sourcing_cost=rows.lp_sourcing_cost[index].tolist(),
        overage_cost=rows.lp_overage_cost[index].tolist(),
        route_cost=rows.lp_route_cost[index].tolist(),
        segment_width=rows.segment_width[index].tolist(),
        segment_value=rows.segment_value[index].tolist(),
        order_up_to=rows.order_up_to[index].tolist(),
        transit_days=rows.transit_days[index].tolist(),
        target=rows.target[index].tolist(),
        placement_weight=rows.placement_weight[index].tolist(),
        preference=rows.preference[index].tolist(),
        on_hand=rows.on_hand[index].tolist(),
        in_flight=rows.in_flight[index].tolist(),
        in_transit=[] if rows.in_transit is None else rows.in_transit[index].tolist(),
        backlog=[0] * rows.demand_share.shape[1] if rows.backlog is None else rows.backlog[index].tolist(),
        id=rows.id[index],
        source=system.source.take(np.array([index])),
        weekday_share=system.weekday_share,
        demand_share=rows.demand_share[index],
        lead_time_cumulative=[
            distributions.cumulative[i] if ok else None for i, ok in zip(distribution, orderable, strict=True)
        ],
    )


def initial_state(product: Product) -> State:
    """S_0: stock, units on the way and demand that waits at the start of day 0."""
    return State(
        on_hand=list(product.on_hand),
        on_order=[sum(units) for units in zip(*product.in_flight, strict=True)],
        in_transit=[sum(units) for units in zip(*product.in_transit, strict=True)] or [0] * len(product.node),
        demand=[0] * len(product.demand_share),
        backlog=list(product.backlog),
    )
