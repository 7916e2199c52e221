"""Exponential smoothing with an automatic choice of error, trend and season, by statsforecast (an optional part).

Its intervals explode on a few series: a multiplicative trend of a series that ends in zeros may have a variance of
1e30. Such a series is forecast by its past quantiles instead, and the forecast's remark counts them.

Reference: Hyndman and Khandakar, *Automatic time series forecasting*, Journal of Statistical Software, 2008.
"""

import dataclasses
import importlib
import warnings
from typing import Any

import numpy as np

from jaxsim import interrupts
from jaxsim.forecast.baselines import PastQuantiles, known_values
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import SCORED_LEVELS, Predicted

INSTALL = "pip install 'jaxsim-inbound[forecast]'"

LEAST_PERIODS = 4
"""Fewest known periods of a series that is smoothed; of shorter ones the past quantiles are taken."""

_PERCENT = {level: round(abs(200 * level - 100)) for level in SCORED_LEVELS}
"""Central interval of which a level is an end, in percent."""


@dataclasses.dataclass(frozen=True)
class ExponentialSmoothing:
    """AutoETS of each series by itself, with normal errors.

    Periods that are not known before a series' first are left out, later ones take the units before them. Units below 0
    are not forecast where the history has none.

    Raises:
        ValueError: a multiple that is not positive.
    """

    most_season: int = 12
    """Longest season that is modeled; of a longer one, such as 52 weeks, none is. A season needs two in the history."""
    most: float = 5.0
    """Largest forecast, in multiples of the history's largest absolute units; of a larger one it has exploded."""

    def __post_init__(self) -> None:
        if not self.most > 0:
            raise ValueError(f"the largest forecast is a positive multiple of the history's maximum, not {self.most:g}")

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; nothing is random.

        Raises:
            ImportError: statsforecast is not installed; the message says how to install it.
        """
        models = statsforecast_models()
        values = known_values(history)
        instead = PastQuantiles()(history, horizon)
        quantiles, mean = instead.quantiles.copy(), instead.mean.copy()
        seasonal = history.season <= self.most_season
        exploded = short = 0
        for row, units in enumerate(values):
            interrupts.check()
            units = _without_gaps(units)
            if len(units) < LEAST_PERIODS:
                short += 1
                continue
            season = history.season if seasonal and len(units) >= 2 * history.season else 1
            found = _smoothed(models, units, season, horizon)
            if found is None or not np.abs(found[1]).max() <= self.most * np.abs(units).max():  # also where not finite
                exploded += 1
                continue
            least = min(0.0, units.min())
            mean[row], quantiles[row] = np.maximum(found[0], least), np.maximum(found[1], least)
        return Predicted(SCORED_LEVELS, quantiles, mean, remarks=self._remarks(exploded, short))

    def _remarks(self, exploded: int, short: int) -> tuple[str, ...]:
        why = {
            f"intervals beyond {self.most:g} times the history's maximum, or not finite": exploded,
            f"fewer than {LEAST_PERIODS} known periods": short,
        }
        return tuple(f"series forecast by their past quantiles, {text}: {n:,}" for text, n in why.items() if n)


def statsforecast_models() -> Any:
    """The module of statsforecast's models.

    Raises:
        ImportError: it is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module("statsforecast.models")
    except ImportError as error:
        raise ImportError(f"exponential smoothing needs statsforecast, which cannot be imported: {INSTALL}") from error


def _without_gaps(units: np.ndarray) -> np.ndarray:
    """A series from its first known period on, with the last known units where they are unknown."""
    known = np.flatnonzero(~np.isnan(units))
    if not len(known):
        return units[:0]
    place = np.searchsorted(known, np.arange(known[0], len(units)), side="right") - 1
    return units[known[place]]


def _smoothed(models: Any, units: np.ndarray, season: int, horizon: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Means (horizon) and quantiles (horizon, levels); None where no model fits."""
    percents = sorted({percent for percent in _PERCENT.values() if percent})
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = models.AutoETS(season_length=season).forecast(units, horizon, level=percents)
    except (ValueError, ArithmeticError, RuntimeError, IndexError):  # "no model able to be fitted"
        return None
    ends = [found["mean" if p == 0 else f"{'lo' if q < 0.5 else 'hi'}-{p}"] for q, p in _PERCENT.items()]
    quantiles = np.maximum.accumulate(np.stack(ends, axis=-1), axis=-1)
    return np.asarray(found["mean"], float), np.asarray(quantiles, float)
