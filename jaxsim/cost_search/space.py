"""What the elements of a search's vectors are: their scale, their resource, and whether they have a price at all."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int


@dataclass(frozen=True, eq=False)
class Space:
    """Facts of the H node-weeks that a search prices, element by element."""

    cost_scale: Float64[np.ndarray, " h"]
    """Cost per unit that matters to buying decisions."""
    part: Int[np.ndarray, " h"]
    """Number of the part; node-weeks of one part (a resource) answer costs about alike."""
    priced: Bool[np.ndarray, " h"]
    """Whether a cost is searched; elsewhere it stays 0, the node-week is left out of H and steps, and its deviation
    counts in wMAPD all the same."""
    under: Float64[np.ndarray, " h"] | None = None
    """Price of deviation of a unit less than planned, cost per unit: costs stay at or above its negative. No bound when
    left out; 0 for a plan that may be missed from below."""
    over: Float64[np.ndarray, " h"] | None = None
    """Of a unit more than planned: costs stay at or below it."""

    def at_price(self, multiple: float) -> "Space":
        """The space with a multiple of its prices of deviation."""
        scaled = {name: value * multiple for name in ("under", "over") if (value := getattr(self, name)) is not None}
        return dataclasses.replace(self, **scaled)

    def box(self) -> tuple[Float64[np.ndarray, " h"], Float64[np.ndarray, " h"]]:
        """Least and largest cost of each node-week; 0 and 0 where there is no price."""
        free = np.where(self.priced, np.inf, 0.0)
        least = -free if self.under is None else np.where(self.priced, -self.under, 0.0)
        return least, free if self.over is None else np.where(self.priced, self.over, 0.0)

    @classmethod
    def uniform(cls, size: int, cost_scale: float) -> "Space":
        """One part with one scale, all of it priced."""
        return cls(np.full(size, cost_scale), np.zeros(size, np.int64), np.ones(size, bool))

    def parts(self) -> list[Int[np.ndarray, " elements"]]:
        """Priced elements of each part that has any."""
        found = [np.flatnonzero(self.priced & (self.part == number)) for number in np.unique(self.part)]
        return [elements for elements in found if len(elements)]
