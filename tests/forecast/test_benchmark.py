"""The benchmark of forecasts runs, keeps what it has, and makes its table."""

import json
import sys

import numpy as np
import pytest

from benchmarks import forecast
from jaxsim.forecast import Panel
from tests.forecast.data import counts
from validation import panels


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one made-up panel in the place of carparts, for what `main` reads."""
    values = np.nan_to_num(counts(series=40, periods=36).values, nan=0)
    rows = [",".join(f"{units:g}" for units in row) for row in values]
    (tmp_path / "carparts.csv").write_text("\n".join(rows))
    monkeypatch.setattr(sys, "argv", ["forecast", "--data", str(tmp_path), "--out", str(tmp_path), "--seeds", "4", "5"])
    return tmp_path


def run(monkeypatch, *options):
    monkeypatch.setattr(sys, "argv", [*sys.argv[:8], *options])
    forecast.main()


def test_runs_are_kept_and_tabulated(folder, monkeypatch, capsys):
    run(monkeypatch, "--methods", "tsb", "past_quantiles")
    run(monkeypatch, "--methods", "last_value", "--quick")
    run(monkeypatch, "--methods", "last_value")
    path = folder / "forecast_cpu.json"
    report = json.loads(path.read_text())
    found = report["panels"]["carparts"]
    assert (found["series"], found["window"]) == (40, "periods 24 to 35")
    assert {"tsb", "past_quantiles", "last_value"} == set(found["methods"])
    assert [row["seed"] for row in found["methods"]["tsb"]] == [4]
    assert found["methods"]["tsb"][0]["crps_sum"] is None
    assert {"commit", "load_average", "timing", "quick"} <= set(report)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["forecast", "--table", str(path)])
    forecast.main()
    table = capsys.readouterr().out
    assert "| carparts | past quantiles |" in table
    assert table.count("\n") == 5


def test_random_methods_run_with_every_seed(folder, monkeypatch):
    class Guess:
        def __call__(self, history: Panel, horizon: int, seed: int = 0):
            paths = np.random.default_rng(seed).poisson(3.0, (history.shape[0], 50, horizon))
            return forecast.Predicted.from_paths(paths)

    monkeypatch.setitem(forecast.METHODS, "guess", Guess)
    monkeypatch.setattr(forecast, "RANDOM", {"guess"})
    run(monkeypatch, "--methods", "guess")
    rows = json.loads((folder / "forecast_cpu.json").read_text())["panels"]["carparts"]["methods"]["guess"]
    assert [row["seed"] for row in rows] == [4, 5]
    assert rows[0]["wql"] != rows[1]["wql"]
    assert all(row["crps_sum"] > 0 for row in rows)


def test_what_is_missing_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["forecast", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        forecast.main()
    assert f"none of {', '.join(panels.FILES.values())} is in" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["forecast", "--methods", forecast.RIVAL])
    with pytest.raises(SystemExit):
        forecast.main()
    assert "needs --gluonts" in capsys.readouterr().err
