"""Buying LPs as the rivals read them, and their times, the same way for every solver of one LP after the other.

No package of ours is imported here. The file is one that `benchmarks.buying_lp_instances` wrote. Columns of an LP are
x (K), y (K R, node first), o (K), z (R M, region first); its rows are the supplies, the demands and the order total.
Where there are side constraints, each has a row before the order total and a column for what its upper bound has left.
"""

import argparse
import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np


class LPs(NamedTuple):
    """Minimize cost x subject to matrix x = right, 0 <= x <= upper, for a batch of LPs, which comes first.

    Quantities are in an LP's own `unit` and costs in its `step`, powers of two that bring both near 1000: tolerances
    of solvers are absolute.
    """

    shape: tuple[int, int, int]
    matrix: np.ndarray
    cost: np.ndarray
    upper: np.ndarray
    """inf where there is no bound."""
    right: np.ndarray
    unit: np.ndarray
    step: np.ndarray

    @property
    def number(self) -> int:
        """LPs."""
        return len(self.cost)

    @property
    def units(self) -> np.ndarray:
        """Sum of all supplies and the order total."""
        return self.right[:, : self.shape[0]].sum(1) + self.right[:, -1]

    def objective(self, point: np.ndarray) -> np.ndarray:
        """Objective of points (LPs, columns), in the currency of the instances."""
        return (self.cost * point).sum(1) * self.unit * self.step

    def size(self, point: np.ndarray) -> np.ndarray:
        """Sum of the magnitudes of the objective's terms, in the currency of the instances."""
        return np.abs(self.cost * point).sum(1) * self.unit * self.step

    def residual(self, point: np.ndarray) -> np.ndarray:
        """Largest violation of a row or bound, as a part of all units of an LP."""
        row = np.abs(point @ self.matrix.T - self.right).max(1)
        bound = np.maximum(-point, point - self.upper).max(1)
        return np.maximum(row, bound) / self.units

    def scaled(self, unit: np.ndarray, step: np.ndarray) -> "LPs":
        """The same LPs in these units and steps, from those in units of 1."""
        of = lambda array, scale: np.ascontiguousarray(array / scale[:, None])
        return self._replace(
            cost=of(self.cost, step), upper=of(self.upper, unit), right=of(self.right, unit), unit=unit, step=step
        )


class Changes(NamedTuple):
    """Places where the LP to hand over differs from the one that the solver holds: the rest need not be told."""

    cost: np.ndarray
    upper: np.ndarray
    right: np.ndarray


class Solver(Protocol):
    """A solver of one LP at a time, all of one shape."""

    @property
    def name(self) -> str:
        """With the settings that are not the solver's own."""
        ...

    @property
    def starts(self) -> tuple[str, ...]:
        """cold, and hot where it can start from its last optimum."""
        ...

    def solve(self, lps: LPs, index: int, changes: Changes, hot: bool) -> np.ndarray | None:
        """Take the LP, solve it, and give the order, columns x; None without an optimum."""
        ...

    def point(self) -> np.ndarray:
        """All columns of the last optimum."""
        ...


def constraint_matrix(nodes: int, regions: int, segments: int) -> np.ndarray:
    """Rows by columns, the same for all LPs of a shape."""
    node, region = np.eye(nodes), np.eye(regions)
    supply = [-node, np.kron(node, np.ones(regions)), node, np.zeros((nodes, regions * segments))]
    demand = [np.zeros((regions, nodes)), np.kron(np.ones(nodes), region), np.zeros((regions, nodes))]
    demand += [-np.kron(region, np.ones(segments))]
    total = np.zeros((1, 2 * nodes + nodes * regions + regions * segments))
    total[0, :nodes] = 1
    return np.vstack([np.hstack(supply), np.hstack(demand), total])


def measure(solver: Solver, lps: LPs, before: LPs, passes: int) -> list[dict]:
    """A row for each way to start: time of handing over, solving and reading the order; the best of several passes.

    A hot start of an LP comes right after the LP before it, which is not timed.
    """
    times = np.zeros((passes, len(solver.starts), lps.number))
    points = np.full((len(solver.starts), *lps.cost.shape), np.nan)
    held = np.full_like(lps.cost[0], np.nan), np.full_like(lps.upper[0], np.nan), np.full_like(lps.right[0], np.nan)

    def run(given: LPs, index: int, hot: bool) -> tuple[float, bool]:
        nonlocal held
        new = given.cost[index], given.upper[index], given.right[index]
        changes = Changes(*(np.flatnonzero(a != b).astype(np.int32) for a, b in zip(new, held, strict=True)))
        held = new
        began = time.perf_counter()
        order = solver.solve(given, index, changes, hot)
        return time.perf_counter() - began, order is not None

    for turn in range(passes):
        for index in range(lps.number):
            for place, start in enumerate(solver.starts):
                if start == "hot":
                    run(before, index, hot=False)
                times[turn, place, index], solved = run(lps, index, start == "hot")
                if solved:
                    points[place, index] = solver.point()
    rows = zip(solver.starts, times.mean(2).T, points, strict=True)
    return [row(solver.name, start, lps, seconds, point) for start, seconds, point in rows]


