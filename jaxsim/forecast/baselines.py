"""Forecasts without learning: what every other method has to beat.

Each is a callable of its settings: `PastQuantiles(26)(history, horizon)`. None has paths, and each gives the quantiles
of `SCORED_LEVELS`. Periods out of stock are taken for unknown, as demand was more than the units. A series of which
nothing is known is forecast at 0.
"""

import dataclasses

import numpy as np
from jaxtyping import Float64

from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import SCORED_LEVELS, Predicted


@dataclasses.dataclass(frozen=True)
class SeasonalNaive:
    """Units of a season ago, for sure: all quantiles are the same.

    Where these are not known, the last known ones of the same place in the season; where there are none, the last
    known units.
    """

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; nothing is random."""
        values, season = known_values(history), history.season
        missing = -values.shape[1] % season
        values = np.pad(values, ((0, 0), (missing, 0)), constant_values=np.nan)
        last = _last_known(values.reshape(len(values), -1, season).swapaxes(1, 2))
        last = np.where(np.isnan(last), _last_known(values)[:, None], last)
        return _certain(np.nan_to_num(last)[:, np.arange(horizon) % season])


@dataclasses.dataclass(frozen=True)
class LastValue:
    """The last known units, for sure: all quantiles are the same."""

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; nothing is random."""
        last = np.nan_to_num(_last_known(known_values(history)))
        return _certain(np.repeat(last[:, None], horizon, axis=1))


@dataclasses.dataclass(frozen=True)
class PastQuantiles:
    """Quantiles of each series' last periods, the same in all of the horizon.

    Raises:
        ValueError: a number of periods below 1.
    """

    periods: int | None = None
    """How many of them count; None: all. Where nothing is known in these, all do."""

    def __post_init__(self) -> None:
        if self.periods is not None and self.periods < 1:
            raise ValueError(f"quantiles are of one past period or more, not of {self.periods}")

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; nothing is random."""
        values = known_values(history)
        recent = values if self.periods is None else values[:, -self.periods :]
        nothing = np.isnan(recent).all(1)
        quantiles, mean = row_quantiles(recent), row_means(recent)
        if nothing.any():
            quantiles[nothing], mean[nothing] = row_quantiles(values[nothing]), row_means(values[nothing])
        return steady(quantiles, mean, horizon)


def known_values(history: Panel) -> Float64[np.ndarray, "series periods"]:
    """Units of a history; NaN where they, or the demand, are not known."""
    return history.values if history.censored is None else np.where(history.censored, np.nan, history.values)


def row_quantiles(
    values: Float64[np.ndarray, "series periods"], levels: tuple[float, ...] = SCORED_LEVELS
) -> Float64[np.ndarray, "series levels"]:
    """Quantiles of each row over what is known of it, as `np.nanquantile`; 0 where nothing is known."""
    count = (~np.isnan(values)).sum(1)
    ordered = np.sort(values, axis=1)  # NaN comes last
    place = np.maximum(count - 1, 0)[:, None] * np.array(levels)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    left, right = np.take_along_axis(ordered, low, 1), np.take_along_axis(ordered, high, 1)
    quantiles = left + (right - left) * (place - low)
    return np.maximum.accumulate(np.where(count[:, None] > 0, quantiles, 0.0), axis=1)  # rounding may cross them


def row_means(values: Float64[np.ndarray, "series periods"]) -> Float64[np.ndarray, " series"]:
    """Mean of each row over what is known of it; 0 where nothing is."""
    known = ~np.isnan(values)
    return np.where(known, values, 0.0).sum(1) / np.maximum(known.sum(1), 1)


def steady(
    quantiles: Float64[np.ndarray, "series levels"],
    mean: Float64[np.ndarray, " series"],
    horizon: int,
    remarks: tuple[str, ...] = (),
) -> Predicted:
    """The same quantiles of `SCORED_LEVELS` and means in all of the horizon."""
    quantiles = np.repeat(quantiles[:, None, :], horizon, axis=1)
    return Predicted(SCORED_LEVELS, quantiles, np.repeat(mean[:, None], horizon, axis=1), remarks=remarks)


def _certain(units: Float64[np.ndarray, "series horizon"]) -> Predicted:
    return Predicted(SCORED_LEVELS, np.repeat(units[:, :, None], len(SCORED_LEVELS), axis=2), units)


def _last_known(values: np.ndarray) -> np.ndarray:
    """Last known value along the last axis; NaN where there is none."""
    known = ~np.isnan(values)
    last = values.shape[-1] - 1 - known[..., ::-1].argmax(-1)
    return np.take_along_axis(values, last[..., None], -1)[..., 0]
