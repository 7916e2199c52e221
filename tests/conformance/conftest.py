"""How many scenarios the property-based suite draws, and where its figures go.

pytest tests/conformance --scenarios 1000 --results validation/results/conformance_cpu.json
"""

from pathlib import Path

import pytest

from tests.conformance.tally import Tally

SCENARIOS = 50
"""Drawn where no option says."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options that are known when this folder is named on the command line."""
    parser.addoption("--scenarios", type=int, default=SCENARIOS, help="random scenarios that the engines compare")
    parser.addoption("--results", type=Path, default=None, help="JSON file for the figures")


@pytest.fixture(scope="session")
def scenarios(request: pytest.FixtureRequest) -> int:
    """Random scenarios to draw."""
    return int(request.config.getoption("--scenarios", SCENARIOS) or SCENARIOS)


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Path | None:
    """File for the figures."""
    return request.config.getoption("--results", None)


@pytest.fixture(scope="session")
def tally() -> Tally:
    """Figures of the session."""
    return Tally()
