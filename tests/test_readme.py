"""The example of the README runs as printed, and its links lead somewhere."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_example_runs(tmp_path, monkeypatch, capsys):
    """In this process, where its simulator has the shape of `test_engines`' and so is compiled already."""
    example = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(example) == 1
    monkeypatch.chdir(tmp_path)
    exec(compile(example[0], README, "exec"), {"__name__": "__main__"})
    before, after = (float(number) for number in re.findall(r"costs: ([0-9.]+)", capsys.readouterr().out))
    assert 0 < after < before


def test_links_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).exists(), link
