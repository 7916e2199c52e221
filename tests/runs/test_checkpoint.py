"""Checkpoints: exact round trip, three are kept, a damaged one is passed over, another run's is refused."""

import numpy as np
import pytest

from jaxsim.runs.checkpoint import Checkpoint, Identity, latest, save
from jaxsim.runs.folder import RunError

ME = Identity("scenario", "config")


def checkpoints(folder, count):
    for iteration in range(count):
        save(folder, ME, Checkpoint(iteration, {"x": np.arange(3) + iteration, "state/y": np.array(0.1 * iteration)}))
    return sorted(folder.glob("*.npz"))


def test_round_trip_and_three_kept(tmp_path):
    folder = tmp_path / "checkpoints"
    assert latest(folder, ME) is None
    assert [file.name[:6] for file in checkpoints(folder, 5)] == ["000002", "000003", "000004"]
    found = latest(folder, ME)
    assert found is not None
    assert found.iteration == 4
    assert found.arrays["x"].tolist() == [4, 5, 6]
    assert float(found.arrays["state/y"]) == 0.1 * 4


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone", "renamed"])
def test_falls_back_past_a_damaged_one(tmp_path, damage):
    newest = checkpoints(tmp_path, 5)[-1]
    content = bytearray(newest.read_bytes())
    match damage:
        case "cut":
            newest.write_bytes(content[: len(content) // 2])
        case "flip":
            content[len(content) // 2] ^= 1
            newest.write_bytes(content)
        case "empty":
            newest.write_bytes(b"")
        case "gone":
            newest.unlink()
        case "renamed":
            newest.rename(newest.with_name(f"000009-{'0' * 64}.npz"))
    found = latest(tmp_path, ME)
    assert found is not None
    assert found.iteration == 3


def test_all_damaged_is_said_and_means_none(tmp_path):
    for file in checkpoints(tmp_path, 3):
        file.write_bytes(b"x")
    (tmp_path / ".000009.npz.tmp").write_bytes(b"half")
    with pytest.warns(RuntimeWarning, match="all checkpoints in .* are damaged: the run begins anew"):
        assert latest(tmp_path, ME) is None


@pytest.mark.parametrize("other", [Identity("other", "config"), Identity("scenario", "other")])
def test_refuses_one_of_another_run(tmp_path, other):
    checkpoints(tmp_path, 1)
    with pytest.raises(RunError, match=r"000000-.*\.npz is a checkpoint of another run"):
        latest(tmp_path, other)


def test_never_unpickles(tmp_path):
    with pytest.raises(ValueError, match="Object arrays"):
        save(tmp_path, ME, Checkpoint(0, {"x": np.array([object()])}))
