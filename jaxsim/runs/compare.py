"""Two runs side by side: each indicator, their difference, and a 95% confidence interval of it.

The interval takes the two runs as independent, so for runs with the same seed and sample it is wider than need be.
"""

import math
from collections.abc import Iterator
from typing import Any

from jaxsim.runs.folder import RunFolder

NORMAL_95 = 1.959963984540054


def lines(first: RunFolder, second: RunFolder) -> Iterator[str]:
    """The comparison as lines of text; a run with capacity costs is represented by its result with them."""
    a, b = first.metrics(), second.metrics()
    yield f"{'':36s} {'A':>12s} {'B':>12s} {'B - A':>12s}  95% interval of B - A"
    for name in ("wmapd", "wmapd_bound"):
        values = [m.get(name, m["wmapd_unconstrained"]) for m in (a, b)]
        yield f"{name:36s} {values[0]:12.4f} {values[1]:12.4f} {values[1] - values[0]:+12.4f}"
    for name in a["kpis"]:
        if name in b["kpis"]:
            yield _line(name, _estimate(a["kpis"][name]), _estimate(b["kpis"][name]))


def _estimate(row: dict[str, Any]) -> tuple[float, float]:
    which = "constrained" if "constrained" in row else "unconstrained"
    return tuple(math.nan if row.get(key) is None else row[key] for key in (which, f"{which}_se"))  # pyright: ignore[reportReturnType]


def _line(name: str, a: tuple[float, float], b: tuple[float, float]) -> str:
    difference, half = b[0] - a[0], NORMAL_95 * math.hypot(a[1], b[1])
    return (
        f"{name:36s} {a[0]:12.4f} {b[0]:12.4f} {difference:+12.4f}  {difference - half:+.4f} … {difference + half:+.4f}"
    )
