"""The rival's side of a search in `benchmarks.search`: one message a line, JSON, on standard input and output.

    arena → {"method": "SPSA", "size": H, "evaluations": 43, "batches": 16, "reach": 32.0, "seed": 0}
    rival → {"ready": {"simoptlib": "1.2.4"}}                  the clock starts
    rival → {"costs": [...], "draws": 3, "best": [...]}        best: what the rival would promote now
    arena → {"wmapd": 12.3, "violation": [...]}                or no more lines, when the budget is spent
    rival → {"best": [...]}                                    where the rival ends by itself

No package of ours is imported here. Costs are those of the H node-weeks that have a price, in cost scales.
"""

import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import NamedTuple

import numpy as np


class Task(NamedTuple):
    """What a rival is told before it starts."""

    method: str
    size: int
    """Costs."""
    evaluations: int
    """That the budget pays for."""
    batches: int
    """Draws that differ: `draws` of a request counts modulo this."""
    reach: float
    """Costs beyond ± this are of no use; cost scales."""
    seed: int


class Answer(NamedTuple):
    """What the arena's oracle says of costs."""

    wmapd: float
    """Percent: the objective of methods that see one number."""
    violation: np.ndarray
    """V = Ũ − u as a part of the mean plan: the dual's gradient, for methods that take one."""


class Spent(Exception):
    """The budget is used."""


class Arena:
    """Asks the arena; what was asked before is remembered, and costs nothing again."""

    def __init__(self, package: str) -> None:
        """Read the task and say that the package is loaded."""
        # Libraries print; what they say goes to standard error, not among the messages.
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self.task = Task(**json.loads(sys.stdin.readline()))
        self._known: dict[tuple[int, bytes], Answer] = {}
        self._say({"ready": {package: version(package)}})

    def ask(self, costs: np.ndarray, draws: int, best: np.ndarray) -> Answer:
        """Utilization under costs, in two figures.

        Raises:
            Spent: there is no more of it.
        """
        costs, draws = np.asarray(costs, np.float64), draws % self.task.batches
        key = draws, costs.tobytes()
        if key not in self._known:
            self._say({"costs": costs.tolist(), "draws": draws, "best": np.asarray(best).tolist()})
            line = sys.stdin.readline()
            if not line:
                raise Spent
            found = json.loads(line)
            self._known[key] = Answer(found["wmapd"], np.array(found["violation"]))
        return self._known[key]

    def end(self, best: np.ndarray) -> None:
        """Say what is promoted, where the arena did not end the run."""
        self._say({"best": np.asarray(best).tolist()})

    def _say(self, message: dict) -> None:
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


def compete(package: str, methods: dict[str, Callable[[Arena], np.ndarray]]) -> None:
    """Run the method that the arena names; a method returns what it promotes when it ends by itself."""
    arena = Arena(package)
    try:
        arena.end(methods[arena.task.method](arena))
    except Spent:
        return
