"""What is to be allocated: lanes, and the supply, demand and capacity that they use.

Lanes are a list, not a matrix: a lane that does not exist takes no room, and products are a third end of a lane. Every
lane belongs to one row of supply, one of demand and at most one of capacity, by number.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

MEASURES = ("cost", "holding_cost", "days", "co2_kg")
"""What a unit on a lane takes: transport cost and holding cost (currency), delivery time (days), emissions (kg)."""

ALL = -1
"""In the place of a product: a row that all products share. In the place of a capacity: a lane that uses none."""


@dataclasses.dataclass(frozen=True)
class Problem:
    """An allocation problem. Quantities are units; measures are per unit, as in `MEASURES`.

    Raises:
        ValueError: shapes differ, a number is NaN, or a quantity is negative or a minimum above its maximum; the
            message names the field and the first place.
    """

    warehouses: tuple[str, ...]
    locations: tuple[str, ...]
    products: tuple[str, ...]
    """Names; empty where there is one kind of unit."""
    supply: Float64[np.ndarray, " supplies"]
    """S."""
    supply_key: Int64[np.ndarray, "supplies 2"]
    """Warehouse and product (or `ALL`) of each supply."""
    demand: Float64[np.ndarray, " demands"]
    """D."""
    demand_key: Int64[np.ndarray, "demands 2"]
    """Location and product (or `ALL`) of each demand."""
    unmet_price: Float64[np.ndarray, " demands"]
    """p, currency per unit that is not met; inf where demand must be met."""
    capacity: Float64[np.ndarray, " capacities"]
    """C, in whatever a unit takes of it."""
    capacity_key: Int64[np.ndarray, " capacities"]
    """Warehouse of each capacity."""
    supply_of: Int64[np.ndarray, " lanes"]
    """Row of `supply` that a lane takes from."""
    demand_of: Int64[np.ndarray, " lanes"]
    """Row of `demand` that a lane serves."""
    capacity_of: Int64[np.ndarray, " lanes"]
    """Row of `capacity` that a lane uses, or `ALL` for none."""
    load: Float64[np.ndarray, " lanes"]
    """a, capacity that a unit takes."""
    measures: dict[str, Float64[np.ndarray, " lanes"]]
    """Each of `MEASURES`, per unit."""
    minimum: Float64[np.ndarray, " lanes"]
    """m."""
    maximum: Float64[np.ndarray, " lanes"]
    """M; inf where there is none."""

    def __post_init__(self) -> None:
        lanes = len(self.supply_of)
        for name in ("supply", "demand", "unmet_price", "capacity", "load", "minimum", "maximum"):
            _check(name, getattr(self, name), infinite=name in ("unmet_price", "maximum"))
        for name, each in self.measures.items():
            if name not in MEASURES:
                raise ValueError(f"there is no measure {name!r}; there are {', '.join(MEASURES)}")
            _check(name, each, negative=True)
            if len(each) != lanes:
                raise ValueError(f"{name} has {len(each)} values for {lanes} lanes")
        bad = np.flatnonzero(self.minimum > self.maximum)
        if bad.size:
            low, high = self.minimum[bad[0]], self.maximum[bad[0]]
            raise ValueError(f"{self.lane_name(bad[0])}: the minimum {low:g} is above the maximum {high:g}")

    @classmethod
    def of_matrix(
        cls,
        costs: Any,
        supply: Any,
        demand: Any,
        *,
        minimum: Any = 0.0,
        maximum: Any = np.inf,
        unmet_price: Any = np.inf,
        warehouses: Sequence[str] | None = None,
        locations: Sequence[str] | None = None,
        **measures: Any,
    ) -> "Problem":
        """A problem of one kind of unit.

        Args:
            costs: cost per unit, (warehouses, locations); inf or NaN where there is no lane.
            supply: units at most from each warehouse. demand: units at least to each location.
            minimum, maximum: units of each lane, (warehouses, locations) or one number for all.
            unmet_price: currency per unit of demand that is not met, by location or one number; inf: it must be met.
            warehouses, locations: names; W1, W2, … and L1, L2, … when left out.
            measures: others of `MEASURES`, (warehouses, locations) each.

        Raises:
            ValueError: shapes do not fit, or as the class says.
        """
        matrix = np.asarray(costs, float)
        if matrix.ndim != 2:
            raise ValueError(f"costs have {matrix.ndim} axes; they need two, warehouses and locations")
        rows, columns = matrix.shape
        supply, demand = _vector("supply", supply, rows), _vector("demand", demand, columns)
        at = np.nonzero(np.isfinite(matrix))
        each = lambda name, given: _matrix(name, given, matrix.shape)[at]
        product = lambda count: np.stack([np.arange(count), np.full(count, ALL)], axis=1)
        return cls(
            warehouses=_names("warehouses", warehouses, "W", rows),
            locations=_names("locations", locations, "L", columns),
            products=(),
            supply=supply,
            supply_key=product(rows),
            demand=demand,
            demand_key=product(columns),
            unmet_price=_vector("unmet_price", unmet_price, columns),
            capacity=np.zeros(0),
            capacity_key=np.zeros(0, np.int64),
            supply_of=at[0],
            demand_of=at[1],
            capacity_of=np.full(len(at[0]), ALL),
            load=np.ones(len(at[0])),
            measures={"cost": matrix[at]} | {name: each(name, given) for name, given in measures.items()},
            minimum=each("minimum", minimum),
            maximum=each("maximum", maximum),
        )

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return len(self.supply_of)

    def measure(self, name: str) -> Float64[np.ndarray, " lanes"]:
        """One of `MEASURES` per unit of each lane; 0 where the problem does not say.

        Raises:
            ValueError: there is no such measure.
        """
        if name not in MEASURES:
            raise ValueError(f"there is no measure {name!r}; there are {', '.join(MEASURES)}")
        return self.measures.get(name, np.zeros(self.lanes))

    @property
    def lane_product(self) -> Int64[np.ndarray, " lanes"]:
        """Product of each lane, `ALL` where there are no products."""
        of_demand = self.demand_key[self.demand_of, 1]
        return np.where(of_demand == ALL, self.supply_key[self.supply_of, 1], of_demand)

    def lane_name(self, lane: int) -> str:
        """A lane in words."""
        start = self.warehouses[self.supply_key[self.supply_of[lane], 0]]
        end = self.locations[self.demand_key[self.demand_of[lane], 0]]
        return f"lane {start} to {end}{self._product(self.lane_product[lane])}"

    def supply_name(self, row: int) -> str:
        """A row of supply in words."""
        return f"{self.warehouses[self.supply_key[row, 0]]}{self._product(self.supply_key[row, 1])}"

    def demand_name(self, row: int) -> str:
        """A row of demand in words."""
        return f"{self.locations[self.demand_key[row, 0]]}{self._product(self.demand_key[row, 1])}"

    def capacity_name(self, row: int) -> str:
        """A row of capacity in words."""
        return self.warehouses[self.capacity_key[row]]

    def _product(self, product: int) -> str:
        return "" if product == ALL else f" of {self.products[product]}"


def _check(name: str, values: np.ndarray, *, infinite: bool = False, negative: bool = False) -> None:
    bad = np.isnan(values) | ((values < 0) & (not negative)) | (np.isinf(values) & (not infinite))
    if bad.any():
        place = int(np.flatnonzero(bad)[0])
        wanted = "a number" if negative else "a number that is not negative"
        raise ValueError(f"{name}[{place}] is {values[place]:g}; it must be {'' if infinite else 'finite, '}{wanted}")


def _vector(name: str, given: Any, size: int) -> Float64[np.ndarray, " size"]:
    values = np.asarray(given, float)
    if values.ndim > 1 or (values.ndim == 1 and len(values) != size):
        raise ValueError(f"{name} has shape {values.shape}; the costs need ({size},)")
    return np.broadcast_to(values, (size,)).copy()


def _matrix(name: str, given: Any, shape: tuple[int, int]) -> Float64[np.ndarray, "rows columns"]:
    values = np.asarray(given, float)
    if values.ndim and values.shape != shape:
        raise ValueError(f"{name} has shape {values.shape}; the costs have {shape}")
    return np.broadcast_to(values, shape)


def _names(name: str, given: Sequence[str] | None, letter: str, size: int) -> tuple[str, ...]:
    names = tuple(f"{letter}{i + 1}" for i in range(size)) if given is None else tuple(map(str, given))
    if len(names) != size or len(set(names)) != size:
        raise ValueError(f"{name} must be {size} different names, one for each place in the costs")
    return names
