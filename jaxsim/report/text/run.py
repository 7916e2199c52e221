"""Metrics of a run, and two runs side by side, as lines of text."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jaxsim.runs.metrics import Effect, Figure, Metrics
from jaxsim.studies.compare import Comparison, Row

_NAME, _NUMBER = 36, 12


def metrics_lines(metrics: Metrics) -> Iterator[str]:
    """Figures by kind, the expected ones first; facts; then the indicators without costs, with them, and their change.

    Indicators are expected ones where the run has them; those of the sample are in `metrics.json`.
    """
    sections = list(metrics.sections())
    for kind, rows in sections:
        if len(sections) > 1:
            yield kind.value
        for name, _, figure in rows:
            yield f"{name:{_NAME}s} {_number(figure)}{_error(figure)}{_beside(figure)}"
        if len(sections) > 1:
            yield ""
    for name, value in metrics.facts():
        shown = f"{value:.4f}" if isinstance(value, float) else str(value)
        yield f"{name:{_NAME}s} {shown:>{_NUMBER}}"
    for resource, row in metrics.adhered.items() if len(metrics.adhered) > 1 else ():
        for name, _, figure in row.figures():
            yield f"{f'{resource} {name}':{_NAME}s} {_number(figure)}{_error(figure)}"
    if len(sections) > 1 and metrics.effects:
        yield f"\nCost and service{', expected' if metrics.expected else ''}: without costs, with costs, change"
    for name, effect in metrics.effects.items():
        yield f"{name:{_NAME}s} {_effect(effect)}"


def frontier_lines(table: Mapping[str, Sequence[float]]) -> Iterator[str]:
    """A line per price of deviation: what it reaches and what it costs, with standard errors."""
    yield "price of deviation   wMAPD expected   × bound   PNA lost             cost per unit, more"
    for i, price in enumerate(table["deviation_price"]):
        loss = f"{table['pna_loss'][i]:7.2%} ± {table['pna_loss_se'][i]:.2%}"
        cost = f"{table['cost_change'][i]:8.4f} ± {table['cost_change_se'][i]:.4f}"
        reached = f"{table['wmapd_expected'][i]:7.2%} ± {table['wmapd_expected_se'][i]:.2%}"
        yield f"{price:18.4f}   {reached}   {table['times_bound'][i]:7.2f}   {loss}    {cost}"


def rolling_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line per week and world of a rolling study, and what its refresh took."""
    yield "week   world      wMAPD     PNA   cost per unit   refresh: iterations, mendable; cold: iterations, mendable"
    for row in rows:
        pna, cost = row["preferred_node_availability"], row["cost_per_unit"]
        line = f"{row['week']:4d}   {row['world']:8s} {row['wmapd']:7.2%} {pna:7.2%}   {cost:13.4f}"
        if row["iterations"] is not None:
            line += f"   {row['iterations']:19.0f}, {row['mendable']:7.2%}"
        if row["cold_mendable"] is not None:
            until = "more" if row["cold_iterations"] is None else f"{row['cold_iterations']:.0f}"
            line += f"{until:>20s}, {row['cold_mendable']:7.2%}"
        yield line


def _beside(figure: Figure) -> str:
    """Noise floor and spread, where they are known."""
    parts = {"noise alone": figure.noise, "spread": figure.spread}
    return "".join(f"   {name} {value:.4f}" for name, value in parts.items() if not math.isnan(value))


def comparison_lines(comparison: Comparison) -> Iterator[str]:
    """Indicators of two runs, their difference with its 95% confidence interval, and which way it is better.

    The last column tells how many times as many product-trials independent runs would need for an interval as short.
    """
    reason = comparison.not_paired
    yield f"The runs are taken as independent: {reason}." if reason else "The runs share demand and lead times."
    yield _BASES[comparison.basis]
    gain = "" if reason else "  independent runs need"
    yield f"{'':36s} {'A':>12s} {'B':>12s} {'B - A':>12s}  {'95% interval of B - A':24s}  B is    {gain}".rstrip()
    for row in comparison.rows:
        yield _row(row)


_BASES = {
    "expected": "Figures are expected ones: of the whole population, on fresh draws.",
    "in-sample": "Figures are in-sample: of the products and futures that were simulated.",
    "mixed": "Figures are expected ones where a run has them.",
}


def _effect(effect: Effect) -> str:
    sides = [side for side in (effect.unconstrained, effect.constrained, effect.change) if side is not None]
    return " ".join(map(_number, sides)) + _error(sides[-1])


def _row(row: Row) -> str:
    low, high = row.interval
    interval = "" if math.isnan(low) else f"{low:+.4f} … {high:+.4f}"
    ratio = row.difference.variance_ratio
    gain = "" if math.isnan(ratio) else f"{ratio:.1f} times as many"
    numbers = f"{row.first.mean:12.4f} {row.second.mean:12.4f} {row.difference.mean:+12.4f}"
    return f"{row.name:{_NAME}s} {numbers}  {interval:24s}  {row.verdict or '':8s}  {gain}".rstrip()


def _number(figure: Figure) -> str:
    return f"{'–':>{_NUMBER}}" if math.isnan(figure.mean) else f"{figure.mean:{_NUMBER}.4f}"


def _error(figure: Figure) -> str:
    return "" if math.isnan(figure.standard_error) else f" ± {figure.standard_error:.4f}"
