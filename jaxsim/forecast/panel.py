"""Demand histories as arrays: what every forecaster reads."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64, Int

SEASONS = {"day": 7, "week": 52, "month": 12}
"""Periods of a season, by what a period is."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """Units of many series by period; for example 6,048 products × stores over 132 weeks.

    Raises:
        ValueError: arrays that do not belong together, an unknown frequency, or infinite units.
    """

    values: Float64[np.ndarray, "series periods"]
    """Units; NaN where nothing is known (not on sale yet, not observed), which is masked and never taken for 0."""
    frequency: str
    """What a period is, a key of `SEASONS`."""
    product: np.ndarray
    """Name of each series' product."""
    region: np.ndarray | None = None
    """Name of each series' region; None where units are of all regions."""
    start: np.datetime64 | None = None
    """First day of period 0; None where only the order of periods is known."""
    censored: Bool[np.ndarray, "series periods"] | None = None
    """Where the product was out of stock, so that demand was at least the units; None: nowhere."""
    events: Float64[np.ndarray, "events periods_covered"] | None = None
    """Given covariates of periods that are the same for all series (promotions, holidays); known ahead of time."""
    remarks: tuple[str, ...] = ()
    """What was changed in reading it, or is odd, a sentence part each."""

    def __post_init__(self) -> None:
        series, periods = self.values.shape
        if self.frequency not in SEASONS:
            raise ValueError(f"a period is one of {', '.join(SEASONS)}, not {self.frequency!r}")
        for name, length in (("product", series), ("region", series)):
            found = getattr(self, name)
            if found is not None and len(found) != length:
                raise ValueError(f"there are {length} series, and {len(found)} names of {name}s")
        if self.censored is not None and self.censored.shape != self.values.shape:
            raise ValueError(f"censored has the shape {self.censored.shape}, and values have {self.values.shape}")
        if self.events is not None and self.events.shape[1] < periods:
            raise ValueError(f"events cover {self.events.shape[1]} of {periods} periods")
        if np.isinf(self.values).any():
            raise ValueError("units are finite, or NaN where nothing is known")

    @property
    def season(self) -> int:
        """Periods of a season."""
        return SEASONS[self.frequency]

    @property
    def shape(self) -> tuple[int, int]:
        """Series and periods."""
        return self.values.shape[0], self.values.shape[1]

    def until(self, periods: int) -> "Panel":
        """The first `periods` periods; events stay, as they are known ahead of time.

        A negative number leaves out the last ones, as a slice does.
        """
        part = slice(None, periods)
        censored = None if self.censored is None else self.censored[:, part]
        return dataclasses.replace(self, values=self.values[:, part], censored=censored)

    def take(self, rows: Int[np.ndarray, " taken"]) -> "Panel":
        """Some of the series."""
        of = lambda array: None if array is None else array[rows]
        return dataclasses.replace(
            self,
            values=self.values[rows],
            product=self.product[rows],
            region=of(self.region),
            censored=of(self.censored),
        )
