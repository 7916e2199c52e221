"""What keeps a node-week from its plan: its deviation |V_h|, split by what could mend it.

    |V_h| = bound + price + noise + granularity + rest

Each part takes at most what those before it left, so parts are never negative and add up to |V_h|; over Σ_h u_h their
sums add up to wMAPD. `docs/bottlenecks.md` says what they mean to a planner.
"""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64

PARTS = ("bound", "price", "granularity", "noise", "rest")
"""Names of the parts, in the order in which they are shown."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """Parts of |V|, units of each node-week; NaN where nothing is known, which counts as 0."""

    bound: Float64[np.ndarray, " h"]
    """No price can mend it: the products that may come cannot be split better."""
    price: Float64[np.ndarray, " h"]
    """A unit of deviation is cheaper than the price that would mend it."""
    granularity: Float64[np.ndarray, " h"]
    """Less than what a single order of a single product brings or takes."""
    noise: Float64[np.ndarray, " h"]
    """What the simulation's standard error alone would show."""
    rest: Float64[np.ndarray, " h"]
    """Of none of these kinds: a better search could mend it."""

    def items(self) -> Iterator[tuple[str, Float64[np.ndarray, " h"]]]:
        """Name and units of each part."""
        for name in PARTS:
            yield name, getattr(self, name)

    def shares(self, plan: Float64[np.ndarray, " h"]) -> dict[str, float]:
        """What each part makes of wMAPD, a fraction; NaN where it is known of no node-week.

        Args:
            plan: u, units.
        """
        unknown = lambda units: bool(np.isnan(units).all())
        return {
            name: math.nan if unknown(units) else float(np.nansum(units)) / float(plan.sum())
            for name, units in self.items()
        }


def split_deviation(
    violation: Float64[np.ndarray, " h"],
    *,
    least: Float64[np.ndarray, " h"],
    at_end: Bool[np.ndarray, " h"] | None,
    error: Float64[np.ndarray, " h"],
    step: Float64[np.ndarray, " h"],
) -> Parts:
    """Split the deviation of each node-week.

    Args:
        violation: V = Ũ − u, units.
        least: V of a split of orders that has the least Σ|V| (`jaxsim.measures.bound.nearest_optimum`), units; NaN
            where no bound is known. Its part is what both have on the same side of the plan.
        at_end: whether the cost is at the end of its box on the side of V (`at_end_of`); None where no box is known.
        error: standard error of V, units; its part is the mean of |V| when V is normal around 0, se √(2/π).
        step: units that one review of one product brings or takes (`jaxsim.measures.sources.Held.step`).
    """
    size = np.abs(violation)
    bound = np.clip(np.sign(violation) * least, 0.0, size)
    left = size - np.nan_to_num(bound)
    price = np.full_like(size, np.nan) if at_end is None else np.where(at_end, left, 0.0)
    left = left - np.nan_to_num(price)
    noise = np.minimum(left, np.nan_to_num(error) * math.sqrt(2 / math.pi))
    left = left - noise
    granularity = np.minimum(left, step)
    return Parts(bound, price, granularity, noise, left - granularity)


def at_end_of(
    violation: Float64[np.ndarray, " h"],
    costs: Float64[np.ndarray, " h"],
    box: tuple[Float64[np.ndarray, " h"], Float64[np.ndarray, " h"]],
    slack: Float64[np.ndarray, " h"],
) -> Bool[np.ndarray, " h"]:
    """Where a cost is at its largest and units are over plan, or at its least and they are under.

    Args:
        violation: V, units. costs: λ, currency per unit.
        box: least and largest cost. slack: distance at which a cost counts as being at an end.
    """
    least, most = box
    return ((violation > 0) & (costs >= most - slack)) | ((violation < 0) & (costs <= least + slack))
