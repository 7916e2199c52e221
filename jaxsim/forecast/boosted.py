"""Quantiles by gradient boosted trees over all series at once, by LightGBM (an optional part).

One model for each of a few levels learns from rows of many series, origins and steps (`lag_features`); the step is a
feature, so each period of the horizon is forecast directly. Levels between are interpolated, and quantiles that cross
are sorted. On request, intervals that were too narrow on the last periods of the history are widened (split conformal
quantiles, in multiples of the distance from the median).

Reference: Ke et al., *LightGBM: a highly efficient gradient boosting decision tree*, NeurIPS, 2017.
"""

import dataclasses
import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri

from jaxsim import interrupts
from jaxsim.forecast.baselines import known_values
from jaxsim.forecast.lag_features import Features, Source
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import SCORED_LEVELS, Predicted

INSTALL = "pip install 'jaxsim-inbound[forecast]'"

LEAST_HORIZONS = 4
"""Fewest horizons of a history whose last one is set apart to widen intervals."""

LEAST_ROWS = 500
"""Fewest known periods, over series, that tell how far an interval is to be widened."""

MOST_WIDER = 2.0
"""Most times that an interval is widened."""


@dataclasses.dataclass(frozen=True)
class Boosted:
    """Boosted trees with the quantile loss, global over series.

    Raises:
        ValueError: settings out of range, or levels of models that do not ascend between 0 and 1.
    """

    model_levels: tuple[float, ...] = (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95)
    """Levels that have a model of their own."""
    trees: int = 100
    leaves: int = 63
    learning_rate: float = 0.1
    rows: int = 300_000
    """Most rows that are learned from: a random part of all series, origins and steps."""
    least_in_leaf: int = 100
    """Fewest rows of a leaf; a twentieth of the rows where these are few."""
    volume: float = 0.5
    """Power of a series' scale that its rows weigh: 0 all series alike, 1 by units, as the weighted quantile loss."""
    calibrated: bool = False
    """Whether intervals are widened as the history's last horizon asks for, from which trees then do not learn.

    On weeks 119 to 131 of favorita the interval of 80 percent held 84 instead of 78, and WQL rose from 0.168 to 0.177.
    """
    threads: int = 1
    """Cores."""

    def __post_init__(self) -> None:
        ascending = all(a < b for a, b in zip(self.model_levels, self.model_levels[1:], strict=False))
        if len(self.model_levels) < 2 or not ascending or not 0 < self.model_levels[0] < self.model_levels[-1] < 1:
            raise ValueError(f"levels of models ascend between 0 and 1, two or more, not {self.model_levels}")
        if min(self.trees, self.rows, self.least_in_leaf, self.threads) < 1 or self.leaves < 2:
            raise ValueError("trees, rows, rows in a leaf and threads are 1 or more, and leaves 2 or more")

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; the seed is of the rows that are learned from and of the trees.

        Raises:
            ImportError: LightGBM is not installed; the message says how to install it.
            ValueError: no period of the history is known that follows another one.
        """
        lightgbm = _lightgbm()
        source = Source(history)
        series, periods = history.shape
        last = periods - horizon if self.calibrated and periods >= LEAST_HORIZONS * horizon else periods
        learned, target = _examples(source, horizon, last, self.rows, np.random.default_rng(seed))
        tables = [_asked(source, horizon, origin) for origin in sorted({last, periods})]
        weight = learned.scale**self.volume
        data = lightgbm.Dataset(
            learned.table,
            (target / learned.scale).astype(np.float32),
            weight=weight / weight.mean(),
            feature_name=[f"f{i}" for i in range(len(learned.names))],
            categorical_feature=[learned.names.index(name) for name in learned.categorical],
            params=self._settings(seed, len(target)),
        )
        found = [np.empty((len(each.table), len(self.model_levels))) for each in tables]
        for i, level in enumerate(self.model_levels):
            interrupts.check()
            settings = self._settings(seed, len(target)) | {"objective": "quantile", "alpha": level}
            trees = lightgbm.train(settings, data, self.trees)
            for each, asked in zip(found, tables, strict=True):
                each[:, i] = trees.predict(asked.table, num_threads=self.threads)
        units = [np.sort(each * asked.scale[:, None], axis=1) for each, asked in zip(found, tables, strict=True)]
        if last < periods:
            wide = widths(units[0], known_values(history)[:, last:].ravel(), self.model_levels)
            median = _between(units[1], self.model_levels, (0.5,))
            units[1] = median + wide * (units[1] - median)
        return self._predicted(units[-1].reshape(series, horizon, -1), history)

    def _settings(self, seed: int, rows: int) -> dict[str, Any]:
        return {
            "learning_rate": self.learning_rate,
            "num_leaves": self.leaves,
            "min_data_in_leaf": max(1, min(self.least_in_leaf, rows // 20)),
            "feature_fraction": 0.7,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "cat_smooth": 50.0,
            "max_bin": 127,
            "seed": seed,
            "num_threads": self.threads,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }

    def _predicted(self, units: Float64[np.ndarray, "series horizon models"], history: Panel) -> Predicted:
        """All levels of those that have models; units below 0 are not forecast where the history has none."""
        values = known_values(history)
        least = np.nanmin(values, axis=1, initial=0.0)
        quantiles = np.maximum(_between(units, self.model_levels, SCORED_LEVELS), least[:, None, None])
        unknown = np.isnan(values).all(1)
        quantiles[unknown] = 0.0
        text = f"series of which nothing is known, forecast at 0: {unknown.sum():,}"
        return Predicted(SCORED_LEVELS, quantiles, _mean(quantiles), remarks=(text,) if unknown.any() else ())


def _lightgbm() -> Any:
    try:
        return importlib.import_module("lightgbm")
    except (ImportError, OSError) as error:  # the latter without its compiled library's own libraries
        raise ImportError(f"boosted trees need LightGBM, which cannot be imported: {INSTALL}") from error


def widths(
    units: Float64[np.ndarray, "rows models"], actual: Float64[np.ndarray, " rows"], levels: Sequence[float]
) -> Float64[np.ndarray, " models"]:
    """How many times as far from the median quantiles have to lie, so that as many actual units are below as should.

    Trees see less of what may happen than there is, so the factors are 1 at least, and `MOST_WIDER` at most.
    """
    median = _between(units, levels, (0.5,))[:, 0]
    wide = np.ones(len(levels))
    for i, level in enumerate(levels):
        away = units[:, i] - median
        use = ~np.isnan(actual) & (np.abs(away) > 1e-9 * np.abs(median))
        if use.sum() >= LEAST_ROWS:
            ratio = (actual[use] - median[use]) / away[use]
            wide[i] = np.clip(np.quantile(ratio, max(level, 1 - level)), 1.0, MOST_WIDER)
    return wide


def _examples(
    source: Source, horizon: int, last: int, most: int, random: np.random.Generator
) -> tuple[Features, np.ndarray]:
    """Rows whose target is known and before the period `last`, and the units; a random part of `most` rows at most.

    Targets are after the first cycle of the history, or after its half where this is shorter, so that origins have a
    past. A series that has not begun at the origin has no scale, and teaches nothing.
    """
    values = known_values(source.panel)
    first = min(source.cycle, last // 2)
    targets = np.argwhere(~np.isnan(values[:, first:last]))
    if len(targets) * horizon > most:
        which, step = random.integers(0, len(targets), most), random.integers(1, horizon + 1, most)
    else:
        which, step = np.divmod(np.arange(len(targets) * horizon), horizon)
        step = step + 1
    series, period = targets[which, 0], targets[which, 1] + first
    origin = period - step + 1
    use = (origin > 0) & _begun(values)[series, np.maximum(origin, 1) - 1]
    if not use.any():
        raise ValueError("boosted trees learn from a known period that follows another one, and there is none")
    return source.rows(series[use], origin[use], step[use]), values[series[use], period[use]]


def _begun(values: np.ndarray) -> np.ndarray:
    return np.logical_or.accumulate(~np.isnan(values), axis=1)


def _asked(source: Source, horizon: int, origin: int) -> Features:
    row, step = np.divmod(np.arange(source.panel.shape[0] * horizon), horizon)
    return source.rows(row, np.full(len(row), origin), step + 1)


def _between(units: np.ndarray, given: Sequence[float], asked: Sequence[float]) -> np.ndarray:
    """Quantiles at other levels, linear in the normal quantile of the level; the outermost ones beyond them."""
    place, at = ndtri(np.asarray(given)), ndtri(np.asarray(asked))
    high = np.searchsorted(place, at).clip(1, len(place) - 1)
    part = np.clip((at - place[high - 1]) / (place[high] - place[high - 1]), 0.0, 1.0)
    return np.maximum.accumulate(units[..., high - 1] * (1 - part) + units[..., high] * part, axis=-1)


def _mean(quantiles: np.ndarray) -> np.ndarray:
    """Mean of the distribution that is linear between the quantiles and constant beyond them."""
    levels = np.array(SCORED_LEVELS)
    inner = ((quantiles[..., 1:] + quantiles[..., :-1]) / 2 * np.diff(levels)).sum(-1)
    return inner + quantiles[..., 0] * levels[0] + quantiles[..., -1] * (1 - levels[-1])
