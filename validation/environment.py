"""Where and with what a benchmark's figures were taken, for the head of its JSON."""

import os
import platform
import re
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import jax
import numpy as np

_ROOT = Path(__file__).resolve().parents[1]


def environment(seed: int, timing: str) -> dict:
    """Device, versions, commit and load; `timing` says in words what was timed and how."""
    device = jax.devices()[0]
    return {
        "device": device.device_kind,
        "backend": device.platform,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "jax": jax.__version__,
        "numpy": np.__version__,
        "highspy": _version("highspy"),
        "commit": os.environ.get("COMMIT") or _git("rev-parse", "HEAD"),
        "dirty": bool(_git("status", "-s")),
        "seed": seed,
        "timing": timing,
    }


def device_name() -> str:
    """The device as a part of a file name: cpu, or the kind of the GPU."""
    device = jax.devices()[0]
    kind = device.platform if device.platform == "cpu" else device.device_kind
    return re.sub(r"\W+", "_", kind).strip("_").lower()


def _version(package: str) -> str | None:
    """Version of an installed package."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(*words: str) -> str:
    """What git says of this checkout; nothing where there is no git."""
    if not shutil.which("git"):
        return ""
    command = ["git", "-C", str(_ROOT), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
