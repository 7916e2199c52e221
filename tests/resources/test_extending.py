"""The section on resources in docs/extending.md does what it says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.mark.slow
def test_example_of_a_resource(tmp_path, monkeypatch, capsys):
    """A search over arrivals and a resource of one's own brings both nearer to their plans."""
    section = PAGE.read_text("utf-8").split("## Resource\n")[1].split("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {})
    first, last = map(float, re.findall(r"0\.\d+", capsys.readouterr().out))
    assert last < first - 0.005
