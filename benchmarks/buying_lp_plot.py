"""The figure of the README, drawn from what `benchmarks.buying_lp` wrote: time per LP over batch and size of the LP.

python -m benchmarks.buying_lp_plot [benchmarks/results/buying_lp_scaling_cpu.json]      writes the PNG beside it
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

mpl.use("agg")

# Okabe and Ito's colors, which color-blind people can tell apart.
STYLES = {
    ("network_simplex", "cold"): ("network simplex", "#0072B2", "o"),
    ("network_simplex", "hot"): ("network simplex, hot", "#0072B2", "^"),
    ("interior_point", "cold"): ("interior point", "#009E73", "o"),
    ("interior_point", "hot"): ("interior point, hot", "#009E73", "^"),
    ("shortest_paths", "cold"): ("shortest paths", "#D55E00", "o"),
    ("highspy, kept model", "cold"): ("HiGHS", "#000000", "s"),
    ("highspy, kept model", "hot"): ("HiGHS, hot", "#000000", "v"),
    ("OR-Tools GLOP, kept model", "cold"): ("GLOP", "#CC79A7", "s"),
    ("OR-Tools GLOP, kept model", "hot"): ("GLOP, hot", "#CC79A7", "v"),
    ("OR-Tools min-cost flow, 30 bits", "cold"): ("OR-Tools min-cost flow", "#E69F00", "s"),
}
"""Name, color and marker of what is drawn; hot starts are dashed."""


def draw(report: dict, path: Path) -> None:
    """Two panels: ours over the batch with the rivals as levels, and all over nodes times regions."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    batches, shapes = report.get("batches", []), report.get("shapes", [])
    _lines(left, batches, lambda row: row["batch"])
    _levels(left, [row for row in shapes if "solved" in row and batches and row["shape"] == batches[0]["shape"]])
    _lines(right, shapes, lambda row: row["shape"][0] * row["shape"][1])
    sizes = {tuple(row["shape"]) for row in shapes}
    where = ", one core" if report["backend"] == "cpu" else f", {report['device']}"
    left.set(xlabel="LPs in the batch", ylabel=f"µs per LP{where}", title="8 nodes x 8 regions")
    right.set(xlabel="nodes x regions", title=f"{_batch(shapes):,} LPs in the batch")
    ticks = {nodes * regions: f"{nodes}x{regions}" for nodes, regions, _ in sizes}
    right.set_xticks(list(ticks), list(ticks.values()), fontsize=8)
    right.minorticks_off()
    handles = dict(zip(*reversed(right.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside right center", frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _lines(axes: Axes, rows: list[dict], place: Callable[[dict], float]) -> None:
    """A line for each method and start."""
    for key, (name, color, marker) in STYLES.items():
        here = sorted((row for row in rows if (row["method"], row["start"]) == key), key=place)
        if here:
            dash = "--" if key[1] == "hot" else "-"
            times = [row["us_per_lp"] for row in here]
            axes.plot([place(row) for row in here], times, dash, color=color, marker=marker, ms=4, lw=1.2, label=name)
    axes.set(xscale="log", yscale="log")
    axes.grid(which="major", lw=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _levels(axes: Axes, rows: list[dict]) -> None:
    """A level for each rival, which takes one LP after the other."""
    for row in rows:
        if (row["method"], row["start"]) in STYLES:
            color = STYLES[row["method"], row["start"]][1]
            axes.axhline(row["us_per_lp"], color=color, lw=1, ls="--" if row["start"] == "hot" else "-")


def _batch(rows: list[dict]) -> int:
    """Of our methods."""
    return max((row.get("batch", 1) for row in rows), default=1)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("report", type=Path, nargs="?", default=Path("benchmarks/results/buying_lp_scaling_cpu.json"))
    path = parser.parse_args().report
    draw(json.loads(path.read_text("utf-8")), path.with_suffix(".png"))
    print(path.with_suffix(".png"))


if __name__ == "__main__":
    main()
