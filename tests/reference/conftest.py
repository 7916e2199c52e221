"""Small systems made by hand: what a test does not name is zero, lead times are one day."""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax.tree_util
import numpy as np
import pytest
from numpy.typing import ArrayLike, DTypeLike

from jaxsim.demand.moments import WEEKDAY_SHARE
from jaxsim.demand.source import QuantileSource
from jaxsim.draws import product_ids
from jaxsim.system import CROSS_DOCK, FULFILLMENT, STORAGE, LeadTimes, Network, Products, System

LEVELS = np.array([0.0, 0.5, 1.0])


def make_system(
    kinds: Sequence[int] = (FULFILLMENT,),
    *,
    name: str = "lamp",
    weeks: int = 2,
    quantiles: ArrayLike = (0, 0, 0),
    shares: Sequence[float] = (1.0,),
    preference: ArrayLike = ((0,),),
    on_hand: ArrayLike = 0,
    in_flight: Sequence[tuple[int, int, int]] = (),
    orderable: ArrayLike = False,
    lead_time: Sequence[dict[int, float]] = (),
    case_pack: int = 1,
    first_review_day: int = 0,
    review_weeks: int = 1,
    order_up_to: ArrayLike = 0,
    sourcing_cost: ArrayLike = 0.0,
    overage_cost: ArrayLike = 0.0,
    route_cost: ArrayLike = 1.0,
    segment_width: ArrayLike = 0.0,
    segment_value: Sequence[float] = (10.0, 5.0, 2.0, 1.0),
    transfers: dict[tuple[int, int], int] | None = None,
    target: ArrayLike = 0,
    placement_weight: ArrayLike = 0,
    backlogged: bool = False,
) -> System:
    """One product whose slots are nodes 0 … L − 1 of the network; a kind of 0 is an empty slot.

    Args:
        quantiles: weekly demand at levels 0, 0.5 and 1. choice: slot asked by (rank, region).
        in_flight: (day, slot, units). lead_time: probability by number of days, by slot; 1 day by default.
    """
    slots, regions, days = len(kinds), len(shares), 7 * weeks
    kind = np.array(kinds, np.int32)
    real = lambda value, *shape: _filled(value, shape, np.float64)
    fill = lambda value, *shape: _filled(value, shape, np.int32)
    distributions = list(lead_time) or [{1: 1.0}] * slots
    probability = np.zeros((slots, 1 + max(max(distribution) for distribution in distributions)))
    for slot, distribution in enumerate(distributions):
        probability[slot, list(distribution)] = list(distribution.values())
    arriving = np.zeros((days + 1, slots), np.int32)
    for day, slot, units in in_flight:
        arriving[day, slot] += units
    transit = np.full((slots, slots), -1, np.int32)
    for (origin, destination), length in (transfers or {}).items():
        transit[origin, destination] = length
    products = Products(
        id=product_ids([name]),
        sampling_weight=real(1.0),
        backlogged=np.array([backlogged]),
        case_pack=fill(case_pack),
        first_review_day=fill(first_review_day),
        review_days=fill(7 * review_weeks),
        unit_cost=real(1.0),
        lost_sale_cost=real(10.0),
        overage_cost=real(0.1),
        node=np.where(kind > 0, np.arange(slots, dtype=np.int32), np.int32(-1))[None],
        kind=kind[None],
        orderable=_filled(orderable, (slots,), np.bool_),
        lead_time_distribution=fill(np.arange(slots), slots),
        sourcing_cost=real(sourcing_cost, slots),
        lp_sourcing_cost=real(sourcing_cost, slots),
        lp_overage_cost=real(overage_cost, slots),
        lp_route_cost=real(route_cost, slots, regions),
        segment_width=real(segment_width, weeks, regions, 4),
        segment_value=real(segment_value, 4),
        order_up_to=fill(order_up_to, weeks),
        transit_days=transit[None],
        target=fill(target, weeks, slots),
        placement_weight=fill(placement_weight, slots),
        preference=np.array(preference, np.int32)[None],
        demand_share=real(shares, regions),
        region_p60=real(0.0, weeks, regions),
        on_hand=fill(on_hand, slots),
        in_flight=arriving[None],
    )
    lead_times = LeadTimes(np.arange(slots, dtype=np.int32), probability, probability.cumsum(axis=1))
    source = QuantileSource(LEVELS, real(quantiles, weeks, 3))
    return System((name,), source, WEEKDAY_SHARE, _network(slots, regions, weeks), lead_times, products)


