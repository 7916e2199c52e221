"""What a tree knows of a series at an origin and of the period that it forecasts: a table of numbers, a row for each.

A row is a series, an origin (the first period that is not known) and a step (1 is the origin itself). Nothing of a row
depends on units at its origin or later. Units are told in multiples of the series' scale, its recent mean, so that
small and large series teach each other:

    lags                the last units, and those a season before the target and around it
    windows             mean, deviation, quantiles and share of zeros of the last periods
    groups              the same season a cycle ago of the product, the region and all, over what came before it
    calendar, identity  place of the target in its season, step, events, product, region, size of the scale
"""

import dataclasses

import numpy as np
from jaxtyping import Float32, Float64, Int

from jaxsim.forecast.baselines import known_values
from jaxsim.forecast.panel import Panel

WINDOWS = {"day": (7, 28, 91, 364), "week": (4, 13, 26, 52), "month": (3, 6, 12, 24)}
"""Periods of the windows by frequency; the scale is the mean of the second one."""

LAGS = 6
"""Last periods whose units are told one by one."""

LEAST_SCALE = 1.0
"""Units that are added to a series' recent mean, so that a series that rests has a scale."""

_QUANTILES = (0.1, 0.5, 0.9)


@dataclasses.dataclass(frozen=True)
class Features:
    """Rows of a table, and what they are multiples of."""

    table: Float32[np.ndarray, "rows columns"]
    """NaN where nothing is known."""
    scale: Float64[np.ndarray, " rows"]
    """Units."""
    names: tuple[str, ...]
    categorical: tuple[str, ...]
    """Columns that hold a number for each name, from 0."""


class Source:
    """A panel with everything that rows of features are taken from.

    Args:
        cycle: periods after which a season returns; the panel's own season by default.
    """

    def __init__(self, panel: Panel, cycle: int | None = None) -> None:
        self.panel = panel
        self.cycle = panel.season if cycle is None else cycle
        self.windows = WINDOWS[panel.frequency]
        self._units = _Padded(known_values(panel), 2 * self.cycle + self.windows[-1] + 2)
        whole = np.zeros(panel.shape[0], int)
        self._product = _codes(panel.product)
        self._region = whole if panel.region is None else _codes(panel.region)
        self._groups = {"all": (whole, self._grouped(whole)), "product": (self._product, self._grouped(self._product))}
        if panel.region is not None:
            self._groups["region"] = (self._region, self._grouped(self._region))

    def _grouped(self, group: np.ndarray) -> "_Padded":
        """Mean units of each group's series; NaN where none is known."""
        values = known_values(self.panel)
        known = ~np.isnan(values)
        total, count = np.zeros((2, int(group.max()) + 1, values.shape[1]))
        np.add.at(total, group, np.where(known, values, 0.0))
        np.add.at(count, group, known)
        return _Padded(np.where(count > 0, total / np.maximum(count, 1), np.nan), self._units.before)

    def rows(
        self, series: Int[np.ndarray, " rows"], origin: Int[np.ndarray, " rows"], step: Int[np.ndarray, " rows"]
    ) -> Features:
        """Features of these series, origins and steps (from 1)."""
        target = origin + step - 1
        scale = np.maximum(np.nan_to_num(self._units.mean(series, origin, self.windows[1])), 0.0) + LEAST_SCALE
        told: dict[str, np.ndarray] = {}
        for lag in range(1, LAGS + 1):
            told[f"lag {lag}"] = self._units.at(series, origin - lag, origin) / scale
        self._seasonal(told, series, origin, target, scale)
        self._window(told, series, origin, scale)
        for name, (group, values) in self._groups.items():
            self._group(told, name, values, group[series], origin, target)
        told |= {"log scale": np.log(scale), "step": step, "season": target % self.panel.season}
        if self.panel.events is not None:
            told |= {f"event {i}": each[target] for i, each in enumerate(self.panel.events)}
        told |= {"product": self._product[series], "region": self._region[series]}
        table = np.column_stack([np.asarray(each, np.float32) for each in told.values()])
        return Features(table, scale, tuple(told), ("product", "region"))

    def _seasonal(
        self, told: dict[str, np.ndarray], series: np.ndarray, origin: np.ndarray, target: np.ndarray, scale: np.ndarray
    ) -> None:
        for cycles in (1, 2):
            ago = target - cycles * self.cycle
            there = [self._units.at(series, ago + shift, origin) for shift in (-1, 0, 1)]
            around = _mean_of(there)
            level = self._units.mean(series, origin - cycles * self.cycle, self.windows[1])
            told[f"{cycles} cycles ago"] = there[1] / scale
            told[f"around {cycles} cycles ago"] = around / scale
            told[f"around {cycles} cycles ago over its level"] = around / (np.maximum(level, 0.0) + LEAST_SCALE)

    def _window(self, told: dict[str, np.ndarray], series: np.ndarray, origin: np.ndarray, scale: np.ndarray) -> None:
        for length in self.windows:
            told[f"mean of {length}"] = self._units.mean(series, origin, length) / scale
        for length in (self.windows[1], self.windows[3]):
            told[f"deviation of {length}"] = self._units.deviation(series, origin, length) / scale
            told[f"zeros of {length}"] = self._units.zeros(series, origin, length)
        for level, units in zip(_QUANTILES, self._units.quantiles(series, origin, self.windows[2]), strict=True):
            told[f"quantile {level} of {self.windows[2]}"] = units / scale

    def _group(
        self,
        told: dict[str, np.ndarray],
        name: str,
        values: "_Padded",
        group: np.ndarray,
        origin: np.ndarray,
        target: np.ndarray,
    ) -> None:
        with np.errstate(divide="ignore", invalid="ignore"):
            level = values.mean(group, origin, self.windows[1])
            told[f"{name}, mean of {self.windows[0]} over {self.windows[1]}"] = (
                values.mean(group, origin, self.windows[0]) / level
            )
            before = values.mean(group, origin - self.cycle, self.windows[1])
            there = [values.at(group, target - self.cycle + shift, origin) for shift in (-1, 0, 1)]
            told[f"{name}, a cycle ago over its level"] = there[1] / before
            told[f"{name}, around a cycle ago over its level"] = _mean_of(there) / before
        for key in [key for key in told if key.startswith(name)]:
            told[key] = np.where(np.isfinite(told[key]), told[key], np.nan)


