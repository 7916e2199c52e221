"""The folder of one run: its configuration, its provenance and its tables.

A folder is *ours* when it holds `config.toml` and `manifest.json`; no other is ever written over. Every
file is written atomically (`atomic`), so a run that is killed leaves readable files.
"""

import hashlib
import importlib.metadata
import json
import platform
import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jaxsim import atomic
from jaxsim.runs import toml

PACKAGES = ("jaxsim-inbound", "jax", "jaxlib", "numpy", "scipy", "equinox", "highspy", "pyarrow")
"""Packages whose versions a manifest records."""


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
        """Folder of the search's checkpoints."""
        return self.path / "checkpoints"

    @property
    def report_file(self) -> Path:
        """The report page."""
        return self.path / "report.html"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.metrics_file.exists()

    def config(self) -> dict[str, dict[str, Any]]:
        """Read the configuration."""
        try:
            return tomllib.loads(self.config_file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"cannot read {self.config_file}: {error}") from error

    def _json(self, file: Path) -> dict[str, Any]:
        try:
            return json.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"cannot read {file}: {error}") from error

    def manifest(self) -> dict[str, Any]:
        """Read the manifest."""
        return self._json(self.manifest_file)

    def metrics(self) -> dict[str, Any]:
        """Read the measures."""
        return self._json(self.metrics_file)

    def table(self, name: str) -> dict[str, Any]:
        """Read a table of the run as NumPy columns."""
        file = self.path / f"{name}.parquet"
        try:
            table = pq.read_table(file)
        except (OSError, pa.ArrowInvalid) as error:
            raise RunError(f"cannot read {file}: {error}") from error
        return {column: table[column].to_numpy() for column in table.column_names}

    def has(self, name: str) -> bool:
        """Whether the run has a table of this name."""
        return (self.path / f"{name}.parquet").exists()

    def write_table(self, name: str, columns: dict[str, Any]) -> None:
        """Write a table given as columns."""
        with atomic.replacing(self.path / f"{name}.parquet") as file:
            pq.write_table(pa.table(columns), file)

    def write_metrics(self, metrics: dict[str, Any]) -> None:
        """Write the measures, which marks the run as finished."""
        atomic.write_bytes(self.metrics_file, _json_bytes(metrics))


def _json_bytes(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2, sort_keys=False, allow_nan=False) + "\n").encode()


def fingerprint(config: dict[str, Any]) -> str:
    """Hash of settings that must be equal for a run to go on."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def is_run(path: Path) -> bool:
    """Whether a folder is a run folder of ours."""
    return (path / "config.toml").is_file() and (path / "manifest.json").is_file()


def clear_for_writing(path: Path, overwrite: bool, ours: bool) -> None:
    """Empty a folder that may be written over; refuse any other that has something in it."""
    if path.exists() and not path.is_dir():
        raise RunError(f"{path} is a file, not a folder")
    if path.is_dir() and any(path.iterdir()):
        if not overwrite:
            raise RunError(f"{path} is not empty; give --overwrite to replace it")
        if not ours:
            raise RunError(f"{path} holds something that jaxsim did not write, so it is not replaced")
        shutil.rmtree(path)
    path.mkdir(parents=True, exist_ok=True)


def create(path: Path, config: dict[str, dict[str, Any]], facts: dict[str, Any], overwrite: bool = False) -> RunFolder:
    """Start a run folder with its configuration and manifest."""
    path = Path(path)
    clear_for_writing(path, overwrite, is_run(path))
    run = RunFolder(path)
    atomic.write_bytes(run.config_file, toml.dumps(config).encode())
    atomic.write_bytes(run.manifest_file, _json_bytes(provenance() | facts))
    return run


def open_run(path: Path) -> RunFolder:
    """Open an existing run folder."""
    path = Path(path)
    if not is_run(path):
        raise RunError(f"{path} is not a run folder: it has no config.toml and manifest.json")
    return RunFolder(path)


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
