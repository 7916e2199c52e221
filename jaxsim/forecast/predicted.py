"""What a forecaster says of the periods to come: quantiles, a mean, and sample paths where it has them."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

LEVELS = tuple(np.round(np.arange(1, 10) / 10, 1).tolist())
"""Levels of quantiles that evaluations ask for: 0.1 … 0.9."""

SCORED_LEVELS = tuple(sorted({*LEVELS, 0.05, 0.25, 0.75, 0.95}))
"""The same and the ends of the central intervals of 50 and 90 percent: what methods without paths give."""


@dataclasses.dataclass(frozen=True)
class Predicted:
    """Demand of each series in each period of the horizon, as it is believed to be.

    Raises:
        ValueError: shapes that do not belong together, or quantiles that cross or are not finite.
    """

    levels: tuple[float, ...]
    """Ascending, strictly between 0 and 1."""
    quantiles: Float64[np.ndarray, "series horizon levels"]
    """Units; they do not decrease with their level."""
    mean: Float64[np.ndarray, "series horizon"]
    """Units."""
    paths: np.ndarray | None = None
    """Sample paths `(series, samples, horizon)`, whole units for count likelihoods; None where a method has none."""
    remarks: tuple[str, ...] = ()
    """What a method did otherwise than asked, a sentence part each; for example series that fell back to another."""

    def __post_init__(self) -> None:
        if self.quantiles.shape != (*self.mean.shape, len(self.levels)):
            raise ValueError(f"quantiles {self.quantiles.shape} are not of mean {self.mean.shape} × {len(self.levels)}")
        if not (np.isfinite(self.quantiles).all() and np.isfinite(self.mean).all()):
            raise ValueError("quantiles and means are finite")
        if (np.diff(self.quantiles, axis=2) < 0).any():
            raise ValueError("quantiles must not decrease with their level")

    @classmethod
    def from_paths(cls, paths: np.ndarray, levels: Sequence[float] = LEVELS) -> "Predicted":
        """Quantiles and means of sample paths.

        Args:
            paths: `(series, samples, horizon)`, units.
        """
        quantiles = np.moveaxis(np.quantile(paths.astype(float), levels, axis=1), 0, -1)
        return cls(tuple(levels), quantiles, paths.mean(1, dtype=float), paths)

    def at(self, levels: Sequence[float]) -> Float64[np.ndarray, "series horizon levels"]:
        """Quantiles at other levels: of the paths where there are some, else linear between those that there are."""
        if self.paths is not None:
            return np.moveaxis(np.quantile(self.paths.astype(float), levels, axis=1), 0, -1)
        low = np.searchsorted(self.levels, levels).clip(1, len(self.levels) - 1)
        left, right = np.array(self.levels)[low - 1], np.array(self.levels)[low]
        part = np.clip((np.asarray(levels) - left) / (right - left), 0.0, 1.0)
        return self.quantiles[..., low - 1] * (1 - part) + self.quantiles[..., low] * part
