"""Every method that is installed forecasts what every caller asks for."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

from jaxsim.forecast import LEVELS
from jaxsim.forecast.methods import METHODS, RANDOM
from tests.forecast.data import counts

NEEDS = {"exponential_smoothing": "statsforecast", "boosted": "lightgbm"}
WITHOUT_LEARNING = sorted(set(METHODS) - {name for name in METHODS if "deepar" in name or "ensemble" in name})


@pytest.mark.parametrize("name", WITHOUT_LEARNING)
def test_methods_keep_the_contract(name):
    package = NEEDS.get(name)
    if package is not None and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    panel = counts(series=8, periods=40)
    panel.values[3] = 0
    found = METHODS[name]()(panel, 5, seed=1)
    assert found.mean.shape == (8, 5)
    assert found.at(LEVELS).shape == (8, 5, 9)
    assert np.allclose(found.quantiles[3], 0, atol=0.6)
    assert (found.quantiles >= 0).all()


def test_random_methods_are_methods():
    assert set(METHODS) >= RANDOM


def test_names_cost_no_imports():
    code = "import sys, jaxsim.forecast.methods; print([m for m in sys.modules if m in ('lightgbm', 'statsforecast')])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
