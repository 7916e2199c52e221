"""The command line: exit codes, one-sentence errors, and nothing slow before it is needed."""

import errno
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

import jaxsim
from jaxsim import cli, interrupts
from jaxsim.atomic import WriteError
from jaxsim.runs import checkpoint, claim
from tests.allocation.instances import COSTS, DEMAND, SUPPLY
from tests.report.fakes import made_up_run
from tests.studies.conftest import soft_engine


def run(*arguments) -> int:
    """Exit code of a command."""
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    """A tiny scenario, made by the command."""
    folder = tmp_path_factory.mktemp("scenarios") / "tiny"
    assert run("generate", folder, "--preset", "tiny", "--seed", 1) == 0
    return folder


@pytest.fixture
def fast_engine(monkeypatch, tmp_path):
    """Searches with a stand-in for the engine, a cache of their own, and coarse pictures."""
    monkeypatch.setenv("JAXSIM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    monkeypatch.setattr("jaxsim.studies.problem.engine", lambda name, system, trials, *_: soft_engine(system, trials))


def test_help_needs_neither_jax_nor_numpy():
    code = (
        "import sys; from jaxsim.cli import parser; parser().format_help(); "
        "print([m for m in ('jax', 'numpy', 'pyarrow', 'matplotlib', 'rich') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_module_runs():
    out = subprocess.run([sys.executable, "-m", "jaxsim", "--version"], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == f"jaxsim {jaxsim.__version__}"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("search", "scenario"),
        ("search", "scenario", "--out", "run", "--iterations", "0"),
        ("search", "scenario", "--out", "run", "--iterations", "many"),
        ("search", "scenario", "--out", "run", "--curvature", "newton"),
        ("search", "scenario", "--out", "run", "--seed", "-1"),
        ("simulate", "scenario", "--out", "run", "--engine", "magic"),
        ("generate", "out", "--preset", "huge"),
        ("evaluate", "scenario"),
        ("evaluate", "scenario", "--costs", "costs.csv", "--trials", "0"),
        ("search", "scenario", "--out", "run", "--evaluate-trials", "-1"),
    ],
)
def test_bad_usage_is_2(arguments, capsys):
    assert run(*arguments) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_bad_input_is_1_and_one_sentence(scenario, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("something")
    cases = [
        ("validate", tmp_path / "none"),
        ("simulate", tmp_path / "none", "--out", tmp_path / "run"),
        ("report", tmp_path),
        ("compare", tmp_path, tmp_path),
        ("generate", scenario),
        ("generate", tmp_path / "new", "--demand-history", tmp_path / "none.csv"),
        ("generate", tmp_path, "--overwrite"),
        ("search", scenario, "--out", tmp_path, "--overwrite"),
        ("search", scenario, "--out", tmp_path / "none", "--resume"),
        ("search", scenario, "--out", tmp_path / "run", "--evaluate-trials", 1),
        ("evaluate", scenario, "--costs", file),
        ("evaluate", scenario, "--costs", tmp_path / "none.csv", "--trials", 1),
        ("evaluate", scenario, "--costs", file, "--resume"),
        ("evaluate", scenario, "--costs", file, "--out", tmp_path / "none", "--resume"),
    ]
    capsys.readouterr()
    for case in cases:
        assert run(*case) == 1, case
        error = capsys.readouterr().err
        assert error.splitlines()[-1].startswith("jaxsim: "), case
        assert "Traceback" not in error
    assert file.read_text() == "something"


def test_validate(scenario, tmp_path, capsys):
    assert run("validate", scenario) == 0
    broken = tmp_path / "broken"
    broken.mkdir()
    for table in scenario.iterdir():
        if table.stem != "regions":
            (broken / table.name).write_bytes(table.read_bytes())
    assert run("validate", broken) == 1
    assert "regions" in capsys.readouterr().out


@pytest.mark.usefixtures("fast_engine")
def test_search_report_and_resume(scenario, tmp_path, capsys, monkeypatch):
    out = tmp_path / "run"
    arguments = ("search", scenario, "--out", out, "--iterations", 4, "--sample", 10)
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.search._out_of_sample", _interrupt)
        assert run(*arguments) == 75
    assert run("report", out) == 1
    assert run("search", scenario, "--out", out, "--resume", "--iterations", 5) == 1
    assert "iterations = 4, not 5" in capsys.readouterr().err
    assert run("search", scenario, "--out", out, "--resume") == 0
    assert (out / "report.html").exists()
    assert run(*arguments) == 1
    assert run(*arguments, "--overwrite", "--quiet") == 0
    (out / "report.html").unlink()
    assert run("report", out) == 0
    assert (out / "report.html").exists()
    assert run("simulate", scenario, "--out", tmp_path / "s", "--costs", out / "costs.parquet", "--products", 10) == 0
    capsys.readouterr()
    assert run("compare", out, tmp_path / "s") == 0
    assert "fill_rate" in capsys.readouterr().out


@pytest.mark.usefixtures("fast_engine")
def test_interrupted_searches_say_how_to_go_on(scenario, tmp_path, capsys, monkeypatch):
    out = tmp_path / "run"
    arguments = ("search", scenario, "--out", out, "--iterations", 4, "--sample", 10, "--quiet")
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.search.load_problem", _interrupt)
        assert run(*arguments) == 75
    assert capsys.readouterr().err == f"jaxsim: interrupted before a run was begun in {out}; start it again\n"
    assert not out.exists()
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.search.wmapd_bound", _interrupt)
        assert run(*arguments) == 75
    assert capsys.readouterr().err == f"jaxsim: interrupted; go on with --resume --out {out}\n"
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.report.page.figures.cost_map", _interrupt)
        assert run(*arguments, "--resume") == 75
    assert capsys.readouterr().err == f"jaxsim: interrupted; go on with --resume --out {out}\n"
    assert run(*arguments, "--resume") == 0
    assert (out / "report.html").exists()


@pytest.mark.usefixtures("fast_engine")
def test_evaluate_and_resume(scenario, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jaxsim.studies.population.BLOCK", 10)
    costs, out = tmp_path / "costs.csv", tmp_path / "run"
    costs.write_text("node,week,cost\n")
    arguments = ("evaluate", scenario, "--costs", costs, "--trials", 3, "--quiet")
    assert run(*arguments) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("In truth: the whole population, fresh draws\nwmapd_expected_unconstrained ")
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.evaluate.product_names", _interrupt)
        assert run(*arguments, "--out", out) == 75
    assert capsys.readouterr().err == f"jaxsim: interrupted before a run was begun in {out}; start it again\n"
    with monkeypatch.context() as patch:
        patch.setattr("jaxsim.studies.evaluate.expected_metrics", _interrupt)
        assert run(*arguments, "--out", out) == 75
        assert capsys.readouterr().err == f"jaxsim: interrupted; go on with --resume --out {out}\n"
        assert run(*arguments) == 75
    assert capsys.readouterr().err == "jaxsim: interrupted\n"
    assert run("report", out) == 1
    assert "go on with `jaxsim evaluate … --resume`" in capsys.readouterr().err
    again = ("evaluate", scenario, "--costs", costs, "--quiet", "--out", out, "--resume")
    assert run("search", scenario, "--out", out, "--resume") == 1
    assert f"{out} is not the run of a search" in capsys.readouterr().err
    assert run(*again, "--trials", 4) == 1
    assert "trials = 3, not 4" in capsys.readouterr().err
    assert run(*again) == 0
    figures = lambda text: text.split("evaluated_products")[0]
    assert figures(capsys.readouterr().out) == figures(printed)
    assert (out / "report.html").exists()
    assert run(*arguments, "--out", out, "--overwrite") == 0
    assert run("compare", out, out) == 0
    assert "expected ones" in capsys.readouterr().out


@pytest.mark.filterwarnings("always:all checkpoints:RuntimeWarning")
@pytest.mark.usefixtures("fast_engine")
def test_a_full_disk_names_the_file_and_how_to_go_on(scenario, tmp_path, capsys, monkeypatch):
    out, save = tmp_path / "run", checkpoint.save

    def full(folder, identity, found):
        if found.iteration == 3:
            raise WriteError(errno.ENOSPC, "No space left on device", str(folder / "000003.npz"))
        return save(folder, identity, found)

    arguments = ("search", scenario, "--out", out, "--iterations", 4, "--sample", 10, "--quiet")
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", full)
        assert run(*arguments) == 75
    place = out / "checkpoints" / "000003.npz"
    how = f"make room, then go on with --resume --out {out}"
    assert capsys.readouterr().err == f"jaxsim: cannot write {place}: No space left on device; {how}\n"
    for file in (out / "checkpoints").iterdir():
        file.write_bytes(b"damaged")
    assert run(*arguments, "--resume") == 0
    said = f"jaxsim: all checkpoints in {out / 'checkpoints'} are damaged: the run begins anew\n"
    assert capsys.readouterr().err == said


def _interrupt(*_):
    raise KeyboardInterrupt


def test_compare(tmp_path, capsys):
    first, second = (made_up_run(tmp_path / name, nodes=3, search=name == "b") for name in "ab")
    assert run("compare", first.path, second.path) == 0
    lines = capsys.readouterr().out.splitlines()
    cost = next(line for line in lines if line.startswith("cost_per_unit")).split()
    assert cost[1:4] == ["0.8000", "0.7900", "-0.0100"]
    assert abs(float(cost[4]) - (-0.01 - 1.96 * 0.01 * 2**0.5)) < 1e-3


@pytest.mark.parametrize(
    ("table", "remedy"),
    [
        ("simulation", "start it again"),
        ("search", "go on with `jaxsim search … --resume`"),
        ("evaluation", "go on with `jaxsim evaluate … --resume`"),
        ("frontier", "go on with `jaxsim frontier … --resume`"),
        ("rolling", "go on with `jaxsim rolling … --resume`"),
    ],
)
def test_a_report_of_an_unfinished_run_says_how_it_goes_on(tmp_path, capsys, table, remedy):
    folder = claim.create(tmp_path / "run", {table: {"seed": 1}}, {}).path
    assert run("report", folder) == 1
    assert f"is not finished; {remedy}" in capsys.readouterr().err


def test_public_names_resolve():
    for name in jaxsim.__all__:
        assert getattr(jaxsim, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = jaxsim.nonsense  # pyright: ignore[reportAttributeAccessIssue]


def allocation_tables(folder):
    """Files of the textbook allocation."""
    costs = "".join(f"W{i},L{j},{c}\n" for i, row in enumerate(COSTS) for j, c in enumerate(row))
    (folder / "costs.csv").write_text("warehouse,location,cost\n" + costs)
    (folder / "supply.csv").write_text("warehouse,units\n" + "".join(f"W{i},{s}\n" for i, s in enumerate(SUPPLY)))
    (folder / "demand.csv").write_text("location,units\n" + "".join(f"L{j},{d}\n" for j, d in enumerate(DEMAND)))
    return [folder / f"{name}.csv" for name in ("costs", "supply", "demand")]


def test_allocate(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    files, out = allocation_tables(tmp_path), tmp_path / "plan"
    more = ("--ranging", "--front", "cost,days", "--format", "csv", "--weights", "cost=1")
    assert run("allocate", *files, "--out", out, *more) == 0
    printed = capsys.readouterr().out
    assert "1,020.0000" in printed
    assert {"allocation.csv", "prices.csv", "ranges.csv", "front.csv", "report.html"} <= {p.name for p in out.iterdir()}
    assert run("allocate", *files, "--out", out) == 1
    assert "say --overwrite" in capsys.readouterr().err
    assert run("allocate", *files, "--out", out, "--overwrite") == 0
    assert not (out / "ranges.csv").exists()
    assert (out / "allocation.parquet").exists()


def test_allocate_refuses_bad_input_in_a_sentence(tmp_path, capsys):
    files, out = allocation_tables(tmp_path), tmp_path / "plan"
    (tmp_path / "short.csv").write_text("warehouse,units\nW0,35\nW1,50\nW2,39\n")
    (tmp_path / "bad.csv").write_text("warehouse,units\nW0,35\nW1,-50\nW2,39\n")
    cases = [
        ((files[0], tmp_path / "short.csv", files[2]), "by 1"),
        ((files[0], tmp_path / "bad.csv", files[2]), "table supply, column units, row 3: negative"),
        ((files[0], tmp_path / "none.csv", files[2]), "does not exist"),
        ((*files, "--weights", "speed=1"), "there is no measure 'speed'"),
        ((*files, "--front", "cost"), "two different aims"),
    ]
    for arguments, message in cases:
        assert run("allocate", *arguments, "--out", out) == 1
        assert message in capsys.readouterr().err
    assert not out.exists()
    assert run("allocate", *files, "--out", tmp_path) == 1
    assert "name another folder" in capsys.readouterr().err
    assert run("allocate", *files, "--out", out, "--weights", "cost") == 2


def delivery_tables(folder):
    """Files of a small day."""
    orders = ["order,weight,x,y,due,late_price", "a,4,3,0,30,", "b,5,0,4,60,0.5", "c,2,3,4,60,", "heavy,99,1,1,60,"]
    (folder / "orders.csv").write_text("\n".join(orders) + "\n")
    (folder / "trucks.csv").write_text("truck,capacity,cost_per_mile,x,y,trips,shift_end\nvan,8,2,0,0,2,400\n")
    return [folder / "orders.csv", folder / "trucks.csv"]


def test_schedule(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    files, out = delivery_tables(tmp_path), tmp_path / "plan"
    assert run("schedule", *files, "--out", out, "--format", "csv") == 0
    printed = capsys.readouterr().out
    assert printed.startswith("milp: ")
    assert "left out: order heavy: it weighs 99" in printed
    files_there = {"trips.csv", "stops.csv", "unplanned.csv", "map.png", "trucks.png", "report.html", "plan.json"}
    assert files_there == {path.name for path in out.iterdir()}
    assert run("schedule", *files, "--out", out, "--overwrite", "--method", "first_fit") == 0
    assert run("allocate", *allocation_tables(tmp_path), "--out", out, "--overwrite") == 1
    assert "no allocation that jaxsim wrote" in capsys.readouterr().err


def test_schedule_refuses_bad_input_in_a_sentence(tmp_path, capsys):
    files, out = delivery_tables(tmp_path), tmp_path / "plan"
    (tmp_path / "bad.csv").write_text("truck,capacity,cost_per_mile,x,y\nvan,8,-2,0,0\n")
    cases = [
        ((files[0], tmp_path / "bad.csv"), "table trucks, column cost_per_mile, row 2: negative"),
        ((files[0], tmp_path / "none.csv"), "does not exist"),
        ((*files, "--method", "magic"), "there is no method 'magic'"),
        ((*files, "--seconds", "0"), "must be positive"),
        ((*files, "--miles-per-hour", "-3"), "must be positive"),
    ]
    for arguments, message in cases:
        assert run("schedule", *arguments, "--out", out) == 1
        assert message in capsys.readouterr().err
    assert not out.exists()
    assert run("schedule", files[0], "--out", out) == 2
    assert run("schedule", *files, "--day", 3, "--out", out) == 2
    assert "--day go with a folder of a run" in capsys.readouterr().err


def test_an_interrupted_schedule_is_kept(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    rows = [f"o{i},{1 + i % 7},{i * 37 % 100},{i * 61 % 100},900," for i in range(40)]
    (tmp_path / "orders.csv").write_text("\n".join(["order,weight,x,y,due,late_price", *rows]) + "\n")
    trucks = "".join(f"t{i},30,2,50,50,1000\n" for i in range(8))
    (tmp_path / "trucks.csv").write_text("truck,capacity,cost_per_mile,x,y,shift_end\n" + trucks)
    monkeypatch.setattr(interrupts, "requested", signaled_after(5))
    out = tmp_path / "plan"
    files = (tmp_path / "orders.csv", tmp_path / "trucks.csv")
    assert run("schedule", *files, "--out", out, "--method", "milp", "--seconds", "60") == 75
    assert f"the best plan so far is in {out}" in capsys.readouterr().err
    assert (out / "plan.json").exists()


def signaled_after(questions: int):
    """`interrupts.requested` of a process that gets a signal when it has asked so often."""
    asked = iter([False] * questions)

    def requested() -> bool:
        if next(asked, True):
            interrupts._requested.set()
        return interrupts._requested.is_set()

    return requested


def test_trucks_and_kpis_of_a_run(scenario, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)
    out, plan = tmp_path / "run", tmp_path / "plan"
    sample = ("--products", 12, "--seed", 1)  # as in tests/studies/test_deliveries.py, whose programs are compiled once
    assert run("simulate", scenario, "--out", out, *sample, "--quiet") == 0
    assert run("kpis", out, "--node-days", 4, "--seconds", 0.5, "--quiet") == 0
    printed = capsys.readouterr().out
    assert "$2.50 → $1.80, 28% lower" in printed
    assert "Before and after" in (out / "report.html").read_text("utf-8")
    assert run("kpis", out) == 0  # again, from what the run keeps
    assert capsys.readouterr().out in printed
    rows = pq.read_table(out / "node_days.parquet").to_pylist()
    row = next(row for row in rows if row["orders"] > 0)
    assert run("schedule", out, "--node", row["node"], "--day", row["day"], "--out", plan) == 0
    assert (plan / "stops.parquet").exists()
    capsys.readouterr()
    (tmp_path / "trucks.csv").write_text("truck,capacity,cost_per_mile,trips\nvan,9000,1,9\n")
    day = ("--node", row["node"], "--day", row["day"], "--out", tmp_path / "own")
    assert run("schedule", out, tmp_path / "trucks.csv", *day) == 0
    assert "by 1 trucks" in capsys.readouterr().out
    assert run("schedule", out, "--out", tmp_path / "p") == 2
    assert run("schedule", out, "--distances", "d.csv", *day[:-1], tmp_path / "p") == 2
    assert run("schedule", out, "--node", "nowhere", "--day", 1, "--out", tmp_path / "p") == 1
    assert "there is no node 'nowhere'" in capsys.readouterr().err
    assert run("schedule", tmp_path, "--node", "nowhere", "--day", 1, "--out", tmp_path / "p") == 1
    assert run("kpis", tmp_path) == 1
    assert "is not a run folder" in capsys.readouterr().err
