"""A reader sees the old file or the new one, nothing in between and nothing left over."""

import errno

import pytest

from jaxsim import atomic


def test_replaces_a_file_whole(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with atomic.replacing(file) as stream:
        stream.write(b"new")
        assert file.read_text() == "old"
    assert file.read_text() == "new"
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with pytest.raises(TypeError), atomic.replacing(file) as stream:
        stream.writelines([b"half", "not bytes"])  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]


def test_flushes_the_file_before_the_rename_and_the_folder_after(tmp_path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(atomic.os, name)
        monkeypatch.setattr(atomic.os, name, lambda *a, n=name, f=original: (calls.append(n), f(*a))[1])
    atomic.write_bytes(tmp_path / "a", b"x")
    assert calls == ["fsync", "replace", "fsync"]


@pytest.mark.parametrize("call", ["fsync", "replace", "open"])
def test_a_full_disk_names_the_file_and_leaves_the_old_one(tmp_path, monkeypatch, call):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "a.txt"
    file.write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(atomic.os, call, full)
        with pytest.raises(atomic.WriteError, match=r"cannot write .*a\.txt: No space left on device") as caught:
            atomic.write_bytes(file, b"new")
    assert caught.value.errno == errno.ENOSPC
    assert file.read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_is_gone_names_the_file(tmp_path):
    with pytest.raises(atomic.WriteError, match=r"cannot write .*none/a\.txt: No such file"):
        atomic.write_bytes(tmp_path / "none" / "a.txt", b"x")
