"""The likelihood that a history asks for, chosen on its last periods; and forecasts of several methods put together.

BestDeepAR()(history, 13)     # networks with each likelihood; the one of least weighted quantile loss forecasts
Ensemble()(history, 13)       # its quantiles and those of boosted trees averaged, its paths brought to them
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from jaxsim.forecast import Method
from jaxsim.forecast.boosted import Boosted
from jaxsim.forecast.deepar import DeepAR, Fitted
from jaxsim.forecast.evaluation import hold_out, scores
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import SCORED_LEVELS, Predicted

JUDGED, PATHS = 1_000, 100
"""Most series, and paths of each, that a likelihood is judged by."""


@dataclasses.dataclass(frozen=True)
class BestDeepAR:
    """DeepAR with the likelihood that forecasts the last horizon of the history best."""

    candidates: tuple[DeepAR, ...] = (DeepAR(), DeepAR(likelihood="zero_inflated"))

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Fit and forecast, as `Method`."""
        return self.fit(history, horizon, seed).predict(seed=seed)

    def fit(
        self, history: Panel, horizon: int, seed: int = 0, told: Callable[[int, int, float], None] | None = None
    ) -> Fitted:
        """Train each candidate, and keep the best.

        The periods that judge are those that chose each network's weights; nothing later is seen.

        Raises:
            ValueError: as of `DeepAR.fit`.
        """
        found = [each.fit(history, horizon, seed, told=told) for each in self.candidates]
        if len(found) == 1:
            return found[0]
        before, actual = hold_out(history, horizon)
        rows = np.random.default_rng(seed).permutation(history.shape[0])[:JUDGED]
        part = before.take(np.sort(rows))
        judged = [scores(each.predict(part, PATHS, seed), actual[np.sort(rows)], part).wql for each in found]
        return found[int(np.argmin(judged))]


@dataclasses.dataclass(frozen=True)
class Ensemble:
    """Mean of the quantiles of several methods, level by level.

    Paths are those of the first method that has some, each period moved to the ensemble's quantile of its rank: how
    periods go together is kept, how far they spread is the ensemble's.
    """

    members: tuple[Method, ...] = (BestDeepAR(), Boosted())

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`; errors are those of the members."""
        found = [member(history, horizon, seed) for member in self.members]
        quantiles = np.mean([each.at(SCORED_LEVELS) for each in found], axis=0)
        drawn = next((each.paths for each in found if each.paths is not None), None)
        remarks = tuple(remark for each in found for remark in each.remarks)
        if drawn is None:
            mean = np.mean([each.mean for each in found], axis=0)
            return Predicted(SCORED_LEVELS, quantiles, mean, remarks=remarks)
        paths = moved(drawn, quantiles)
        return Predicted(SCORED_LEVELS, quantiles, paths.mean(1, dtype=float), paths, remarks)


def moved(paths: np.ndarray, quantiles: Float64[np.ndarray, "series horizon levels"]) -> np.ndarray:
    """Paths whose periods have other quantiles, and the ranks that they had.

    Args:
        paths: `(series, samples, horizon)`. quantiles: at `SCORED_LEVELS`; beyond the outermost, distances from them
            are as they were in the paths.
    """
    levels = np.array(SCORED_LEVELS)
    own = np.moveaxis(np.quantile(paths, levels, axis=1), 0, -1)
    rank = np.argsort(np.argsort(paths, axis=1, kind="stable"), axis=1)
    place = (rank + 0.5) / paths.shape[1]
    low = np.clip(np.searchsorted(levels, place) - 1, 0, len(levels) - 2)
    part = np.clip((place - levels[low]) / (levels[low + 1] - levels[low]), 0.0, 1.0)
    at = lambda table, index: np.take_along_axis(table, np.moveaxis(index, 1, 2), axis=2).swapaxes(1, 2)
    inside = at(quantiles, low) * (1 - part) + at(quantiles, low + 1) * part
    above = np.maximum(paths - own[:, None, :, -1], 0.0) * (place > levels[-1])
    below = np.minimum(paths - own[:, None, :, 0], 0.0) * (place < levels[0])
    least = np.minimum(paths.min(1), quantiles[..., 0])[:, None]
    return np.maximum(inside + above + below, least).astype(paths.dtype)
