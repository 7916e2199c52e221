"""What both engines refuse to start with: numbers that are not finite, out of range, or of another shape."""

import dataclasses

import numpy as np

from jaxsim.demand.source import MOST_UNITS, DemandSource
from jaxsim.system.arrays import LeadTimes, Network, Products, System

_MAY_BE_INFINITE = ("lp_route_cost", "shipping_cost", "transfer_cost")  # there is no such move
_MAY_BE_NAN = ("plan", "storage_plan")  # there is no plan
_UNITS = ("case_pack", "order_up_to", "target", "quantiles", "units", "on_hand", "in_flight", "segment_width")
_UNITS += ("in_transit", "backlog")


def check_system(system: System) -> None:
    """Refuse arrays that no simulation could be right with.

    Raises:
        ValueError: a number is NaN or infinite where it means nothing, a quantity is negative or not below 2**26
            units, a lead time or transfer takes no day, or the demand source is that of other products, weeks or
            regions; the message names the array, the product and the value.
    """
    check_source(system.source, len(system.product_names), system.weeks, system.products.demand_share.shape[1])
    parts: tuple[tuple[str, Network | LeadTimes | Products | DemandSource], ...] = (
        ("source", system.source),
        ("network", system.network),
        ("lead_times", system.lead_times),
        ("products", system.products),
    )
    _check_array(system, "weekday_share", system.weekday_share, by_product=False)
    for part, arrays in parts:
        for field in dataclasses.fields(arrays):
            values = getattr(arrays, field.name)
            if isinstance(values, np.ndarray):
                by_product = part in ("products", "source") and field.name != "levels"
                _check_array(system, f"{part}.{field.name}", values, by_product=by_product)
    distributions = system.products.lead_time_distribution[system.products.orderable]
    if (system.lead_times.probability[distributions, 0] > 0).any() or (system.products.transit_days == 0).any():
        raise ValueError("lead times and transfers must take at least one day")
    in_transit, longest = system.products.in_transit, int(system.products.transit_days.max(initial=0))
    if in_transit is not None and in_transit.shape[1] > longest + 1:
        raise ValueError(f"products.in_transit has {in_transit.shape[1]} days; no transfer takes more than {longest}")


def check_source(source: DemandSource, products: int, weeks: int, regions: int) -> None:
    """Refuse a demand source that is not of this many products, weeks and regions.

    Raises:
        ValueError: it is not.
    """
    if source.shape != (products, weeks) or source.regions not in (None, regions):
        of = "" if source.regions is None else f" and {source.regions} regions"
        raise ValueError(
            f"the demand source is of {source.shape[0]} products, {source.shape[1]} weeks{of}; it must be of"
            f" {products} products, {weeks} weeks and {regions} regions"
        )


def check_trials(system: System, first: int, trials: int) -> None:
    """Refuse trials that the demand source does not have.

    Args:
        first: number of the first trial. trials: how many.

    Raises:
        ValueError: there are fewer.
    """
    there = system.source.trials
    if there is not None and first + trials > there:
        raise ValueError(
            f"there are {there} sample paths of demand, and trials {first} to {first + trials - 1} would need"
            f" {first + trials}: ask for fewer trials, or add paths"
        )


def _check_array(system: System, name: str, values: np.ndarray, by_product: bool) -> None:
    field = name.rpartition(".")[2]
    bad, rule = np.zeros(0, bool), ""
    if values.dtype.kind == "f":
        allowed = np.isposinf(values) if field in _MAY_BE_INFINITE else np.isnan(values) & (field in _MAY_BE_NAN)
        bad, rule = ~(np.isfinite(values) | allowed), "must be finite"
    if not bad.any() and field in _UNITS:
        bad, rule = (values < 0) | (values >= MOST_UNITS), f"must lie from 0 to {MOST_UNITS - 1:,} units"
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        whose = f" of product {system.product_names[at[0]]}" if by_product else ""
        raise ValueError(f"{name}{list(at)}{whose} is {values[at]}; it {rule}")
