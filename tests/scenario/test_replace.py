"""Overwriting a scenario removes what jaxsim wrote, when the new one is complete, and nothing else."""

import os
from pathlib import Path

import pytest

from jaxsim import cli
from jaxsim.scenario import ScenarioWriter, find_faults, fingerprint, write
from jaxsim.scenario.generate import generate
from jaxsim.scenario.replace import RECORD


@pytest.fixture
def folder(tmp_path) -> Path:
    return generate(tmp_path / "scenario", "tiny", seed=1).folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(*arguments) -> int:
    return cli.main(["generate", *map(str, arguments)])


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_own_files_are_replaced_and_others_stay(folder, form):
    (folder / "notes.txt").write_text("mine")
    (folder / "drafts").mkdir()
    (folder / "drafts" / "demand.csv").write_text("mine too")
    before = fingerprint(folder)
    assert command(folder, "--preset", "tiny", "--seed", 2, "--format", form, "--overwrite") == 0
    assert find_faults(folder) == []
    assert fingerprint(folder) != before
    assert {path.suffix for path in folder.iterdir() if path.stem == "demand"} == {f".{form}"}
    assert (folder / "notes.txt").read_text() == "mine"
    assert (folder / "drafts" / "demand.csv").read_text() == "mine too"
    assert os.listdir(folder.parent) == [folder.name]


@pytest.mark.parametrize("name", ["demand.parquet", "forecast.csv", "regions.csv"])
def test_tables_of_others_are_never_removed(folder, name, capsys):
    (folder / name).write_text("mine")
    before = contents(folder)
    assert command(folder, "--preset", "tiny", "--seed", 2, "--overwrite") == 1
    assert f"{name} is not as jaxsim wrote it" in capsys.readouterr().err
    assert contents(folder) == before


def test_a_folder_without_a_record_is_not_ours(folder, capsys):
    (folder / RECORD).unlink()
    before = contents(folder)
    assert command(folder, "--preset", "tiny", "--overwrite") == 1
    assert "so it is not replaced" in capsys.readouterr().err
    assert contents(folder) == before


@pytest.mark.parametrize("arguments", [("--preset", "huge"), ("--demand-history", "bad.csv")])
def test_input_is_checked_before_anything_is_removed(folder, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("1,2\n3,-4\n")
    before = contents(folder)
    assert command(folder, "--overwrite", *arguments) in (1, 2)
    assert command(tmp_path / "a" / "b" / "new", *arguments) in (1, 2)
    assert contents(folder) == before
    assert not (tmp_path / "a").exists()


def test_a_failure_on_the_way_leaves_all_as_it_was(folder, tiny, monkeypatch):
    before = contents(folder)
    for out in (folder, folder.parent / "a" / "new"):
        with pytest.raises(KeyError, match="kind"), ScenarioWriter(out, overwrite=True) as writer:
            writer.append("nodes", tiny.tables["nodes"].drop_columns("kind"))
    assert contents(folder) == before
    assert os.listdir(folder.parent) == [folder.name]


def test_a_failing_swap_puts_the_old_one_back(folder, tiny, monkeypatch):
    before, rename = contents(folder), os.rename

    def failing(source, target):
        if Path(target) == folder and ".old." not in str(source):
            raise OSError("no")
        rename(source, target)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(OSError, match="no"):
        write(folder, tiny.tables, overwrite=True)
    assert contents(folder) == before
    assert os.listdir(folder.parent) == [folder.name]


def test_a_linked_folder_stays_linked(folder, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(folder)
    generate(link, "tiny", seed=2, overwrite=True)
    assert link.is_symlink()
    assert find_faults(folder) == []


def test_generates_csv(tmp_path, capsys):
    assert command(tmp_path / "csv", "--preset", "tiny", "--format", "csv") == 0
    assert (tmp_path / "csv" / "products.csv").read_text().startswith('"product","vendor"')
    assert find_faults(tmp_path / "csv") == []
    with pytest.raises(SystemExit):
        command(tmp_path / "xml", "--format", "xml")
