"""A run folder has one writer; a new run takes the old one's place when it is done; nobody else's files are touched."""

import contextlib
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from jaxsim.runs import claim, folder
from jaxsim.runs.claim import LOCK, PREVIOUS, claimed, create
from jaxsim.runs.folder import RunError, RunFolder

CHECKPOINT = f"000003-{'a' * 64}.npz"


def content(path):
    """Every file below a folder, with its bytes."""
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def finished_run(path):
    """A finished run, with files of other people beside ours, also where ours lie."""
    run = create(path, {"search": {"iterations": 1}}, {"seed": 1})
    run.write_table("costs", {"cost": np.array([1.0])})
    run.write_figure("costs", b"png")
    run.checkpoints.mkdir()
    (run.checkpoints / CHECKPOINT).write_bytes(b"old")
    run.metrics_file.write_text("{}")
    for name in ("notes.txt", "costs.csv", ".hidden", "checkpoints/mine.npz", "data/costs.parquet"):
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text("of other people")
    return run


def theirs(path):
    """Files of other people that are still there."""
    return {name for name, data in content(path).items() if data == b"of other people"}


@pytest.fixture
def old(tmp_path):
    """A finished run."""
    return finished_run(tmp_path / "run").path


def test_overwriting_replaces_our_files_and_leaves_others(old):
    before = theirs(old)
    assert len(before) == 5
    with claimed(old) as mine:
        run = mine.begin({"search": {"iterations": 2}}, {"seed": 2}, overwrite=True)
        assert not run.has("costs")
        assert not run.finished
        run.metrics_file.write_text("{}")
    assert theirs(old) == before
    assert RunFolder(old).config()["search"]["iterations"] == 2
    assert set(content(old)) - before == {"config.toml", "manifest.json", "metrics.json"}
    assert not (old / PREVIOUS).exists()


@pytest.mark.parametrize("error", [RuntimeError, OSError, KeyboardInterrupt])
def test_a_failed_run_leaves_the_old_one_as_it_was(old, error):
    before = content(old)
    with contextlib.suppress(error), claimed(old) as mine:
        run = mine.begin({}, {}, overwrite=True)
        run.write_table("history", {"cost": np.array([1.0])})
        raise error
    assert content(old) == before


def test_a_failed_run_leaves_nothing_where_nothing_was(tmp_path):
    with contextlib.suppress(RuntimeError), claimed(tmp_path / "deep" / "run") as mine:
        mine.begin({}, {}).write_table("history", {"cost": np.array([1.0])})
        raise RuntimeError
    assert not list(tmp_path.iterdir())
    with pytest.raises(RuntimeError), claimed(tmp_path):  # a folder that was there stays
        raise RuntimeError
    assert tmp_path.is_dir()


def test_from_the_first_checkpoint_on_both_runs_are_kept(old):
    before = theirs(old)
    with contextlib.suppress(RuntimeError), claimed(old) as mine:
        run = mine.begin({"search": {"iterations": 2}}, {}, overwrite=True)
        run.checkpoints.mkdir(exist_ok=True)
        (run.checkpoints / CHECKPOINT).write_bytes(b"new")
        raise RuntimeError
    assert RunFolder(old).resumable
    assert (old / "checkpoints" / CHECKPOINT).read_bytes() == b"new"
    assert RunFolder(old / PREVIOUS).config()["search"]["iterations"] == 1
    assert (old / PREVIOUS / "checkpoints" / CHECKPOINT).read_bytes() == b"old"
    with claimed(old):  # going on, and to the end
        RunFolder(old).metrics_file.write_text("{}")
    assert not (old / PREVIOUS).exists()
    assert theirs(old) == before


def dying(original, left):
    """A system call that ends the process when it is called after `left[0]` others."""

    def call(*args, **options):
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
        return original(*args, **options)

    return call


def begin_and_die(path, calls: int) -> int:
    """Begin a run in a process that is killed at the system call after so many; its exit code."""
    child = os.fork()
    if child == 0:
        try:
            left = [calls]
            for name in ("replace", "unlink", "rmdir", "mkdir"):
                setattr(os, name, dying(getattr(os, name), left))
            with claimed(path) as mine:
                mine.begin({"search": {"iterations": 2}}, {"seed": 2}, overwrite=True)
                os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_a_process_killed_at_any_moment_of_the_change_loses_neither_run(old, monkeypatch):
    """The next claim puts the old run back, or finds the new one begun."""
    versions = {"versions": {folder.PACKAGES[0]: "0"}}
    monkeypatch.setattr(folder, "provenance", lambda: versions)  # asks for devices, which a forked process must not
    before, begun = content(old), 0
    for calls in range(60):
        code = begin_and_die(old, calls)
        with claimed(old) as mine:
            if folder.is_run(old) and RunFolder(old).config()["search"]["iterations"] == 2:
                begun += 1
                mine.undo()
        assert content(old) == before, calls
        if code == 0:
            break
    else:
        pytest.fail("the change never came to its end")
    assert calls > 8
    assert 0 < begun < calls


def test_others_who_have_files_of_these_names_are_refused(tmp_path):
    for manifest in ('{"name": "my page"}', "[]", "not json", '{"versions": 3}'):
        (tmp_path / "config.toml").write_text("[mine]")
        (tmp_path / "manifest.json").write_text(manifest)
        before = content(tmp_path)
        with pytest.raises(RunError, match="did not write"):
            create(tmp_path, {}, {}, overwrite=True)
        assert content(tmp_path) == before


def test_what_is_written_is_in_the_list_of_our_files(tmp_path):
    run = create(tmp_path / "run", {}, {})
    with pytest.raises(ValueError, match=r"notes\.parquet is not among the files"):
        run.write_table("notes", {"x": np.array([1])})
    for name in folder.TABLES:
        run.write_table(name, {"x": np.array([1])})
    for name in folder.FIGURES:
        run.write_figure(name, b"")
    (run.path / f".costs.parquet.{'x' * 8}.tmp").write_bytes(b"killed while writing")
    assert set(folder.file_names(run.path)) == {file.name for file in run.path.iterdir()}


def test_a_second_process_is_refused_with_a_sentence(old):
    code = f"""
        from pathlib import Path
        from jaxsim.runs.claim import claimed
        with claimed(Path({str(old)!r})):
            print("locked", flush=True)
            input()
    """
    before = content(old)
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(RunError, match=f"is being written by process {other.pid}: wait"), claimed(old):
            pass
        other.kill()
    assert (old / LOCK).exists(), "a killed process leaves the file, not the lock"
    with claimed(old):
        pass
    assert content(old) == before


def test_the_same_process_is_refused_as_well(old):
    with claimed(old), pytest.raises(RunError, match=f"process {os.getpid()}"), claimed(old):
        pass
    assert not (old / LOCK).exists()


def test_a_lock_whose_file_was_removed_is_taken_anew(tmp_path, monkeypatch):
    """Between opening the file and locking it, the holder before removes it."""
    fcntl = pytest.importorskip("fcntl")
    flock, removed = fcntl.flock, []

    def remove_once(handle, how):
        flock(handle, how)
        if not removed:
            removed.append((tmp_path / LOCK).unlink())

    monkeypatch.setattr(claim.fcntl, "flock", remove_once)
    with claimed(tmp_path):
        assert (tmp_path / LOCK).read_text() == str(os.getpid())
    assert removed


def test_without_locks_of_the_file_system_work_goes_on(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    assert create(tmp_path / "run", {}, {}).manifest()["versions"]
    assert not (tmp_path / "run" / LOCK).exists()
