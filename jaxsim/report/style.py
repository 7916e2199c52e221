"""Colors, type and small habits of the figures, in one place.

Colors are Okabe and Ito's, which people with any common color vision can tell apart; meaning never rests on color
alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

UNCONSTRAINED = "#D55E00"
"""Without capacity costs."""
CONSTRAINED = "#0072B2"
"""With capacity costs."""
BOUND = "#009E73"
"""What no costs could improve on."""
INK, MUTED, RULE = "#222222", "#666666", "#DDDDDD"

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": "#AAAAAA",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@contextmanager
def house() -> Iterator[None]:
    """Draw in the house style within the block."""
    with mpl.rc_context(_SETTINGS):  # pyright: ignore[reportArgumentType]
        yield


def headline(figure: Figure, title: str, subtitle: str = "") -> None:
    """A title that tells the message, and below it what is drawn, flush left."""
    height = figure.get_figheight()
    figure.text(0.012, 1 - 0.10 / height, title, ha="left", va="top", fontsize=13, fontweight="bold", color=INK)
    figure.text(0.012, 1 - 0.40 / height, subtitle, ha="left", va="top", fontsize=9.5, color=MUTED)
    figure.get_layout_engine().set(rect=(0, 0, 1, 1 - 0.68 / height))  # pyright: ignore[reportOptionalMemberAccess, reportCallIssue]


def canvas(width: float, height: float) -> Figure:
    """An empty figure with automatic layout."""
    return Figure(figsize=(width, height), layout="constrained")


def plan_line(axes: Axes, vertical: bool = False) -> None:
    """Mark where utilization equals the plan."""
    (axes.axvline if vertical else axes.axhline)(1.0, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1.5)
