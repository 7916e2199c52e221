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
    """No more than half of a single order of a single product: a price decides whether it comes, not how much of it."""
    noise: Float64[np.ndarray, " h"]
    """What the simulation's standard error alone would show."""
    rest: Float64[np.ndarray, " h"]
    """Of none of these kinds; a longer search may mend it."""

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
    bound: Float64[np.ndarray, " h"],
    at_end: Bool[np.ndarray, " h"] | None,
    error: Float64[np.ndarray, " h"],
    step: Float64[np.ndarray, " h"],
) -> Parts:
    """Split the deviation of each node-week.

    Args:
        violation: V = Ũ − u, units.
        bound: units of |V| that no price can mend (`unmendable`); NaN where no bound is known.
        at_end: whether the cost is at the end of its box on the side of V (`at_end_of`); None where no box is known.
        error: standard error of V, units; its part is the mean of |V| when V is normal around 0, se √(2/π).
        step: units that one review of one product brings or takes (`jaxsim.measures.sources.Held.step`). On the better
            side of such a step at most half of it is left.
    """
    size = np.abs(violation)
    bound = np.minimum(bound, size)
    left = size - np.nan_to_num(bound)
    price = np.full_like(size, np.nan) if at_end is None else np.where(at_end, left, 0.0)
    left = left - np.nan_to_num(price)
    noise = np.minimum(left, np.nan_to_num(error) * math.sqrt(2 / math.pi))
    left = left - noise
    granularity = np.minimum(left, step / 2)
    return Parts(bound, price, granularity, noise, left - granularity)


def unmendable(
    violation: Float64[np.ndarray, " h"],
    nearest: Float64[np.ndarray, " h"],
    duals: Float64[np.ndarray, " h"],
    total: float,
) -> Float64[np.ndarray, " h"]:
    """Units of |V| that no price can mend: of each node-week what the nearest of the least possible deviations has on
    the same side of the plan, and what is missing to their total where the bound's dual values say.

    The same surplus may lie elsewhere than in the nearest optimum, as orders that left one node-week came to another.
    For the V of any split −Σ π_h V_h is at least the bound (weak duality), so what is missing is always there among
    the |V_h| that are left, each counted as far as −π_h has the sign of V_h; it is shared out in that proportion. Only
    where costs change how much is ordered may the total not be reached.

    Args:
        violation: V, units.
        nearest: V of `jaxsim.measures.bound.nearest_optimum`, units.
        duals: π of `jaxsim.measures.bound.Bound.prices`.
        total: the least Σ|V|, units.
    """
    size = np.abs(violation)
    found = np.clip(np.sign(violation) * nearest, 0.0, size)
    found = found * min(1.0, total / max(float(found.sum()), 1e-300))
    weighed = (size - found) * np.clip(-duals * np.sign(violation), 0.0, 1.0)
    missing, there = total - float(found.sum()), float(weighed.sum())
    return found + weighed * min(1.0, max(missing, 0.0) / there) if there > 0 else found


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
