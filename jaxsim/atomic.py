"""Files that are either the old ones or the new ones, whenever the process or the machine stops.

Write a temporary file in the same folder, flush it to the disk, rename it over the target, flush the folder.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


class WriteError(OSError):
    """A file could not be written, as on a full disk; `filename` is the file that was meant."""

    def __str__(self) -> str:
        return f"cannot write {self.filename}: {self.strerror}"


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk; does nothing where the platform cannot open folders."""
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary file that takes the place of `path` when the block ends well, and vanishes when it does not.

    Raises:
        WriteError: the file cannot be written.
    """
    try:
        with _temporary(path) as name:
            with open(name, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        sync(path.parent)
    except OSError as error:
        raise WriteError(error.errno, error.strerror or str(error), str(path)) from error


@contextlib.contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A new file beside `path`, removed when the block fails."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    try:
        yield Path(name)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file atomically.

    Raises:
        WriteError: the file cannot be written.
    """
    with replacing(path) as file:
        file.write(content)
