"""Totals over a whole population, trial by trial: what is left of an outcome when its products are forgotten.

Totals add up, so a population is simulated block by block and no block is kept: `Totals.of(one) + Totals.of(other)`.
Then the population is a single "product" of weight 1 with T trials, and all that measures do for products they do for
it: `Indicator.estimate(ALONE, None, totals.columns)` is a ratio with its error by the delta method, and
`Indicator.difference` of two such cases a paired change. An error of that kind rests on the T totals. That of a single
node-week rests on the variance over the trials of each product, which adds up as well and is known far better; it takes
the trials of different products as independent, as all errors of `jaxsim.measures` do.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64

from jaxsim.measures.adherence import Adherence, planned_total, wmapd
from jaxsim.measures.estimates import Estimate, PerTrial
from jaxsim.measures.indicators import contributions
from jaxsim.measures.sums import sums_by
from jaxsim.outcome import Outcome
from jaxsim.resources import Resource, Usage
from jaxsim.system import System

ALONE = np.ones(1)
"""Sampling weight of a population that stands for itself."""

Plans = Mapping[Resource, Float64[np.ndarray, "nodes weeks"]]
"""Units by node and week, NaN where there is no plan."""


@dataclasses.dataclass(frozen=True)
class Use:
    """Use of one resource by all products."""

    judged: Float64[np.ndarray, "trials nodes weeks"]
    """Units by trial, in expectation where the resource has that (`Resource.judged`)."""
    realized: Float64[np.ndarray, "trials nodes weeks"]
    """Units of one realized future a trial."""
    variance: Float64[np.ndarray, "nodes weeks"]
    """Σ γ s² of the judged units, where s² is a product's variance over its trials; units²."""

    def __add__(self, other: "Use") -> "Use":
        return Use(self.judged + other.judged, self.realized + other.realized, self.variance + other.variance)


@dataclasses.dataclass(frozen=True)
class Totals:
    """Sums over products of one case, without capacity costs or with them."""

    use: dict[Resource, Use]
    columns: dict[str, PerTrial]
    """`contributions`, (1, trials)."""

    @classmethod
    def of(cls, system: System, outcome: Outcome, resources: Sequence[Resource]) -> "Totals":
        """Totals of an outcome, products weighted by γ.

        Raises:
            ValueError: There is one trial only, which says nothing of errors.
        """
        trials = outcome.orders.shape[1]
        if trials < 2:
            raise ValueError("totals need at least two trials, as one says nothing of its own error")
        weight = system.products.sampling_weight
        columns = {name: (weight @ values)[None] for name, values in contributions(system, outcome).items()}
        return cls({each: _use(system, outcome, each) for each in resources}, columns)

    def __add__(self, other: "Totals") -> "Totals":
        """Totals of both, which are of different products and the same trials."""
        use = {resource: each + other.use[resource] for resource, each in self.use.items()}
        return Totals(use, {name: values + other.columns[name] for name, values in self.columns.items()})

    @property
    def trials(self) -> int:
        """T."""
        return next(iter(self.columns.values())).shape[1]

    def utilization(self, resource: Resource) -> Estimate:
        """Ũ of every node and week and its standard error, (nodes, weeks), units."""
        use = self.use[resource]
        return Estimate(use.judged.mean(0), np.sqrt(use.variance / self.trials))

    def spread(self, resource: Resource) -> Float64[np.ndarray, "nodes weeks"]:
        """Standard deviation of the units of one realized future."""
        return self.use[resource].realized.std(0, ddof=1)

    def adherence(self, plans: Plans) -> Adherence:
        """wMAPD of expected use over the node-weeks of all these plans; `contribution` is (1, trials).

        Raises:
            ValueError: The plans have no positive total.
        """
        used = {resource: self.utilization(resource) for resource in plans}
        plan = _packed(plans, plans)
        mean, error = (_packed(plans, {each: getattr(used[each], name) for each in plans}) for name in _ESTIMATE)
        by_trial = np.concatenate([self.use[each].judged[:, ~np.isnan(plans[each])] for each in plans], axis=1)
        contribution = (by_trial @ np.sign(mean - plan) / planned_total(plan))[None]
        return Adherence.of(plan, Estimate(mean, error), contribution, ALONE)

    def realized_wmapd(self, plans: Plans) -> Float64[np.ndarray, " trials"]:
        """wMAPD of each realized future.

        Raises:
            ValueError: The plans have no positive total.
        """
        plan = _packed(plans, plans)
        futures = [self.use[each].realized[:, ~np.isnan(plans[each])] for each in plans]
        return np.array([wmapd(units, plan) for units in np.concatenate(futures, axis=1)])

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Named arrays, as a checkpoint holds them."""
        arrays = {f"columns/{name}": values for name, values in self.columns.items()}
        for resource, use in self.use.items():
            arrays |= {f"{name}/{resource.name}": getattr(use, name) for name in _USE}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], resources: Sequence[Resource]) -> "Totals":
        """Inverse of `to_arrays`."""
        use = {each: Use(**{name: arrays[f"{name}/{each.name}"] for name in _USE}) for each in resources}
        named = {name.removeprefix("columns/"): x for name, x in arrays.items() if name.startswith("columns/")}
        return cls(use, named)


_ESTIMATE = ("mean", "standard_error")
_USE = tuple(field.name for field in dataclasses.fields(Use))


def _packed(plans: Plans, values: Plans) -> Float64[np.ndarray, " h"]:
    """Values in the node-weeks that have a plan, one resource after the other."""
    return np.concatenate([values[each][~np.isnan(plan)] for each, plan in plans.items()])


def _use(system: System, outcome: Outcome, resource: Resource) -> Use:
    judged, variance = _by_trial(system, resource.judged(system, outcome))
    if resource.expected is None:
        return Use(judged, judged, variance)
    return Use(judged, _by_trial(system, resource.usage(system, outcome))[0], variance)


def _by_trial(
    system: System, usage: Usage
) -> tuple[Float64[np.ndarray, "trials nodes weeks"], Float64[np.ndarray, "nodes weeks"]]:
    """Σ γ · units of each trial, and Σ γ s², by node and week."""
    used, nodes = usage.node >= 0, len(system.network.nodes)
    node = usage.node[used]
    weight = np.broadcast_to(system.products.sampling_weight[:, None], usage.node.shape)[used]
    units = np.moveaxis(usage.units, 3, 1)[used].astype(np.float64)
    sums = sums_by(node, nodes, units, weight)
    return np.moveaxis(sums, 0, 1), sums_by(node, nodes, units.var(1, ddof=1), weight)
