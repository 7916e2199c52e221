"""Figures of a run, each a function of its tables (columns of NumPy arrays) to a matplotlib figure.

`adherence` is the paper's Figure 3, `node_weeks` its Figure 4, `one_week` its Figure 5; `cost_map` shows every
capacity cost.
"""

import numpy as np
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from jaxsim.report.resources import Columns, words_of
from jaxsim.report.style import BOUND, CONSTRAINED, INK, MUTED, UNCONSTRAINED, canvas, headline, house, plan_line
from jaxsim.runs.metrics import Metrics

MOST_NODES = 20
"""Nodes shown side by side."""
UNPRICED = "#DDDDDD"
"""Color of node-weeks without a price."""


def adherence(iterations: Columns, metrics: Metrics) -> Figure:
    """Deviation from the plans over iterations, with the bound and the promoted iteration (Figure 3)."""
    with house():
        figure = canvas(8, 4.4)
        axes = figure.add_subplot()
        step, wmapd = iterations["iteration"], iterations["wmapd"]
        start, bound, best_wmapd = _in_sample(metrics)
        promoted = metrics.promoted_iteration
        last = max(int(step.max()), 1)
        axes.axhline(start, color=UNCONSTRAINED, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.text(last, start, "without capacity costs", color=UNCONSTRAINED, ha="right", va="bottom", fontsize=9)
        axes.axhline(bound, color=BOUND, linewidth=1.2, linestyle=(0, (4, 2)))
        axes.text(0, bound, "no costs can do better", color=BOUND, ha="left", va="bottom", fontsize=9)
        axes.plot(step, wmapd, color=CONSTRAINED, marker="o", markersize=4)
        best = step == promoted
        axes.plot(
            step[best],
            wmapd[best],
            "o",
            markersize=11,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=1.4,
        )
        for x, y in zip(step[best], wmapd[best], strict=True):
            axes.annotate(
                f"promoted: iteration {x}, {y:.1%}",
                (x, y),
                xytext=(0, 40),
                textcoords="offset points",
                ha="right" if x > last / 2 else "left",
                color=INK,
                fontsize=9,
                arrowprops={"arrowstyle": "-", "color": MUTED, "shrinkB": 6},
            )
        axes.set(xlabel="iteration", ylabel="wMAPD (% of planned units)", xlim=(-0.02 * last, last * 1.02))
        axes.set_ylim(0, max(start, wmapd.max()) * 1.12)
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        ratio = f", {best_wmapd / bound:.1f} × the least possible" if bound > 0 else ""
        headline(
            figure,
            f"In-sample deviation from plan: {start:.1%} → {best_wmapd:.1%}{ratio}",
            "Mean absolute deviation of node-weeks from the plan, weighted by the plan, after each iteration",
        )
    return figure


def _in_sample(metrics: Metrics) -> tuple[float, float, float]:
    """wMAPD without costs, its bound, and wMAPD with the promoted costs, as the search saw them."""
    start, bound = metrics.wmapd_unconstrained, metrics.wmapd_bound
    assert start is not None
    assert bound is not None
    return start.mean, bound.mean, (metrics.wmapd or start).mean


def example_node_weeks(utilization: Columns) -> list[tuple[str, int]]:
    """Two large node-weeks: the one most above its plan without costs, as a ratio, and the one most units below."""
    plan, used = utilization["plan"], utilization["unconstrained"]
    large = np.flatnonzero(plan >= np.quantile(plan, 0.75))
    picks = (large[np.argmax(used[large] / np.maximum(plan[large], 1e-9))], large[np.argmax(plan[large] - used[large])])
    return [(str(utilization["node"][i]), int(utilization["week"][i])) for i in picks]


def _plan_of(utilization: Columns, node: str, week: int) -> float:
    return float(utilization["plan"][(utilization["node"] == node) & (utilization["week"] == week)][0])


def frontier(points: Columns, metrics: Metrics) -> Figure:
    """wMAPD against preferred node availability lost, and against cost per unit, a point per price of deviation."""
    with house():
        figure = canvas(9, 4.4)
        ways = (("pna_loss", "preferred node availability lost"), ("cost_change", "more cost per unit demanded"))
        for number, (name, label) in enumerate(ways):
            axes = figure.add_subplot(1, 2, number + 1)
            error = 1.96 * points[f"{name}_se"]
            axes.errorbar(points[name], points["wmapd_expected"], xerr=error, color=CONSTRAINED, marker="o", capsize=2)
            axes.plot(points[name][:1], points["wmapd_expected"][:1], "o", color=UNCONSTRAINED)
            for price, x, y in zip(points["deviation_price"], points[name], points["wmapd_expected"], strict=True):
                word = f"{price:.3g}" if price else "no costs"
                axes.annotate(word, (x, y), xytext=(5, 5), textcoords="offset points", fontsize=8, color=MUTED)
            if metrics.wmapd_expected_bound is not None:
                axes.axhline(metrics.wmapd_expected_bound.mean, color=BOUND, linewidth=1.2, linestyle=(0, (4, 2)))
            axes.set(xlabel=label, ylabel="expected wMAPD" if number == 0 else "", ylim=(0, None))
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            if name == "pna_loss":
                axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
        return figure


def rolling(weeks: Columns) -> Figure:
    """Realized wMAPD and preferred node availability of each week of a rolling study, a line per world."""
    words = {"control": "costs refreshed", "stale": "costs of week 0", "none": "no costs"}
    colors = {"control": CONSTRAINED, "stale": MUTED, "none": UNCONSTRAINED}
    panels = (("wmapd", "realized wMAPD"), ("preferred_node_availability", "preferred node availability"))
    with house():
        figure = canvas(9, 4.4)
        both = figure.subplots(1, 2)
        for axes, (name, label) in zip(both, panels, strict=True):
            for world, word in words.items():
                rows = weeks["world"] == world
                axes.plot(weeks["week"][rows], weeks[name][rows], color=colors[world], marker="o", label=word)
            axes.set(xlabel="week", ylabel=label)
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        both[0].legend(frameon=False)
        return figure


def node_weeks(history: Columns, utilization: Columns, promoted: int, resource: str) -> Figure:
    """Utilization and cost of two node-weeks of a resource over iterations (Figure 4)."""
    words = words_of(resource)
    with house():
        figure = canvas(8, 5.2)
        panels = figure.subplots(2, 2, sharex=True)
        for column, (node, week) in enumerate(example_node_weeks(utilization)):
            rows = (history["node"] == node) & (history["week"] == week)
            step = history["iteration"][rows]
            above, below = panels[0, column], panels[1, column]
            above.plot(
                step,
                history["utilization"][rows] / _plan_of(utilization, node, week),
                color=CONSTRAINED,
                marker="o",
                markersize=3,
            )
            plan_line(above)
            above.set_title(f"{node}, week {week}: {'over' if column == 0 else 'under'} plan at first")
            below.plot(step, history["cost"][rows], color=INK, marker="o", markersize=3)
            below.axhline(0, color=MUTED, linewidth=0.8)
            below.set_xlabel("iteration")
            below.xaxis.set_major_locator(MaxNLocator(integer=True))
            for axes in (above, below):
                axes.axvline(promoted, color=MUTED, linewidth=1, linestyle=":")
        panels[0, 0].set_ylabel(f"{words.used} / plan")
        panels[1, 0].set_ylabel(f"{words.price} ($ per unit)")
        panels[1, 0].annotate(
            "promoted", (promoted, 0.03), xycoords=("data", "axes fraction"), xytext=(-3, 0),
            textcoords="offset points", rotation=90, ha="right", va="bottom", fontsize=8, color=MUTED,
        )  # fmt: skip
        headline(
            figure,
            f"Costs rise where {words.used} exceed the plan and fall where room is left",
            "Two large node-weeks over the search; the dashed line is the plan",
        )
    return figure


def one_week(utilization: Columns, resource: str, seed: int = 0) -> Figure:
    """Utilization of up to twenty nodes in the middle week, relative to plan, without and with costs (Figure 5)."""
    words, weeks = words_of(resource), np.unique(utilization["week"])
    week = int(weeks[len(weeks) // 2])
    rows = np.flatnonzero((utilization["week"] == week) & (utilization["plan"] > 0))
    if len(rows) > MOST_NODES:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_NODES, replace=False))
    plan, node = utilization["plan"][rows], utilization["node"][rows]
    unconstrained = utilization["unconstrained"][rows] / plan
    constrained = utilization["constrained"][rows] / plan if "constrained" in utilization else None
    order = np.argsort(unconstrained, kind="stable")
    place = np.arange(len(rows))
    with house():
        figure = canvas(8, 1.9 + 0.23 * len(rows))
        axes = figure.add_subplot()
        hollow = {"color": "white", "markeredgecolor": UNCONSTRAINED, "markeredgewidth": 1.6, "markersize": 7}
        if constrained is not None:
            axes.hlines(place, unconstrained[order], constrained[order], color="#BBBBBB", linewidth=2, zorder=2)
            axes.plot(constrained[order], place, "o", color=CONSTRAINED, markersize=7, label="with costs", zorder=3)
        axes.plot(unconstrained[order], place, "o", label="without costs", zorder=4, **hollow)
        plan_line(axes, vertical=True)
        axes.set_yticks(place, node[order])
        axes.grid(visible=False, axis="y")
        axes.set(xlabel=f"{words.used} in week {week} / plan", ylim=(-0.7, len(rows) - 0.3))
        axes.set_xlim(left=0.0)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower right", ncols=2, fontsize=9)
        headline(
            figure,
            _one_week_message(unconstrained, constrained, week, words.uses),
            f"Simulated {words.used} relative to the {words.plan} (dashed line)",
        )
    return figure


def _one_week_message(unconstrained: np.ndarray, constrained: np.ndarray | None, week: int, uses: str) -> str:
    if constrained is None:
        above = int((unconstrained > 1).sum())
        return f"{above} of {len(unconstrained)} nodes {uses} more than planned in week {week}"
    closer = int((np.abs(constrained - 1) < np.abs(unconstrained - 1)).sum())
    return f"{closer} of {len(unconstrained)} nodes end closer to their plan in week {week}"


def cost_map(costs: Columns, resource: str) -> Figure:
    """Prices of a resource, node × week; nodes from the dearest to the cheapest. Gray where no order pays."""
    words = words_of(resource)
    nodes, row = np.unique(costs["node"], return_inverse=True)
    weeks, column = np.unique(costs["week"], return_inverse=True)
    grid = np.full((len(nodes), len(weeks)), np.nan)
    grid[row, column] = np.where(costs["reachable"], costs["cost"], np.nan) if "reachable" in costs else costs["cost"]
    means = np.nan_to_num(grid).mean(1)
    order = np.argsort(-means, kind="stable")
    limit = max(float(np.nan_to_num(np.abs(grid)).max()), 1e-9)
    with house():
        figure = canvas(8, 1.8 + min(0.2 * len(nodes), 12))
        axes = figure.add_subplot()
        image = axes.imshow(
            grid[order], aspect="auto", cmap="PuOr_r", norm=TwoSlopeNorm(0, -limit, limit), interpolation="nearest"
        )
        axes.set_facecolor(UNPRICED)
        every = max(1, -(-len(nodes) // 60))
        axes.set_yticks(np.arange(len(nodes))[::every], nodes[order][::every], fontsize=8)
        axes.set_xticks(np.arange(len(weeks)), weeks)
        axes.set_xticks(np.arange(len(weeks) + 1) - 0.5, minor=True)
        axes.set_xlabel("week")
        axes.grid(visible=False)
        axes.grid(which="minor", axis="x", color="white", linewidth=2)
        axes.tick_params(which="minor", length=0)
        axes.spines[:].set_visible(False)
        figure.colorbar(
            image, ax=axes, label=f"{words.price} ($ per unit)", shrink=min(1.0, 4 / figure.get_figheight())
        )
        priced = max(int((~np.isnan(grid)).sum()), 1)
        charged, paid = (int(each.sum()) / priced for each in (grid > 0, grid < 0))
        headline(
            figure,
            f"{charged:.0%} of node-weeks charge for {words.used}, {paid:.0%} reward them",
            f"What a unit pays {words.pays}; nodes from the dearest to the cheapest",
        )
    return figure
