"""Writing a scenario so that a folder either holds all of it or does not exist.

Tables go, in one piece or block by block, to a temporary folder beside the target, which is renamed when the last one
is on disk. A scenario that is there already is only replaced when asked for, and when jaxsim wrote it (`replace`).
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from jaxsim import interrupts
from jaxsim.atomic import sync, write_bytes
from jaxsim.scenario.replace import add_to_record, own_files, swap, write_record
from jaxsim.scenario.schema import TABLES

ROW_GROUP = 131_072
"""Rows of a Parquet row group; one is what a reader must hold to filter by product."""


class ScenarioWriter:
    """Context manager that writes the tables of a scenario to `folder`, in blocks of rows.

    On leaving it normally, tables that got no rows are written empty and the folder appears; after an error nothing
    stays.

    Args:
        folder: must not exist, or be an empty folder.
        form: "parquet" or "csv".
        overwrite: replace a scenario in `folder` that was written by this class and not changed since.

    Raises:
        ValueError: another form.
        FileExistsError: there is something in `folder` that is not to be replaced.
    """

    def __init__(self, folder: str | os.PathLike, form: str = "parquet", overwrite: bool = False) -> None:
        if form not in ("parquet", "csv"):
            raise ValueError(f"form must be parquet or csv, not {form!r}")
        self.folder = Path(folder).resolve()
        self._form = form
        self._overwrite = overwrite
        self._made: list[Path] = []
        self._writers: dict[str, pq.ParquetWriter | pyarrow.csv.CSVWriter] = {}

    def __enter__(self) -> "ScenarioWriter":
        self._replaceable_files()
        self._made = [parent for parent in self.folder.parents if not parent.exists()]
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._temporary = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}.", dir=self.folder.parent))
        return self

    def _replaceable_files(self) -> list[str]:
        """Names of the files that may be removed; none where there is nothing."""
        if self.folder.exists() and not self.folder.is_dir():
            raise FileExistsError(f"{self.folder} is a file, not a folder")
        if not self.folder.exists() or not any(self.folder.iterdir()):
            return []
        if not self._overwrite:
            raise FileExistsError(f"{self.folder} is not empty; name a new folder, or give --overwrite to replace it")
        return own_files(self.folder)

    def append(self, name: str, rows: pa.Table) -> None:
        """Add rows to a table; columns are put in the schema's order and types, those that it does not know are left.

        Raises:
            KeyError: no such table, or a column of it is missing.
        """
        interrupts.check()
        table = TABLES[name]
        schema = table.arrow(rows.column_names)
        rows = rows.select(schema.names).cast(schema)
        if name not in self._writers:
            path = self._temporary / f"{name}.{self._form}"
            if self._form == "parquet":
                self._writers[name] = pq.ParquetWriter(path, schema, compression="zstd")
            else:
                self._writers[name] = pyarrow.csv.CSVWriter(path, schema)
        if self._form == "parquet":
            self._writers[name].write_table(rows, row_group_size=ROW_GROUP)
        else:
            self._writers[name].write_table(rows)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for name in TABLES.keys() - self._writers.keys():
                    if not TABLES[name].optional:
                        self.append(name, TABLES[name].arrow().empty_table())
            for writer in self._writers.values():
                writer.close()
            if kind is None:
                self._publish()
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)
            if not self.folder.exists():
                self._remove_parents()

    def _remove_parents(self) -> None:
        with contextlib.suppress(OSError):  # somebody put something there
            for parent in self._made:
                parent.rmdir()

    def _publish(self) -> None:
        write_record(self._temporary)
        for path in self._temporary.iterdir():
            sync(path)
        sync(self._temporary)
        self._temporary.chmod(0o777 & ~_umask())
        own = self._replaceable_files()
        if own:
            swap(self.folder, self._temporary, own)
        else:
            os.replace(self._temporary, self.folder)
            sync(self.folder.parent)


def add_table(folder: str | os.PathLike, name: str, rows: pa.Table) -> None:
    """Add an optional table to a scenario, in the form of its other tables, whole or not at all.

    Raises:
        FileExistsError: the scenario has that table.
    """
    folder = Path(folder)
    if any((folder / f"{name}.{form}").exists() for form in ("parquet", "csv")):
        raise FileExistsError(f"{folder} has a table {name} already")
    form = "csv" if (folder / "nodes.csv").exists() else "parquet"
    schema = TABLES[name].arrow(rows.column_names)
    rows = rows.select(schema.names).cast(schema)
    content = pa.BufferOutputStream()
    if form == "parquet":
        pq.write_table(rows, content, compression="zstd", row_group_size=ROW_GROUP)
    else:
        pyarrow.csv.write_csv(rows, content)
    write_bytes(folder / f"{name}.{form}", content.getvalue().to_pybytes())
    add_to_record(folder, f"{name}.{form}")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write(
    folder: str | os.PathLike, tables: Mapping[str, pa.Table], form: str = "parquet", overwrite: bool = False
) -> None:
    """Write the tables of a scenario to a folder, all or nothing.

    Args:
        tables: every table of the schema by name (optional ones if there are any); see `jaxsim.scenario.schema`.
        form, overwrite: as of `ScenarioWriter`.

    Raises:
        FileExistsError: there is something in `folder` that is not to be replaced.
        KeyError: a table or column is missing or unknown.
    """
    missing = {name for name, table in TABLES.items() if not table.optional} - tables.keys()
    if missing:
        raise KeyError(f"tables missing: {', '.join(sorted(missing))}")
    with ScenarioWriter(folder, form, overwrite) as writer:
        for name, rows in tables.items():
            if rows.num_rows or not TABLES[name].optional:
                writer.append(name, rows)
