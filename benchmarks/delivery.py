"""Quality of delivery schedules on Solomon's 29 instances C1, R1 and RC1, beside the best known and OR-Tools.

    python -m benchmarks.delivery [--seconds 5] [--parts heuristic exact ortools] [--ortools FOLDER] [--out FOLDER]

Distances are truncated to one decimal (the DIMACS convention) and alone are minimized, with up to 25 trucks.
*heuristic*: every instance by PyVRP for so many seconds, making of a first plan and of its model included. *exact*: the
instances with narrow windows, whole or their first customers, by HiGHS to proven optimality or 60 seconds. *ortools*:
OR-Tools' routing library for as long, in an environment of its own (`benchmarks/rivals/delivery.sh` makes it). Every
plan is judged by the checker of schedules, OR-Tools' too. Without the instances there is nothing to do. Writes
`delivery_<backend>.json`, and keeps the parts that were not asked for.
"""

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.delivery import Problem, Schedule, Status, plan, violations
from jaxsim.delivery.schedule import scheduled
from validation import solomon
from validation.environment import environment

TIMING = (
    "wall time of one plan on one core of a machine that other work may share; the load average says how much, and "
    "processor seconds how much of its time a search of PyVRP got"
)
EXACT = ("R101.25", "C101.25", "RC101.25", "R101.50", "RC101.50", "R101.100", "C101.100")
"""Instance and number of its first customers."""
EXACT_SECONDS = 60.0
PARTS = ("heuristic", "exact", "ortools")
_RIVAL = Path(__file__).parent / "rivals" / "ortools_vrp.py"


def heuristic(seconds: float, seed: int) -> Iterator[dict]:
    """Every instance by PyVRP."""
    for name, (_, best) in sorted(solomon.best_known().items()):
        if name in solomon.names():
            problem, began = solomon.instance(name), time.process_time()
            found = plan(problem, method="pyvrp", seconds=seconds, seed=seed)
            yield row_of(name, found, best) | {"processor_seconds": time.process_time() - began}


def row_of(name: str, schedule: Schedule, best: float) -> dict[str, Any]:
    """Distance and gap of a schedule; feasible where the checker finds nothing and no order is left out."""
    return {
        "instance": name,
        "distance": round(schedule.miles, 1),
        "best_known": best,
        "gap": schedule.miles / best - 1.0,
        "feasible": not violations(schedule) and not schedule.unplanned,
        "seconds": schedule.seconds,
    }


def exact() -> Iterator[dict]:
    """Narrow windows by HiGHS."""
    for each in EXACT:
        name, customers = each.split(".")
        found = plan(solomon.instance(name, int(customers)), method="milp", seconds=EXACT_SECONDS)
        yield {
            "instance": each, "distance": round(found.miles, 1), "bound": found.bound, "gap": found.gap,
            "optimal": found.status is Status.OPTIMAL, "feasible": not violations(found), "seconds": found.seconds,
        }  # fmt: skip


def ortools(python: Path, seconds: float) -> Iterator[dict]:
    """Every instance by OR-Tools, in the Python of its environment."""
    for name, (_, best) in sorted(solomon.best_known().items()):
        if name not in solomon.names():
            continue
        problem = solomon.instance(name)
        with tempfile.TemporaryDirectory() as folder:
            asked, answered = Path(folder) / "asked.json", Path(folder) / "answered.json"
            asked.write_text(json.dumps(_asked(problem, seconds)))
            subprocess.run([str(python), str(_RIVAL), str(asked), str(answered)], check=True)
            answer = json.loads(answered.read_text())
        routes = {truck: [route] for truck, route in enumerate(answer["routes"])}
        found = scheduled(problem, routes, Status.HEURISTIC, "ortools", "OR-Tools routing")
        yield row_of(name, found, best) | {"seconds": answer["seconds"], "version": answer["version"]}


def _asked(problem: Problem, seconds: float) -> dict[str, Any]:
    """The instance in tenths, which are whole numbers."""
    tenths = lambda values: np.rint(np.asarray(values) * 10).astype(int).tolist()
    orders, trucks = problem.orders, problem.trucks
    return {
        "distance": tenths(problem.miles),
        "demand": orders.weight.astype(int).tolist(),
        "ready": tenths(orders.ready),
        "due": tenths(orders.due),
        "service": tenths(orders.service),
        "capacity": int(trucks.capacity[0]),
        "trucks": len(trucks),
        "end": int(trucks.shift_end[0] * 10),
        "seconds": seconds,
    }


def summary(rows: list[dict]) -> dict[str, Any]:
    """Means over the instances."""
    gaps = np.array([row["gap"] for row in rows])
    return {
        "instances": len(rows),
        "feasible": sum(row["feasible"] for row in rows),
        "mean_gap": float(gaps.mean()),
        "largest_gap": float(gaps.max()),
        "at_best_known": int((gaps <= 1e-6).sum()),
    }


def main() -> None:
    """Run the parts, print rows, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["heuristic", "exact"])
    parser.add_argument("--ortools", type=Path, help="folder of OR-Tools' environment")
    parser.add_argument("--quick", action="store_true", help="a tenth of the time")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    if not solomon.names():
        raise SystemExit(f"there are no instances in {solomon.FOLDER}")
    seconds = options.seconds / 10 if options.quick else options.seconds
    head = environment(options.seed, TIMING) | {"pyvrp": version("pyvrp"), "seconds": seconds}
    path = options.out / f"delivery_{head['backend']}.json"
    found = json.loads(path.read_text("utf-8")) if path.exists() else {}
    made = {
        "heuristic": lambda: heuristic(seconds, options.seed),
        "exact": exact,
        "ortools": lambda: ortools(options.ortools / "bin" / "python", seconds),
    }
    options.out.mkdir(parents=True, exist_ok=True)
    for part in options.parts:
        rows = []
        for row in made[part]():
            print(row, flush=True)
            rows.append(row)
        found[part] = {"environment": head, "rows": rows}
        if part != "exact":
            found[part] |= {"summary": summary(rows)}
            print(found[part]["summary"])
        path.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    print(path)


if __name__ == "__main__":
    main()
