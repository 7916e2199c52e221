"""Section of the report page: the worst node-weeks, what keeps each from its plan, and who uses it."""

import html

import numpy as np

from jaxsim.measures import PARTS
from jaxsim.report.resources import Columns, words_of
from jaxsim.report.text.bottlenecks import split_line

SHOWN = 20
"""Node-weeks."""

_WORDS = (
    "<b>bound</b>: no price can mend it. <b>price</b>: a unit off plan is cheaper than what would mend it. "
    "<b>granularity</b>: less than half of a single order. <b>noise</b>: what the simulation's error alone shows. "
    "<b>rest</b>: none of these. <b>One more unit of plan</b> changes the least possible deviation by so many units, "
    "and what the search minimizes, buying costs and the price of deviation, by so much money; negative numbers save. "
    "<code>docs/bottlenecks.md</code> tells more."
)


def section(table: Columns, sources: Columns) -> str:
    """The section as HTML.

    Args:
        table: columns of `bottlenecks`. sources: of `bottleneck_sources`.
    """
    size = np.abs(table["deviation"])
    worst = [h for h in np.argsort(-size, kind="stable")[:SHOWN] if size[h] > 0]
    share = size[worst].sum() / size.sum() if size.sum() > 0 else 0.0
    several = len(set(table["resource"].tolist())) > 1
    heads = ["node, week", "plan", "deviation", *PARTS, "one more unit: units", "$", "who uses most of it"]
    head = "".join(f"<th>{name}</th>" for name in heads)
    rows = "".join(_row(table, sources, h, several) for h in worst)
    return (
        f"<section><h2>What is left, and why</h2><p>{html.escape(split_line(table))}</p><p>{_WORDS}</p>"
        f"<p>The {len(worst)} worst node-weeks, {share:.0%} of what is left; units.</p>"
        f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


def _row(table: Columns, sources: Columns, h: int, several: bool) -> str:
    node, week, resource = str(table["node"][h]), int(table["week"][h]), str(table["resource"][h])
    name = html.escape(node) + f", {week}"
    name += f" <small>{html.escape(words_of(resource).used)}</small>" if several else ""
    parts = "".join(f"<td>{_number(table[part][h])}</td>" for part in PARTS)
    return (
        f"<tr><td>{name}</td><td>{_number(table['plan'][h])}</td><td>{table['deviation'][h]:+,.0f}</td>{parts}"
        f"<td>{_number(table['plan_deviation'][h], '+.2f')}</td><td>{_number(table['plan_price'][h], '+.2f')}</td>"
        f"<td>{_users(sources, resource, node, week)}</td></tr>"
    )


def _users(sources: Columns, resource: str, node: str, week: int) -> str:
    """The order set and the product that use most of a node-week."""
    mine = (sources["resource"] == resource) & (sources["node"] == node) & (sources["week"] == week)
    texts = []
    for kind in ("product", "order set"):
        rows = np.flatnonzero(mine & (sources["kind"] == kind))
        if len(rows):
            texts.append(f"{html.escape(str(sources['name'][rows[0]]))} {sources['share'][rows[0]]:.0%}")
    return "<br>".join(f"<small>{text}</small>" for text in texts) or "–"


def _number(value: float | None, form: str = ",.0f") -> str:
    return "–" if value is None or np.isnan(value) else f"{value:{form}}"
