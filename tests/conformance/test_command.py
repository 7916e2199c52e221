"""`jaxsim conformance`: blocks, exit codes, the file of figures, bad input."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from jaxsim import cli
from jaxsim.conformance import blocks
from jaxsim.outcome import Trajectory
from jaxsim.sampling import population_of, stratified_sample
from jaxsim.scenario import load, product_statistics, write
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Simulator, prepare


def run(*arguments) -> int:
    """Exit code of the command."""
    try:
        return cli.main(["conformance", *(str(argument) for argument in arguments)])
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory) -> Path:
    """A tiny scenario."""
    folder = tmp_path_factory.mktemp("scenario") / "tiny"
    generate(folder, "tiny", seed=1)
    return folder


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """The event engine in the place of the scan engine: nothing is compiled, and `change` alters what it makes."""
    changes = []

    class StandIn:
        def __init__(self, system, *, policies, trials, seed, lp_dtype):
            Simulator(system, policies=policies, trials=trials, seed=seed, lp_dtype=lp_dtype)  # refuses what it refuses
            self._run = lambda costs: blocks.reference.run(system, costs, trials=trials, seed=seed)

        def trajectory(self, costs) -> Trajectory:
            made = self._run(costs)
            for change in changes:
                change(made)
            return made

    monkeypatch.setenv("JAXSIM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(blocks, "Simulator", StandIn)
    return changes


def test_agreement_is_0_in_blocks_of_any_size(stand_in, scenario, tmp_path, monkeypatch, capsys):
    files = []
    for size in (1000, 6):
        monkeypatch.setattr(blocks, "BLOCK", size)
        files.append(tmp_path / f"{size}.json")
        assert run(scenario, "--products", 8, "--trials", 2, "--quiet", "--out", files[-1]) == 0
    shown = capsys.readouterr().out
    assert "the engines agree" in shown
    assert "no costs" in shown
    assert "random costs: normal, mean 0" in shown
    assert "0 of " in shown
    whole, cut = (json.loads(file.read_text()) for file in files)
    assert whole == cut
    assert [result["agrees"] for result in whole["results"]] == [True, True]
    assert whole["results"][0]["product_trials"] == 2 * whole["products"] == 16
    assert whole["results"][0]["lps"] > 16


@pytest.mark.slow
def test_forecast_and_sample_paths(scenario, tmp_path, monkeypatch, capsys):
    """Both engines themselves, on what customers do in a table and what buying believes in another."""
    monkeypatch.setenv("JAXSIM_CACHE_DIR", str(tmp_path / "cache"))
    tables = dict(load(scenario).tables)
    rows = tables["forecast"] = tables["demand"]
    region = tables["regions"]["region"][1].as_py()
    trials = [{"trial": trial, "region": region} for trial in range(2)]
    paths = [row | part for row in rows.select(["product", "week"]).to_pylist() for part in trials]
    units = [(7 * i) % 40 for i in range(len(paths))]
    tables["demand_paths"] = pa.Table.from_pylist([row | {"units": n} for row, n in zip(paths, units, strict=True)])
    write(tmp_path / "paths", tables)
    file = tmp_path / "figures.json"
    assert run(tmp_path / "paths", "--products", 8, "--trials", 2, "--quiet", "--out", file) == 0
    assert "the engines agree" in capsys.readouterr().out
    demand = [result["conservation"]["scan"]["totals"]["demand"] for result in json.loads(file.read_text())["results"]]
    chosen = stratified_sample(population_of(product_statistics(scenario)), 8, 0).names
    expected = sum(n for row, n in zip(paths, units, strict=True) if row["product"] in chosen)
    assert demand == [expected, expected]
    assert run(tmp_path / "paths", "--products", 8, "--trials", 3, "--quiet") == 1
    assert "there are 2 sample paths of demand, and trials 0 to 2 would need 3" in capsys.readouterr().err


def test_a_mismatch_is_1_and_named(stand_in, scenario, tmp_path, capsys):
    def change(made: Trajectory) -> None:
        made.received[3, 0, 8, 1] += 2

    stand_in.append(change)
    file = tmp_path / "figures.json"
    assert run(scenario, "--quiet", "--out", file, "--lp-dtype", "float32") == 1
    shown = capsys.readouterr().out
    assert "1 of 24 product-trials differ" in shown
    assert "trial 0, day 8, received[1]: " in shown
    assert "the engines differ in 2 of 48 product-trials" in shown
    assert "wMAPD" in shown
    result = json.loads(file.read_text())["results"][0]
    assert result["mismatches"] == {"received": 1}
    assert result["fields"]["received"]["by_day"] == [{"day": 8, "differing": 1, "product_trials": 1, "largest": 2.0}]
    assert result["conservation"]["scan"]["broken"] > 0
    assert result["utilization_difference"] > 0


def test_costs_of_a_file(stand_in, scenario, tmp_path, capsys):
    costs = tmp_path / "costs.csv"
    node = json.loads(json.dumps("x"))
    assert run(scenario, "--costs", costs) == 1
    assert "which does not exist" in capsys.readouterr().err
    costs.write_text(f"node,week,cost\n{node},0,1.5\n")
    assert run(scenario, "--costs", costs) == 1
    assert "dangling reference, found 'x'" in capsys.readouterr().err
    from jaxsim.scenario import load

    node = load(scenario).nodes[0]
    costs.write_text(f"node,week,cost\n{node},0,1.5\n")
    assert run(scenario, "--costs", costs, "--products", 5) == 0
    shown = capsys.readouterr()
    assert "costs of " in shown.out
    assert "no costs" not in shown.out
    assert "block of" in shown.err


def test_interruption_is_75_and_leaves_no_file(stand_in, scenario, tmp_path, capsys):
    def stop(made: Trajectory) -> None:
        raise KeyboardInterrupt

    stand_in.append(stop)
    file = tmp_path / "figures.json"
    assert run(scenario, "--out", file) == 75
    assert capsys.readouterr().err.splitlines()[-1] == "jaxsim: interrupted"
    assert not list(tmp_path.glob("*.json*"))


def test_bad_input_is_1_and_one_sentence_bad_usage_2(scenario, tmp_path, capsys):
    for arguments in ((tmp_path / "none",), (tmp_path,), (scenario, "--out", tmp_path / "none" / "file.json")):
        assert run(*arguments, "--quiet") == 1, arguments
        error = capsys.readouterr().err
        assert error.startswith("jaxsim: ")
        assert "Traceback" not in error
    for arguments in ((), (scenario, "--lp-dtype", "bfloat16"), (scenario, "--products", 0), (scenario, "--seed", -1)):
        assert run(*arguments) == 2, arguments


def test_blocks_share_a_compilation(scenario):
    """All but a single block have equal arrays, longest transfers and sending slots."""
    from jaxsim.studies.problem import load_problem

    system = load_problem(scenario, 1000, 0).system
    made = list(blocks._blocks(system, 7))
    assert [block.count for block in made] == [7, 7, 7, 3]
    shapes = [prepare(block.system)[1].shape for block in made]
    assert len(set(shapes)) == 1
    assert shapes[0] == prepare(system)[1].shape
    sizes = [[leaf.shape for leaf in _leaves(block.system)] for block in made]
    assert all(size == sizes[0] for size in sizes)
    names = [name for block in made for name in block.system.product_names[: block.count]]
    assert tuple(names) == system.product_names


def _leaves(system) -> list[np.ndarray]:
    import jax

    return jax.tree.leaves(system)
