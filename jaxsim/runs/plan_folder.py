"""The folder of a plan, of an allocation or a schedule: tables, pictures, a page, and `plan.json` with what it is.

    folder = PlanFolder(path, "schedule", names, form="csv", overwrite=False)  # refused here, before the work
    folder.add_table("stops", table)
    folder.finish(page, facts)                                                 # all is written here

A folder with a `plan.json` of this package is a plan and may be replaced when the user says so; then only files with
the names of a plan are removed. Each file is written atomically, `plan.json` last.
"""

import io
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
    """A folder that is to be written."""

    def __init__(self, path: Path, kind: str, names: tuple[str, ...], *, form: str, overwrite: bool) -> None:
        """Look whether the folder may be written; nothing is changed yet.

        Args:
            kind: what the plan is of, such as "allocation".
            names: of its files, without endings.
            form: of its tables, "parquet" or "csv".
            overwrite: replace a plan of the same kind.

        Raises:
            RunError: the path is a file, or the folder holds something that may not be replaced.
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
        self._old = own & set(there)
        self._content: dict[str, bytes] = {}

    def add_table(self, name: str, table: pa.Table) -> None:
        """Add a table, in the folder's form."""
        buffer = io.BytesIO()
        (pyarrow.csv.write_csv if self.form == "csv" else pq.write_table)(table, buffer)
        self._content[f"{name}.{self.form}"] = buffer.getvalue()

    def write_figure(self, name: str, content: bytes) -> None:
        """Add a PNG figure."""
        self._content[f"{name}.png"] = content

    def finish(self, page: bytes, facts: Mapping[str, Any]) -> Path:
        """Write what was added, the page, and `plan.json` with versions and what is to be known; returns the page.

        Raises:
            WriteError: a file cannot be written.
        """
        self._content["report.html"] = page
        head = {"kind": self.kind, "jaxsim": __version__, "python": platform.python_version()}
        mark = json.dumps(head | dict(facts), indent=1, allow_nan=False) + "\n"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise atomic.WriteError(error.errno, error.strerror, str(self.path)) from error
        for name, content in self._content.items():
            atomic.write_bytes(self.path / name, content)
        for name in self._old - {*self._content, MARK}:
            (self.path / name).unlink()
        atomic.write_bytes(self.path / MARK, mark.encode())
        return self.path / "report.html"


def _kind_of(path: Path) -> str | None:
    try:
        content = json.loads((path / MARK).read_text("utf-8"))
        return content["kind"] if isinstance(content, dict) and "jaxsim" in content else None
    except (OSError, ValueError, KeyError):
        return None
