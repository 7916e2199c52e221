"""Run folders: what is written reads back, and nothing that is not ours is written over."""

import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jaxsim.runs import claim, folder, toml
from jaxsim.runs.folder import RunError
from jaxsim.runs.metrics import Figure, Metrics

METRICS = Metrics(wmapd_unconstrained=Figure(0.1), wmapd_bound=Figure(0.0), pna_unconstrained=Figure(0.9))

VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(),
    st.lists(st.integers(0, 9)),
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), VALUES))
def test_toml_round_trip(settings):
    assert repr(tomllib.loads(toml.dumps({"table": settings}))["table"]) == repr(settings)


def test_toml_leaves_out_none_and_refuses_objects():
    assert toml.dumps({"t": {"a": None, "b": 1}}) == "[t]\nb = 1\n"
    with pytest.raises(TypeError, match="cannot hold a dict"):
        toml.dumps({"t": {"a": {}}})


def test_folder_round_trip(tmp_path):
    run = claim.create(tmp_path / "deep" / "run", {"search": {"iterations": 3}}, {"seed": 7})
    run.write_table("costs", {"node": np.array(["a", "b"]), "week": np.array([0, 1]), "cost": np.array([1.0, -2.0])})
    run.write_metrics(METRICS)
    again = folder.open_run(run.path)
    assert again.config() == {"search": {"iterations": 3}}
    assert again.manifest()["seed"] == 7
    assert again.manifest()["versions"]["jax"]
    assert again.metrics() == METRICS
    assert list(again.table("costs")["node"]) == ["a", "b"]
    assert again.finished


def test_refuses_to_write_over(tmp_path):
    foreign = tmp_path / "thesis"
    foreign.mkdir()
    (foreign / "thesis.tex").write_text("years of work")
    for overwrite in (False, True):
        with pytest.raises(RunError):
            claim.create(foreign, {}, {}, overwrite)
    assert (foreign / "thesis.tex").exists()
    run = claim.create(tmp_path / "run", {}, {})
    with pytest.raises(RunError, match="--overwrite"):
        claim.create(run.path, {}, {})
    claim.create(run.path, {}, {}, overwrite=True)
    with pytest.raises(RunError, match="is a file"):
        claim.create(foreign / "thesis.tex", {}, {}, overwrite=True)


def test_says_what_is_not_a_run(tmp_path):
    with pytest.raises(RunError, match="not a run folder"):
        folder.open_run(tmp_path)
    run = claim.create(tmp_path / "run", {}, {})
    with pytest.raises(RunError, match=r"metrics\.json"):
        run.metrics()
    run.metrics_file.write_text("{")
    with pytest.raises(RunError, match=r"metrics\.json"):
        run.metrics()
    (run.path / "costs.parquet").write_bytes(b"junk")
    with pytest.raises(RunError, match=r"costs\.parquet"):
        run.table("costs")
