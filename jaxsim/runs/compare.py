"""Two runs side by side: each indicator, their difference, and a 95% confidence interval of it.

Runs that simulated the same product-trials of one scenario with one seed share demand and lead times (common random
numbers). Then the interval is that of the difference product-trial by product-trial, and the last column tells how many
times as many product-trials independent runs would need for an interval as short. Other runs are taken as independent.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int, Shaped

from jaxsim.measures import INDICATORS, Difference, Estimate, independent, paired_ratios, paired_totals, ratio_parts
from jaxsim.measures.estimates import PerTrial
from jaxsim.runs.folder import RunFolder

NORMAL_95 = 1.959963984540054

KEYS = ("product", "trial", "sampling_weight", "stratum", "costs")


@dataclass(frozen=True)
class Contributions:
    """Table `contributions` of the result that represents a run."""

    product: Shaped[np.ndarray, " products"]
    """Names."""
    trials: Int[np.ndarray, " trials"]
    sampling_weight: Float64[np.ndarray, " products"]
    stratum: Int[np.ndarray, " products"]
    values: dict[str, PerTrial]
    """The other columns."""

    def has(self, indicator: str) -> bool:
        """Whether the table, perhaps of another version, has the columns of an indicator."""
        return indicator in INDICATORS and {*INDICATORS[indicator][0], INDICATORS[indicator][1]} <= self.values.keys()


def lines(first: RunFolder, second: RunFolder) -> Iterator[str]:
    """The comparison as lines of text; a run with capacity costs is represented by its result with them."""
    a, b = first.metrics(), second.metrics()
    one, other = contributions_of(first), contributions_of(second)
    reason = why_not_paired(first, second, one, other)
    pair = None if reason is not None or one is None or other is None else (one, other)
    yield f"The runs are taken as independent: {reason}." if reason else "The runs share demand and lead times."
    gain = "  independent runs need" if pair else ""
    yield f"{'':36s} {'A':>12s} {'B':>12s} {'B - A':>12s}  {'95% interval of B - A':24s}{gain}".rstrip()
    wmapd = _wmapd(a), _wmapd(b)
    yield _line("wmapd", *wmapd, _paired_wmapd(*pair, *wmapd) if pair else independent(*wmapd))
    bounds = Estimate(a["wmapd_bound"], math.nan), Estimate(b["wmapd_bound"], math.nan)
    yield _line("wmapd_bound", *bounds, independent(*bounds))
    for name in a["kpis"]:
        if name in b["kpis"]:
            sides = _estimate(a["kpis"][name]), _estimate(b["kpis"][name])
            usable = pair is not None and pair[0].has(name) and pair[1].has(name)
            yield _line(name, *sides, _paired(*pair, name) if pair and usable else independent(*sides))


def contributions_of(run: RunFolder) -> Contributions | None:
    """Read the table; None when an older version, which wrote none, made the run."""
    if not run.has("contributions"):
        return None
    table = run.table("contributions")
    rows = table["costs"] == table["costs"].max()
    trials = np.unique(table["trial"])
    columns = {name: values[rows].reshape(-1, len(trials)) for name, values in table.items()}
    first = {name: columns[name][:, 0] for name in ("product", "sampling_weight", "stratum")}
    return Contributions(**first, trials=trials, values={n: v for n, v in columns.items() if n not in KEYS})


def why_not_paired(first: RunFolder, second: RunFolder, a: Contributions | None, b: Contributions | None) -> str | None:
    """What keeps two runs from being compared product-trial by product-trial; None when nothing does.

    Args:
        first: a run. second: another.
        a: `contributions_of` the first. b: of the second.
    """
    if a is None or b is None:
        return "a run has no table of contributions, as an older version made it"
    one, other = first.manifest(), second.manifest()
    if one.get("scenario_sha256") != other.get("scenario_sha256"):
        return "they are of different scenarios"
    if one.get("seed") != other.get("seed"):
        return f"their seeds are {one.get('seed')} and {other.get('seed')}"
    if not np.array_equal(a.trials, b.trials):
        return f"they have {len(a.trials)} and {len(b.trials)} trials of each product"
    same = all(np.array_equal(getattr(a, name), getattr(b, name)) for name in ("product", "sampling_weight", "stratum"))
    return None if same else "they simulated different products"


def _paired(a: Contributions, b: Contributions, name: str) -> Difference:
    return paired_ratios(a.sampling_weight, a.stratum, ratio_parts(a.values, name), ratio_parts(b.values, name))


def _paired_wmapd(a: Contributions, b: Contributions, first: Estimate, second: Estimate) -> Difference:
    deviations = a.values["deviation"], b.values["deviation"]
    return paired_totals(a.sampling_weight, a.stratum, *deviations, second.mean - first.mean)


def _wmapd(metrics: dict[str, Any]) -> Estimate:
    name = "wmapd" if "wmapd" in metrics else "wmapd_unconstrained"
    return Estimate(metrics[name], _number(metrics.get(f"{name}_se")))


def _estimate(row: dict[str, Any]) -> Estimate:
    which = "constrained" if "constrained" in row else "unconstrained"
    return Estimate(_number(row.get(which)), _number(row.get(f"{which}_se")))


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _line(name: str, a: Estimate, b: Estimate, difference: Difference) -> str:
    mean, half = difference.mean, NORMAL_95 * difference.standard_error
    interval = "" if math.isnan(half) else f"{mean - half:+.4f} … {mean + half:+.4f}"
    ratio = difference.variance_ratio
    gain = "" if math.isnan(ratio) else f"{ratio:.1f} times as many"
    return f"{name:36s} {a.mean:12.4f} {b.mean:12.4f} {mean:+12.4f}  {interval:24s}  {gain}".rstrip()
