"""One process at a time writes a run folder, and a new run takes the place of the old one only when it is done.

    with claimed(path) as claim:                      # locked; RunError when another process has it
        run = claim.begin(config, facts, overwrite)   # the old run's files, and no others, are set aside
        ...
        run.write_metrics(metrics)                    # the run is finished: what was set aside goes when the block ends

A block that fails before the run's first checkpoint leaves the folder as it was. From the first checkpoint on a run
can go on, so it stays, and the old one waits in the folder `.previous` until the new one is finished.

A process that is killed at any moment loses neither: manifests leave first, come last and are removed last, so a folder
without one holds an old run of which a part may lie in `.previous`, and the next claim puts that back.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jaxsim.atomic import WriteError
from jaxsim.runs import folder
from jaxsim.runs.folder import RunError, RunFolder

try:
    import fcntl
except ImportError:  # no such locks on this platform
    fcntl = None

LOCK, PREVIOUS = ".lock", ".previous"


class Claim:
    """A run folder that this process alone writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.begun = False
        """Whether a new run has been begun under this claim."""

    def begin(self, config: dict[str, dict[str, Any]], facts: dict[str, Any], overwrite: bool = False) -> RunFolder:
        """Start a run with its configuration and manifest, in place of the one that is there.

        Raises:
            RunError: there is something in the folder, and `overwrite` is not given or the folder is not a run.
        """
        if any(file.name not in (LOCK, PREVIOUS) for file in self.path.iterdir()):
            if not overwrite:
                raise RunError(f"{self.path} is not empty; give --overwrite to replace it")
            if not folder.is_run(self.path):
                raise RunError(f"{self.path} holds something that jaxsim did not write, so it is not replaced")
        self._set_aside()
        self.begun = True
        run = RunFolder(self.path)
        folder.write_head(run, config, facts)
        return run

    def settle(self) -> None:
        """Put a run back whose replacement was never begun, and drop one whose replacement is finished.

        What a killed process had begun to write goes as well.
        """
        for name in list(folder.file_names(self.path)):
            if name.endswith(".tmp"):
                (self.path / name).unlink()
        if not folder.is_run(self.path):
            _move(self.path / PREVIOUS, self.path)
        elif RunFolder(self.path).finished:
            _remove(self.path / PREVIOUS)

    def undo(self) -> None:
        """Remove what the new run wrote, and put the old one back."""
        _remove(self.path)
        _move(self.path / PREVIOUS, self.path)

    def _set_aside(self) -> None:
        if (self.path / PREVIOUS).is_dir():  # the run that is replaced was itself to replace another and never ended
            _remove(self.path)
        else:
            _move(self.path, self.path / PREVIOUS)


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[Claim]:
    """Claim a folder, which is made when it is not there, and removed again when nothing came to lie in it.

    Raises:
        RunError: the path is a file, or another process is writing the folder.
        WriteError: the folder cannot be made or written.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file, not a folder")
    made = [each for each in (path, *path.parents) if not each.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(error.errno, error.strerror, str(path)) from error
    try:
        with _locked(path):
            claim = Claim(path)
            claim.settle()
            try:
                yield claim
            except BaseException:
                if claim.begun and not any(name.endswith(".npz") for name in folder.file_names(path)):
                    claim.undo()
                raise
            finally:
                claim.settle()
    finally:
        with contextlib.suppress(OSError):  # not empty
            for each in made:
                each.rmdir()


def create(path: Path, config: dict[str, dict[str, Any]], facts: dict[str, Any], overwrite: bool = False) -> RunFolder:
    """Begin a run and leave it as it then is; arguments and errors are those of `claimed` and `Claim.begin`."""
    with claimed(path) as claim:
        return claim.begin(config, facts, overwrite)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the folder's lock, which the operating system drops with the process, however that ends."""
    file, handle = path / LOCK, _lock(path / LOCK)
    try:
        yield
    finally:
        if handle is not None:
            file.unlink(missing_ok=True)
            os.close(handle)


def _lock(file: Path) -> int | None:
    """Open and lock a file; None where the platform or the file system has no locks.

    Raises:
        RunError: another process has it.
        WriteError: the file cannot be made.
    """
    while fcntl is not None:
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise WriteError(error.errno, error.strerror, str(file.parent)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), os.stat(file)):
                with contextlib.suppress(OSError):  # on a full disk nobody learns who has it
                    os.ftruncate(handle, 0)
                    os.write(handle, f"{os.getpid()}".encode())
                return handle
        except FileNotFoundError:
            pass  # whoever had the lock has removed the file that was opened
        except BlockingIOError as error:
            holder = os.read(handle, 32).decode(errors="replace")
            os.close(handle)
            process = f"process {holder}" if holder else "another process"
            raise RunError(f"{file.parent} is being written by {process}: wait for its end or take another") from error
        except OSError:
            os.close(handle)
            file.unlink(missing_ok=True)
            return None
        os.close(handle)
    return None


def _move(source: Path, target: Path) -> None:
    """Move a run's files to another folder: the manifest first when they leave their place, last when they return."""
    names = list(folder.file_names(source))
    for name in reversed(names) if source.name == PREVIOUS else names:
        (target / name).parent.mkdir(exist_ok=True)
        os.replace(source / name, target / name)
    _remove(source)


def _remove(path: Path) -> None:
    """Remove a run's files, the manifest last, and folders of which nothing is left; other files stay."""
    for name in reversed(list(folder.file_names(path))):
        (path / name).unlink()
    for emptied in (path / "checkpoints", path):
        if emptied.name in ("checkpoints", PREVIOUS):
            with contextlib.suppress(OSError):  # not empty, or not there
                emptied.rmdir()