def _filled(value: ArrayLike, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """`value` in every place of an array of one product."""
    return np.broadcast_to(np.asarray(value, dtype), shape)[None].copy()


def _network(nodes: int, regions: int, weeks: int) -> Network:
    """The moves of a `Network` are read by no engine: placement has its own transit days."""
    nowhere = lambda columns: np.full((nodes, columns), np.inf)
    never = lambda columns: np.full((nodes, columns), -1, np.int32)
    return Network(
        nodes=tuple(f"N{i}" for i in range(nodes)),
        regions=tuple(f"R{i}" for i in range(regions)),
        inbound=np.ones(nodes, bool),
        shipping_cost=nowhere(regions),
        shipping_days=never(regions),
        shipping_co2=np.zeros((nodes, regions)),
        transfer_cost=nowhere(nodes),
        transfer_days=never(nodes),
        transfer_co2=np.zeros((nodes, nodes)),
        plan=np.full((nodes, weeks), 100.0),
        storage_plan=np.full((nodes, weeks), np.nan),
    )


def random_product(name: str, random: np.random.Generator, weeks: int) -> System:
    """Seven slots (one of them empty), four regions, every kind of move, orders of every size."""
    regions, kinds = 4, (CROSS_DOCK, CROSS_DOCK, STORAGE, FULFILLMENT, FULFILLMENT, FULFILLMENT, 0)
    weekly = random.integers(20, 400)
    horizon = random.uniform(1.5, 3.0) * weekly / regions
    transfers = {
        (0, 2): 2,
        (0, 3): 1,
        (1, 3): 3,
        (1, 4): 2,
        (1, 5): 1,
        **{(2, slot): int(random.integers(1, 4)) for slot in (3, 4, 5)},
    }
    routes = random.uniform(0.5, 4.0, (7, regions))
    routes[1, 0] = routes[6] = np.inf
    orderable = np.array([*(random.random(4) < 0.7), False, False, False])
    return make_system(
        kinds,
        name=name,
        weeks=weeks,
        quantiles=(0.3 * weekly, weekly, 2.5 * weekly),
        shares=random.dirichlet(np.ones(regions)).tolist(),
        preference=[*np.array([random.permutation([3, 4, 5]) for _ in range(regions)]).T.tolist(), [-1] * regions],
        on_hand=[*random.integers(0, weekly, 6), 0],
        in_flight=[(int(random.integers(0, 7 * weeks + 1)), int(random.integers(0, 4)), 25) for _ in range(4)],
        orderable=orderable,
        lead_time=[{3: 0.4, 9: 0.6}, {5: 1.0}, {2: 0.5, 8: 0.3, 40: 0.2}, {4: 1.0}, {1: 1.0}, {1: 1.0}, {1: 1.0}],
        case_pack=int(random.choice([1, 6, 24, 128])),
        first_review_day=int(random.integers(0, 9)),
        review_weeks=int(random.integers(1, 3)),
        order_up_to=int(3 * weekly),
        sourcing_cost=random.uniform(1.0, 2.0, 7),
        overage_cost=random.uniform(0.05, 0.2, 7),
        route_cost=routes,
        segment_width=random.uniform(0.1, 0.5, (regions, 4)) * horizon,
        segment_value=(9.0, 4.5, 2.0, 0.7),
        transfers=transfers,
        target=[0, 0, *random.integers(0, weekly, 4), 0],
        placement_weight=[0, 0, *random.integers(0, 10**6, 4), 0],
        backlogged=bool(random.random() < 0.3),
    )


def combined(systems: Sequence[System]) -> System:
    """One system of the products of several that have equal shapes."""
    distributions = np.cumsum([0] + [len(s.lead_times.node) for s in systems])
    rows = [
        eqx.tree_at(
            lambda p: p.lead_time_distribution, s.products, s.products.lead_time_distribution + distributions[i]
        )
        for i, s in enumerate(systems)
    ]
    stack = lambda *parts: np.concatenate(parts)
    return System(
        product_names=tuple(s.product_names[0] for s in systems),
        source=QuantileSource(
            LEVELS, np.concatenate([s.source.numbers(np.array([0]), np.array([0])) for s in systems])
        ),
        weekday_share=WEEKDAY_SHARE,
        network=systems[0].network,
        lead_times=jax.tree_util.tree_map(stack, *(s.lead_times for s in systems)),
        products=jax.tree_util.tree_map(stack, *rows),
    )


@pytest.fixture(scope="session")
def system_of() -> Callable[..., System]:
    """`make_system`."""
    return make_system


@pytest.fixture(scope="session")
def random_system() -> System:
    """Twelve random products over ten weeks."""
    random = np.random.default_rng(5)
    return combined([random_product(f"product {i}", random, weeks=10) for i in range(12)])
