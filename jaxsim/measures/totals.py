"""Totals over a whole population, trial by trial: what is left of an outcome when its products are forgotten.

Totals add up, so a population is simulated block by block and no block is kept: `Totals.of(one) + Totals.of(other)`.
They are kept apart for a few *parts* of the population, which do for errors what products do in a sample: a part stands
for itself alone, and `Indicator.estimate(totals.weight, None, totals.columns)` is a ratio with its error by the delta
method, `Indicator.difference` of two such cases a paired change. With one part an error of four trials would rest on
four numbers; with sixteen it rests on 64. A product's part follows from its id, so it depends on no block.

That takes products to be independent of each other, as all errors of `jaxsim.measures` do and as draws are. Sample
paths of demand may move all products of a trial together: then the population is one part.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float64, Int, Num

from jaxsim.measures.adherence import Adherence, planned_total, wmapd
from jaxsim.measures.estimates import Estimate, PerTrial
from jaxsim.measures.indicators import contributions
from jaxsim.measures.sums import sums_by
from jaxsim.outcome import Outcome
from jaxsim.resources import Resource, Usage
from jaxsim.system import System

PARTS = 16
"""Parts of a population whose products are independent."""

Plans = Mapping[Resource, Float64[np.ndarray, "nodes weeks"]]
"""Units by node and week, NaN where there is no plan."""


@dataclasses.dataclass(frozen=True)
class Use:
    """Use of one resource by all products."""

    judged: Float64[np.ndarray, "parts trials nodes weeks"]
    """Units by part and trial, in expectation where the resource has that (`Resource.judged`)."""
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
    """`contributions`, parts in place of products."""

    @classmethod
    def of(cls, system: System, outcome: Outcome, resources: Sequence[Resource]) -> "Totals":
        """Totals of an outcome, products weighted by γ; errors are over trials alone, so all products must be there.

        Raises:
            ValueError: There is one trial only, which says nothing of errors.
        """
        trials = outcome.orders.shape[1]
        if trials < 2:
            raise ValueError("totals need at least two trials, as one says nothing of its own error")
        count = PARTS if system.source.trials is None else 1
        part = (system.products.id[:, 0] % np.uint32(count)).astype(np.int64)
        weight = system.products.sampling_weight
        columns = {name: sums_by(part, count, each, weight) for name, each in contributions(system, outcome).items()}
        return cls({each: _use(system, outcome, each, part, count) for each in resources}, columns)

    def __add__(self, other: "Totals") -> "Totals":
        """Totals of both, which are of different products and the same trials."""
        use = {resource: each + other.use[resource] for resource, each in self.use.items()}
        return Totals(use, {name: values + other.columns[name] for name, values in self.columns.items()})

    @property
    def trials(self) -> int:
        """T."""
        return next(iter(self.columns.values())).shape[1]

    @property
    def weight(self) -> Float64[np.ndarray, " parts"]:
        """Sampling weight of each part, which stands for itself."""
        return np.ones(len(next(iter(self.columns.values()))))

    def utilization(self, resource: Resource) -> Estimate:
        """Ũ of every node and week and its standard error, (nodes, weeks), units."""
        use = self.use[resource]
        by_trial = use.judged.sum(0)
        variance = use.variance if len(use.judged) > 1 else by_trial.var(0, ddof=1)
        return Estimate(by_trial.mean(0), np.sqrt(variance / self.trials))

    def spread(self, resource: Resource) -> Float64[np.ndarray, "nodes weeks"]:
        """Standard deviation of the units of one realized future."""
        return self.use[resource].realized.std(0, ddof=1)

    def adherence(self, plans: Plans) -> Adherence:
        """wMAPD of expected use over the node-weeks of all these plans; `contribution` is that of parts.

        Raises:
            ValueError: The plans have no positive total.
        """
        used = {resource: self.utilization(resource) for resource in plans}
        plan = _packed(plans, plans)
        mean, error = (_packed(plans, {each: getattr(used[each], name) for each in plans}) for name in _ESTIMATE)
        by_trial = np.concatenate([self.use[each].judged[:, :, ~np.isnan(plans[each])] for each in plans], axis=2)
        contribution = by_trial @ np.sign(mean - plan) / planned_total(plan)
        return Adherence.of(plan, Estimate(mean, error), contribution, self.weight)

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


def _use(system: System, outcome: Outcome, resource: Resource, part: Int[np.ndarray, " products"], count: int) -> Use:
    """Use of a resource by products, of which each has a part of `count`."""
    usage = resource.judged(system, outcome)
    used, nodes = usage.node >= 0, len(system.network.nodes)
    node = usage.node[used].astype(np.int64)
    weight, owner = (_each(values, usage.node)[used] for values in (system.products.sampling_weight, part))
    units = _by_slot(usage)
    judged = sums_by(owner * nodes + node, count * nodes, units, weight).reshape(count, nodes, *units.shape[1:])
    variance = sums_by(node, nodes, units.var(1, ddof=1), weight)
    judged = np.moveaxis(judged, 1, 2)
    if resource.expected is None:
        return Use(judged, judged.sum(0), variance)
    realized = sums_by(node, nodes, _by_slot(resource.usage(system, outcome)), weight)
    return Use(judged, np.moveaxis(realized, 0, 1), variance)


def _each(values: Num[np.ndarray, " products"], node: Int[np.ndarray, "products slots"]) -> np.ndarray:
    """A product's value for each of its slots."""
    return np.broadcast_to(values[:, None], node.shape)


def _by_slot(usage: Usage) -> Float64[np.ndarray, "used trials weeks"]:
    """Units of every slot that uses something, products in order."""
    return np.moveaxis(usage.units, 3, 1)[usage.node >= 0].astype(np.float64)
