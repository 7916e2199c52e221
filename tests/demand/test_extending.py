"""The section on demand sources in docs/extending.md does what it says."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"


@pytest.mark.slow
def test_example_of_a_demand_source(tmp_path, monkeypatch, capsys):
    """A surge that buying knows nothing of costs service."""
    section = PAGE.read_text("utf-8").split("## Demand source")[1].split("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, str(PAGE), "exec"), {})
    usual, surge = (float(line.removeprefix("fill rate ")) for line in capsys.readouterr().out.splitlines())
    assert 0.9 < usual <= 1.0
    assert 0.8 < surge < usual - 0.02
