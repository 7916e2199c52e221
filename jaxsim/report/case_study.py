"""The table of the case study on the report's page: what is measured, and beside it what the case study claims."""

import html
from typing import Any

import pyarrow as pa

BEFORE = (
    "every product bought into its cheapest node, regions served from the nearest node on, orders to trucks first-fit"
)
AFTER = "the buying LP with the run's capacity costs, if any, the same fulfillment, and planned schedules"


def case_study_section(table: pa.Table, node_days: pa.Table) -> str:
    """A section of the page."""
    head = "".join(f"<th>{name}</th>" for name in ("indicator", "before", "after", "change", "the case study claims"))
    rows = "".join(_row(row) for row in table.to_pylist())
    return (
        f"<section><h2>Before and after</h2><p>{html.escape(words(table, node_days))}</p>"
        f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>"
    )


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
    share = not row["unit"] or row["unit"].startswith(("packages in time", "units delivered /"))
    form = lambda x, sign: f"{x:{'+' * sign}.1%}" if share else f"{x:{'+' * sign}.3g}"
    if value is None:
        return "–", ""
    return form(value, signed), "" if error is None else f"± {form(error, False)}"


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
