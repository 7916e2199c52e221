"""How good a forecast is: accuracy of its quantiles and its median, and whether its probabilities hold.

    history, actual = hold_out(panel, 13)              # the last 13 periods apart
    scores(method(history, 13), actual, history)       # one forecast
    evaluate(panel, 13, {"last value": LastValue()})   # methods and seeds, timed

A method that forecasts 0 everywhere may have the best MASE on intermittent demand, so read WQL and the coverage first.
Periods in which the actual units are not known count nowhere.
"""

import dataclasses
import time
from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import Bool, Float64

from jaxsim.forecast import Method
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import LEVELS, Predicted

INTERVALS = {50: (0.25, 0.75), 80: (0.1, 0.9), 90: (0.05, 0.95)}
"""Levels of the ends of the central intervals, by percent."""


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How often the actual units were below a quantile, for one level.

    Units are counts, which equal a quantile often. Probabilities that hold have `below` ≤ `level` ≤ `at_most`, up to
    chance; of a continuous forecast the two are the same.
    """

    level: float
    below: float
    """Share of actual units below the quantile."""
    at_most: float
    """Share of actual units below the quantile or equal to it."""


@dataclasses.dataclass(frozen=True)
class Scores:
    """How good a forecast is; of everything but the coverage and the calibration, less is better."""

    wql: float
    """Weighted quantile loss: mean over `LEVELS` of 2 · sum of pinball losses / sum of |actual|."""
    mase: float
    """Mean over series of the median's absolute error, over that of the seasonal naive forecast within the history."""
    mase_series: int
    """Series that `mase` averages: those with an actual period and a scale above 0."""
    coverage: dict[int, float]
    """Share of actual units within the central interval, ends included, by percent (`INTERVALS`); NaN where a method
    has neither paths nor quantiles so far out."""
    calibration: tuple[Calibration, ...]
    """By `LEVELS`."""
    crps_sum: float
    """Sum over series of the CRPS of the horizon's total / sum of |actual totals|; NaN without at least two paths."""


@dataclasses.dataclass(frozen=True)
class Row:
    """What a method reached with one seed."""

    method: str
    seed: int
    seconds: float
    """Wall time of learning and forecasting, compilation included."""
    cpu_seconds: float
    """Time that the cores of this process spent on it, which other work on the machine does not lengthen as much."""
    scores: Scores
    remarks: tuple[str, ...]


def hold_out(panel: Panel, horizon: int) -> tuple[Panel, Float64[np.ndarray, "series horizon"]]:
    """The panel without its last periods, and the actual units of these.

    Actual units are NaN where the product was out of stock: demand is then not known.

    Raises:
        ValueError: the panel has no period beside the horizon, or the horizon none.
    """
    if not 1 <= horizon < panel.shape[1]:
        raise ValueError(
            f"a horizon is from 1 to {panel.shape[1] - 1} periods of these {panel.shape[1]}, not {horizon}"
        )
    actual = panel.values[:, -horizon:]
    if panel.censored is not None:
        actual = np.where(panel.censored[:, -horizon:], np.nan, actual)
    return panel.until(-horizon), actual


def evaluate(panel: Panel, horizon: int, methods: Mapping[str, Method], seeds: Iterable[int] = (0,)) -> tuple[Row, ...]:
    """Scores and times of methods on the last `horizon` periods of a panel, each with every seed.

    Raises:
        ValueError: as `hold_out` and `scores`, or a history that a method cannot learn from.
    """
    history, actual = hold_out(panel, horizon)
    return tuple(_row(name, method, seed, history, actual) for name, method in methods.items() for seed in seeds)


def _row(name: str, method: Method, seed: int, history: Panel, actual: np.ndarray) -> Row:
    began, cpu = time.perf_counter(), time.process_time()
    predicted = method(history, actual.shape[1], seed)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    return Row(name, seed, seconds, cpu_seconds, scores(predicted, actual, history), predicted.remarks)


