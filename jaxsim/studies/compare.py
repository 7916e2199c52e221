"""Two runs side by side: each indicator, their difference, and a 95% confidence interval of it.

Expected figures are compared where both runs have them, else those in-sample. Runs that simulated the same
product-trials of one scenario with one seed share demand and lead times (common random numbers). Then the interval is
that of the difference product-trial by product-trial; of expected figures the parts of the population count as
products (`jaxsim.measures.totals`). Other runs are taken as independent.
"""

import os
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float64, Int, Shaped

from jaxsim.measures import INDICATORS, WMAPD, Difference, Estimate, Indicator, independent
from jaxsim.measures.estimates import PerTrial
from jaxsim.runs.folder import columns_of
from jaxsim.studies.result import Result, load_result

Run = Result | str | os.PathLike[str]
"""A result, or the run folder that holds one."""

KEYS = ("product", "trial", "sampling_weight", "stratum", "costs")


@dataclass(frozen=True)
class Contributions:
    """Table `contributions` of the result that represents a run, or `totals`, whose parts count as products."""

    product: Shaped[np.ndarray, " products"]
    """Names."""
    trials: Int[np.ndarray, " trials"]
    sampling_weight: Float64[np.ndarray, " products"]
    stratum: Int[np.ndarray, " products"]
    values: dict[str, PerTrial]
    """The other columns."""


@dataclass(frozen=True)
class Row:
    """An indicator of both runs."""

    name: str
    first: Estimate
    second: Estimate
    difference: Difference
    """Second minus first."""
    verdict: str | None
    """"better" or "worse": the second, where the 95% confidence interval of the difference excludes 0."""

    @property
    def interval(self) -> tuple[float, float]:
        """95% confidence interval of the difference; NaN where it is unknown."""
        mean, half = self.difference.mean, self.difference.half_width
        return mean - half, mean + half


@dataclass(frozen=True)
class Comparison:
    """Indicators of two runs."""

    basis: str
    """What is compared: "expected" figures, those "in-sample", or "mixed" ones."""
    not_paired: str | None
    """Why the runs are taken as independent, as part of a sentence; None when they are compared by product-trial."""
    rows: tuple[Row, ...]

    @property
    def table(self) -> pa.Table:
        """A row per indicator: both values, their difference with its 95% confidence interval, and the verdict.

        `variance_ratio` is how many times as many product-trials independent runs would need for an interval as short.
        """
        return pa.Table.from_pylist([_columns(row) for row in self.rows], _TABLE)


def compare(first: Run, second: Run) -> Comparison:
    """Compare two finished runs; one with capacity costs is represented by its result with them.

    Args:
        first: result of a simulation or a search, or its run folder. second: another.

    Raises:
        RunError: A run cannot be read, or has not been finished.
    """
    first, second = _result(first), _result(second)
    a, b = first.metrics, second.metrics
    basis = "mixed" if a.expected != b.expected else "expected" if a.expected else "in-sample"
    one, other = (totals_of(run) if basis == "expected" else contributions_of(run) for run in (first, second))
    mixed = "the figures of one are expected, those of the other in-sample" if basis == "mixed" else None
    reason = mixed or why_not_paired(first, second, one, other)
    pair = None if reason is not None or one is None or other is None else (one, other)
    rows = [_row("wmapd", WMAPD, a.result.estimate, b.result.estimate, pair)]
    if a.bound is not None and b.bound is not None:
        rows.append(_row("wmapd_bound", WMAPD, a.bound.estimate, b.bound.estimate, None))
    rows += [
        _row(name, INDICATORS.get(name), effect.result.estimate, b.effects[name].result.estimate, pair)
        for name, effect in a.effects.items()
        if name in b.effects
    ]
    return Comparison(basis, reason, tuple(rows))


def _row(
    name: str,
    indicator: Indicator | None,
    first: Estimate,
    second: Estimate,
    pair: tuple[Contributions, Contributions] | None,
) -> Row:
    """An indicator of both runs, by product-trial where both kept what it is made of.

    Args:
        indicator: None for one that this version does not know.
    """
    difference = independent(first, second)
    if indicator is None:
        return Row(name, first, second, difference, None)
    if pair is not None and all(indicator.columns <= side.values.keys() for side in pair):
        a, b = pair
        difference = indicator.difference(a.sampling_weight, a.stratum, a.values, b.values, difference.mean)
    return Row(name, first, second, difference, indicator.verdict(difference))


def contributions_of(run: Result) -> Contributions | None:
    """Columns of the table; None when an older version, which wrote none, made the run."""
    if "contributions" not in run.tables:
        return None
    table = columns_of(run.contributions)
    rows = table["costs"] == table["costs"].max()
    trials = np.unique(table["trial"])
    columns = {name: values[rows].reshape(-1, len(trials)) for name, values in table.items()}
    first = {name: columns[name][:, 0] for name in ("product", "sampling_weight", "stratum")}
    return Contributions(**first, trials=trials, values={n: v for n, v in columns.items() if n not in KEYS})


def totals_of(run: Result) -> Contributions | None:
    """Columns of the table `totals`, with costs; None when there is none."""
    if "totals" not in run.tables:
        return None
    table = columns_of(run.totals)
    rows = table.pop("costs")
    trials = np.unique(table.pop("trial"))
    columns = {name: values[rows].reshape(-1, len(trials)) for name, values in table.items()}
    part = columns.pop("part")[:, 0]
    return Contributions(part, trials, np.ones(len(part)), np.zeros(len(part), np.int64), columns)


def why_not_paired(first: Result, second: Result, a: Contributions | None, b: Contributions | None) -> str | None:
    """What keeps two runs from being compared product-trial by product-trial; None when nothing does.

    Args:
        first: a run. second: another.
        a: `contributions_of` the first. b: of the second.
    """
    if a is None or b is None:
        return "a run has no table of contributions, as an older version made it"
    one, other = first.facts, second.facts
    if one.get("scenario_sha256") != other.get("scenario_sha256"):
        return "they are of different scenarios"
    if one.get("seed") != other.get("seed"):
        return f"their seeds are {one.get('seed')} and {other.get('seed')}"
    if len(a.trials) == len(b.trials) and not np.array_equal(a.trials, b.trials):
        return f"their trials begin with number {a.trials[0]} and {b.trials[0]}"
    if len(a.trials) != len(b.trials):
        return f"they have {len(a.trials)} and {len(b.trials)} trials of each product"
    same = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("product", "sampling_weight", "stratum"))
    return None if same else "they simulated different products"


def _result(run: Run) -> Result:
    return run if isinstance(run, Result) else load_result(run)


_TABLE = pa.schema(
    [
        ("indicator", pa.string()),
        *((name, pa.float64()) for name in ("first", "second", "difference", "low", "high", "variance_ratio")),
        ("verdict", pa.string()),
    ]
)


def _columns(row: Row) -> dict[str, float | str | None]:
    numbers = {
        "first": row.first.mean,
        "second": row.second.mean,
        "difference": row.difference.mean,
        "low": row.interval[0],
        "high": row.interval[1],
        "variance_ratio": row.difference.variance_ratio,
    }
    known = {name: None if np.isnan(value) else value for name, value in numbers.items()}
    return {"indicator": row.name, "verdict": row.verdict, **known}
