"""What a demand history says, whichever form its file has."""

import dataclasses

import numpy as np

from jaxsim.scenario.generate.demand import Demand, RegionalDemand


@dataclasses.dataclass(frozen=True)
class History:
    """Weekly demand of the series (products), the same in every week."""

    names: np.ndarray
    """(products,)"""
    weekly_mean: np.ndarray
    """(products,) units."""
    quantiles: np.ndarray
    """(products, levels) units."""
    remarks: tuple[str, ...]
    """What was taken, left out or changed, a sentence part each."""
    regional: RegionalDemand | None = None
    """None where the table says nothing of regions."""

    def demand(self, start: int, stop: int, weeks: int) -> Demand:
        """Demand of products start … stop − 1 over `weeks` weeks."""
        mean = np.repeat(self.weekly_mean[start:stop, None], weeks, axis=1)
        return Demand(mean, np.repeat(self.quantiles[start:stop, None, :], weeks, axis=1))
