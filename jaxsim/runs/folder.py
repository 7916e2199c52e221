"""The folder of one run: its configuration, its provenance and its tables.

A folder is a run when it holds `config.toml` and a `manifest.json` that names this package's version. Its files have
fixed names (`file_names`), and `RunFolder` writes no others, so what else lies in the folder is known to be of other
people. Every file is written atomically (`atomic`), so a run that is killed leaves readable files. `claim` tells how a
run folder is begun, and how it takes the place of the one before.
"""

import hashlib
import importlib.metadata
import json
import platform
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jaxsim import atomic
from jaxsim.runs import toml
from jaxsim.runs.metrics import Metrics
from jaxsim.scenario.schema import RESOURCE_NAMES

PACKAGES = ("jaxsim-inbound", "jax", "jaxlib", "numpy", "scipy", "equinox", "highspy", "pyarrow")
"""Packages whose versions a manifest records."""

RENAMED = {"scale": "sampling_weight"}
"""Present names of columns that older versions wrote."""

TABLES = (
    *("iterations", "history", "costs", "expected", "totals", "utilization", "contributions"),
    *("bottlenecks", "bottleneck_sources", "frontier", "frontier_costs"),
    *("rolling_weeks", "rolling_nodes", "rolling_costs", "case_study", "node_days"),
)
FIGURES = ("adherence", "node_weeks", "one_week", "costs", "frontier", "rolling")
CHECKPOINT = re.compile(r"(\d{6,})-([0-9a-f]{64})\.npz")
"""Name of a checkpoint: the number of its step and the checksum of its bytes."""

RESUMABLE = {"search": "search", "evaluation": "evaluate", "frontier": "frontier", "rolling": "rolling"}
"""Commands whose runs can be stopped and go on, by the table of the configuration that they alone have."""

_FILES = {
    "config.toml",
    "manifest.json",
    "metrics.json",
    "report.html",
    *(f"{name}.parquet" for name in TABLES),
    *(f"{name}.png" for name in FIGURES),
    *(f"{name}_{resource}.png" for name in FIGURES for resource in RESOURCE_NAMES),
}
_UNFINISHED = re.compile(r"\.(.+)\.[^.]{8}\.tmp")  # what a killed `atomic.replacing` leaves


class RunError(ValueError):
    """A run folder cannot be used as asked; the message is one sentence for people."""


