"""Quantiles by gradient boosted trees over all series at once, by LightGBM (an optional part).

One model for each of a few levels learns from rows of many series, origins and steps (`lag_features`); the step is a
feature, so each period of the horizon is forecast directly. Levels between are interpolated, and quantiles that cross
are sorted.

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
        learned, target = _examples(source, horizon, self.rows, np.random.default_rng(seed))
        asked = _asked(source, horizon)
        weight = learned.scale**self.volume
        data = lightgbm.Dataset(
            learned.table,
            (target / learned.scale).astype(np.float32),
            weight=weight / weight.mean(),
            feature_name=[f"f{i}" for i in range(len(learned.names))],
            categorical_feature=[learned.names.index(name) for name in learned.categorical],
            params=self._settings(seed, len(target)),
        )
        found = np.empty((len(asked.table), len(self.model_levels)))
        for i, level in enumerate(self.model_levels):
            interrupts.check()
            settings = self._settings(seed, len(target)) | {"objective": "quantile", "alpha": level}
            found[:, i] = lightgbm.train(settings, data, self.trees).predict(asked.table, num_threads=self.threads)
        units = np.sort(found * asked.scale[:, None], axis=1)
        return self._predicted(units.reshape(*history.shape[:1], horizon, -1), history)

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


def _examples(source: Source, horizon: int, most: int, random: np.random.Generator) -> tuple[Features, np.ndarray]:
    """Rows whose target is known, and the units; a random part of `most` rows at most.

    Targets are after the first cycle of the history, or after its half where this is shorter, so that origins have a
    past. A series that has not begun at the origin has no scale, and teaches nothing.
    """
    values = known_values(source.panel)
    first = min(source.cycle, values.shape[1] // 2)
    targets = np.argwhere(~np.isnan(values[:, first:]))
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


def _asked(source: Source, horizon: int) -> Features:
    series, periods = source.panel.shape
    row, step = np.divmod(np.arange(series * horizon), horizon)
    return source.rows(row, np.full(len(row), periods), step + 1)


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
