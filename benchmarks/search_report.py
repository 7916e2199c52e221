"""The table and the figure of what `benchmarks.search` wrote."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

mpl.use("agg")

# Okabe and Ito's colors, which color-blind people can tell apart.
COLORS = ("#0072B2", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#E69F00", "#000000", "#999999")


def table(report: dict[str, Any]) -> str:
    """Markdown: medians over seeds, product-trials in thousands; a dash where half of the seeds did not get there."""
    levels = list(_runs(report)[0]["reached"]) if _runs(report) else []
    head = ["scenario (bound)", "method", *(f"to {level} ×" for level in levels)]
    head += ["by its own rules: spent, × bound, PNA loss", "at the end: × bound, PNA loss"]
    head += ["seconds: simulation + curvature + rest"]
    lines = [_row(head), _row(["---"] * len(head))]
    for name, found in report["scenarios"].items():
        shown = f"{name} ({found['bound']:.1%})"
        for method, runs in _by_method(found["runs"]).items():
            reached = [_middle([run["reached"][level] for run in runs]) for level in levels]
            lines.append(_row([shown, method, *reached, *_ends(runs, found["bound"])]))
            shown = ""
    return "\n".join(lines)


def _ends(runs: Sequence[dict[str, Any]], bound: float) -> list[str]:
    """The columns of where runs ended."""
    of = lambda points, *keys: median(_at(point, keys) for point in points)
    own, final = [run["own_stop"] for run in runs if run["own_stop"]], [run["final"] for run in runs]
    truth = lambda points: f"{of(points, 'truth', 'wmapd') / bound:.2f}, {of(points, 'truth', 'pna_loss'):.1%}"
    stopped = f"{of(own, 'product_trials') / 1000:,.0f}, {truth(own)}" if own else "–"
    seconds = (f"{of(final, 'seconds', part):.1f}" for part in ("simulation", "curvature", "rest"))
    return [stopped, truth(final), " + ".join(seconds)]


def draw(report: dict[str, Any], path: Path) -> None:
    """A panel for each scenario: truth as a multiple of the bound over product-trials, a line for each seed."""
    scenarios = report["scenarios"]
    columns = min(3, max(1, len(scenarios)))
    rows = max(1, -(-len(scenarios) // columns))
    figure, axes = plt.subplots(rows, columns, figsize=(4 * columns, 3 * rows), squeeze=False, layout="constrained")
    methods = dict.fromkeys(run["method"] for run in _runs(report))
    color = {method: COLORS[i % len(COLORS)] for i, method in enumerate(methods)}
    for axis in axes.flat[len(scenarios) :]:
        axis.set_axis_off()
    for axis, (name, found) in zip(axes.flat, scenarios.items(), strict=False):
        _panel(axis, name, found, color)
    handles = [Line2D([], [], color=each) for each in color.values()]
    figure.legend(handles, list(color), loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axis: Axes, name: str, found: dict[str, Any], color: dict[str, str]) -> None:
    bound = found["bound"]
    for run in found["runs"]:
        spent, wmapd, _ = zip(*run["path"], strict=True)
        axis.plot(spent, [each / bound for each in wmapd], color=color[run["method"]], lw=0.9)
    most = found["unconstrained"]["wmapd"] / bound
    axis.set(xscale="log", ylim=(1, 1.05 * most), title=name, xlabel="product-trials", ylabel="true wMAPD / bound")
    axis.grid(which="major", lw=0.3)
    axis.spines[["top", "right"]].set_visible(False)


def _runs(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [run for found in report["scenarios"].values() for run in found["runs"]]


def _by_method(runs: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {each["method"]: [run for run in runs if run["method"] == each["method"]] for each in runs}


def _middle(spent: Sequence[int | None]) -> str:
    """Median in thousands, runs that did not get there counted as infinite."""
    middle = sorted(float("inf") if each is None else each for each in spent)[len(spent) // 2]
    return "–" if middle == float("inf") else f"{middle / 1000:,.0f}"


def _at(point: dict[str, Any], keys: Sequence[str]) -> float:
    """A number below keys."""
    value: Any = point
    for key in keys:
        value = value[key]
    return float(value)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
