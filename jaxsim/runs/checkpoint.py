"""Checkpoints of a search or an evaluation: one file per iteration or block, named by its number and the checksum of
its bytes.

A file is `000012-<sha256>.npz`: arrays, and the identity of the run that wrote it, nothing that could be executed. The
newest three are kept. `latest` trusts only what it finds on the disk: it takes the newest file whose bytes match its
name, so a damaged or half-copied one is passed over, and refuses one of another run. What of a scenario or of settings
differs is said before that, when the run folder is opened to go on.
"""

import hashlib
import io
import json
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim import atomic
from jaxsim.runs.folder import CHECKPOINT, RunError

KEEP = 3
"""Checkpoints that stay on the disk."""

_IDENTITY = "__identity__"


@dataclass(frozen=True)
class Identity:
    """What must be the same for a run to go on."""

    scenario: str
    config: str


@dataclass(frozen=True)
class Checkpoint:
    """State of a run after a step."""

    iteration: int
    """Number of the step: of a search's iteration, of an evaluation's block."""
    arrays: dict[str, np.ndarray]


def under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays with a prefix to their names, so that those of several things lie in one checkpoint."""
    return {f"{prefix}/{name}": values for name, values in arrays.items()}


def part(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays that `under` gave the prefix, without it."""
    return {name[len(prefix) + 1 :]: values for name, values in arrays.items() if name.startswith(f"{prefix}/")}


def _names(folder: Path) -> list[tuple[int, str, Path]]:
    found = ((CHECKPOINT.fullmatch(file.name), file) for file in folder.glob("*.npz"))
    return sorted((int(match[1]), match[2], file) for match, file in found if match)


def save(folder: Path, identity: Identity, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint durably, then drop the oldest beyond three."""
    folder.mkdir(exist_ok=True)
    buffer = io.BytesIO()
    label = np.frombuffer(json.dumps(astuple(identity)).encode(), np.uint8)
    np.savez(buffer, **{_IDENTITY: label, **checkpoint.arrays}, allow_pickle=False)
    content = buffer.getvalue()
    file = folder / f"{checkpoint.iteration:06d}-{hashlib.sha256(content).hexdigest()}.npz"
    atomic.write_bytes(file, content)
    for _, _, old in _names(folder)[:-KEEP]:
        old.unlink(missing_ok=True)
    return file


def _read(file: Path, checksum: str) -> dict[str, Any] | None:
    """Arrays of an undamaged file, None for a damaged one."""
    try:
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != checksum:
            return None
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, zipfile.BadZipFile):
        return None


def latest(folder: Path, identity: Identity) -> Checkpoint | None:
    """The newest undamaged checkpoint of this very run, or None when there is none; warns when all are damaged.

    Raises:
        RunError: the newest undamaged checkpoint is of another run.
    """
    names = _names(folder)
    for iteration, checksum, file in reversed(names):
        arrays = _read(file, checksum)
        if arrays is None:
            continue
        if Identity(*json.loads(arrays.pop(_IDENTITY).tobytes())) != identity:
            raise RunError(f"{file} is a checkpoint of another run, so this one cannot go on from it")
        return Checkpoint(iteration, arrays)
    if names:
        warnings.warn(f"all checkpoints in {folder} are damaged: the run begins anew", RuntimeWarning, stacklevel=2)
    return None
