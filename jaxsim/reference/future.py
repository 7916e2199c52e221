"""The random future of one product-trial, drawn when the simulation first needs it (Algorithm 1, steps 2 and 9)."""

import bisect
from functools import cached_property

import numpy as np

from jaxsim import draws
from jaxsim.reference.product import Product


class Future:
    """What happens to a product in a trial, whatever is decided; a pure function of (seed, product, trial)."""

    def __init__(self, product: Product, trial: int, seed: int) -> None:
        self._product = product
        self._trial = np.array([trial])
        with np.errstate(over="ignore"):  # the cipher wraps around
            self._key = draws.product_key(np, seed, (product.id[:1], product.id[1:]))

    def demand(self, day: int) -> list[int]:
        """Units that each region asks for on a day."""
        return self._demand[day]

    def lead_time(self, day: int, slot: int) -> int:
        """Days from an order on `day` into `slot` to its arrival."""
        distribution = self._product.lead_time_cumulative[slot]
        if distribution is None:
            raise ValueError(f"slot {slot} cannot be ordered into")
        with np.errstate(over="ignore"):
            drawn = draws.lead_time_uniform(np, self._key, self._trial, np.array([day]), slot)
        return bisect.bisect_right(distribution, float(drawn[0]))

    @cached_property
    def _demand(self) -> list[list[int]]:
        """Units by day and region, all weeks drawn together."""
        product = self._product
        weeks = np.arange(product.days // 7)
        numbers = product.source.numbers(np.array([0]), self._trial)[0].T
        shares = product.demand_share[:, None]
        with np.errstate(over="ignore"):
            by_region = product.source.draw(np, self._key, self._trial, weeks, numbers, shares)
            units = draws.over_days(np, self._key, self._trial, weeks, by_region, product.weekday_share)
        return np.moveaxis(np.asarray(units), 2, 0).swapaxes(1, 2).reshape(product.days, -1).astype(int).tolist()
