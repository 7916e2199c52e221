"""A generated storage plan is one that a scenario may have, and a search of both resources meets both plans better."""

import numpy as np
import pytest

from jaxsim.resources import ARRIVALS, STORAGE
from jaxsim.runs.folder import columns_of
from jaxsim.scenario import find_faults
from jaxsim.scenario.generate import generate
from jaxsim.studies.problem import load_problem
from jaxsim.studies.search import search
from jaxsim.studies.simulate import simulate
from jaxsim.studies.storage_plan import add_storage_plan


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A tiny scenario with a storage plan."""
    folder = tmp_path_factory.mktemp("scenarios") / "tiny"
    generate(folder, "tiny", 1)
    assert add_storage_plan(folder, seed=1) == 12
    return folder


@pytest.mark.slow
def test_plan_is_sound_and_written_once(planned):
    assert not find_faults(planned)
    with pytest.raises(FileExistsError, match="has a table storage_plan already"):
        add_storage_plan(planned, seed=1)
    problem = load_problem(planned, 100, 0)
    assert problem.planned.resources == (ARRIVALS, STORAGE)
    assert (problem.planned.plan >= 0).all()


@pytest.mark.slow
def test_search_meets_both_plans_better(planned):
    found = search(planned, trials=20, iterations=30)
    metrics = found.metrics
    assert metrics.resources.keys() == {"arrivals", "storage"}
    assert metrics.wmapd is not None
    assert metrics.wmapd_unconstrained is not None
    assert metrics.wmapd.mean < 0.8 * metrics.wmapd_unconstrained.mean
    for row in metrics.resources.values():  # so few products leave little of storage that is not noise
        assert row.wmapd is not None
        assert row.wmapd.mean < row.wmapd_unconstrained.mean + row.wmapd_unconstrained.noise
    plan = columns_of(found.utilization)
    joint = np.abs(plan["constrained"] - plan["plan"]).sum() / plan["plan"].sum()
    assert metrics.wmapd.mean == pytest.approx(joint)
    for table in (found.costs, found.history):
        assert set(table["resource"].to_pylist()) == {"arrivals", "storage"}
    again = simulate(planned, trials=20, costs=found.costs)
    assert again.metrics.resources == metrics.resources
