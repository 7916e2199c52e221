"""Pages whose figures come from results files: words by hand, and between two marks what the files hold."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BEGIN, _END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def with_figures(page: str, figures: str) -> str:
    """The page with other figures between its marks.

    Raises:
        ValueError: the page lacks one of the two marks.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the page must have a line {_BEGIN.strip()} and one {_END.strip()}")
    return f"{before}{_BEGIN}\n{figures}\n{_END}{after}"


def table(head: str, rows: list[tuple]) -> str:
    """A table in Markdown; ``head`` has its columns between bars."""
    columns = head.count("|") + 1
    lines = [f"| {head} |", "|" + "---|" * columns]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)]) + "\n"
