"""Methods of other packages, each in a process of its own in an environment of its own (`benchmarks/rivals/search.sh`).

    arena                                        rival (`benchmarks/rivals/NAME_search.py`)
    what there is to search             →
                                        ←        loaded: the clock starts
                                        ←        costs to simulate, and those that it would promote now
    wMAPD, and V as a part of the plan  →        …until the budget is spent or the rival ends

The messages are in `benchmarks.rivals.search`. A rival sees the node-weeks that have a price, in cost scales.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from jaxtyping import Float64

from benchmarks.search_course import Course
from jaxsim.measures.adherence import wmapd

# A rival of few numbers must not take the cores from the simulation.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

REACH = 32.0
"""Box of the costs for rivals that need one, cost scales: the dearest price of deviation of ours."""


class RivalFailed(RuntimeError):
    """A rival's process ended with an error, which it wrote to standard error."""


@dataclass(frozen=True)
class Rival:
    """A method of a rival."""

    environment: str
    """Folder of its environment; its script is `benchmarks/rivals/ENVIRONMENT_search.py`."""
    method: str
    """As the script calls it."""
    floor: bool = False
    """Sees wMAPD alone, and neither V nor anything else of H numbers."""

    def python(self, environments: Path) -> Path:
        """The interpreter that has the rival."""
        return environments / self.environment / "bin" / "python"

    def run(self, course: Course, environments: Path) -> None:
        """Run on a course until its budget is spent or the rival ends."""
        command = [str(self.python(environments).absolute()), "-m", f"benchmarks.rivals.{self.environment}_search"]
        root = Path(__file__).parents[1]
        surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | ONE_THREAD
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=surroundings, cwd=root, stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                self._converse(course, process.stdin, process.stdout)
            finally:
                process.stdin.close()
        if process.returncode:
            raise RivalFailed(f"{self.method}: its process ended with {process.returncode}")

    def _converse(self, course: Course, tell: IO[str], hear: IO[str]) -> None:
        """Answer what the rival asks. What it says with its request beyond the budget is its last word."""
        priced = course.space.priced
        _send(tell, _task(course, self.method))
        course.versions = json.loads(hear.readline() or "{}").get("ready", {})
        course.loaded()
        while line := hear.readline():
            message = json.loads(line)
            if course.asked:
                course.report(_expanded(course, message["best"]))
            if course.spent or "costs" not in message:
                return
            used = course.ask(_expanded(course, message["costs"]), message["draws"]).utilization
            violation = ((used - course.plan) / course.plan.mean())[priced]
            _send(tell, {"wmapd": 100 * wmapd(used, course.plan), "violation": violation.tolist()})


def _task(course: Course, method: str) -> dict[str, Any]:
    return {
        "method": method,
        "size": int(course.space.priced.sum()),
        "evaluations": course.evaluations,
        "batches": course.batches,
        "reach": REACH,
        "seed": course.seed,
    }


def _expanded(course: Course, costs: list[float]) -> Float64[np.ndarray, " h"]:
    """Costs of all node-weeks, currency per unit."""
    found = np.zeros(len(course.plan))
    found[course.space.priced] = costs
    return found * course.space.cost_scale


def _send(pipe: IO[str], message: dict[str, Any]) -> None:
    pipe.write(json.dumps(message) + "\n")
    pipe.flush()
