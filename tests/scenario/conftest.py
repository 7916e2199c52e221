"""One small generated scenario for the tests of tables."""

from pathlib import Path

import pytest

from jaxsim.scenario import load
from jaxsim.scenario.generate import generate


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory) -> Path:
    return generate(tmp_path_factory.mktemp("scenarios") / "tiny", "tiny", seed=3).folder


@pytest.fixture(scope="session")
def tiny(tiny_folder):
    return load(tiny_folder)
