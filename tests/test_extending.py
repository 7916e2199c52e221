"""The sections on policies and the environment in docs/extending.md do what they say."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


def printed(heading: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What a section's code prints when it runs in an empty folder."""
    section = PAGE.read_text("utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    [code] = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    monkeypatch.chdir(folder)
    exec(compile(code, str(PAGE), "exec"), {"__name__": heading})
    return capsys.readouterr().out


@pytest.mark.parametrize("heading", ["Policy", "Placement rule"])
def test_a_rule_and_its_oracle_agree(heading, tmp_path, monkeypatch, capsys):
    entries = re.fullmatch(
        r"0 of (\d+) entries differ; agrees: True\n", printed(heading, tmp_path, monkeypatch, capsys)
    )
    assert entries
    assert int(entries[1]) > 10_000


@pytest.mark.slow
def test_the_environment_ranks_weights_and_the_simulator_agrees(tmp_path, monkeypatch, capsys):
    out = printed("Environment", tmp_path, monkeypatch, capsys)
    rewards = [float(number) for number in re.findall(r"-\d+", out.split("faults")[0])]
    assert len(set(rewards)) == 8
    assert "faults: 0" in out
    assert float(out.split("simulator:")[1]) == max(rewards)
