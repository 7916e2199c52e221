"""The folder of a plan, of an allocation or a schedule: tables, pictures, a page, and `plan.json` with what it is.

A folder with a `plan.json` of this package is a plan and may be replaced when the user says so; then only files with
the names of a plan are removed. Each file is written atomically, `plan.json` last.
"""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from jaxsim import atomic
from jaxsim.runs.folder import RunError
from jaxsim.version import __version__

MARK = "plan.json"
_SUFFIXES = (".parquet", ".csv", ".png", ".html")


class PlanFolder:
    """A folder that is being written."""

    def __init__(self, path: Path, kind: str, names: tuple[str, ...], *, form: str, overwrite: bool) -> None:
        """Begin a folder.

        Args:
            kind: what the plan is of, such as "allocation".
            names: of its files, without endings.
            form: of its tables, "parquet" or "csv".
            overwrite: replace a plan of the same kind.

        Raises:
            RunError: the path is a file, or the folder holds something that may not be replaced.
            WriteError: it cannot be made.
        """
        self.path, self.kind, self.form = Path(path), kind, form
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{path} is a file, not a folder")
        there = sorted(each.name for each in self.path.iterdir()) if self.path.is_dir() else []
        own = {f"{name}{suffix}" for name in (*names, "report") for suffix in _SUFFIXES} | {MARK}
        if there and _kind_of(self.path) != kind:
            raise RunError(f"{path} holds {there[0]}, and no {kind} that jaxsim wrote; name another folder")
        if there and not overwrite:
            raise RunError(f"{path} holds a plan already; say --overwrite to replace it, or name another folder")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            for name in own & set(there):
                (self.path / name).unlink()
        except OSError as error:
            raise atomic.WriteError(error.errno, error.strerror, str(path)) from error

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write a table in the folder's form."""
        with atomic.replacing(self.path / f"{name}.{self.form}") as file:
            if self.form == "csv":
                pyarrow.csv.write_csv(table, file)
            else:
                pq.write_table(table, file)

    def write_file(self, name: str, content: bytes) -> Path:
        """Write a picture or a page; returns its path."""
        atomic.write_bytes(self.path / name, content)
        return self.path / name

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write `plan.json`: versions, and what is to be known of the plan."""
        head = {"kind": self.kind, "jaxsim": __version__, "python": platform.python_version()}
        content = json.dumps(head | dict(facts), indent=1, allow_nan=False) + "\n"
        atomic.write_bytes(self.path / MARK, content.encode())


def _kind_of(path: Path) -> str | None:
    try:
        content = json.loads((path / MARK).read_text("utf-8"))
        return content["kind"] if isinstance(content, dict) and "jaxsim" in content else None
    except (OSError, ValueError, KeyError):
        return None
