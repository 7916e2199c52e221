"""Writes `docs/tables.md` from the schema: `python -m jaxsim.scenario.tables_doc`; `--check` says whether it
is up to date."""

import sys
from pathlib import Path

from jaxsim.scenario.schema import TABLES, Column, Table

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"
"""Where the page is in a checkout of the project."""

_INTRODUCTION = """\
# Scenario tables

This page is written by `python -m jaxsim.scenario.tables_doc` from the declaration in `jaxsim/scenario/schema.py`;
change that, not this.

A scenario is a folder with one file per table, `<table>.parquet` or `<table>.csv` (UTF-8, comma separated, with a
header). Columns may stand in any order; none may be added, and none may be missing but the optional ones. Optional
columns with a default may also lack values; no other value may be missing, and none may be NaN or infinite. Whole
numbers may be written as floats. Other files in the folder are ignored, unless their name ends in `.parquet` or `.csv`.

Days count from 0, the first day of the horizon; day d belongs to week d // 7. The horizon's W weeks are those of
`labor_plan`. Currency is any one currency. `jaxsim validate SCENARIO` lists every kind of fault with its first row;
rows of CSV files are counted as in a spreadsheet, with the header as row 1, those of Parquet files from 0. A scenario
without faults can be simulated. Warnings tell what is legal but hardly meant, such as no demand at all. What the
engines make of the tables is in `semantics.md`.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_INTRODUCTION, *(section(table) for table in TABLES.values())])


def section(table: Table) -> str:
    """What the page says of one table."""
    lines = [f"## {table.name}", "", table.description, "", f"Key: {', '.join(table.key)}."]
    if table.may_be_empty:
        lines[-1] += " The table may be missing." if table.optional else " The table may be empty."
    lines += ["", "| column | type | unit | meaning | rules |", "|---|---|---|---|---|"]
    lines += [_row(column) for column in table.columns]
    if table.relations:
        lines += ["", *(f"- {relation}" for relation in table.relations)]
    return "\n".join([*lines, ""])


def _row(column: Column) -> str:
    rules = [rule.text for rule in column.rules]
    if column.refers_to is not None:
        rules.append(f"occurs in {column.refers_to}")
    if column.optional:
        rules.append("optional" if column.may_be_absent else "optional, with a default")
    return f"| {column.name} | {column.type.value} | {column.unit} | {column.description} | {'; '.join(rules)} |"


def main() -> None:
    """Write the page, or with ``--check`` exit with 1 where it is not what the schema says."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    elif page() != PAGE.read_text("utf-8"):
        raise SystemExit("docs/tables.md is out of date: python -m jaxsim.scenario.tables_doc")


if __name__ == "__main__":
    main()
