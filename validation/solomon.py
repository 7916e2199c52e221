"""Solomon's instances of vehicle routing with time windows, as delivery problems.

The rounding is that of the DIMACS challenge: distances are truncated to one decimal, travel takes as many minutes as
miles, and distance is minimized, whatever the number of trucks.
"""

from pathlib import Path

import numpy as np
import pyarrow.csv

from jaxsim.delivery import Orders, Problem, Trucks

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data" / "solomon"
"""Where the instances lie beside a checkout, if they do."""


def names() -> list[str]:
    """Names of the instances that are there."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def best_known() -> dict[str, tuple[float, float]]:
    """Capacity and best known distance by instance."""
    rows = pyarrow.csv.read_csv(FOLDER / "best_known.csv").to_pylist()
    return {row["instance"]: (float(row["vehicle_capacity"]), float(row["best_known_distance"])) for row in rows}


def instance(name: str, customers: int | None = None) -> Problem:
    """An instance, or its first customers alone."""
    rows = np.loadtxt(FOLDER / f"{name}.txt")[: None if customers is None else customers + 1]
    capacity = best_known()[name][0]
    place, count = rows[:, 1:3], len(rows) - 1
    miles = np.floor(np.hypot(*(place[:, None] - place[None, :]).transpose(2, 0, 1)) * 10.0) / 10.0
    trucks, fleet = np.ones(min(count, 25)), min(count, 25)
    return Problem(
        Orders(
            tuple(str(int(each)) for each in rows[1:, 0]),
            weight=rows[1:, 3],
            ready=rows[1:, 4],
            due=rows[1:, 5],
            service=rows[1:, 6],
            late_price=np.full(count, np.inf),
        ),
        Trucks(
            tuple(f"T{i + 1}" for i in range(fleet)),
            capacity=capacity * trucks,
            cost_per_mile=trucks,
            fixed_cost=0.0 * trucks,
            shift_start=rows[0, 4] * trucks,
            shift_end=rows[0, 5] * trucks,
            trips=np.ones(fleet, np.int64),
            reload=0.0 * trucks,
            depot=np.zeros(fleet, np.int64),
        ),
        depots=("depot",),
        miles=miles,
        minutes=miles,
        position=place,
    )
