"""Why an allocation has no plan: which limits contradict each other, and by how much.

Prices that minimize violation prove an inequality that no plan can keep: the demand of some locations, less all that
the supplies and lanes that reach them can bring, is the amount that is missing (Farkas' lemma; for one product the cut
of a network, Gale 1957). For example three cities want 100 units and the two warehouses with lanes to them have 88:
12 units are missing, whatever is allocated.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from jaxsim.allocation.problem import Problem
from jaxsim.allocation.sifting import Answer, ColumnLP

_SHOWN = 5


@dataclasses.dataclass(frozen=True)
class Shortage:
    """What contradicts itself in a problem."""

    amount: float
    """Units by which the demand (or the minima) in the contradiction exceeds what can serve it."""
    conflict: pa.Table
    """The limits in the contradiction: limit, name, units, and the weight of each in it; a weight of 1 throughout for
    a problem of one product."""
    broken: pa.Table
    """Limits that the plan of least violation breaks, and by how many units: limit, name, units."""

    def __str__(self) -> str:
        rows = self.conflict.to_pylist()
        names = lambda side: [row for row in rows if row["limit"] == side]
        need, lanes = names("demand") + names("minimum"), names("maximum")
        have = names("supply") + names("capacity") + names("at_most")
        broken = ", ".join(f"{row['limit']} of {row['name']} by {row['units']:g}" for row in _first(self.broken))
        more = max(0, self.broken.num_rows - _SHOWN)
        wanted, there = _listed(need, "counted as"), _listed(have + lanes, "enough for")
        text = f"No plan keeps every limit: {wanted} exceeds {there} by {self.amount:g}."
        return f"{text} The plan of least violation misses {broken}{f' and {more} more' if more else ''}."


def _first(rows: pa.Table) -> list[dict]:
    return rows.slice(0, _SHOWN).to_pylist()


def _listed(rows: list[dict], weighted: str) -> str:
    """Limits in words, with what they add up to; `weighted` says what the sum is where a limit has another unit."""
    if not rows:
        return "nothing that could serve it (0 in all)"
    sides = dict.fromkeys(row["limit"] for row in rows)
    parts = []
    for side in sides:
        names = [row["name"] for row in rows if row["limit"] == side]
        shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
        parts.append(f"{_WORDS[side]} {shown}")
    total = sum(row["units"] * row["weight"] for row in rows)
    alike = all(abs(row["weight"] - 1.0) < 1e-9 for row in rows)
    return f"{' and '.join(parts)} ({f'{total:g} in all' if alike else f'{weighted} {total:g}'})"


_WORDS = {
    "demand": "the demand of",
    "minimum": "the minimum of",
    "supply": "the supply of",
    "capacity": "the capacity of",
    "maximum": "the maximum of",
    "at_most": "the bound on",
}


def explain(problem: Problem, at_most: Mapping[str, float], lp: ColumnLP, answer: Answer) -> Shortage:
    """The contradiction that the prices of least violation prove."""
    scale = _unit(answer.y, len(problem.supply), len(problem.demand))
    y = answer.y / scale
    names = _row_names(problem, at_most)
    rows = [
        {"limit": side, "name": name, "units": float(abs(bound)), "weight": float(abs(price))}
        for (side, name), price, bound in zip(names, y, np.where(y > 0, lp.row_low, lp.row_high), strict=True)
        if abs(price) > 1e-9
    ]
    worth = lp.matrix.T @ y  # what a unit of each lane brings to the contradiction; the lane's bound ends it
    lanes = problem.lanes
    for lane in np.flatnonzero(np.abs(worth[:lanes]) > 1e-9).tolist():
        limit, bound = ("maximum", lp.upper[lane]) if worth[lane] > 0 else ("minimum", lp.lower[lane])
        if bound > 0:
            name = problem.lane_name(lane)
            rows.append({"limit": limit, "name": name, "units": float(bound), "weight": float(abs(worth[lane]))})
    off = np.flatnonzero(answer.violation > 1e-9 * max(1.0, float(np.abs(answer.x).max(initial=0.0))))
    broken = [{"limit": names[i][0], "name": names[i][1], "units": float(answer.violation[i])} for i in off]
    sign = lambda row: 1.0 if row["limit"] in ("demand", "minimum") else -1.0
    amount = sum(sign(row) * row["units"] * row["weight"] for row in rows)
    return Shortage(float(amount), pa.Table.from_pylist(rows, _CONFLICT), pa.Table.from_pylist(broken, _BROKEN))


def _unit(y: Float64[np.ndarray, " rows"], supplies: int, demands: int) -> float:
    """The price that counts as a weight of 1: the smallest one of a demand, so that all is said in units of it."""
    sizes = np.abs(y)
    of_demand = sizes[supplies : supplies + demands]
    for some in (of_demand[of_demand > 1e-9], sizes[sizes > 1e-9]):
        if some.size:
            return float(some.min())
    return 1.0


def _row_names(problem: Problem, at_most: Mapping[str, float]) -> list[tuple[str, str]]:
    return [
        *(("supply", problem.supply_name(i)) for i in range(len(problem.supply))),
        *(("demand", problem.demand_name(i)) for i in range(len(problem.demand))),
        *(("capacity", problem.capacity_name(i)) for i in range(len(problem.capacity))),
        *(("at_most", name) for name in at_most),
    ]


_CONFLICT = pa.schema(
    [("limit", pa.string()), ("name", pa.string()), ("units", pa.float64()), ("weight", pa.float64())]
)
_BROKEN = pa.schema([("limit", pa.string()), ("name", pa.string()), ("units", pa.float64())])
