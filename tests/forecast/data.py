"""Panels for tests of forecasts: made up ones, and those that lie beside a checkout where they are at all."""

import numpy as np
import pytest

from jaxsim.forecast import Panel
from validation import panels

needs = {
    name: pytest.mark.skipif(name not in panels.names(), reason=f"shared/data/{file} is not here")
    for name, file in panels.FILES.items()
}
"""Marks of tests that read a panel, by its name."""


def counts(series: int = 30, periods: int = 60, frequency: str = "month", seed: int = 0) -> Panel:
    """Poisson counts with a season, of means from 0.3 to 50, two products by region; some series start late."""
    random = np.random.default_rng(seed)
    level = np.geomspace(0.3, 50, series)
    season = 1 + 0.5 * np.sin(2 * np.pi * np.arange(periods) / {"month": 12, "week": 52, "day": 7}[frequency])
    values = random.poisson(level[:, None] * season).astype(float)
    values[::7, : periods // 3] = np.nan
    names = np.array([f"p{each // 2}" for each in range(series)]), np.array([f"r{each % 2}" for each in range(series)])
    return Panel(values, frequency, *names)
