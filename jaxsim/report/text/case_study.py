"""The table of the case study as lines of text."""

from collections.abc import Iterator

import pyarrow as pa

from jaxsim.report.case_study import change_in_words, claim_in_words, shown, words


def case_study_lines(table: pa.Table, node_days: pa.Table) -> Iterator[str]:
    """What it is of, then a line per indicator."""
    yield words(table, node_days)
    yield ""
    yield f"{'':38s} {'before':>20s} {'after':>20s} {'change':>26s}   the case study claims"
    for row in table.to_pylist():
        sides = [" ".join(shown(row, name)) for name in ("before", "after")]
        line = f"{row['label']:38s} {sides[0]:>20s} {sides[1]:>20s} {change_in_words(row):>26s}   {claim_in_words(row)}"
        yield line.rstrip()
