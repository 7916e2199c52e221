"""Exact cost per period of order-up-to policies, for the demand that a scenario tabulates.

Nothing here is shared with the engines: backlogged systems are convolutions, lost sales a Markov chain. Costs are in
the currency of a `Case`; units are those of the simulation.
"""

import numpy as np
import scipy.sparse

from jaxsim.demand.source import QuantileSource
from jaxsim.scenario.textbook import Case
from jaxsim.system import System

_NEGLIGIBLE = 1e-14


def exact_cost(system: System, case: Case) -> float:
    """Long-run expected cost per period of the case's policy under the demand of `system`."""
    chance = demand_chances(system, case.name)
    holding, shortage = case.holding / case.demand.unit, case.shortage / case.demand.unit
    level = round(case.order_up_to * case.demand.unit)
    if case.shop is not None:
        return _serial_cost(case, chance)
    if case.backlogged or case.lead_time == 0:  # losing or waiting is the same for an order that comes at once
        return _newsvendor_cost(level, _sum_of(chance, case.lead_time + 1), holding, shortage)
    return lost_sales_cost(level, case.lead_time, chance, holding, shortage)


def demand_chances(system: System, product: str) -> np.ndarray:
    """Probability of 0, 1, 2, … units of weekly demand: where the tabulated quantile function passes k + 1/2."""
    row = system.product_names.index(product)
    source = system.source
    assert isinstance(source, QuantileSource)
    units, levels = source.quantiles[row, 0], source.levels
    ends = np.arange(int(np.ceil(units[-1])) + 1) + 0.5
    above = np.searchsorted(units, ends, side="right").clip(1, len(units) - 1)
    low, high = units[above - 1], units[above]
    part = np.clip((ends - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    below = np.where(ends >= units[-1], 1.0, levels[above - 1] + part * (levels[above] - levels[above - 1]))
    return np.diff(below, prepend=0.0)


def _sum_of(chance: np.ndarray, periods: int) -> np.ndarray:
    """Distribution of demand over some periods."""
    total = np.ones(1)
    for _ in range(periods):
        total = np.convolve(total, chance)
    return total


def _newsvendor_cost(level: int, demand: np.ndarray, holding: float, shortage: float) -> float:
    left = level - np.arange(len(demand))
    return float(demand @ (holding * np.maximum(left, 0) + shortage * np.maximum(-left, 0)))


def _serial_cost(case: Case, chance: np.ndarray) -> float:
    """Two stocks in series (Clark and Scarf 1960).

    After what the depot sends, the shop's inventory position is the lesser of its base stock and of what the whole
    system's level leaves after the demand of the depot's lead time; what exceeds it stays at the depot.
    """
    shop, unit = case.shop, case.demand.unit
    assert shop is not None
    level, base = round(case.order_up_to * unit), round(shop.base_stock * unit)
    upstream = shop.upstream_holding / unit
    before = _sum_of(chance, case.lead_time)
    at_shop = _sum_of(chance, shop.lead_time + 1)
    mean = float(chance @ np.arange(len(chance)))
    left = level - np.arange(len(before))
    position, weight = np.unique(np.minimum(base, left), return_inverse=True)
    weight = np.bincount(weight.ravel(), before)
    depot = float(before @ np.maximum(left - base, 0))
    used = weight > _NEGLIGIBLE
    shop_cost = sum(
        share * _newsvendor_cost(int(each), at_shop, case.holding / unit, case.shortage / unit)
        for each, share in zip(position[used], weight[used], strict=True)
    )
    return float(upstream * (depot + shop.lead_time * mean) + shop_cost)


def lost_sales_cost(level: int, lead_time: int, chance: np.ndarray, holding: float, shortage: float) -> float:
    """Order up to `level` with lost sales, lead time 1 or more: stationary cost of a Markov chain.

    A state is what is on hand when demand comes, and the orders due in the next period, the one after, …; the youngest
    order is what is missing to the level.
    """
    states = np.indices((level + 1,) * lead_time).reshape(lead_time, -1).T
    states = states[states.sum(1) <= level]
    number = np.full((level + 1,) * lead_time, -1)
    number[tuple(states.T)] = np.arange(len(states))
    on_hand = states[:, 0]
    due = np.column_stack([states[:, 1:], level - states.sum(1)])
    # Demand above the level leaves as little as demand equal to it.
    chances = np.pad(chance, (0, level + 1))[: level + 1]
    chances[level] = 1.0 - chances[:level].sum()
    left = np.maximum(on_hand[:, None] - np.arange(level + 1), 0)
    later = [np.broadcast_to(each[:, None], left.shape) for each in due[:, 1:].T]
    end = number[(left + due[:, :1], *later)]
    start, weight = np.broadcast_to(np.arange(len(states))[:, None], left.shape), np.broadcast_to(chances, left.shape)
    step = scipy.sparse.csr_array((weight.ravel(), (end.ravel(), start.ravel())), shape=(len(states),) * 2)
    cost = np.array([_newsvendor_cost(stock, chance, holding, shortage) for stock in range(level + 1)])
    return float(cost[on_hand] @ _stationary(step, len(states)))


def _stationary(step: scipy.sparse.csr_array, size: int) -> np.ndarray:
    """Stationary distribution by power iteration; columns of `step` are the chances of what follows."""
    now = np.full(size, 1.0 / size)
    for _ in range(10_000):
        following = step @ now
        done = np.abs(following - now).sum() < 1e-13
        now = following / following.sum()
        if done:
            break
    return now
