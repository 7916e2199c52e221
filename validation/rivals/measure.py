"""Replications, confidence limits and speed, the same way for every simulator."""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from validation.rivals.cases import PERIODS, REPLICATIONS, SEED, T_95, WARM_UP, Cases, Serial, Stage, read

Replication = Callable[[int, int], float]
"""Mean cost per period after the warm-up, given a seed and the number of periods."""


class Rival(NamedTuple):
    """A rival's name in the results and the package that it is."""

    name: str
    package: str


class Run(NamedTuple):
    """What a simulator found in a case, and what it took."""

    mean: float
    half: float
    """Half the width of the 95% limits."""
    replications: int
    periods: int
    """Measured, of all replications."""
    warm_up: int
    """Periods of a replication that are not."""
    node_periods: int
    """Locations times periods simulated, with those of the warm-up."""
    seconds: float
    processor_seconds: float


def asked() -> tuple[Cases, int]:
    """The instances and the measured periods of one replication, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=Path, help="what validation.rivals.export wrote")
    parser.add_argument("--periods", type=int, default=PERIODS)
    options = parser.parse_args()
    return read(options.cases), options.periods


def measure(rival: Rival, case: Stage | Serial, periods: int, replicate: Replication, paths: int = 1) -> dict:
    """One row of a rival's results; `paths` independent paths run inside each replication."""
    wall, busy = time.perf_counter(), time.process_time()
    means = [replicate(SEED + number, periods + WARM_UP) for number in range(REPLICATIONS)]
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    half = T_95 * statistics.stdev(means) / math.sqrt(REPLICATIONS)
    count = paths * REPLICATIONS
    nodes = len(case.levels) * count * (periods + WARM_UP)
    run = Run(statistics.fmean(means), half, REPLICATIONS, count * periods, WARM_UP, nodes, wall, busy)
    charge = case.arrival_charge if isinstance(case, Serial) else 0.0
    return row(case, rival.name, version(rival.package), run, charge)


def row(case: Stage | Serial, simulator: str, release: str, run: Run, charge: float = 0.0) -> dict:
    """One row of results; `charge` is what the simulator's costs are above textbook timing."""
    low, high, exact = run.mean - run.half, run.mean + run.half, case.exact + charge
    return {
        "case": case.name,
        "rival": simulator,
        "version": release,
        "levels": case.levels,
        "mean": run.mean,
        "low": low,
        "high": high,
        "exact": exact,
        "limits_contain_exact": low <= exact <= high,
        "charge_above_textbook": charge,
        "published": case.published,
        "published_is_bound": case.published_is_bound,
        "replications": run.replications,
        "periods": run.periods,
        "warm_up": run.warm_up,
        "node_periods": run.node_periods,
        "seconds": run.seconds,
        "processor_seconds": run.processor_seconds,
        "node_periods_per_second": run.node_periods / run.seconds,
        "node_periods_per_processor_second": run.node_periods / run.processor_seconds,
    }


def report(rows: list[dict], **more: object) -> None:
    """Print the rows, and what else the rival says, as JSON."""
    print(json.dumps({"rows": rows, **more}, indent=1))