@dataclass(frozen=True)
class RunFolder:
    """Names and readers of the files of a run."""

    path: Path

    @property
    def config_file(self) -> Path:
        """Settings of the run, as TOML."""
        return self.path / "config.toml"

    @property
    def manifest_file(self) -> Path:
        """Versions, device, scenario and seed."""
        return self.path / "manifest.json"

    @property
    def metrics_file(self) -> Path:
        """Measures of the finished run; there is none while it is unfinished."""
        return self.path / "metrics.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints of a search or an evaluation."""
        return self.path / "checkpoints"

    @property
    def report_file(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.metrics_file.exists()

    @property
    def resumable(self) -> bool:
        """Whether the folder holds a run that has not come to its end and can go on."""
        return is_run(self.path) and not self.finished and self.resumed_by is not None

    @property
    def resumed_by(self) -> str | None:
        """Command that goes on with such a run; None where the run can only be started again."""
        config = self.config()
        return next((command for table, command in RESUMABLE.items() if table in config), None)

    def config(self) -> dict[str, dict[str, Any]]:
        """Read the configuration."""
        try:
            return tomllib.loads(self.config_file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"cannot read {self.config_file}: {error}") from error

    def _json(self, file: Path) -> dict[str, Any]:
        try:
            content = json.loads(file.read_text("utf-8"))
            if not isinstance(content, dict):
                raise ValueError("it holds no table of names and values")
            return content
        except (OSError, ValueError) as error:
            raise RunError(f"cannot read {file}: {error}") from error

    def manifest(self) -> dict[str, Any]:
        """Read the manifest."""
        return self._json(self.manifest_file)

    def metrics(self) -> Metrics:
        """Read the measures."""
        try:
            return Metrics.from_json(self._json(self.metrics_file))
        except ValueError as error:
            raise RunError(f"cannot read {self.metrics_file}: {error}") from error

    def arrow(self, name: str) -> pa.Table:
        """Read a table of the run; columns have their present names."""
        file = self.path / f"{name}.parquet"
        try:
            table = pq.read_table(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise RunError(f"cannot read {file}: {error}") from error
        names: list[str] = table.column_names
        return table.rename_columns([RENAMED.get(name, name) for name in names])

    def table(self, name: str) -> dict[str, Any]:
        """Read a table of the run as NumPy columns."""
        return columns_of(self.arrow(name))

    def has(self, name: str) -> bool:
        """Whether the run has a table of this name."""
        return (self.path / f"{name}.parquet").exists()

    def write_table(self, name: str, columns: pa.Table | dict[str, Any]) -> None:
        """Write a table, or one given as columns; its name is one of `TABLES`."""
        with atomic.replacing(self._own(f"{name}.parquet")) as file:
            pq.write_table(pa.table(columns), file)

    def write_tables(self, tables: Mapping[str, pa.Table]) -> None:
        """Write tables by their names."""
        for name, table in tables.items():
            self.write_table(name, table)

    def write_figure(self, name: str, content: bytes) -> None:
        """Write a PNG figure; its name is one of `FIGURES`."""
        atomic.write_bytes(self._own(f"{name}.png"), content)

    def _own(self, name: str) -> Path:
        """Path of a file of ours: one that is not in the list would not be replaced with the rest of the run."""
        if name not in _FILES:
            raise ValueError(f"{name} is not among the files of a run folder; add its name to jaxsim.runs.folder")
        return self.path / name

    def write_metrics(self, metrics: Metrics) -> None:
        """Write the measures, which marks the run as finished."""
        atomic.write_bytes(self.metrics_file, _json_bytes(metrics.to_json()))


def columns_of(table: pa.Table) -> dict[str, Any]:
    """A table as NumPy columns."""
    names: list[str] = table.column_names
    return {name: table[name].to_numpy() for name in names}


def _json_bytes(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=False, allow_nan=False) + "\n").encode()


def fingerprint(config: dict[str, Any]) -> str:
    """Hash of settings that must be equal for a run to go on."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def is_run(path: Path) -> bool:
    """Whether a folder is a run folder: others, too, hold files named config.toml and manifest.json."""
    try:
        manifest = json.loads((path / "manifest.json").read_text("utf-8"))
    except (OSError, ValueError):
        return False
    versions = manifest.get("versions") if isinstance(manifest, dict) else None
    return isinstance(versions, dict) and PACKAGES[0] in versions and (path / "config.toml").is_file()


def file_names(path: Path) -> Iterator[str]:
    """Names of the files in a folder that belong to a run, the manifest first, relative to the folder."""
    mine = lambda name: name in _FILES or CHECKPOINT.fullmatch(name) is not None
    for below in ("", "checkpoints/"):
        found = [file.name for file in (path / below).iterdir()] if (path / below).is_dir() else []
        for name in sorted(found, key=lambda name: name != "manifest.json"):
            unfinished = _UNFINISHED.fullmatch(name)
            if mine(name if unfinished is None else unfinished[1]):
                yield below + name


def write_head(run: RunFolder, config: dict[str, dict[str, Any]], facts: dict[str, Any]) -> None:
    """Write configuration and manifest, which make a folder a run; the manifest last."""
    atomic.write_bytes(run.config_file, toml.dumps(config).encode())
    atomic.write_bytes(run.manifest_file, _json_bytes(provenance() | facts))


def open_run(path: Path) -> RunFolder:
    """Open an existing run folder."""
    path = Path(path)
    if not is_run(path):
        raise RunError(f"{path} is not a run folder: it has no config.toml and manifest.json of jaxsim")
    return RunFolder(path)


def resumed(path: Path, scenario_sha256: str, config: Mapping[str, Mapping[str, Any]]) -> RunFolder:
    """The run folder to go on with, when it is of this scenario and these settings.

    Args:
        config: tables of settings by name; that of the scenario, which tells where it lies, may differ.

    Raises:
        RunError: it is no run folder, or one of another scenario or other settings.
    """
    run = open_run(path)
    if run.manifest().get("scenario_sha256") != scenario_sha256:
        raise RunError(f"{path} was made from another scenario, so it cannot be resumed with this one")
    stored = run.config()
    for table in [name for name in config if name != "scenario"]:
        there = stored.get(table, {})
        for key in {**there, **config[table]}:
            was, now = there.get(key, "not set"), config[table].get(key, "not set")
            if was != now:
                raise RunError(f"{path} was made with {key} = {was}, not {now}, so it cannot be resumed with that")
    return run


def provenance() -> dict[str, Any]:
    """Versions, platform and device that produce a run."""
    import jax  # a manifest is written by a run, which has JAX loaded

    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "unknown"
    devices = jax.devices()
    return {
        "versions": versions,
        "platform": sys.platform,
        "device": devices[0].device_kind,
        "device_platform": devices[0].platform,
        "devices": len(devices),
        "x64": bool(jax.config.read("jax_enable_x64")),
    }
