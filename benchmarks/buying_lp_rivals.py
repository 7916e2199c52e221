"""Other people's solvers on the same buying LPs, each in a process of its own on one core.

HiGHS and scipy run in our environment, the others in one of their own, which `benchmarks/rivals/lps.sh` makes:
highspy and OR-Tools cannot share a process. A rival whose environment is missing is left out.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.buying_lp_instances import Instances
from benchmarks.buying_lp_methods import Exact

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Rival(NamedTuple):
    """A script in `benchmarks/rivals` and where it runs."""

    name: str
    own: bool
    """Whether it has an environment of its own."""
    lps: int
    """How many, in the whole benchmark."""
    quick: int
    passes: int
    slow: bool = False
    """Milliseconds per LP: its LPs get fewer the larger they are, and it is run once only."""

    def lps_of(self, instances: Instances, quick: bool) -> int:
        """How many LPs it is given."""
        nodes, regions, _ = instances.shape
        count = self.quick if quick else self.lps
        if self.slow:
            count = max(8, min(count, count * 64 // (nodes * regions)))
        return min(count, instances.size)


RIVALS = (
    Rival("highspy", own=False, lps=1000, quick=100, passes=3),
    Rival("ortools", own=True, lps=500, quick=100, passes=3),
    Rival("scipy", own=False, lps=40, quick=10, passes=2, slow=True),
    Rival("mpax", own=True, lps=64, quick=16, passes=2, slow=True),
)


class Rivals:
    """The rivals that are there, or those of them that are named."""

    def __init__(
        self, environments: Path, quick: bool, names: Collection[str] = tuple(each.name for each in RIVALS)
    ) -> None:
        self._quick = quick
        self.versions: dict[str, str] = {}
        self._pythons: dict[str, str] = {}
        self._rivals = [rival for rival in RIVALS if rival.name in names]
        for rival in self._rivals:
            python = environments / rival.name / "bin" / "python"
            if rival.own and python.exists():
                self._pythons[rival.name] = str(python.absolute())
            elif not rival.own and importlib.util.find_spec(rival.name):
                self._pythons[rival.name] = sys.executable
        missing = [rival.name for rival in self._rivals if rival.name not in self._pythons]
        if missing:
            print(f"not installed, left out: {', '.join(missing)} (benchmarks/rivals/lps.sh)", flush=True)

    def rows(self, instances: Instances, folder: Path, slow: bool, few: bool) -> tuple[list[dict], Exact | None]:
        """A row for each rival, setting and start, and HiGHS's objectives; with ``slow`` the slow ones too."""
        path = folder / "instances.npz"
        instances.save(path)
        rows = []
        for rival in self._rivals:
            if rival.name in self._pythons and (slow or not rival.slow):
                rows += self._ask(rival, path, rival.lps_of(instances, few or self._quick))
        first = next((row for row in rows if row["method"].startswith("highspy") and row["start"] == "cold"), None)
        exact = None if first is None else Exact(np.array(first["objective"]), np.array(first["size"]))
        for row in rows:
            del row["size"]
            objective = np.array(row.pop("objective"))
            if exact is not None:
                row["objective_error"] = exact.error(objective)
        return rows, exact

    def _ask(self, rival: Rival, path: Path, count: int) -> list[dict]:
        """Run a rival's script."""
        command = [self._pythons[rival.name], "-m", f"benchmarks.rivals.{rival.name}_lps", str(path)]
        command += ["--count", str(count), "--passes", str(1 if self._quick else rival.passes)]
        environment = os.environ | ONE_THREAD
        if rival.own:
            environment.pop("PYTHONPATH", None)
        root = Path(__file__).parents[1]
        found = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, check=False)
        if found.returncode:
            print(f"{rival.name} failed, left out: {found.stderr.strip().splitlines()[-1]}", flush=True)
            return []
        answer = json.loads(found.stdout.splitlines()[-1])
        self.versions |= answer["versions"]
        return answer["rows"]


def better_of(first: list[dict], second: list[dict]) -> list[dict]:
    """Two measurements of the same rivals, before and after others were timed: all passes, and the best of them."""
    again = {(row["method"], row["start"]): row["us_per_lp_passes"] for row in second}
    merged = []
    for row in first:
        passes = [*row["us_per_lp_passes"], *again.get((row["method"], row["start"]), [])]
        merged.append(row | {"us_per_lp_passes": passes, "us_per_lp": min(passes)})
    return merged
