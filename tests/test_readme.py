"""The examples of the README run as printed, and its links lead somewhere."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"


def run(number: int) -> None:
    """One of the examples, in this process."""
    examples = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(examples) == 3
    exec(compile(examples[number], README, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("number", [0, 1])
def test_examples_of_searching_and_of_the_simulator_run(tmp_path, monkeypatch, capsys, number):
    monkeypatch.chdir(tmp_path)
    run(number)
    unconstrained, constrained = (float(found) for found in re.findall(r"costs: ([0-9.]+)", capsys.readouterr().out))
    assert 0 < constrained < unconstrained
    assert (tmp_path / "run" / "metrics.json").exists() == (number == 0)


def test_example_of_the_lps_runs(capsys):
    run(2)
    out = capsys.readouterr().out
    assert float(re.findall(r"gap: (\S+)", out)[0]) <= 1e-8
    assert [" ".join(order.split()) for order in re.findall(r"\[([^]]*)\]", out)] == ["10. 0.", "6. 4."]
    assert float(re.findall(r"worth of a place: (\S+)", out)[0]) == 1


def test_links_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).exists(), link
