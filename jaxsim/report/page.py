"""The report of a run: PNG figures in its folder, and one HTML page that holds them and needs nothing else."""

import html
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure as Drawing

from jaxsim import atomic, interrupts
from jaxsim.measures import INDICATORS, Indicator
from jaxsim.report import bottlenecks, figures
from jaxsim.report.case_study import case_study_section
from jaxsim.report.parts import embedded, fact_list, page_of
from jaxsim.report.resources import resources_in, rows_of, words_of
from jaxsim.resources import ARRIVALS
from jaxsim.runs.folder import RunFolder, open_run
from jaxsim.runs.metrics import Effect, Figure, Kind, Metrics, unit_of


def write(path: Path) -> Path:
    """See `jaxsim.report.write`."""
    run = open_run(path)
    metrics, config, manifest = run.metrics(), run.config(), run.manifest()
    body = [
        f"<header><h1>{_title(metrics)}</h1><p>{_summary(metrics, manifest)}</p></header>",
        _tiles(metrics),
        *_pictures(run, metrics),
        *_bottlenecks(run),
        _resource_table(metrics),
        _kpi_table(metrics),
        case_study_section(run.arrow("case_study"), run.arrow("node_days")) if run.has("case_study") else "",
        _provenance(config, manifest, metrics),
    ]
    atomic.write_bytes(run.report_file, page_of(f"jaxsim: {run.path.resolve().name}", body))
    return run.report_file


def _pictures(run: RunFolder, metrics: Metrics) -> Iterator[str]:
    """Save the figures in the folder, and embed them."""
    for name, figure, caption in _figures(run, metrics):
        interrupts.check()
        yield embedded(run, name, figure, caption)


def _bottlenecks(run: RunFolder) -> Iterator[str]:
    """What keeps node-weeks from their plan, where the run says so."""
    if run.has("bottlenecks"):
        yield bottlenecks.section(run.table("bottlenecks"), run.table("bottleneck_sources"))


def _figures(run: RunFolder, metrics: Metrics) -> Iterator[tuple[str, Drawing, str]]:
    """The figures that the run's tables allow: file name, figure, caption."""
    if run.has("frontier"):
        caption = "What each price of deviation reaches and costs, in truth: the whole population, fresh draws."
        yield "frontier", figures.frontier(run.table("frontier"), metrics), caption
        return
    if run.has("rolling_weeks"):
        caption = "What each week showed, one realized future: with costs refreshed, with those of week 0, with none."
        yield "rolling", figures.rolling(run.table("rolling_weeks")), caption
        return
    utilization = run.table(_utilization(run))
    if run.has("iterations"):
        yield (
            "adherence",
            figures.adherence(run.table("iterations"), metrics),
            "In-sample adherence over the iterations of the search.",
        )
    for resource in resources_in(utilization):
        yield from _figures_of(run, metrics, resource)


def _figures_of(run: RunFolder, metrics: Metrics, resource: str) -> Iterator[tuple[str, Drawing, str]]:
    """Figures of one resource; those of others than arrivals have its name in theirs."""
    words, utilization = words_of(resource), rows_of(run.table(_utilization(run)), resource)
    named = lambda name: name if resource == ARRIVALS.name else f"{name}_{resource}"
    if run.has("history"):
        history, promoted = rows_of(run.table("history"), resource), metrics.promoted_iteration or 0
        drawing = figures.node_weeks(history, utilization, promoted, resource)
        caption = f"How {words.used} of two large node-weeks came to their plan, and what it cost them."
        yield named("node_weeks"), drawing, caption
    sides = ", without and with costs" if "constrained" in utilization else ""
    whose = "" if metrics.expected else ", in-sample"
    caption = f"Nodes in the middle week of the horizon{sides}{whose}."
    yield named("one_week"), figures.one_week(utilization, resource), caption
    if run.has("costs"):
        costs = rows_of(run.table("costs"), resource)
        which = "that was simulated" if metrics.promoted_iteration is None else "of the promoted iteration"
        caption = f"Every {words.price} {which}; gray where no order could pay it any more."
        yield named("costs"), figures.cost_map(costs, resource), caption


def _utilization(run: RunFolder) -> str:
    """Name of the table that says how much is used: expected of the whole population, else in-sample."""
    return "expected" if run.has("expected") else "utilization"


def _percent(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.1%}"


def _title(metrics: Metrics) -> str:
    unconstrained, constrained = _percent(metrics.unconstrained.mean), metrics.constrained
    several = len(metrics.adhered) > 1
    expected = "Expected d" if metrics.expected else "D"
    if constrained is None:
        what = "Use of resources deviates from the plans" if several else "Arrivals deviate from the labor plan"
        return f"{what} by {unconstrained}"
    plan = "plans" if several else "labor plan"
    return f"{expected}eviation from the {plan}: {unconstrained} → {_percent(constrained.mean)}"


def _summary(metrics: Metrics, manifest: dict[str, Any]) -> str:
    size = (
        f"{manifest['sampled_products']:,} of {manifest['products']:,} products, {manifest['node_weeks']:,} node-weeks "
        f"with a plan, {metrics.product_trials:,} product-trials simulated in {metrics.seconds:.0f} s."
    )
    if metrics.expected:
        futures = f"{metrics.evaluated_trials} fresh futures"
        size += f" Expected figures are of all {metrics.evaluated_products:,} products in {futures}."
    if metrics.iterations is None:
        return size
    promoted = f"the costs of iteration {metrics.promoted_iteration} are promoted"
    return f"{metrics.iterations} iterations of the cost search; {promoted}. {size}"