def row(method: str, start: str, lps: LPs, seconds: np.ndarray, point: np.ndarray) -> dict:
    """Figures of a rival; ``seconds`` per LP of every pass, NaN in ``point`` (LPs, columns) where it has no optimum."""
    solved = np.isfinite(point).all(1)
    return {
        "method": method,
        "start": start,
        "lps": lps.number,
        "threads": 1,
        "us_per_lp": float(seconds.min() * 1e6),
        "us_per_lp_passes": (seconds * 1e6).tolist(),
        "solved": float(solved.mean()),
        "primal_residual": float(lps.residual(point)[solved].max(initial=0)),
        "objective": lps.objective(point).tolist(),
        "size": lps.size(point).tolist(),
    }


def asked() -> tuple[LPs, LPs, int]:
    """LPs, earlier LPs and passes, from the command line; from here on the process has one core."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path, help="what benchmarks.buying_lp_instances wrote")
    parser.add_argument("--count", type=int, required=True, help="LPs, the first ones of the file")
    parser.add_argument("--passes", type=int, default=3, help="of which the best counts")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return *read(options.file, options.count), options.passes


def report(rows: list[dict], package: str) -> None:
    """Print the rows and the version as JSON."""
    print(json.dumps({"rows": rows, "versions": {package: version(package)}}))


def read(path: Path, count: int) -> tuple[LPs, LPs]:
    """The first LPs of a file, and the earlier ones that hot starts are from, in the same units."""
    with np.load(path) as file:
        # Coefficients of side constraints are those of all LPs.
        arrays = {name: array if name == "side_coefficient" else array[..., :count] for name, array in file.items()}
    lps, before = (_with_side_rows(_lps(arrays, prefix), arrays) for prefix in ("", "before_"))
    unit, step = _power_of_two(lps.units), _power_of_two(np.abs(lps.cost).max(1))
    return lps.scaled(unit, step), before.scaled(unit, step)


def _lps(arrays: dict[str, np.ndarray], prefix: str) -> LPs:
    field = lambda name: np.moveaxis(arrays[prefix + name], -1, 0)
    width, total = field("segment_width"), field("order_total")
    count, regions, segments = width.shape
    nodes = field("supply").shape[1]
    flat = lambda array: array.reshape(count, -1)
    closed = ~np.isfinite(field("route_cost"))
    route = np.where(closed, 0.0, field("route_cost"))
    value = np.broadcast_to(field("segment_value"), width.shape)
    cost = np.concatenate([field("order_cost"), flat(route), field("overage_cost"), -flat(value)], axis=1)
    free = flat(np.where(closed, 0.0, np.inf))
    upper = np.concatenate([field("order_cap"), free, np.full((count, nodes), np.inf), flat(width)], axis=1)
    right = np.concatenate([field("supply"), np.zeros((count, regions)), total[:, None]], axis=1)
    one = np.ones(count)
    return LPs((nodes, regions, segments), constraint_matrix(nodes, regions, segments), cost, upper, right, one, one)


def _with_side_rows(lps: LPs, arrays: dict[str, np.ndarray]) -> LPs:
    """The LPs with the side constraints of the file, if it has any."""
    if "side_coefficient" not in arrays:
        return lps
    coefficient, low, high = (arrays[f"side_{name}"] for name in ("coefficient", "low", "high"))
    rows, columns = len(coefficient), lps.matrix.shape[1]
    side = np.hstack([coefficient, np.zeros((rows, columns - coefficient.shape[1])), np.eye(rows)])
    matrix = np.hstack([lps.matrix, np.zeros((len(lps.matrix), rows))])
    return lps._replace(
        matrix=np.vstack([matrix[:-1], side, matrix[-1:]]),
        cost=np.hstack([lps.cost, np.zeros((lps.number, rows))]),
        upper=np.hstack([lps.upper, (high - low).T]),
        right=np.hstack([lps.right[:, :-1], high.T, lps.right[:, -1:]]),
    )


def _power_of_two(size: np.ndarray) -> np.ndarray:
    """A scale that brings ``size`` near 2^10 and changes no digit."""
    return 2.0 ** (np.round(np.log2(np.where(size > 0, size, 1.0))) - 10)
