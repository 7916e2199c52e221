"""A plan of allocation: units by lane, what they cost, what supply and demand are worth, and the proof of it."""

import dataclasses
import enum
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.allocation.problem import ALL, MEASURES, Problem
from jaxsim.allocation.shortage import Shortage

TOLERANCE = 1e-7
"""Largest gap and residuals, as parts of the problem's own numbers, of a plan that is called optimal."""


class Status(enum.Enum):
    """How a solve ended; the value is a sentence."""

    OPTIMAL = "The plan keeps every limit, and its prices prove that none costs less."
    INFEASIBLE = "No plan keeps every limit; this one breaks them by the least amount."
    INACCURATE = "The solver claims an optimum that its prices do not prove to the tolerance."


@dataclasses.dataclass(frozen=True)
class Plan:
    """An allocation.

    Prices are derivatives of the least objective: by how much it changes with one more unit of supply (never more) or
    demand (never less). At a kink, where the next unit is worth less than the last one, a price lies between both. They
    are NaN where the problem is infeasible.
    """

    problem: Problem
    status: Status
    weights: Mapping[str, float]
    """Weight of each measure in the objective."""
    units: Float64[np.ndarray, " lanes"]
    unmet: Float64[np.ndarray, " demands"]
    """Units of demand that are not met."""
    objective: float
    """Σ weight · measure, unmet demand counted as cost."""
    supply_price: Float64[np.ndarray, " supplies"]
    demand_price: Float64[np.ndarray, " demands"]
    capacity_price: Float64[np.ndarray, " capacities"]
    limit_price: Mapping[str, float]
    """Of the bound on each measure, where there are bounds."""
    at_most: Mapping[str, float]
    """Those bounds."""
    gap: float
    """|objective − objective of the prices| as a part of Σ |terms of the objective|."""
    residual: float
    """Largest violation of a limit, or of a reduced cost's sign, as a part of the largest number there."""
    shortage: Shortage | None
    """Why there is no plan, where there is none."""
    columns: int
    """Lanes that the solver had to look at; the others are proven by their reduced costs."""

    @property
    def cost(self) -> float:
        """Transport cost of the plan, currency."""
        return self.total("cost")

    def total(self, measure: str) -> float:
        """Sum of a measure over all units, without unmet demand."""
        return float(self.problem.measure(measure) @ self.units)

    @property
    def totals(self) -> dict[str, float]:
        """Every measure that the problem has, and what unmet demand costs."""
        named = {name: self.total(name) for name in MEASURES if name in self.problem.measures}
        return named | {"unmet_cost": self.unmet_cost}

    @property
    def unmet_cost(self) -> float:
        """Currency for demand that is not met."""
        priced = np.isfinite(self.problem.unmet_price)
        return float(self.problem.unmet_price[priced] @ self.unmet[priced])

    @property
    def reduced_cost(self) -> Float64[np.ndarray, " lanes"]:
        """What a unit on a lane costs beyond what it is worth: ≥ 0 on a lane at its minimum, ≤ 0 at its maximum."""
        problem = self.problem
        price = self.supply_price[problem.supply_of] + self.demand_price[problem.demand_of]
        used = problem.capacity_of != ALL
        price[used] += (problem.load * self.capacity_price[problem.capacity_of])[used] if used.any() else 0.0
        for name, each in self.limit_price.items():
            price += each * problem.measure(name)
        return objective_of(problem, self.weights) - price

    def matrix(self) -> Float64[np.ndarray, "warehouses locations"]:
        """Units from each warehouse to each location, all products together."""
        units = np.zeros((len(self.problem.warehouses), len(self.problem.locations)))
        start = self.problem.supply_key[self.problem.supply_of, 0]
        np.add.at(units, (start, self.problem.demand_key[self.problem.demand_of, 0]), self.units)
        return units

    @property
    def table(self) -> pa.Table:
        """A row per lane that carries units: warehouse, location, product, units, measures, reduced cost."""
        problem, used = self.problem, np.flatnonzero(self.units > 1e-9 * max(1.0, float(self.units.max(initial=0.0))))
        name = lambda names, which: pa.array(np.array(names, object)[which], pa.string())
        columns = {
            "warehouse": name(problem.warehouses, problem.supply_key[problem.supply_of[used], 0]),
            "location": name(problem.locations, problem.demand_key[problem.demand_of[used], 0]),
        }
        if problem.products:
            columns["product"] = name(problem.products, problem.lane_product[used])
        columns["units"] = pa.array(self.units[used])
        columns |= {key: pa.array(each[used] * self.units[used]) for key, each in problem.measures.items()}
        return pa.table(columns | {"reduced_cost": pa.array(self.reduced_cost[used])})

    @property
    def prices(self) -> pa.Table:
        """A row per limit: what it is of, its name, units there, units used, and the price of one more."""
        problem = self.problem
        used = lambda of, size, load: np.bincount(of, self.units * load, size)[:size]
        shared = problem.capacity_of != ALL
        capacity = np.bincount(problem.capacity_of[shared], (self.units * problem.load)[shared], len(problem.capacity))
        sides = (
            ("supply", problem.supply_name, problem.supply, used(problem.supply_of, len(problem.supply), 1.0)),
            ("demand", problem.demand_name, problem.demand, used(problem.demand_of, len(problem.demand), 1.0)),
            ("capacity", problem.capacity_name, problem.capacity, capacity),
        )
        prices = (self.supply_price, self.demand_price, self.capacity_price)
        rows = [
            {"limit": side, "name": name(i), "units": float(units[i]), "used": float(use[i]), "price": float(price[i])}
            for (side, name, units, use), price in zip(sides, prices, strict=True)
            for i in range(len(units))
        ]
        rows += [
            {
                "limit": "at_most",
                "name": name,
                "units": bound,
                "used": self.total(name),
                "price": self.limit_price[name],
            }
            for name, bound in self.at_most.items()
        ]
        return pa.Table.from_pylist(rows, _PRICES)


_PRICES = pa.schema(
    [("limit", pa.string()), ("name", pa.string()), *((name, pa.float64()) for name in ("units", "used", "price"))]
)


def objective_of(problem: Problem, weights: Mapping[str, float]) -> Float64[np.ndarray, " lanes"]:
    """Σ weight · measure of a unit of each lane."""
    return sum((weight * problem.measure(name) for name, weight in weights.items()), np.zeros(problem.lanes))