def _tiles(metrics: Metrics) -> str:
    """The few numbers that a reader looks for first, what is true before what was fitted."""
    return "".join(
        f"<section><h2>{html.escape(kind.value)}</h2><p>{_EXPLAINED[kind]}</p><div class=tiles>"
        + "".join(
            f"<div><b>{_value(name, figure.mean)}</b><span>{html.escape(label)}{_spread(name, figure)}</span></div>"
            for name, label, figure in rows
        )
        + "</div></section>"
        for kind, rows in metrics.sections()
    )


_EXPLAINED = {
    Kind.EXPECTED: "Means over futures of every product; no search has seen these futures. Without and with costs they "
    "are the same.",
    Kind.IN_SAMPLE: "Of a sample. A search fits its costs to these products and futures, so they flatter it.",
    Kind.REALIZED: "What single weeks show: lead times and demand as they happen to come, which no plan can foresee.",
}


def _value(name: str, value: float) -> str:
    """A figure of `Metrics`: a percentage, or a number with its unit."""
    unit = unit_of(name)
    return _percent(value) if not unit else "–" if math.isnan(value) else f"{value:.3f}"


def _spread(name: str, figure: Figure) -> str:
    """Unit and standard error of a number, what noise alone would make of it, and how single futures differ, where they
    are known."""
    shown = f", {html.escape(unit_of(name))}" if unit_of(name) else ""
    shown += "" if math.isnan(figure.standard_error) else f" ± {_value(name, figure.standard_error)}"
    shown += "" if math.isnan(figure.noise) else f"; noise alone makes {_value(name, figure.noise)}"
    return shown if math.isnan(figure.spread) else f"{shown}; futures differ by {_value(name, figure.spread)}"


def _resource_table(metrics: Metrics) -> str:
    """wMAPD of each resource, where there are several."""
    if len(metrics.adhered) < 2:
        return ""
    head = "".join(f"<th>{html.escape(label)}</th>" for _, label, _ in next(iter(metrics.adhered.values())).figures())
    rows = "".join(
        f"<tr><td>{html.escape(words_of(name).plan)}</td>"
        + "".join(
            f"<td>{_percent(figure.mean)}<small>{_spread(key, figure)}</small></td>" for key, _, figure in row.figures()
        )
        + "</tr>"
        for name, row in metrics.adhered.items()
    )
    return (
        f"<section><h2>Plans</h2><p>{_basis(metrics)} deviation of each resource from its own plan. The figures at the "
        "top are of all of them together. No bound better than 0 is known for other resources than arrivals.</p>"
        f"<div class=scroll><table><thead><tr><th>plan</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        "</section>"
    )


def _basis(metrics: Metrics) -> str:
    return "Expected" if metrics.expected else "In-sample"


def _kpi_table(metrics: Metrics) -> str:
    """Indicators without and with costs, each with its standard error."""
    both = any(effect.constrained for effect in metrics.effects.values())
    whose = "futures of the whole population" if metrics.expected else "sampled products and trials"
    head = "<th>without costs</th>" + ("<th>with costs</th><th>change</th>" if both else "")
    rows = "".join(_kpi_row(name, effect, both) for name, effect in metrics.effects.items())
    return (
        f"<section><h2>Cost and service</h2><p>{_basis(metrics)} figures, each ± its standard error over {whose}. "
        "Both columns see the same demand and lead times, so a change is known better than its two sides. It is called "
        "better or worse where its 95% confidence interval excludes 0.</p>"
        "<div class=scroll><table>"
        f"<thead><tr><th>indicator</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _kpi_row(name: str, effect: Effect, both: bool) -> str:
    indicator = INDICATORS.get(name)
    label, unit = (indicator.label, indicator.unit) if indicator else (name, "")
    shown = f"<small>{html.escape(unit)}</small>" if unit else ""
    cells = [f"<td>{html.escape(label)} {shown}</td>", _estimate(indicator, effect.unconstrained)]
    if both:
        cells += [_estimate(indicator, effect.constrained), f"<td>{_change(indicator, effect)}</td>"]
    return "<tr>" + "".join(cells) + "</tr>"


def _change(indicator: Indicator | None, effect: Effect) -> str:
    """Change relative to the value without costs, and which way it goes."""
    base, change = effect.unconstrained.mean, effect.change
    if change is None and effect.constrained is not None:  # a run of an older version
        change = Figure(effect.constrained.mean - base)
    if change is None or math.isnan(change.mean) or base == 0:
        return "–"
    error = "" if math.isnan(change.standard_error) else f" ± {change.standard_error / abs(base):.1%}"
    verdict = indicator and indicator.verdict(change.estimate)
    return f"{change.mean / base:+.1%}<small>{error}{f' {verdict}' if verdict else ''}</small>"


def _estimate(indicator: Indicator | None, figure: Figure | None) -> str:
    if figure is None or math.isnan(figure.mean):
        return "<td>–</td>"
    shown, error = (
        f"{value:.2%}" if indicator and indicator.share else f"{value:.4g}"
        for value in (figure.mean, figure.standard_error)
    )
    return f"<td>{shown}</td>" if math.isnan(figure.standard_error) else f"<td>{shown} <small>± {error}</small></td>"


def _provenance(config: dict[str, Any], manifest: dict[str, Any], metrics: Metrics) -> str:
    """What made the numbers."""
    facts = {key: value for table in config.values() for key, value in table.items()}
    facts |= {"device": manifest["device"], "scenario sha256": manifest["scenario_sha256"][:16]}
    facts |= {
        name: version for name, version in manifest["versions"].items() if name in ("jaxsim-inbound", "jax", "python")
    }
    if metrics.stopped is not None:
        facts["stopped"] = metrics.stopped
    return fact_list("How this was made", facts)
