"""What buying believes of demand: the mean and the variance of every week."""

import dataclasses

import numpy as np
from jaxtyping import Float64

from jaxsim.demand.moments import Moments, extend, moments, quantile


@dataclasses.dataclass(frozen=True)
class Forecast:
    """Weekly demand over all regions as buying believes it to be.

    Planning reads its two moments and nothing else: quantiles come from the gamma distribution with the moments of the
    sum in question (docs/semantics.md).

    Raises:
        ValueError: the arrays have not one shape of products and weeks, or hold a negative number or one that is not
            finite.
    """

    mean: Float64[np.ndarray, "products weeks"]
    """Units per week."""
    variance: Float64[np.ndarray, "products weeks"]
    """Units² of a week's total."""

    def __post_init__(self) -> None:
        if self.mean.ndim != 2 or self.mean.shape != self.variance.shape:
            raise ValueError(
                f"a forecast has a mean and a variance by product and week, got {self.mean.shape} and"
                f" {self.variance.shape}"
            )
        for name in ("mean", "variance"):
            values = getattr(self, name)
            if not (np.isfinite(values) & (values >= 0)).all():
                raise ValueError(f"the {name} of a forecast must be finite and not negative")

    @classmethod
    def from_quantiles(
        cls, levels: Float64[np.ndarray, " columns"], quantiles: Float64[np.ndarray, "products weeks columns"]
    ) -> "Forecast":
        """Moments of the quantile function that is linear between quantiles and extended as for the table `demand`.

        Args:
            levels: ascending, strictly between 0 and 1, at least two. quantiles: units per week.

        Raises:
            ValueError: levels or quantiles of another shape or order, or not finite.
        """
        inside = levels.ndim == 1 and levels.size > 1 and (np.diff(levels, prepend=0.0, append=1.0) > 0).all()
        if not inside or quantiles.ndim != 3 or quantiles.shape[2] != levels.size:
            raise ValueError(
                "levels must ascend strictly between 0 and 1, and quantiles be by product, week and level; got"
                f" {levels.tolist()} and shape {quantiles.shape}"
            )
        if not (np.diff(quantiles, axis=2, prepend=0.0) >= 0).all():
            raise ValueError("quantiles must be finite, not negative, and not decrease with their level")
        return cls(*moments(*extend(levels, quantiles)))

    @classmethod
    def from_paths(cls, units: np.ndarray) -> "Forecast":
        """Moments over sample paths.

        Args:
            units: `(products, trials, weeks)`, or `(products, trials, weeks, regions)`, units.
        """
        total = np.asarray(units, float)
        total = total.sum(3) if total.ndim == 4 else total
        return cls(total.mean(1), total.var(1))

    @property
    def moments(self) -> Moments:
        """Mean and variance, `(products, weeks)`."""
        return Moments(self.mean, self.variance)

    def quantile(self, level: float) -> Float64[np.ndarray, "products weeks"]:
        """Quantile of each week's demand, units."""
        return quantile(self.moments, level)
