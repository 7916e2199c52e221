"""Scenarios with a wide table of monthly demand."""

from pathlib import Path

import numpy as np
import pytest

from jaxsim.scenario import QUANTILE_COLUMNS, find_faults, load
from jaxsim.scenario.generate import generate
from jaxsim.scenario.generate.history import read_history
from jaxsim.scenario.generate.history.wide import WEEK_OF_MONTH

CARPARTS = Path(__file__).parents[3] / "shared" / "data" / "carparts.csv"

SMALL = """\
0,0,3,0,nan,0,0,1,0,0,0,2
nan,nan,nan,nan,nan,nan,nan,nan,nan,nan,nan,nan
0,0,0,0,0,0,0,0,0,0,0,0
120,90,130,110,95,105,118,102,99,140,88,103
,,,,,,,,,5,8,7
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.csv"
    path.write_text(SMALL)
    return path


def test_small_history(small, tmp_path):
    written = generate(tmp_path / "scenario", "tiny", seed=2, demand_history=small)
    assert (written.products, written.remarks) == (4, ("left out 1 series without observations",))
    assert find_faults(written.folder) == []
    scenario = load(written.folder)
    assert scenario.products == ["S00000", "S00002", "S00003", "S00004"]
    mean = scenario.column("demand", "mean").reshape(4, 3)
    np.testing.assert_allclose(mean[:, 0], np.array([6 / 11, 0, 1300 / 12, 20 / 3]) * 12 / 52, atol=1e-5)
    q = np.array([scenario.column("demand", name).reshape(4, 3)[:, 0] for name in QUANTILE_COLUMNS]).T
    assert (q[1] == 0).all()
    assert q[0, 5] == 0  # intermittent
    assert 20 <= q[2, 5] <= 30
    assert q[2, -1] > q[2, 5] + 5


def test_weekly_distribution_of_a_steady_series_is_nearly_binomial(tmp_path):
    """With many months of 50 units the week sells Binomial(50, 12/52), widened by the fitted tenth part."""
    path = tmp_path / "steady.csv"
    path.write_text("\n".join([",".join(["50"] * 240)] * 3))
    history = read_history(path)
    np.testing.assert_allclose(history.weekly_mean, 50 * WEEK_OF_MONTH, atol=1e-4)
    assert history.quantiles[0, 5] in (11, 12)
    assert history.quantiles[0, 3] >= 9
    assert history.quantiles[0, 7] <= 14


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,x\n", "not a table of numbers"),
        ("1,2\n3\n", "not a table of numbers"),
        ("1,2\n3,-4\n", r"row 1, column 1 is -4.0"),
        ("1,2\n3,0.5\n", r"row 1, column 1 is 0.5"),
        ("1,inf\n3,5\n", r"row 0, column 1 is inf"),
        ("nan,nan\n", "no series has an observation"),
        ("", "not a table of numbers"),
        ("sku,shop,wk,qty\na,x,1,3\n", "has none of the columns of weekly demand: product, region"),
    ],
)
def test_bad_history(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_history(path)


@pytest.mark.skipif(not CARPARTS.is_file(), reason="shared/data/carparts.csv is not here")
def test_carparts(tmp_path):
    months = np.genfromtxt(CARPARTS, delimiter=",")
    written = generate(tmp_path / "carparts", "demo", seed=1, demand_history=CARPARTS)
    assert (written.products, written.remarks) == (2674, ())
    assert find_faults(written.folder) == []
    scenario = load(written.folder)
    mean = scenario.column("demand", "mean").reshape(-1, 5)[:, 0]
    np.testing.assert_allclose(mean, np.nanmean(months, axis=1) * 12 / 52, atol=1e-5)
    zero = (scenario.column("demand", "q60") == 0).mean()
    assert zero > 0.6  # 71% of months are zero, so more weeks are
