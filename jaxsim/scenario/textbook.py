"""Inventory problems whose answers are known, as products of one scenario.

A period is a week: reviews are on its first day, orders and transfers of lead time L arrive 7 L + 1 days later, and all
demand falls on the last day, so that an order of lead time 0 serves the demand of its own period. Costs are
charged on what is on hand, in transit between nodes, lost or waiting at the end of a period
(`jaxsim.measures.period_costs`). Demand is tabulated finely enough to be exact: a Poisson distribution at the levels of
its own distribution function, a normal one in hundredths of a unit with its variance kept.

    scenario = textbook.scenario(weeks=40)        # every case of `CASES`, one product each
    jaxsim generate OUT --preset textbook         # the same on disk
"""

import dataclasses
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from scipy import stats

from jaxsim.scenario.scenario import Scenario
from jaxsim.scenario.schema import QUANTILE_LEVELS, TABLES

WEEKS = 40
"""Horizon of the scenario on disk."""

_NORMAL_SCORES = np.linspace(-5.0, 5.0, 51)
_TAIL = 1e-11
_PLACES = ("warehouse", "depot", "shop")
"""A single stock is kept at the warehouse; the serial system's stocks are kept at the depot and the shop."""


@dataclasses.dataclass(frozen=True)
class Normal:
    """Normal demand per period, cut off at 0 and rounded to a hundredth."""

    mean: float
    deviation: float
    unit: int = 100
    """Units of the simulation in one of the textbook."""

    def levels(self) -> np.ndarray:
        """Levels to tabulate."""
        return stats.norm.cdf(_NORMAL_SCORES)

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """Units of the simulation at ascending levels, such that linear interpolation keeps the variance."""
        score = stats.norm.ppf(level)
        squares = np.diff(level) * (score[1:] ** 2 + score[1:] * score[:-1] + score[:-1] ** 2) / 3.0
        return np.maximum(self.mean + self.deviation * score / np.sqrt(squares.sum()), 0.0) * self.unit


@dataclasses.dataclass(frozen=True)
class Poisson:
    """Poisson demand per period."""

    mean: float
    unit: int = 1

    def levels(self) -> np.ndarray:
        """The distribution function at 0, 1, 2, …: there the quantile function steps up."""
        below = stats.poisson.cdf(np.arange(int(self.mean + 20 * np.sqrt(self.mean) + 20)), self.mean)
        return below[below < 1 - _TAIL]

    def quantile(self, level: np.ndarray) -> np.ndarray:
        """k − 1/2 to k + 1/2 in proportion within the step of k, so that rounding gives k on all of it."""
        steps = np.concatenate([[0.0], stats.poisson.cdf(np.arange(400), self.mean)])
        k = np.maximum(np.searchsorted(steps, level, side="right") - 1, 0)
        part = (level - steps[k]) / (steps[k + 1] - steps[k])
        return np.maximum(k - 0.5 + part, 0.0)


@dataclasses.dataclass(frozen=True)
class Case:
    """A textbook problem: its data in textbook units and periods, the policy to simulate, and the published answer."""

    name: str
    demand: Normal | Poisson
    holding: float
    """Cost of a unit on hand at the end of a period (serial: at the shop)."""
    shortage: float
    """Cost of a unit lost, or waiting at the end of a period."""
    lead_time: int
    """Periods L from order to arrival."""
    order_up_to: float
    """Level S of the whole system's inventory position."""
    backlogged: bool
    answer: float
    """Published least cost per period; what an order-up-to policy reaches, or with `is_bound` a bound on it."""
    source: str
    is_bound: bool = False
    shop: "Shop | None" = None

    @property
    def slot_holding(self) -> tuple[float, ...]:
        """Holding cost of each stock, upstream first."""
        return (self.holding,) if self.shop is None else (self.shop.upstream_holding, self.holding)


@dataclasses.dataclass(frozen=True)
class Shop:
    """The second stock of a serial system, replenished from the first."""

    base_stock: float
    lead_time: int
    upstream_holding: float
    """Cost of a unit at the first stock, and on its way to the second, at the end of a period."""


_ZIPKIN = "value iteration; Zipkin 2008, Old and new methods for lost-sales inventory systems"
_STOCKPYL = "stockpyl 1.0.2"


def _lost_sales(lead_time: int, shortage: float, order_up_to: int, answer: float) -> Case:
    name = f"lost sales, lead time {lead_time}, shortage {shortage:g}"
    demand = Poisson(5.0)
    return Case(name, demand, 1.0, shortage, lead_time, order_up_to, False, answer, _ZIPKIN, is_bound=True)


