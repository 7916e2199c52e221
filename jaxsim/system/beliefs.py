"""What the tables say of demand: the truth that customers follow, and what buying believes."""

import numpy as np
from jaxtyping import Float64

from jaxsim.demand.forecast import Forecast
from jaxsim.demand.moments import WEEKDAY_SHARE, extend
from jaxsim.demand.source import DemandSource, PathSource, QuantileSource
from jaxsim.scenario import Scenario
from jaxsim.scenario.schema import quantile_columns, quantile_level


def source_of(scenario: Scenario) -> DemandSource:
    """The sample paths of `demand_paths` where the scenario has them, else the quantile functions of `demand`."""
    if scenario.has("demand_paths"):
        return PathSource(_paths(scenario))
    return QuantileSource(*extend(*_quantiles(scenario, "demand")))


def forecast_of(scenario: Scenario) -> Forecast:
    """The table `forecast` where the scenario has it, else `demand`."""
    table = "forecast" if scenario.has("forecast") else "demand"
    return Forecast.from_quantiles(*_quantiles(scenario, table))


def demand_share_of(scenario: Scenario) -> Float64[np.ndarray, "products regions"]:
    """Share of each region in a product's demand."""
    regions = scenario.regions
    share = np.zeros((len(scenario.products), len(regions)))
    row = scenario.codes("demand_shares", "product", scenario.products)
    share[row, scenario.codes("demand_shares", "region", regions)] = scenario.column("demand_shares", "share")
    return share / share.sum(1, keepdims=True)


def weekday_share_of(scenario: Scenario) -> Float64[np.ndarray, " 7"]:
    """Share of each weekday in a week's demand."""
    if not scenario.has("demand_weekdays"):
        return WEEKDAY_SHARE.copy()
    weekday, share = (scenario.column("demand_weekdays", name) for name in ("weekday", "share"))
    return np.bincount(weekday, share, 7) / share.sum()


def _quantiles(
    scenario: Scenario, table: str
) -> tuple[Float64[np.ndarray, " columns"], Float64[np.ndarray, "products weeks columns"]]:
    """Levels of the quantile columns and weekly demand there."""
    names = quantile_columns(scenario.tables[table].column_names)
    quantiles = np.zeros((len(scenario.products), scenario.weeks, len(names)))
    row = scenario.codes(table, "product", scenario.products)
    quantiles[row, scenario.column(table, "week")] = np.stack([scenario.column(table, n) for n in names], 1)
    return np.array([quantile_level(name) for name in names]), quantiles


def _paths(scenario: Scenario) -> np.ndarray:
    """Units by product, trial, week and, where the table has regions, region; 0 where it has no row."""
    rows, regions = scenario.tables["demand_paths"], scenario.regions
    trial, week = (scenario.column("demand_paths", name) for name in ("trial", "week"))
    at = scenario.codes("demand_paths", "product", scenario.products), trial, week
    shape = len(scenario.products), int(trial.max()) + 1, scenario.weeks
    if "region" in rows.column_names:
        at, shape = (*at, scenario.codes("demand_paths", "region", regions)), (*shape, len(regions))
    units = np.zeros(shape, np.int64)
    units[at] = scenario.column("demand_paths", "units")
    return units