class _Padded:
    """Units with unknown periods before the first, and sums that make means of windows quick."""

    def __init__(self, values: Float64[np.ndarray, "series periods"], before: int) -> None:
        self.before = before
        self.values = np.pad(values, ((0, 0), (before, 0)), constant_values=np.nan)
        known = ~np.isnan(self.values)
        units = np.where(known, self.values, 0.0)
        self._sums = [_sums(each) for each in (units, units**2, known, known & (units <= 0))]

    def at(self, row: np.ndarray, period: np.ndarray, origin: np.ndarray) -> np.ndarray:
        """Units of a period before the origin; NaN of later ones and of those too long ago."""
        place = period + self.before
        there = (period < origin) & (place >= 0)
        return np.where(there, self.values[row, np.where(there, place, 0)], np.nan)

    def _over(self, which: int, row: np.ndarray, origin: np.ndarray, length: int) -> np.ndarray:
        end = np.maximum(origin + self.before, 0)
        return self._sums[which][row, end] - self._sums[which][row, np.maximum(end - length, 0)]

    def mean(self, row: np.ndarray, origin: np.ndarray, length: int) -> np.ndarray:
        """Mean of the known ones of the `length` periods before the origin."""
        return self._over(0, row, origin, length) / _or_nan(self._over(2, row, origin, length))

    def deviation(self, row: np.ndarray, origin: np.ndarray, length: int) -> np.ndarray:
        """Standard deviation, likewise."""
        square = self._over(1, row, origin, length) / _or_nan(self._over(2, row, origin, length))
        return np.sqrt(np.maximum(square - self.mean(row, origin, length) ** 2, 0.0))

    def zeros(self, row: np.ndarray, origin: np.ndarray, length: int) -> np.ndarray:
        """Share of periods without demand, likewise."""
        return self._over(3, row, origin, length) / _or_nan(self._over(2, row, origin, length))

    def quantiles(self, row: np.ndarray, origin: np.ndarray, length: int) -> list[np.ndarray]:
        """Quantiles at `_QUANTILES`, each the nearest known units, likewise."""
        places = (origin + self.before - length)[:, None] + np.arange(length)
        ordered = np.sort(self.values.astype(np.float32)[row[:, None], places], axis=1)  # NaN comes last
        last = np.maximum((~np.isnan(ordered)).sum(1) - 1, 0)
        return [ordered[np.arange(len(row)), np.rint(level * last).astype(int)] for level in _QUANTILES]


def _sums(values: np.ndarray) -> np.ndarray:
    return np.pad(np.cumsum(values, axis=1, dtype=float), ((0, 0), (1, 0)))


def _or_nan(count: np.ndarray) -> np.ndarray:
    return np.where(count > 0, count, np.nan)


def _mean_of(values: list[np.ndarray]) -> np.ndarray:
    known = np.sum([~np.isnan(each) for each in values], axis=0)
    return np.nansum(values, axis=0) / _or_nan(known)


def _codes(names: np.ndarray) -> np.ndarray:
    return np.unique(names, return_inverse=True)[1]
