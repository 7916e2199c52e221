"""What customers do: the units that each product sells in each week of a trial, the truth that both engines draw from.

A source has two parts. Its *numbers* are arrays by product, trial and week; an engine takes those of the product-trials
that it simulates and of no others. Its *draw* turns the numbers of a week into whole units by region; it is a hashable
value, so that a compiled engine can hold it fixed, and it works for NumPy and JAX alike. For example a `PathSource` of
units by week has one number for each week, and its draw splits it over the regions by their shares.

What follows, the split of a region's week over its days, is the same for all sources (`jaxsim.draws`).
"""

import abc
import dataclasses
from types import ModuleType
from typing import Any, Protocol

import equinox as eqx
import numpy as np
from jaxtyping import Float, Float64, Int, Int32

from jaxsim import draws
from jaxsim.demand.moments import MOST_UNITS as MOST_UNITS
from jaxsim.draws import Array, Whole, Words

Numbers = Float[Array, "numbers ..."] | Int[Array, "numbers ..."]
Shares = Float[Array, "regions ..."]


class WeekDraw(Protocol):
    """How the units of a week follow from a source's numbers; hashable."""

    def __call__(
        self, xp: ModuleType, key: Words, trial: Whole, week: Whole, numbers: Numbers, shares: Shares
    ) -> Shares:
        """Whole units by region, float64.

        Args:
            xp: `numpy` or `jax.numpy`. key, trial, week: as in `jaxsim.draws`.
            numbers: of the source. shares: share of each region, summing to 1.
        """
        ...


@dataclasses.dataclass(frozen=True)
class DrawQuantile:
    """The week's total is its quantile function at a uniform number, and is split over regions by their shares."""

    levels: tuple[float, ...]
    """Levels of the numbers, from 0 to 1."""

    def __call__(
        self, xp: ModuleType, key: Words, trial: Whole, week: Whole, numbers: Numbers, shares: Shares
    ) -> Shares:
        """See `WeekDraw`; numbers are quantiles."""
        total = draws.weekly_total(xp, draws.total_uniform(xp, key, trial, week), self.levels, numbers)
        return draws.over_regions(xp, key, trial, week, total, shares)


@dataclasses.dataclass(frozen=True)
class SplitTotal:
    """The week's total is given, and is split over regions by their shares."""

    def __call__(
        self, xp: ModuleType, key: Words, trial: Whole, week: Whole, numbers: Numbers, shares: Shares
    ) -> Shares:
        """See `WeekDraw`; the one number is the total."""
        return draws.over_regions(xp, key, trial, week, numbers[0].astype(xp.float64), shares)


@dataclasses.dataclass(frozen=True)
class TakeRegions:
    """The week's units are given by region."""

    def __call__(
        self, xp: ModuleType, key: Words, trial: Whole, week: Whole, numbers: Numbers, shares: Shares
    ) -> Shares:
        """See `WeekDraw`; numbers are units of the regions."""
        return numbers.astype(xp.float64)


class DemandSource(eqx.Module):
    """Units that each product sells in each week of a trial; leading axis of its arrays is the product."""

    @property
    @abc.abstractmethod
    def draw(self) -> WeekDraw:
        """How a week's units follow from its numbers."""

    @property
    @abc.abstractmethod
    def shape(self) -> tuple[int, int]:
        """Products and weeks."""

    @property
    @abc.abstractmethod
    def regions(self) -> int | None:
        """Regions whose units it gives; None where it gives totals, which are split by shares."""

    @property
    @abc.abstractmethod
    def trials(self) -> int | None:
        """Trials that it has, the first of them 0; None where it has as many as are asked for."""

    @property
    @abc.abstractmethod
    def volume(self) -> Float64[np.ndarray, " products"]:
        """Usual units per week, to weigh products by."""

    @abc.abstractmethod
    def numbers(
        self, product: Int[np.ndarray, " batch"], trial: Int[np.ndarray, " batch"]
    ) -> Float64[np.ndarray, "batch weeks numbers"] | Int32[np.ndarray, "batch weeks numbers"]:
        """What `draw` makes the weeks of these product-trials of."""

    @abc.abstractmethod
    def take(self, rows: Int[np.ndarray, " taken"]) -> "DemandSource":
        """The source of some of the products."""

    def window(self, weeks: slice) -> "DemandSource":
        """The source of some of the weeks; a study that goes on from week to week asks for it.

        Raises:
            NotImplementedError: the source does not say.
        """
        raise NotImplementedError(f"{type(self).__name__} has no window(weeks), which a rolling study needs")