CASES: tuple[Case, ...] = (
    Case("newsvendor", Normal(50.0, 8.0), 0.18, 0.70, 0, 56.604, True, 1.9976, _STOCKPYL),
    Case("newsvendor, lead time 1", Normal(50.0, 8.0), 0.18, 0.70, 1, 109.339, True, 2.8250, _STOCKPYL),
    Case("base stock", Normal(5.0, 1.6), 1.0, 9.0, 4, 29.585, True, 6.279, "normal newsvendor over L + 1 periods"),
    _lost_sales(1, 4.0, 12, 4.041),
    _lost_sales(1, 9.0, 13, 5.438),
    _lost_sales(1, 19.0, 15, 6.676),
    _lost_sales(1, 39.0, 16, 7.836),
    _lost_sales(3, 4.0, 20, 4.599),
    _lost_sales(3, 9.0, 23, 6.531),
    _lost_sales(3, 19.0, 26, 8.363),
    _lost_sales(3, 39.0, 28, 10.038),
    Case(
        "serial", Normal(5.0, 1.0), 3.0, 20.0, 1, 17.2657, True, 12.948,
        f"Clark and Scarf's optimum, {_STOCKPYL} (which charges a period of mean demand more at the first stock)",
        shop=Shop(base_stock=11.923, lead_time=1, upstream_holding=1.0),
    ),
)  # fmt: skip
"""Every case, in the order of the scenario's products."""


def scenario(weeks: int = WEEKS, cases: Sequence[Case] = CASES) -> Scenario:
    """All cases as one scenario of `weeks` periods, in memory; every stock starts at its level."""
    rows: dict[str, list[dict]] = {name: [] for name in TABLES}
    _network(rows, weeks)
    levels = _levels(cases)
    for case in cases:
        _product(rows, case, weeks, levels)
    tables = {
        name: pa.Table.from_pylist(rows[name], schema=table.arrow(rows[name][0] if rows[name] else ()))
        for name, table in TABLES.items()
    }
    return Scenario(tables, weeks)


def _levels(cases: Sequence[Case]) -> dict[str, float]:
    """Levels by column name, those that every scenario has among them; 12 decimals."""
    every = np.concatenate([QUANTILE_LEVELS, *(case.demand.levels() for case in cases)])
    names = {"q" + f"{level:.12f}"[2:].rstrip("0").ljust(2, "0"): level for level in np.unique(every.round(12))}
    return {name: level for name, level in names.items() if 0 < level < 1}


def _network(rows: dict[str, list[dict]], weeks: int) -> None:
    at = {"latitude": 40.0, "longitude": -100.0}
    rows["regions"] = [{"region": "town", **at}]
    kinds = {"warehouse": "fulfillment", "depot": "storage", "shop": "fulfillment"}
    for node in _PLACES:
        rows["nodes"].append({"node": node, "kind": kinds[node], "inbound": node != "shop", **at})
        if node != "depot":
            move = {"cost_per_unit": 1.0, "transit_days": 0, "co2_kg_per_unit": 0.0}
            rows["shipping"].append({"node": node, "region": "town", **move})
        if node != "shop":
            rows["labor_plan"] += [{"node": node, "week": week, "units": 100_000} for week in range(weeks)]
    rows["demand_weekdays"] = [{"weekday": 6, "share": 1.0}]


def _product(rows: dict[str, list[dict]], case: Case, weeks: int, levels: dict[str, float]) -> None:
    unit, shop = case.demand.unit, case.shop
    level = round(case.order_up_to * unit)
    rows["products"].append({
        "product": case.name, "vendor": case.name, "unit_cost": 0.0, "lost_sale_cost": case.shortage / unit,
        "overage_cost": case.holding / unit, "review_weeks": 1, "first_review_day": 0, "case_pack": 1,
        "target_in_stock": 0.9, "unit_volume": 1.0, "order_up_to": level, "backlog": case.backlogged,
    })  # fmt: skip
    stocks = {"warehouse": level}
    if shop is not None:
        base = round(shop.base_stock * unit)
        stocks = {"depot": level - base, "shop": base}
        move = {"cost_per_unit": 0.0, "transit_days": 7 * shop.lead_time + 1, "co2_kg_per_unit": 0.0}
        rows["transfers"].append({"origin": "depot", "destination": "shop", **move})
    first = next(iter(stocks))
    for node, units in stocks.items():
        row = {"node": node, "orderable": node == first, "sourcing_cost": 0.0, "on_hand": units}
        rows["product_nodes"].append({"product": case.name, **row, "base_stock": units})
    distribution = {"node": first, "days": 7 * case.lead_time + 1, "probability": 1.0}
    rows["lead_times"].append({"vendor": case.name, **distribution})
    rows["demand_shares"].append({"product": case.name, "region": "town", "share": 1.0})
    quantiles = dict(zip(levels, case.demand.quantile(np.array(list(levels.values()))).tolist(), strict=True))
    row = {"product": case.name, "mean": case.demand.mean * unit, **quantiles}
    rows["demand"] += [row | {"week": week} for week in range(weeks)]
