"""What a study found, in memory: metrics, and tables as Arrow tables. A run folder holds the same."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from jaxsim.measures import INDICATORS
from jaxsim.runs import folder
from jaxsim.runs.claim import claimed
from jaxsim.runs.folder import RunError, RunFolder
from jaxsim.runs.metrics import Effect, Metrics


@dataclasses.dataclass(frozen=True)
class Result:
    """Metrics and tables of a simulation, a search or an evaluation; every table has `to_pandas()`."""

    metrics: Metrics
    config: dict[str, dict[str, Any]]
    """Settings that it was made with."""
    facts: dict[str, Any]
    """What it was made from: scenario, seed, sizes."""
    tables: Mapping[str, pa.Table]

    @property
    def costs(self) -> pa.Table:
        """Capacity costs: node, week, cost per unit.

        Raises:
            RunError: There are none, as of a simulation without costs.
        """
        return self._table("costs")

    @property
    def expected(self) -> pa.Table:
        """Expected units of the whole population by node-week: plan, unconstrained and constrained, each with its
        standard error (`_se`) and the standard deviation of one realized future (`_spread`).

        Raises:
            RunError: It is of no evaluation, and of no search that ended with one.
        """
        return self._table("expected")

    @property
    def totals(self) -> pa.Table:
        """What each part and trial of the whole population adds to the indicators, without costs and with them.

        Raises:
            RunError: As for `expected`.
        """
        return self._table("totals")

    @property
    def bottlenecks(self) -> pa.Table:
        """What keeps each node-week from its plan, in truth: parts of its deviation, units, and what one more unit of
        plan changes; see `docs/bottlenecks.md`.

        Raises:
            RunError: As for `expected`.
        """
        return self._table("bottlenecks")

    @property
    def bottleneck_sources(self) -> pa.Table:
        """Order sets and products that use most of the worst node-weeks.

        Raises:
            RunError: As for `expected`.
        """
        return self._table("bottleneck_sources")

    @property
    def utilization(self) -> pa.Table:
        """In-sample units by node-week: plan, unconstrained and, if there are costs, constrained, with standard errors.

        Raises:
            RunError: It is of an evaluation.
        """
        return self._table("utilization")

    @property
    def iterations(self) -> pa.Table:
        """A row per iteration of a search: wmapd, bound, pna, step, seconds and more.

        Raises:
            RunError: It is no search.
        """
        return self._table("iterations")

    @property
    def history(self) -> pa.Table:
        """Cost and utilization of each node-week at each iteration of a search.

        Raises:
            RunError: It is no search.
        """
        return self._table("history")

    @property
    def contributions(self) -> pa.Table:
        """What each product-trial of the sample adds to the indicators, see `jaxsim.measures.indicators`.

        Raises:
            RunError: It is of an evaluation.
        """
        return self._table("contributions")

    @property
    def kpis(self) -> pa.Table:
        """A row per indicator: its words, and its values with standard errors; null where there is none.

        Expected values where the run has them, else those of the sample; the column `basis` says which.
        """
        basis = "expected" if self.metrics.expected else "in-sample"
        rows = [_kpi_row(name, effect) | {"basis": basis} for name, effect in self.metrics.effects.items()]
        return pa.Table.from_pylist(rows, _KPIS)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write a run folder like the command line's, for `report`, `compare` and `--costs`; all of it or nothing.

        Args:
            path: folder that is not there, or empty.
            overwrite: replace a run that is there.

        Raises:
            RunError: There is something in the folder that may not be replaced.
            WriteError: It cannot be written.
        """
        with claimed(Path(path)) as claim:
            self.write_to(claim.begin(self.config, self.facts, overwrite))
        return Path(path)

    def write_to(self, run: RunFolder) -> None:
        """Write the tables and then the metrics, which mark the run as finished."""
        run.write_tables(self.tables)
        run.write_metrics(self.metrics)

    def _table(self, name: str) -> pa.Table:
        if name not in self.tables:
            raise RunError(f"this result has no table {name}: it is of {_kind(self.config)}")
        return self.tables[name]


def load_result(path: str | os.PathLike[str]) -> Result:
    """Read a finished run folder.

    Raises:
        RunError: It is no run folder, or the run has not been finished.
    """
    run = folder.open_run(Path(path))
    tables = {name: run.arrow(name) for name in folder.TABLES if run.has(name)}
    return Result(run.metrics(), run.config(), run.manifest(), tables)


def _kind(config: Mapping[str, Any]) -> str:
    for table, kind in (("search", "a search"), ("evaluation", "an evaluation")):
        if table in config:
            return kind
    return "a simulation with costs" if config.get("simulation", {}).get("costs") else "a simulation without costs"


_NUMBERS = ("unconstrained", "constrained", "change")
_KPIS = pa.schema(
    [
        *((name, pa.string()) for name in ("indicator", "basis", "label", "unit", "better")),
        *((f"{name}{suffix}", pa.float64()) for name in _NUMBERS for suffix in ("", "_se")),
        ("variance_ratio", pa.float64()),
    ]
)


def _kpi_row(name: str, effect: Effect) -> dict[str, Any]:
    known = INDICATORS.get(name)
    words = {"label": known.label, "unit": known.unit, "better": known.better} if known else {"label": name}
    return {"indicator": name} | words | effect.to_json()
