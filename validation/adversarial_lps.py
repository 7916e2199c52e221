"""Buying LPs made to be hard: ties, spans of magnitude, degenerate and disconnected supports, caps at their limit.

A family says how costs, quantities and routes are drawn; "mixed" draws the three ways anew for every LP.
"""

from collections.abc import Callable

import numpy as np

Fields = dict[str, np.ndarray]
Shape = tuple[int, int, int]

FAMILIES = {
    "ties": ("whole", "whole", "all"),
    "near ties": ("near whole", "whole", "all"),
    "both signs": ("signs", "plain", "some"),
    "cost span": ("span", "plain", "all"),
    "quantity span": ("plain", "span", "all"),
    "both spans": ("span", "span", "some"),
    "extreme scales": ("scaled", "scaled", "all"),
    "degenerate": ("plain", "degenerate", "all"),
    "disconnected": ("plain", "plain", "islands"),
    "caps at their limit": ("plain", "limit", "all"),
    "infeasible": ("plain", "short", "some"),
    "mixed": ("mixed", "mixed", "mixed"),
}
"""Ways of costs, quantities and routes of each family."""


def adversarial_lps(family: str, shape: Shape, count: int, seed: int) -> Fields:
    """Fields of `BuyingLP` for ``count`` LPs of nodes x regions x segments, the batch last."""
    rng = np.random.default_rng([seed, *shape, list(FAMILIES).index(family)])
    costs, quantities, routes = FAMILIES[family]
    lp = _draw(_COSTS, costs, shape, count, rng) | _draw(_QUANTITIES, quantities, shape, count, rng)
    closed = _draw(_ROUTES, routes, shape, count, rng)["closed"]
    lp["route_cost"] = np.where(closed, np.inf, lp["route_cost"])
    return lp


def _draw(
    ways: dict[str, Callable[..., Fields]], way: str, shape: Shape, count: int, rng: np.random.Generator
) -> Fields:
    """One way for all LPs, or for each LP a way of its own."""
    if way != "mixed":
        return ways[way](shape, count, rng)
    parts = [make(shape, count, rng) for make in ways.values()]
    choice = rng.integers(0, len(parts), count)
    return {name: np.choose(choice, [part[name] for part in parts]) for name in parts[0]}


def _cost_fields(
    shape: Shape, count: int, draw: Callable[[tuple[int, ...]], np.ndarray], value_factor: np.ndarray | float = 1.0
) -> Fields:
    nodes, regions, segments = shape
    return {
        "order_cost": draw((nodes, count)),
        "route_cost": draw((nodes, regions, count)),
        "overage_cost": draw((nodes, count)),
        "segment_value": -np.sort(-value_factor * draw((regions, segments, count)), axis=1),
    }


