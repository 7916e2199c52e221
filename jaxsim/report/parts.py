"""Pieces of every page: an embedded picture, a table, a list of facts, the page around them."""

import base64
import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from matplotlib.figure import Figure

from jaxsim.report.head import HEAD
from jaxsim.runs.folder import RunFolder
from jaxsim.runs.plan_folder import PlanFolder

DPI = 160


def page_of(title: str, body: Sequence[str]) -> bytes:
    """A whole page."""
    return (HEAD.replace("{title}", html.escape(title)) + "\n".join(body) + "</main>\n</html>\n").encode()


def embedded(folder: RunFolder | PlanFolder, name: str, figure: Figure, caption: str) -> str:
    """Save a picture in the folder, and what embeds it in the page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    content = buffer.getvalue()
    folder.write_figure(name, content)
    source = "data:image/png;base64," + base64.b64encode(content).decode()
    text = html.escape(caption)
    return f'<figure><img src="{source}" alt="{text}"><figcaption>{text}</figcaption></figure>'


def rows_of_table(table: pa.Table, most: int) -> str:
    """The first rows as an HTML table."""
    head = "".join(f"<th>{html.escape(name.replace('_', ' '))}</th>" for name in table.column_names)
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell(value)}</td>" for value in row.values()) + "</tr>"
        for row in table.slice(0, most).to_pylist()
    )
    return f"<div class=scroll><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def cell(value: Any) -> str:
    """A value for people."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, float):
        return "∞" if value == math.inf else "−∞" if value == -math.inf else f"{value:,.6g}"
    return html.escape(str(value))


def fact_list(title: str, facts: Mapping[str, Any]) -> str:
    """Names and values."""
    items = "".join(
        f"<dt>{html.escape(name.replace('_', ' '))}</dt><dd>{cell(value)}</dd>" for name, value in facts.items()
    )
    return f"<section><h2>{html.escape(title)}</h2><dl>{items}</dl></section>"
