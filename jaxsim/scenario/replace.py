"""Replacing a scenario that is on disk, and nothing else.

A folder written by `ScenarioWriter` holds a record, `scenario.json`, of its files and their contents. Only files that
are as the record says are ever removed, and only when their replacement lies complete beside them: both folders change
places. A table that somebody changed or added stops it; other files in the folder stay where they are.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jaxsim.atomic import sync, write_bytes
from jaxsim.scenario.read import SUFFIXES
from jaxsim.version import __version__

RECORD = "scenario.json"
"""Name of the record."""


def write_record(folder: Path) -> None:
    """Write the record of all files in a folder."""
    files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
    (folder / RECORD).write_text(json.dumps({"jaxsim": __version__, "files": files}, indent=2) + "\n", "utf-8")


def add_to_record(folder: Path, name: str) -> None:
    """Note one more file in the record; nothing where there is no record."""
    file = folder / RECORD
    if file.exists():
        record = json.loads(file.read_text("utf-8"))
        record["files"][name] = _digest(folder / name)
        write_bytes(file, (json.dumps(record, indent=2) + "\n").encode())


def own_files(folder: Path) -> list[str]:
    """Names of the files in `folder` that the record names and that are unchanged, the record among them.

    Raises:
        FileExistsError: there is no record, or a table that is not as in the record; one sentence says which.
    """
    try:
        files = json.loads((folder / RECORD).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileExistsError(
            f"{folder} holds something and no record ({RECORD}) that jaxsim wrote it, so it is not replaced"
        ) from error
    for path in sorted(folder.iterdir()):
        is_table = path.name in files or path.suffix in SUFFIXES
        if is_table and not (path.is_file() and _digest(path) == files.get(path.name)):
            raise FileExistsError(f"{path} is not as jaxsim wrote it, so nothing is replaced; move it away")
    return [name for name in (*files, RECORD) if (folder / name).exists()]


def swap(folder: Path, new: Path, own: Iterable[str]) -> None:
    """Put the folder `new` in the place of `folder`; remove the files `own` of the old one, keep all others."""
    old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
    old.rmdir()
    os.rename(folder, old)
    try:
        os.rename(new, folder)
    except BaseException:
        os.rename(old, folder)
        raise
    for name in own:
        (old / name).unlink(missing_ok=True)
    for path in old.iterdir():
        os.rename(path, folder / path.name)
    old.rmdir()
    sync(folder.parent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
