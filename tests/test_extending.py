"""The sections of docs/extending.md do what they say."""

import re
from pathlib import Path

import pytest

from jaxsim.measures import COLUMNS, INDICATORS

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


def test_a_curvature_of_ones_own_searches(tmp_path, monkeypatch, capsys):
    start, end = re.findall(r"\d\.\d+", printed("Curvature", tmp_path, monkeypatch, capsys))
    assert float(end) < 0.9 * float(start)


def test_an_indicator_of_ones_own_is_in_every_run(tmp_path, monkeypatch, capsys):
    registries = COLUMNS, INDICATORS
    known = [set(registry) for registry in registries]
    try:
        out = printed("Indicator", tmp_path, monkeypatch, capsys)
    finally:  # what the section adds is for this test only
        for registry, names in zip(registries, known, strict=True):
            for name in registry.keys() - names:
                del registry[name]
    assert 0 < float(out.split(":")[1]) < 3


@pytest.mark.slow
def test_the_environment_ranks_weights_and_the_simulator_agrees(tmp_path, monkeypatch, capsys):
    out = printed("Environment", tmp_path, monkeypatch, capsys)
    rewards = [float(number) for number in re.findall(r"-\d+", out.split("faults")[0])]
    assert len(set(rewards)) == 8
    assert "faults: 0" in out
    assert float(out.split("simulator:")[1]) == max(rewards)


@pytest.mark.slow
def test_a_surge_that_buying_knows_nothing_of_costs_service(tmp_path, monkeypatch, capsys):
    lines = printed("Demand source", tmp_path, monkeypatch, capsys).splitlines()
    usual, surge = (float(line.removeprefix("fill rate ")) for line in lines)
    assert 0.9 < usual <= 1.0
    assert 0.8 < surge < usual - 0.02


@pytest.mark.slow
def test_a_search_over_arrivals_and_a_resource_of_ones_own_meets_both_better(tmp_path, monkeypatch, capsys):
    first, last = map(float, re.findall(r"0\.\d+", printed("Resource", tmp_path, monkeypatch, capsys)))
    assert last < first - 0.005