def scores(predicted: Predicted, actual: Float64[np.ndarray, "series horizon"], history: Panel) -> Scores:
    """How good a forecast is.

    Args:
        actual: units; NaN where they are not known.
        history: what was forecast from; its season and units scale the MASE.

    Raises:
        ValueError: the forecast has another shape, no actual units are known, or all are 0.
    """
    if predicted.mean.shape != actual.shape:
        raise ValueError(
            f"the forecast is of {predicted.mean.shape} series and periods, the actual units {actual.shape}"
        )
    known = ~np.isnan(actual)
    total = float(np.abs(actual[known]).sum())
    if not total > 0:
        raise ValueError("a forecast is scored where some actual units are known and not all are 0")
    quantiles = predicted.at(LEVELS)
    mase, series = _mase(quantiles[..., LEVELS.index(0.5)], actual, seasonal_scale(history))
    return Scores(
        wql=_wql(quantiles[known], actual[known], total),
        mase=mase,
        mase_series=series,
        coverage={percent: _coverage(predicted, actual, known, *ends) for percent, ends in INTERVALS.items()},
        calibration=_calibration(quantiles[known], actual[known]),
        crps_sum=_crps_sum(predicted, actual, known),
    )


def seasonal_scale(history: Panel) -> Float64[np.ndarray, " series"]:
    """Mean absolute difference of units a season apart; NaN where no two such periods are known."""
    later, earlier = history.values[:, history.season :], history.values[:, : -history.season]
    return _mean_known(np.abs(later - earlier))


def _mean_known(values: np.ndarray) -> np.ndarray:
    """Mean of each row over what is known of it; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(1) / np.maximum(count, 1), np.nan)


def _wql(quantiles: Float64[np.ndarray, "known levels"], actual: Float64[np.ndarray, " known"], total: float) -> float:
    error = actual[:, None] - quantiles
    levels = np.array(LEVELS)
    return float(2 * np.maximum(levels * error, (levels - 1) * error).sum(0).mean() / total)


def _mase(median: np.ndarray, actual: np.ndarray, scale: np.ndarray) -> tuple[float, int]:
    error = _mean_known(np.abs(actual - median))
    use = (scale > 0) & ~np.isnan(error)
    return (float((error[use] / scale[use]).mean()) if use.any() else float("nan")), int(use.sum())


def _coverage(
    predicted: Predicted, actual: np.ndarray, known: Bool[np.ndarray, "series horizon"], low: float, high: float
) -> float:
    if predicted.paths is None and not predicted.levels[0] <= low < high <= predicted.levels[-1]:
        return float("nan")
    ends = predicted.at((low, high))[known]
    return float(((ends[:, 0] <= actual[known]) & (actual[known] <= ends[:, 1])).mean())


def _calibration(
    quantiles: Float64[np.ndarray, "known levels"], actual: Float64[np.ndarray, " known"]
) -> tuple[Calibration, ...]:
    below, at_most = (actual[:, None] < quantiles).mean(0), (actual[:, None] <= quantiles).mean(0)
    return tuple(Calibration(level, float(below[i]), float(at_most[i])) for i, level in enumerate(LEVELS))


def _crps_sum(predicted: Predicted, actual: np.ndarray, known: Bool[np.ndarray, "series horizon"]) -> float:
    """Mean |path − actual| less half the mean difference of two different paths, of totals over the known periods."""
    if predicted.paths is None or predicted.paths.shape[1] < 2:
        return float("nan")
    totals = np.sort(np.einsum("sph,sh->sp", predicted.paths.astype(float), known.astype(float)), axis=1)
    truth = np.where(known, actual, 0.0).sum(1)
    size = float(np.abs(truth).sum())
    if not size > 0:
        return float("nan")
    paths = totals.shape[1]
    spread = totals @ (2.0 * np.arange(paths) - paths + 1) / (paths * (paths - 1))
    return float((np.abs(totals - truth[:, None]).mean(1) - spread).sum() / size)
