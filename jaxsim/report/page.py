"""The report of a run: PNG figures in its folder, and one HTML page that holds them and needs nothing else."""

import base64
import html
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from jaxsim import atomic, interrupts
from jaxsim.report import figures
from jaxsim.report.text import HEAD, INDICATORS, Indicator
from jaxsim.runs.folder import RunFolder, open_run

DPI = 160


def write(path: Path) -> Path:
    """Write the figures and `report.html` of the run in folder `path`; returns the page.

    Raises:
        RunError: The folder is not a run, or has not been finished.
    """
    run = open_run(path)
    metrics, config, manifest = run.metrics(), run.config(), run.manifest()
    sections = [_figure(run, name, figure, caption) for name, figure, caption in _figures(run, metrics)]
    body = [
        f"<header><h1>{_title(metrics)}</h1><p>{_summary(metrics, manifest)}</p></header>",
        _tiles(metrics),
        *sections,
        _kpi_table(metrics),
        _provenance(config, manifest, metrics),
    ]
    page = (
        HEAD.replace("{title}", html.escape(f"jaxsim: {run.path.resolve().name}"))
        + "\n".join(body)
        + "</main>\n</html>\n"
    )
    atomic.write_bytes(run.report_file, page.encode())
    return run.report_file


def _figures(run: RunFolder, metrics: dict[str, Any]) -> Iterator[tuple[str, Figure, str]]:
    """The figures that the run's tables allow: file name, figure, caption."""
    utilization = run.table("utilization")
    if run.has("iterations"):
        yield (
            "adherence",
            figures.adherence(run.table("iterations"), metrics),
            "Adherence over the iterations of the search.",
        )
    if run.has("history"):
        promoted = metrics["promoted_iteration"]
        yield (
            "node_weeks",
            figures.node_weeks(run.table("history"), utilization, promoted),
            "How two large node-weeks came to their plan, and what it cost them.",
        )
    if "constrained" in utilization:
        yield (
            "one_week",
            figures.one_week(utilization),
            "Nodes in the middle week of the horizon, without and with costs.",
        )
    else:
        yield "one_week", figures.one_week(utilization), "Nodes in the middle week of the horizon."
    if run.has("costs"):
        yield "costs", figures.cost_map(run.table("costs")), "Every capacity cost of the promoted iteration."


def _figure(run: RunFolder, name: str, figure: Figure, caption: str) -> str:
    """Save a figure in the folder and embed it."""
    interrupts.check()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    content = buffer.getvalue()
    run.write_figure(name, content)
    source = "data:image/png;base64," + base64.b64encode(content).decode()
    text = html.escape(caption)
    return f'<figure><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _title(metrics: dict[str, Any]) -> str:
    before = _percent(metrics["wmapd_unconstrained"])
    if "wmapd" not in metrics:
        return f"Arrivals deviate from the labor plan by {before}"
    return f"Deviation from the labor plan: {before} → {_percent(metrics['wmapd'])}"


def _summary(metrics: dict[str, Any], manifest: dict[str, Any]) -> str:
    size = (
        f"{manifest['sampled_products']:,} of {manifest['products']:,} products, {manifest['node_weeks']:,} node-weeks "
        f"with a labor plan, {metrics['product_trials']:,} product-trials simulated in {metrics['seconds']:.0f} s."
    )
    if "iterations" not in metrics:
        return size
    promoted = f"the costs of iteration {metrics['promoted_iteration']} are promoted"
    return f"{metrics['iterations']} iterations of the cost search; {promoted}. {size}"


def _tiles(metrics: dict[str, Any]) -> str:
    """The few numbers that a reader looks for first."""
    tiles = [
        ("wMAPD without costs", "wmapd_unconstrained"),
        ("wMAPD with costs", "wmapd"),
        ("least possible wMAPD", "wmapd_bound"),
        ("wMAPD on other products and futures", "wmapd_out_of_sample"),
        ("preferred node availability without", "pna_unconstrained"),
        ("preferred node availability with", "pna"),
    ]
    cells = (
        f"<div><b>{_percent(metrics[name])}</b><span>{label}{_spread(metrics, name)}</span></div>"
        for label, name in tiles
        if metrics.get(name) is not None
    )
    return '<section class="tiles">' + "".join(cells) + "</section>"


def _spread(metrics: dict[str, Any], name: str) -> str:
    """Standard error of a number, and what noise alone would make of it, where they are known."""
    error, noise = metrics.get(f"{name}_se"), metrics.get(f"{name}_noise")
    shown = "" if error is None else f" ± {_percent(error)}"
    return shown if noise is None else f"{shown}; noise alone makes {_percent(noise)}"


def _kpi_table(metrics: dict[str, Any]) -> str:
    """Indicators before and after, each with its standard error."""
    both = any("constrained" in row for row in metrics["kpis"].values())
    head = "<th>without costs</th>" + ("<th>with costs</th><th>change</th>" if both else "")
    named = ((INDICATORS.get(name, Indicator(name)), row) for name, row in metrics["kpis"].items())
    rows = "".join(_kpi_row(indicator, row, both) for indicator, row in named)
    return (
        "<section><h2>Cost and service</h2><p>Each estimate ± its standard error over sampled products and trials. "
        "Both columns see the same demand and lead times, so a change is known better than its two sides.</p>"
        "<div class=scroll><table>"
        f"<thead><tr><th>indicator</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _kpi_row(indicator: Indicator, row: dict[str, float | None], both: bool) -> str:
    unit = f"<small>{html.escape(indicator.unit)}</small>" if indicator.unit else ""
    cells = [f"<td>{html.escape(indicator.label)} {unit}</td>", _estimate(indicator, row, "unconstrained")]
    if both:
        before, after = row.get("unconstrained"), row.get("constrained")
        error, change = row.get("change_se"), "–"
        if before is not None and after is not None and before != 0:
            change = f"{after / before - 1:+.1%}"
            change += "" if error is None else f" <small>± {error / abs(before):.1%}</small>"
        cells += [_estimate(indicator, row, "constrained"), f"<td>{change}</td>"]
    return "<tr>" + "".join(cells) + "</tr>"


def _estimate(indicator: Indicator, row: dict[str, float | None], name: str) -> str:
    value, error = row.get(name), row.get(f"{name}_se")
    if value is None:
        return "<td>–</td>"
    shown = indicator.show(value)
    return f"<td>{shown}</td>" if error is None else f"<td>{shown} <small>± {indicator.show(error)}</small></td>"


def _provenance(config: dict[str, Any], manifest: dict[str, Any], metrics: dict[str, Any]) -> str:
    """What made the numbers."""
    facts = {key: value for table in config.values() for key, value in table.items()}
    facts |= {"device": manifest["device"], "scenario sha256": manifest["scenario_sha256"][:16]}
    facts |= {
        name: version for name, version in manifest["versions"].items() if name in ("jaxsim-inbound", "jax", "python")
    }
    if "stopped" in metrics:
        facts["stopped"] = metrics["stopped"]
    items = "".join(f"<dt>{html.escape(str(k))}</dt><dd>{html.escape(str(v))}</dd>" for k, v in facts.items())
    return f"<section><h2>How this was made</h2><dl>{items}</dl></section>"
