"""Indicators: what a simulated plan is judged by, each defined once, here.

An indicator is a ratio of two totals over the population. Its parts are columns that `contributions` gives each
product-trial, so that runs which kept these columns can be compared product-trial by product-trial. What measures,
metrics, tables, comparisons and reports know of an indicator is its entry in `INDICATORS`:

    "fill_rate": Indicator(("delivered",), "asked", "fill rate", "units delivered / asked for", "higher", share=True)

A new indicator is an entry there and, where it counts something new, a column in `COLUMNS`.

Costs are per unit *demanded*, which capacity costs cannot change, so two runs with the same draws compare directly.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int

from jaxsim.measures import costs, service
from jaxsim.measures.costs import COSTS, Count
from jaxsim.measures.estimates import Estimate, PerTrial, ratio
from jaxsim.measures.paired import NORMAL_95, Difference, paired_ratios, paired_totals
from jaxsim.outcome import Outcome
from jaxsim.system import System

Columns = Mapping[str, PerTrial]
"""Columns of `contributions` by name."""

COLUMNS: dict[str, Count] = {
    "asked": service.demanded,
    "delivered": service.delivered,
    "delivered_in_two_days": costs.delivered_in_two_days,
    "preferred_delivered": service.preferred_delivered,
    "preferred_available": service.preferred_available,
    "preferred_wanted": service.preferred_wanted,
    "excess_unit_days": costs.excess_unit_days,
    "held_unit_days": costs.held_unit_days,
    "co2": costs.emissions,
    **{f"{part}_cost": count for part, count in COSTS.items()},
    "purchase_cost": costs.purchase,
}
"""What each product-trial adds to numerators and denominators."""

DEVIATION = "deviation"
"""Column of each product-trial's part in wMAPD, `Adherence.contribution`; it needs utilization, so it is not in
`COLUMNS`."""


@dataclasses.dataclass(frozen=True)
class Indicator:
    """What an indicator is, and how people read it."""

    numerator: tuple[str, ...]
    """Columns that are added."""
    denominator: str | None
    """A column. None where totals of the numerator are the indicator, up to a constant."""
    label: str
    """Name in words."""
    unit: str
    better: Literal["lower", "higher"] | None
    """Which values are better; None where neither is."""
    share: bool = False
    """A fraction, which people read as a percentage."""
    definition: str = ""
    """What it is made of, where name and unit do not say it."""

    @property
    def columns(self) -> set[str]:
        """Columns that it is made of."""
        return {*self.numerator} | ({self.denominator} if self.denominator else set())

    def parts(self, columns: Columns) -> tuple[PerTrial, PerTrial]:
        """Numerator and denominator of each product-trial.

        Raises:
            ValueError: There is no denominator.
        """
        if self.denominator is None:
            raise ValueError(f"{self.label} is no ratio of two columns")
        return self._numerator(columns), columns[self.denominator]

    def estimate(
        self,
        sampling_weight: Float64[np.ndarray, " products"],
        strata: Int[np.ndarray, " products"] | None,
        columns: Columns,
    ) -> Estimate:
        """The ratio and its standard error over sample and trials; NaN when the denominator's total is 0.

        Raises:
            ValueError: There is no denominator.
        """
        return ratio(sampling_weight, strata, *self.parts(columns))

    def difference(
        self,
        sampling_weight: Float64[np.ndarray, " products"],
        strata: Int[np.ndarray, " products"] | None,
        first: Columns,
        second: Columns,
        mean: float = math.nan,
    ) -> Difference:
        """Second minus first of two simulations of the same product-trials, by common random numbers.

        Args:
            mean: the difference itself, for an indicator without a denominator.
        """
        if self.denominator is not None:
            return paired_ratios(sampling_weight, strata, self.parts(first), self.parts(second))
        return paired_totals(sampling_weight, strata, self._numerator(first), self._numerator(second), mean)

    def verdict(self, difference: Estimate | Difference) -> Literal["better", "worse"] | None:
        """Whether the second is better, when the 95% confidence interval of the difference excludes 0."""
        if self.better is None or not abs(difference.mean) > NORMAL_95 * difference.standard_error:
            return None
        return "better" if (difference.mean < 0) == (self.better == "lower") else "worse"

    def _numerator(self, columns: Columns) -> PerTrial:
        first, *others = self.numerator
        return sum((columns[name] for name in others), columns[first])


_PER_UNIT = "$ per unit demanded"
_TOTAL = tuple(f"{part}_cost" for part in COSTS)

PNA = "preferred_node_availability"
"""Name of preferred node availability as the paper approximates it."""

WMAPD = Indicator((DEVIATION,), None, "wMAPD", "Σ |arrivals − plan| / Σ plan", "lower", share=True)
"""Adherence to the labor plan, see `jaxsim.measures.adherence`."""

INDICATORS: dict[str, Indicator] = {
    "sourcing_cost_per_unit": Indicator(("sourcing_cost",), "asked", "sourcing", _PER_UNIT, "lower"),
    "transfer_cost_per_unit": Indicator(("transfer_cost",), "asked", "transfers", _PER_UNIT, "lower"),
    "shipping_cost_per_unit": Indicator(("shipping_cost",), "asked", "shipping", _PER_UNIT, "lower"),
    "overage_cost_per_unit": Indicator(("overage_cost",), "asked", "holding (overage)", _PER_UNIT, "lower"),
    "lost_sales_cost_per_unit": Indicator(("lost_sales_cost",), "asked", "lost sales", _PER_UNIT, "lower"),
    "backlog_cost_per_unit": Indicator(("backlog_cost",), "asked", "backlogged demand", _PER_UNIT, "lower"),
    "cost_per_unit": Indicator(
        _TOTAL,
        "asked",
        "total cost without purchase",
        _PER_UNIT,
        "lower",
        definition="cost of sourcing, transfers, shipping, holding, lost sales and backlog / units demanded",
    ),
    "cost_per_unit_delivered": Indicator(
        _TOTAL, "delivered", "total cost without purchase", "$ per unit delivered", "lower"
    ),
    "purchase_cost_per_unit": Indicator(("purchase_cost",), "asked", "purchases", _PER_UNIT, None),
    "fill_rate": Indicator(
        ("delivered",),
        "asked",
        "fill rate",
        "units delivered / asked for",
        "higher",
        share=True,
        definition="units delivered / units demanded",
    ),
    PNA: Indicator(
        ("preferred_available",), "preferred_wanted", "preferred node availability", "", "higher", share=True
    ),
    "simulated_preferred_availability": Indicator(
        ("preferred_delivered",), "asked", "served by the preferred node", "units / asked for", "higher", share=True
    ),
    "two_day_share": Indicator(
        ("delivered_in_two_days",), "delivered", "delivered within two days", "", "higher", share=True
    ),
    "overage_share": Indicator(
        ("excess_unit_days",),
        "held_unit_days",
        "inventory waste",
        "unit-days above the level / unit-days",
        "lower",
        share=True,
        definition="unit-days on hand above the order-up-to level / unit-days on hand",
    ),
    "co2_per_unit": Indicator(
        ("co2",),
        "delivered",
        "emissions",
        "kg CO2 per unit delivered",
        "lower",
        definition="kg CO2 of transfers and of shipping at the scenario's rates / units delivered",
    ),
}
"""Ratios of two totals by the name that metrics and tables have for them."""


def contributions(system: System, outcome: Outcome) -> dict[str, PerTrial]:
    """What each product-trial adds to numerators and denominators: `COLUMNS` of an outcome, in float64."""
    return {name: np.asarray(count(system, outcome), np.float64) for name, count in COLUMNS.items()}


def kpis(system: System, outcome: Outcome, strata: Int[np.ndarray, " products"] | None = None) -> dict[str, Estimate]:
    """`INDICATORS` of an outcome, with standard errors over sample and trials; NaN where a denominator is 0."""
    return kpis_of(system.products.sampling_weight, strata, contributions(system, outcome))


def kpis_of(
    sampling_weight: Float64[np.ndarray, " products"], strata: Int[np.ndarray, " products"] | None, columns: Columns
) -> dict[str, Estimate]:
    """`kpis` from the columns of `contributions`."""
    return {name: indicator.estimate(sampling_weight, strata, columns) for name, indicator in INDICATORS.items()}
