"""The page about own data: its files, its code and its commands, run as printed."""

import re
import shlex
from pathlib import Path

import pyarrow.csv
import pytest

from jaxsim import cli

PAGE = Path(__file__).parents[1] / "docs" / "own_data.md"
TEXT = PAGE.read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def run_code(text: str) -> None:
    exec(compile(text, PAGE, "exec"), {"__name__": "__main__"})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A folder with the page's files."""
    monkeypatch.chdir(tmp_path)
    names = re.findall(r"^`(\w+\.csv)` holds", TEXT, re.MULTILINE)
    assert names == ["sales.csv", "stock.csv", "orders.csv", "weekly.csv"]
    for name, content in zip(names, blocks("csv"), strict=True):
        Path(name).write_text(content)
    return tmp_path


@pytest.mark.slow
def test_page_runs_as_printed(files, monkeypatch, capsys):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    program, export = blocks("python")
    for line in "".join(blocks("sh")).splitlines():
        command, *arguments = shlex.split(line)
        if command == "python":
            run_code(program)
        else:
            assert command == "jaxsim"
            assert cli.main(arguments) == 0, line
        if arguments[0] == "validate":
            assert capsys.readouterr().out == "scenario: no kinds of fault\n"
    for name in ("before", "run", "after"):
        assert (files / name / "report.html").is_file()
    assert "mendable" in capsys.readouterr().err
    run_code(export)
    costs = pyarrow.csv.read_csv("costs.csv")
    assert costs.column_names == ["node", "week", "cost"]
    assert costs.num_rows == 8
    assert any(costs["cost"].to_pylist())


def test_links_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", TEXT):
        assert (PAGE.parent / link).exists(), link
