"""Thousands of small allocation problems of one shape at once, through the batched LP kernels.

A problem is a buying LP that orders nothing: supply is what lies at the nodes, lanes are routes, and demand is one
segment per location whose worth lies above every price that demand can have. So demand is left unmet only where it
cannot be met, or where its own price says so. `jaxsim.kernels.buying` wants the batch as the last axis; here it is the
first one, as everywhere outside the kernels.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.kernels import buying

_MET = 1e-9


@dataclass(frozen=True)
class BatchPlans:
    """Plans of a batch of problems; prices as in `Plan`."""

    units: Float64[np.ndarray, "batch warehouses locations"]
    unmet: Float64[np.ndarray, "batch locations"]
    """Units of demand that are not met."""
    cost: Float64[np.ndarray, " batch"]
    """Transport cost."""
    objective: Float64[np.ndarray, " batch"]
    """Transport cost, and unmet demand at its price where it has one."""
    supply_price: Float64[np.ndarray, "batch warehouses"]
    demand_price: Float64[np.ndarray, "batch locations"]
    feasible: Bool[np.ndarray, " batch"]
    """Whether all demand that must be met is met."""
    proven: Bool[np.ndarray, " batch"]
    """Whether the kernel's certificate is within its tolerance."""


def solve_batch(costs: Any, supply: Any, demand: Any, unmet_price: Any = np.inf) -> BatchPlans:
    """Solve a batch of problems without bounds on lanes.

    Args:
        costs: cost per unit, (batch, warehouses, locations), not negative; inf or NaN where there is no lane.
        supply: units, (batch, warehouses). demand: units, (batch, locations).
        unmet_price: currency per unit of unmet demand, (batch, locations) or one number; inf: it must be met. A batch
            has prices everywhere or nowhere.

    Raises:
        ValueError: shapes do not fit, a number is negative, or prices stand beside demand that must be met.
    """
    costs, supply, demand = (np.asarray(each, float) for each in (costs, supply, demand))
    price = np.broadcast_to(np.asarray(unmet_price, float), demand.shape)
    _check(costs, supply, demand, price)
    costs = np.where(np.isnan(costs), np.inf, costs)
    must = bool(np.isinf(price).all())
    worth = np.broadcast_to(_highest_price(costs)[:, None], demand.shape) if must else price
    last = lambda each: jnp.asarray(np.moveaxis(each, 0, -1))
    with jax.enable_x64(True):
        none = jnp.zeros((costs.shape[1], len(costs)))
        lps = buying.BuyingLP(
            order_cost=none,
            order_cap=none,
            order_total=jnp.zeros(len(costs)),
            supply=last(supply),
            route_cost=last(costs),
            overage_cost=none,
            segment_value=last(worth)[:, None],
            segment_width=last(demand)[:, None],
        )
        answer = jax.device_get(buying.solve(lps))
    first = lambda each: np.moveaxis(np.asarray(each, float), -1, 0)
    units = first(answer.ship)
    unmet = np.maximum(demand - first(answer.served)[:, :, 0], 0.0)
    unmet[unmet <= _MET * np.maximum(demand, 1.0)] = 0.0
    cost = np.where(units > 0, np.where(np.isinf(costs), 0.0, costs) * units, 0.0).sum((1, 2))
    feasible = ~(must & (unmet > 0)).any(1)
    known = feasible[:, None]
    return BatchPlans(
        units=units,
        unmet=unmet,
        cost=cost,
        objective=cost if must else cost + (price * unmet).sum(1),
        supply_price=np.where(known, first(answer.supply_price), np.nan),
        demand_price=np.where(known, -first(answer.demand_price), np.nan),
        feasible=feasible,
        proven=np.asarray(answer.status) == buying.Status.OPTIMAL,
    )


def _highest_price(costs: Float64[np.ndarray, "batch warehouses locations"]) -> Float64[np.ndarray, " batch"]:
    """More than demand can be worth where it can be met.

    One more unit is brought along a path that takes lanes up and gives others back, of which it takes up at most as
    many as there are places on the shorter side; with costs that are not negative none is dearer than the dearest one.
    """
    dearest = np.where(np.isfinite(costs), costs, 0.0).max((1, 2), initial=0.0)
    return (min(costs.shape[1:]) + 1) * dearest + 1.0


def _check(costs: np.ndarray, supply: np.ndarray, demand: np.ndarray, price: np.ndarray) -> None:
    if costs.ndim != 3:
        raise ValueError(f"costs have {costs.ndim} axes; they need three: problems, warehouses, locations")
    batch, warehouses, locations = costs.shape
    wanted = (("supply", supply, (batch, warehouses)), ("demand", demand, (batch, locations)))
    for name, values, shape in wanted:
        if values.shape != shape:
            raise ValueError(f"{name} has shape {values.shape}; the costs need {shape}")
    for name, values in (("supply", supply), ("demand", demand), ("costs", np.where(np.isnan(costs), 0.0, costs))):
        bad = np.argwhere((values < 0) | np.isnan(values) | ((name != "costs") & np.isinf(values)))
        if len(bad):
            place = ", ".join(map(str, bad[0]))
            raise ValueError(f"{name}[{place}] is {values[tuple(bad[0])]:g}; a batch takes finite numbers from 0 on")
    if np.isnan(price).any() or (price < 0).any():
        raise ValueError("prices of unmet demand must not be negative or NaN")
    if np.isinf(price).any() and not np.isinf(price).all():
        raise ValueError("a batch has prices of unmet demand everywhere or nowhere; solve the others apart")
