"""Speed of allocation: large problems beside HiGHS on all their lanes, batches of small ones beside HiGHS one by one.

    python -m benchmarks.allocation [--quick] [--seed 0] [--out benchmarks/results]

Large problems have warehouses and locations in a square and Euclidean costs, or random ones. HiGHS is given the same LP
whole, as one model, with its defaults and one thread. Small problems go through `solve_batch` in one call, and through
HiGHS in a model that is kept while costs and bounds change. Every objective is compared. Writes
`allocation_<backend>.json`.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import highspy
import jax
import numpy as np

from jaxsim.allocation import Problem, Status, ranging, solve, solve_batch, weighted_front
from jaxsim.allocation.solving import WEIGHTS, linear_program
from jaxsim.highs import QuietHighs
from validation.environment import environment

TIMING = (
    "wall time of one call after one of the same shape; best of three for batches, of two for large problems; reading "
    "of tables is not in it, the certificate is"
)
Answer = TypeVar("Answer")
SHAPES = ((100, 100), (300, 300), (1000, 1000))
BATCHES = ((3, 4, 4096), (8, 12, 4096), (16, 32, 1024))


def large(rows: int, columns: int, kind: str, seed: int) -> Problem:
    """A problem with supply a quarter above demand."""
    rng = np.random.default_rng(seed)
    start, end = rng.uniform(0, 100, (rows, 2)), rng.uniform(0, 100, (columns, 2))
    plane = np.hypot(*(start[:, None] - end[None, :]).transpose(2, 0, 1))
    costs = plane if kind == "plane" else rng.uniform(1, 100, (rows, columns))
    return Problem.of_matrix(costs, rng.integers(80, 120, rows), rng.integers(60, 100, columns) * rows / columns)


def whole(problem: Problem) -> tuple[float, float]:
    """Seconds and objective of HiGHS on all lanes at once."""
    lp = linear_program(problem, WEIGHTS, {})
    began = time.perf_counter()
    highs = model_of(lp)
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return time.perf_counter() - began, float(highs.getInfo().objective_function_value)


def model_of(lp: Any) -> Any:
    """A solver that holds an LP."""
    highs: Any = QuietHighs()
    highs.setOptionValue("threads", 1)
    model: Any = highspy.HighsLp()
    model.num_row_, model.num_col_ = len(lp.row_low), len(lp.cost)
    model.col_cost_, model.col_lower_, model.col_upper_ = lp.cost, lp.lower, lp.upper
    model.row_lower_, model.row_upper_ = lp.row_low, lp.row_high
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = lp.matrix.indptr, lp.matrix.indices
    model.a_matrix_.value_ = lp.matrix.data
    highs.passModel(model)
    return highs


def best_of(times: int, call: Callable[[], Answer]) -> tuple[float, Answer]:
    """Least seconds of a few calls, and what the last one returned."""
    seconds, answer = [], None
    for _ in range(times):
        began = time.perf_counter()
        answer = call()
        seconds.append(time.perf_counter() - began)
    assert answer is not None
    return min(seconds), answer


def large_rows(quick: bool, seed: int) -> Iterator[dict]:
    """Each shape and kind: ours, then HiGHS whole."""
    for rows, columns in SHAPES[:1] if quick else SHAPES:
        for kind in ("plane", "random"):
            problem = large(rows, columns, kind, seed)
            took, plan = best_of(2, lambda problem=problem: solve(problem))
            assert plan.status is Status.OPTIMAL
            seconds, objective = whole(problem)
            yield {
                "what": "large", "shape": [rows, columns], "kind": kind, "lanes": problem.lanes,
                "seconds": took, "lanes_seen": plan.columns, "gap": plan.gap, "residual": plan.residual,
                "objective": plan.objective, "highs_whole_seconds": seconds,
                "relative_difference": abs(plan.objective - objective) / objective,
            }  # fmt: skip


def batch_rows(quick: bool, seed: int) -> Iterator[dict]:
    """Each shape: the batch in one call, and HiGHS with a kept model."""
    for rows, columns, count in BATCHES[:1] if quick else BATCHES:
        count = 64 if quick else count
        rng = np.random.default_rng((seed, rows, columns))
        costs = rng.uniform(1, 10, (count, rows, columns))
        supply = rng.uniform(30, 50, (count, rows)) * columns / rows
        demand = rng.uniform(15, 25, (count, columns))
        solve_batch(costs, supply, demand)
        took, plans = best_of(3, lambda costs=costs, supply=supply, demand=demand: solve_batch(costs, supply, demand))
        some = min(count, 256)
        seconds, objectives = kept_model(costs[:some], supply[:some], demand[:some])
        ours = plans.objective[:some]
        assert plans.proven.all()
        yield {
            "what": "batch", "shape": [rows, columns], "batch": count, "us_per_problem": took / count * 1e6,
            "highs_us_per_problem": seconds / some * 1e6, "proven": int(plans.proven.sum()),
            "largest_relative_difference": float((np.abs(ours - objectives) / objectives).max()),
        }  # fmt: skip


def kept_model(costs: np.ndarray, supply: np.ndarray, demand: np.ndarray) -> tuple[float, np.ndarray]:
    """Seconds and objectives of HiGHS, one problem after the other in one model that keeps its basis."""
    first = Problem.of_matrix(costs[0], supply[0], demand[0])
    highs = model_of(linear_program(first, WEIGHTS, {}))
    lanes, rows = costs[0].size, len(supply[0]) + len(demand[0])
    columns, every = np.arange(lanes, dtype=np.int32), np.arange(rows, dtype=np.int32)
    highs.run()
    found, began = [], time.perf_counter()
    for cost, most, least in zip(costs, supply, demand, strict=True):
        highs.changeColsCost(lanes, columns, cost.ravel())
        low, high = np.r_[np.full(len(most), -np.inf), least], np.r_[most, np.full(len(least), np.inf)]
        highs.changeRowsBounds(rows, every, low, high)
        highs.run()
        found.append(highs.getInfo().objective_function_value)
    return time.perf_counter() - began, np.array(found)


def other_rows(seed: int) -> Iterator[dict]:
    """A front and ranges of a middling problem."""
    rng = np.random.default_rng(seed)
    shape = (20, 30)
    problem = Problem.of_matrix(
        rng.uniform(1, 10, shape), rng.integers(60, 90, 20), rng.integers(30, 50, 30), co2_kg=rng.uniform(1, 10, shape)
    )
    began = time.perf_counter()
    front = weighted_front(problem, most=30)
    yield {"what": "front", "shape": list(shape), "plans": len(front.plans), "seconds": time.perf_counter() - began}
    plan, began = solve(problem), time.perf_counter()
    lanes = len(ranging(plan).lane)
    yield {"what": "ranging", "shape": list(shape), "lanes": lanes, "seconds": time.perf_counter() - began}


def main() -> None:
    """Run all, print rows, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the smallest shapes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    head, rows = environment(options.seed, TIMING) | {"quick": options.quick}, []
    for part in (
        large_rows(options.quick, options.seed),
        batch_rows(options.quick, options.seed),
        other_rows(options.seed),
    ):
        for row in part:
            print(row, flush=True)
            rows.append(row)
    path = options.out / f"allocation_{head['backend']}.json"
    options.out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(head | {"rows": rows}, indent=1) + "\n", "utf-8")
    print(path)


if __name__ == "__main__":
    main()
