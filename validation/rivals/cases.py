"""The textbook instances as the rivals read them: no rival and no package of ours is imported here.

`validation.rivals.export` writes them with our Python; `read` gives them to a rival's script.

Textbook timing: in each period an order is placed, the order of `lead_time` periods ago arrives, demand occurs, and
costs are charged on what is left. A base stock therefore covers lead_time + 1 periods of demand.
"""

import json
from pathlib import Path
from typing import NamedTuple

SEED = 20
REPLICATIONS = 30
T_95 = 2.0452
"""Two-sided 95% quantile of Student's t with REPLICATIONS - 1 degrees of freedom."""

PERIODS = 1000
"""Measured periods of one replication."""

WARM_UP = 100
"""Periods left out at the start of each replication; every lead time here is below 6."""


class Stage(NamedTuple):
    """One location that orders from a supplier that never runs out."""

    name: str
    demand: str
    """normal or poisson."""
    mean: float
    deviation: float
    lead_time: int
    holding: float
    shortage: float
    """Cost of a unit lost, or waiting at the end of a period."""
    level: float
    """Base stock."""
    lost: bool
    exact: float
    """Long-run cost per period of this base stock."""
    published: float
    published_is_bound: bool
    """Whether the published cost is that of the best policy of any form, which a base stock does not reach."""

    @property
    def levels(self) -> tuple[float]:
        """The base stock, as `Serial` has two."""
        return (self.level,)


class Serial(NamedTuple):
    """Storage feeds fulfillment, which faces customers. Local holding costs, local lead times, echelon base stocks."""

    name: str
    mean: float
    deviation: float
    lead_times: tuple[int, int]
    """Storage first, as in all pairs."""
    holdings: tuple[float, float]
    shortage: float
    levels: tuple[float, float]
    exact: float
    """Long-run cost per period in textbook timing."""
    published: float
    published_is_bound: bool

    @property
    def arrival_charge(self) -> float:
        """What the rivals charge above textbook timing: one period of mean demand at storage's rate.

        Their orders leave storage one step later than they reach it, so stock is charged between the stages, or in
        storage, for one period more. No decision changes it.
        """
        return self.holdings[0] * self.mean


class Cases(NamedTuple):
    """All instances."""

    stages: tuple[Stage, ...]
    serial: Serial

    @property
    def backlogged(self) -> tuple[Stage, ...]:
        """Single locations whose unserved demand waits."""
        return tuple(stage for stage in self.stages if not stage.lost)


def read(path: Path) -> Cases:
    """The instances in a file that `write` made."""
    found = json.loads(path.read_text())
    return Cases(tuple(Stage(**row) for row in found["stages"]), Serial(**found["serial"]))


def write(path: Path, cases: Cases) -> None:
    """The instances as JSON."""
    found = {"stages": [stage._asdict() for stage in cases.stages], "serial": cases.serial._asdict()}
    path.write_text(json.dumps(found, indent=1) + "\n")