class QuantileSource(DemandSource):
    """Demand with a piecewise linear quantile function for each product and week, drawn anew for every trial."""

    levels: Float64[np.ndarray, " points"]
    """Ascending, from 0 to 1."""
    quantiles: Float64[np.ndarray, "products weeks points"]
    """Units per week."""

    @property
    def draw(self) -> DrawQuantile:
        """The quantile function at a uniform number."""
        return DrawQuantile(tuple(self.levels.tolist()))

    @property
    def shape(self) -> tuple[int, int]:
        """Products and weeks."""
        return self.quantiles.shape[0], self.quantiles.shape[1]

    @property
    def regions(self) -> None:
        """Totals alone."""

    @property
    def trials(self) -> None:
        """As many as are asked for."""

    @property
    def volume(self) -> Float64[np.ndarray, " products"]:
        """Mean over weeks and levels."""
        return self.quantiles.mean((1, 2))

    def numbers(
        self, product: Int[np.ndarray, " batch"], trial: Int[np.ndarray, " batch"]
    ) -> Float64[np.ndarray, "batch weeks points"]:
        """Quantiles, the same for every trial."""
        return self.quantiles[product]

    def take(self, rows: Int[np.ndarray, " taken"]) -> "QuantileSource":
        """The source of some of the products."""
        return QuantileSource(self.levels, self.quantiles[rows])

    def window(self, weeks: slice) -> "QuantileSource":
        """The source of some of the weeks."""
        return QuantileSource(self.levels, self.quantiles[:, weeks])


def _whole_units(units: Any) -> Int32[np.ndarray, "products trials weeks *regions"]:
    values = np.asarray(units)
    if values.ndim not in (3, 4) or values.dtype.kind not in "iuf":
        raise ValueError(
            "sample paths must be numbers by product, trial, week and, where they are given, region; got"
            f" {values.dtype} of shape {values.shape}"
        )
    good = (values >= 0) & (values < MOST_UNITS)
    if values.dtype.kind == "f":
        good &= values == np.floor(values)
    if values.ndim == 4:
        good &= values.sum(3, keepdims=True) < MOST_UNITS
    if not good.all():
        at = np.argwhere(~good)[0].tolist()
        rule = f"whole, not negative, and over all regions at most {MOST_UNITS - 1:,} units"
        raise ValueError(f"sample paths{at} is {values[tuple(at)]}; it must be {rule}")
    return values.astype(np.int32)


class PathSource(DemandSource):
    """Demand given as sample paths: trial t of a simulation takes path t of every product.

    Raises:
        ValueError: the array has another number of axes, or holds what is no whole number of units.
    """

    units: Int32[np.ndarray, "products trials weeks *regions"] = eqx.field(converter=_whole_units)
    """Units of each week, of all regions together or of each region. Made of whole numbers of any type."""

    @property
    def draw(self) -> SplitTotal | TakeRegions:
        """The path's units."""
        return SplitTotal() if self.regions is None else TakeRegions()

    @property
    def shape(self) -> tuple[int, int]:
        """Products and weeks."""
        return self.units.shape[0], self.units.shape[2]

    @property
    def regions(self) -> int | None:
        """Length of the last axis, where it is that of the regions."""
        return self.units.shape[3] if self.units.ndim == 4 else None

    @property
    def trials(self) -> int:
        """Paths of each product."""
        return self.units.shape[1]

    @property
    def volume(self) -> Float64[np.ndarray, " products"]:
        """Mean over paths and weeks."""
        return self.units.sum((1, 2), dtype=np.int64).reshape(len(self.units), -1).sum(1) / max(
            self.units.shape[1] * self.units.shape[2], 1
        )

    def numbers(
        self, product: Int[np.ndarray, " batch"], trial: Int[np.ndarray, " batch"]
    ) -> Int32[np.ndarray, "batch weeks numbers"]:
        """Units of the trials' paths."""
        paths = self.units[product, trial]
        return paths if paths.ndim == 3 else paths[:, :, None]

    def take(self, rows: Int[np.ndarray, " taken"]) -> "PathSource":
        """The source of some of the products."""
        return PathSource(self.units[rows])

    def window(self, weeks: slice) -> "PathSource":
        """The source of some of the weeks."""
        return PathSource(self.units[:, :, weeks])
