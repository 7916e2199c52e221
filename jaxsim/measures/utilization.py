"""Utilization of node-weeks: Ũ = Σ_a γ_a · mean over trials of a resource's use, such as the units that vendors deliver
(Algorithm 2, step 8), in expectation over lead times where the resource has that (`Resource.judged`).

Sums run in the fixed order of products and slots (`np.bincount`), so equal outcomes give equal bits.
"""

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures.estimates import Estimate, estimable, stage_variance, strata_of, variance_strata
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, Resource, Usage
from jaxsim.system import System


def utilization(
    system: System,
    outcome: Outcome,
    strata: Int[np.ndarray, " products"] | None = None,
    resource: Resource = ARRIVALS,
    *,
    realized: bool = False,
) -> Estimate:
    """Ũ of every node and week, with its standard error over sample and trials.

    Args:
        system: the sample that was simulated.
        outcome: its outcome.
        strata: stratum of each product; products of equal γ when left out.
        resource: what is used.
        realized: count one realized future a trial instead of expected use; the mean is the same, the error larger.

    Returns:
        Arrays (nodes, weeks), in units; nodes that use nothing have 0 and 0. Errors are NaN where the sample cannot
        tell them (a single product).
    """
    usage = (resource.usage if realized else resource.judged)(system, outcome)
    units, sampling_weight, trials = usage.units, system.products.sampling_weight, usage.units.shape[1]
    exact = np.int64 if units.dtype.kind == "i" else np.float64
    weighted = units.sum(1, dtype=exact) / trials * sampling_weight[:, None, None]
    place = _Places(system, usage, variance_strata(sampling_weight, strata_of(sampling_weight, strata), trials))
    total = place.by_node(weighted)
    if not estimable(sampling_weight, trials):
        return Estimate(total, np.full_like(total, np.nan))
    first, second = place.by_stratum(weighted), place.by_stratum(weighted**2)
    between = np.maximum(second - first**2 / place.count, 0.0)
    spread = units.astype(np.float64).var(1, ddof=1) if trials > 1 else np.zeros_like(weighted)
    within = place.by_stratum(spread * sampling_weight[:, None, None])
    variance = stage_variance(place.population, place.count, between, within, trials).sum(0)
    return Estimate(total, np.sqrt(variance))


class _Places:
    """Where each (product, slot) counts: its node, and its node within the product's stratum."""

    def __init__(self, system: System, usage: Usage, strata: Int[np.ndarray, " products"]) -> None:
        self.nodes = len(system.network.nodes)
        node = usage.node
        self.used = node >= 0
        self.node = node[self.used].astype(np.int64)
        self.cell = np.broadcast_to(strata[:, None], node.shape)[self.used] * self.nodes + self.node
        count = np.bincount(strata)
        self.strata = len(count)
        self.count = count[:, None, None].astype(np.float64)
        self.population = np.bincount(strata, system.products.sampling_weight)[:, None, None]

    def by_node(self, values: Float64[np.ndarray, "products weeks slots"]) -> Float64[np.ndarray, "nodes weeks"]:
        return self._sums(values, self.node, self.nodes)

    def by_stratum(
        self, values: Float64[np.ndarray, "products weeks slots"]
    ) -> Float64[np.ndarray, "strata nodes weeks"]:
        return self._sums(values, self.cell, self.strata * self.nodes).reshape(self.strata, self.nodes, -1)

    def _sums(
        self, values: Float64[np.ndarray, "products weeks slots"], cell: Int[np.ndarray, " used"], size: int
    ) -> Float64[np.ndarray, "cells weeks"]:
        return np.stack(
            [np.bincount(cell, values[:, w][self.used], minlength=size) for w in range(values.shape[1])], axis=1
        )
