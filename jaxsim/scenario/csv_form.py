"""What a CSV file looks like before it is parsed: its encoding, its separator, its header, and its lines.

Spreadsheets write CSV in many forms. Of each that is not ours, such as `node;kind;inbound` or UTF-16, the file library
would only say that columns are missing; here it gets its own sentence.
"""

import csv
from collections.abc import Sequence
from pathlib import Path

from jaxsim.scenario.faults import Fault
from jaxsim.scenario.schema import Table

_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_EMPTY_LINES = (b"\n", b"\r\n", b"\r")
_LONGEST_HEADER = 1 << 20  # bytes


def form_faults(path: Path, table: Table) -> list[Fault]:
    """Why a CSV file cannot be parsed as that table; empty when its header has a column of the table.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        file.seek(0)
        line = file.readline(_LONGEST_HEADER)
    encoding = lambda found: Fault(
        "encoding", table.name, "CSV files are UTF-8", f"Save {path.name} as UTF-8.", value=found
    )
    if not start:
        rule, remedy = "the file is a whole table", f"Write {path.name} again."
        return [Fault("unreadable file", table.name, rule, remedy, value="an empty file")]
    if start.startswith(_UTF16_MARKS) or b"\0" in start:
        return [encoding("UTF-16 or other text with zero bytes")]
    try:
        header = line.removeprefix(_UTF8_MARK).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        return [encoding("bytes that are not UTF-8 in its header")]
    if _any_known(next(csv.reader([header]), []), table):
        return []
    for separator, word in _SEPARATORS.items():
        if _any_known(header.replace('"', "").split(separator), table):
            rule, remedy = "columns are separated by commas", f"Save {path.name} with commas, and decimals with points."
            return [Fault("separator", table.name, rule, remedy, value=f"columns separated by {word}")]
    rule = f"the first row holds the column names {', '.join(table.names)}"
    found = repr(header if len(header) <= 60 else header[:60] + "…")
    return [Fault("no header", table.name, rule, "Add a first row with the names.", value=found)]


def _any_known(cells: Sequence[str], table: Table) -> bool:
    return any(table.find(cell.strip().casefold()) is not None for cell in cells)


def header_names(path: Path) -> list[str]:
    """Column names in the first line of a CSV file."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        return next(csv.reader(file), [])


def line_of(path: Path, row: int) -> int:
    """Number of the line, the first being 1, that holds a row of the table, the first after the header being 0."""
    left = row + 1
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line in _EMPTY_LINES:  # they hold no row
                continue
            if not left:
                return number
            left -= 1
    return row + 2
