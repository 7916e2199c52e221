"""Importing costs no device: a user may still choose platform and precision, and a helper may import without a GPU."""

import subprocess
import sys

CODE = """
import importlib, pkgutil
import jaxsim
from jax._src import xla_bridge
for module in pkgutil.walk_packages(jaxsim.__path__, "jaxsim."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        assert not xla_bridge.backends_are_initialized(), module.name + " starts a backend"
"""


def test_no_module_starts_a_backend():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
