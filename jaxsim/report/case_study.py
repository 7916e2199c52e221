"""The table of the case study on the report's page: what is measured, and beside it what the case study claims."""

import html
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from jaxsim.measures.deliveries import DELIVERY_INDICATORS, REGISTRY

BEFORE = (
    "every product bought into its cheapest node, regions served from the nearest node on, orders to trucks first-fit"
)
AFTER = "the buying LP with the run's capacity costs, if any, the same fulfillment, and planned schedules"


def case_study_section(table: pa.Table, node_days: pa.Table) -> str:
    """A section of the page."""
    head = ("indicator", "before", "after", "change", "the case study claims")
    terms = "".join(
        f"<dt>{html.escape(row['label'])}</dt><dd>{html.escape(definition)}</dd>"
        for row in table.to_pylist()
        if row["indicator"] in REGISTRY and (definition := REGISTRY[row["indicator"]].definition)
    )
    sides = [f"{DELIVERY_INDICATORS[name].label}, {side}" for name in _BY_NODE for side in ("before", "after")]
    return (
        f"<section><h2>Before and after</h2><p>{html.escape(words(table, node_days))}</p>"
        f"{_table(head, map(_row, table.to_pylist()))}<dl>{terms}</dl></section>"
        "<section><h2>Deliveries by node</h2><p>Of the node-days of that table; one or a few days a node, so without "
        f"errors.</p>{_table(('node', 'days', 'packages, after', *sides), _rows_by_node(node_days))}</section>"
    )


_BY_NODE = ("route_cost_per_package", "delivery_cost_per_package", "on_time_share", "packages_per_mile")
"""Indicators shown of each node."""


def _table(head: Sequence[str], rows: Iterable[str]) -> str:
    names = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    return f"<div class=scroll><table><thead><tr>{names}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _rows_by_node(node_days: pa.Table) -> Iterable[str]:
    """A row per node: its days, packages, and indicators on both sides."""
    every = node_days.to_pylist()
    for node in sorted({row["node"] for row in every}):
        mine = {side: [row for row in every if (row["node"], row["side"]) == (node, side)] for side in _SIDES}
        cells = [html.escape(node), str(len(mine["after"])), f"{sum(row['packages'] for row in mine['after']):,.0f}"]
        cells += [_ratio(name, mine[side]) for name in _BY_NODE for side in _SIDES]
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


_SIDES = ("before", "after")


def _ratio(name: str, rows: list[dict[str, Any]]) -> str:
    """An indicator of some node-days; "–" where they have none."""
    indicator = DELIVERY_INDICATORS[name]
    total = lambda columns: sum(row.get(column) or 0.0 for row in rows for column in columns)
    below = total([indicator.denominator])
    return _number(name, total(indicator.numerator) / below) if below else "–"


def _number(name: str, value: float, *, signed: bool = False) -> str:
    """A value of an indicator as people read it."""
    sign = "+" if signed else ""
    return f"{value:{sign}.1%}" if name in REGISTRY and REGISTRY[name].share else f"{value:{sign}.3g}"


def words(table: pa.Table, node_days: pa.Table) -> str:
    """What the table is of."""
    methods = sorted({row["method"] for row in node_days.to_pylist() if row["side"] == "after"} - {"none"})
    count = node_days.num_rows // 2
    plans = ", ".join(methods) or "carrier only"
    return (
        f"Before: {BEFORE}. After: {AFTER}. Both see the same products, demand, lead times, customers and trucks. "
        f"Deliveries are those of {count} random node-days (after: {plans}), the rest is of the whole simulated "
        "sample; each figure ± its standard error. A change is called better or worse where its 95% confidence "
        "interval excludes 0. The last column is what the case study states, and no measurement."
    )


def shown(row: dict[str, Any], name: str, *, signed: bool = False) -> tuple[str, str]:
    """A number of the table and its error, as people read them."""
    value, error = row[name], row[f"{name}_se"]
    if value is None:
        return "–", ""
    which = row["indicator"]
    return _number(which, value, signed=signed), "" if error is None else f"± {_number(which, error)}"


def change_in_words(row: dict[str, Any]) -> str:
    """The change relative to before, its error, and whether it is better."""
    if row["change"] is None or not row["before"]:
        return "–"
    error = "" if row["change_se"] is None else f" ± {row['change_se'] / abs(row['before']):.1%}"
    return f"{row['change'] / row['before']:+.1%}{error}{f' {verdict}' if (verdict := row['verdict']) else ''}"


def claim_in_words(row: dict[str, Any]) -> str:
    """What the case study states."""
    if row["claimed_change"] is None:
        return "–"
    sides = "" if row["claimed_before"] == "–" else f"{row['claimed_before']} → {row['claimed_after']}, "
    return f"{sides}{row['claimed_change']}"


def _row(row: dict[str, Any]) -> str:
    cells = [f"{html.escape(row['label'])} <small>{html.escape(row['unit'])}</small>"]
    cells += [
        " ".join((value, f"<small>{error}</small>")) for value, error in (shown(row, "before"), shown(row, "after"))
    ]
    cells += [html.escape(change_in_words(row)), html.escape(claim_in_words(row))]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