def _plain_costs(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    return _cost_fields(shape, count, lambda size: rng.uniform(0.2, 9, size), 3.0)


def _whole_costs(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """Few distinct whole numbers, some negative."""
    most = rng.integers(1, 6, count)
    return _cost_fields(shape, count, lambda size: np.floor(rng.uniform(-0.3, 1, size) * (most + 1)), 2.0)


def _near_whole_costs(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """Ties broken by 1e-8 down to less than the rounding error of a cost."""
    scale = 10.0 ** rng.uniform(-17, -8, count)
    perturbed = lambda size: rng.integers(0, 4, size) + scale * rng.integers(-2, 3, size)
    return _cost_fields(shape, count, perturbed, 2.0)


def _signed_costs(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    return _cost_fields(shape, count, lambda size: rng.normal(0, 5, size))


def _spanning_costs(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """1e-6 ... 1e6 within one LP; a tenth is negative."""
    sign = lambda size: np.where(rng.random(size) < 0.1, -1.0, 1.0)
    return _cost_fields(shape, count, lambda size: sign(size) * 10.0 ** rng.uniform(-6, 6, size))


def _scaled_costs(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """One size within an LP, 1e-30 ... 1e30 among LPs."""
    scale = 10.0 ** rng.uniform(-30, 30, count)
    return {name: array * scale for name, array in _signed_costs(shape, count, rng).items()}


def _quantity_fields(
    shape: Shape, count: int, draw: Callable[[tuple[int, ...]], np.ndarray], part: np.ndarray | float
) -> Fields:
    """``part`` is what the order total is of all caps."""
    nodes, regions, segments = shape
    lp = {
        "order_cap": draw((nodes, count)),
        "supply": draw((nodes, count)),
        "segment_width": draw((regions, segments, count)),
    }
    return lp | {"order_total": lp["order_cap"].sum(0) * part}


def _plain_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    return _quantity_fields(shape, count, lambda size: rng.gamma(1.0, 12.0, size), rng.random(count))


def _whole_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    lp = _quantity_fields(shape, count, lambda size: np.floor(rng.gamma(1.0, 4.0, size)), rng.random(count))
    return lp | {"order_total": np.round(lp["order_total"])}


def _spanning_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """1e-3 ... 1e7 within one LP; the total is a part of all caps or as small as the smallest."""
    lp = _quantity_fields(shape, count, lambda size: 10.0 ** rng.uniform(-3, 7, size), rng.random(count))
    small = np.minimum(10.0 ** rng.uniform(-3, 7, count), lp["order_total"])
    return lp | {"order_total": np.where(rng.random(count) < 0.5, lp["order_total"], small)}


def _scaled_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    scale = 10.0 ** rng.uniform(-30, 30, count)
    return {name: array * scale for name, array in _plain_quantities(shape, count, rng).items()}


def _degenerate_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """Zeros and ones, whole nodes and regions empty, the total at 0, at all caps or at a part sum of them."""
    density = rng.uniform(0.1, 0.9, count)
    lp = _quantity_fields(shape, count, lambda size: 1.0 * (rng.random(size) < density), 1.0)
    lp["segment_width"] *= rng.random((shape[1], 1, count)) < 0.7
    lp["supply"] *= rng.random(count) < 0.7
    return lp | {"order_total": np.floor(lp["order_total"] * rng.choice([0.0, 0.5, 1.0, 1.0], count))}


def _limit_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """Caps equal to the total, short of it or beyond it by 1 down to less than the rounding error of their sum."""
    lp = _plain_quantities(shape, count, rng)
    lp["order_cap"] *= rng.random(lp["order_cap"].shape) < rng.random(count)
    off = rng.choice([-1.0, 0.0, 1.0], count) * 10.0 ** rng.uniform(-17, 0, count)
    return lp | {"order_total": lp["order_cap"].sum(0) * (1 + off) + (rng.random(count) < 0.05)}


def _short_quantities(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """Whole numbers: caps short of the total by one unit or more, equal to it, or beyond it by one."""
    lp = _whole_quantities(shape, count, rng)
    more = rng.choice([-1, 0, 1, 1, 100], count)
    return lp | {"order_total": np.maximum(lp["order_cap"].sum(0) + more, 0)}


def _all_routes(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    return {"closed": np.zeros((*shape[:2], count), bool)}


def _some_routes(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    return {"closed": rng.random((*shape[:2], count)) < rng.random(count)}


def _islands(shape: Shape, count: int, rng: np.random.Generator) -> Fields:
    """Nodes and regions fall into groups without routes between them; some have no route at all."""
    groups = rng.integers(1, 6, count)
    node = np.floor(rng.random((shape[0], 1, count)) * groups)
    region = np.floor(rng.random((1, shape[1], count)) * groups)
    alone = (rng.random(node.shape) < 0.2) | (rng.random(region.shape) < 0.2)
    return {"closed": (node != region) | alone}


_COSTS = {
    "plain": _plain_costs,
    "whole": _whole_costs,
    "near whole": _near_whole_costs,
    "signs": _signed_costs,
    "span": _spanning_costs,
    "scaled": _scaled_costs,
}
_QUANTITIES = {
    "plain": _plain_quantities,
    "whole": _whole_quantities,
    "span": _spanning_quantities,
    "scaled": _scaled_quantities,
    "degenerate": _degenerate_quantities,
    "limit": _limit_quantities,
    "short": _short_quantities,
}
_ROUTES = {"all": _all_routes, "some": _some_routes, "islands": _islands}
