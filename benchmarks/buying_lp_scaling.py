"""How the time per LP depends on the size of the batch and on the size of the LP."""

import os
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from benchmarks.buying_lp_instances import Shape, random_instances, repeated
from benchmarks.buying_lp_methods import Contestant, Stopwatch, contestants
from benchmarks.buying_lp_rivals import Rivals

BATCHES = tuple(4**i for i in range(11))
QUICK_BATCHES = (1, 256)
SHAPE: Shape = (8, 8, 4)
"""Of the LPs in batches of all sizes."""

BASE = 8192
"""Different LPs; a larger batch repeats them with other order costs."""

SHAPES: tuple[Shape, ...] = ((4, 4, 4), (8, 8, 4), (12, 12, 4), (16, 16, 4), (16, 32, 4), (24, 48, 4), (32, 64, 4))
BATCH = 1024
"""Of the LPs of all shapes."""

MOST_SECONDS = 30.0
"""A method whose next larger batch would take longer than this gets none."""

QUICK_SHAPES, QUICK_BATCH = SHAPES[:2], 256
COPIES = 6
"""Memory that a batch takes at most, in the size of its LPs: they, the ones before, the answers, and room to work."""


def over_batches(stopwatch: Stopwatch, quick: bool, seed: int) -> Iterator[dict]:
    """Rows of batches of 1 to 4^10 LPs; a method's largest batches are left out where they would take too long."""
    base = random_instances(SHAPE, QUICK_BATCHES[-1] if quick else BASE, seed)
    running = exact_contestants(SHAPE)
    for batch in QUICK_BATCHES if quick else BATCHES:
        needed = COPIES * sum(array.nbytes for array in base.lps.values()) // base.size * batch
        if needed > memory():
            stopwatch.left_out.append(f"batches from {batch}: {needed / 2**30:.1f} GiB of memory needed")
            return
        instances = repeated(base, batch, seed)
        for contestant in tuple(running):
            for row in stopwatch.rows(contestant, instances, batch, np.float64):
                yield row | {"shape": list(SHAPE)}
                if row["start"] == "cold" and 4 * batch * row["us_per_lp"] > MOST_SECONDS * 1e6:
                    running.remove(contestant)
                    stopwatch.left_out.append(f"{contestant.name}: batches above {batch} take too long")


def exact_contestants(shape: Shape) -> list[Contestant]:
    """Those that the simulator can use; the others would take long to compile for so many sizes."""
    return [contestant for contestant in contestants(shape) if contestant.exact]


def over_shapes(stopwatch: Stopwatch, rivals: Rivals, folder: Path, quick: bool, seed: int) -> Iterator[dict]:
    """Rows of LPs of more and more nodes and regions, with those rivals that are quick."""
    batch = QUICK_BATCH if quick else BATCH
    for shape in QUICK_SHAPES if quick else SHAPES:
        if stopwatch.deadline.passed:
            stopwatch.left_out.append(f"shapes from {shape}: out of time")
            return
        instances = random_instances(shape, batch, seed)
        rows, exact = rivals.rows(instances, folder, slow=False, few=True)
        yield from ({"shape": list(shape)} | row for row in rows)
        for contestant in exact_contestants(shape):
            for row in stopwatch.rows(contestant, instances, batch, np.float64, exact):
                yield {"shape": list(shape)} | row


def memory() -> int:
    """Bytes that the device has left: what the system can give and its control group allows, or the accelerator's."""
    if jax.default_backend() != "cpu":
        return (jax.devices()[0].memory_stats() or {}).get("bytes_limit", 0)
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return free
    return free if limit == "max" else min(free, int(limit) - int(used))
