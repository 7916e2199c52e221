"""Metrics: what is written reads back, errors stand where they are known, and runs of older versions are read."""

import dataclasses
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jaxsim.measures import INDICATORS
from jaxsim.report.text.run import metrics_lines
from jaxsim.runs import claim
from jaxsim.runs.folder import RunError
from jaxsim.runs.metrics import Adhered, Effect, Figure, Kind, Metrics, unit_of
from jaxsim.studies.compare import contributions_of
from jaxsim.studies.result import load_result

FULL = Metrics(
    wmapd_unconstrained=Figure(0.3, 0.02, 0.05),
    wmapd=Figure(0.1, 0.01, 0.04),
    wmapd_bound=Figure(0.05),
    wmapd_out_of_sample=Figure(0.2, 0.03, 0.1),
    pna_unconstrained=Figure(0.9, 0.01),
    pna=Figure(0.88, 0.01),
    iterations=8,
    promoted_iteration=5,
    stopped="The permitted number of iterations was used.",
    product_trials=528,
    seconds=4.2,
    resources={"storage": Adhered(wmapd_unconstrained=Figure(0.3, 0.01), wmapd=Figure(0.2), wmapd_bound=Figure(0.0))},
    kpis={
        "fill_rate": Effect(
            unconstrained=Figure(0.95, 0.01),
            constrained=Figure(0.94, 0.01),
            change=Figure(-0.01, 0.002),
            variance_ratio=50.0,
        ),
        "overage_share": Effect(unconstrained=Figure(math.nan), constrained=Figure(math.nan), change=Figure(math.nan)),
    },
)

EVALUATED = dataclasses.replace(
    FULL,
    wmapd_expected_unconstrained=Figure(0.31, 0.002, 0.01),
    wmapd_expected=Figure(0.12, 0.001, 0.01),
    wmapd_expected_bound=Figure(0.06, 0.0005),
    pna_expected_unconstrained=Figure(0.91, 0.001),
    pna_expected=Figure(0.89, 0.001),
    pna_expected_loss=Figure(0.022, 0.0005),
    cost_per_unit_expected_unconstrained=Figure(9.8, 0.02),
    cost_per_unit_expected=Figure(9.9, 0.02),
    cost_per_unit_expected_change=Figure(0.1, 0.005),
    wmapd_realized_unconstrained=Figure(0.35, 0.002, spread=0.01),
    wmapd_realized=Figure(0.2, 0.002, spread=0.009),
    evaluated_products=66,
    evaluated_trials=32,
    expected_resources=FULL.resources,
    expected_kpis={"fill_rate": Effect(unconstrained=Figure(0.96, 0.001), constrained=Figure(0.93, 0.001))},
)


def test_names_in_the_file():
    content = FULL.to_json()
    errors = {"wmapd_unconstrained_se", "wmapd_se", "wmapd_out_of_sample_se", "pna_unconstrained_se", "pna_se"}
    noise = {"wmapd_unconstrained_noise", "wmapd_noise", "wmapd_out_of_sample_noise"}
    contract = "wmapd_unconstrained wmapd wmapd_bound wmapd_out_of_sample pna_unconstrained pna iterations"
    others = {"promoted_iteration", "product_trials", "seconds", "stopped", "resources", "kpis"}
    assert content.keys() == set(contract.split()) | errors | noise | others
    assert content["kpis"]["fill_rate"]["change_se"] == 0.002
    storage = {"wmapd_unconstrained": 0.3, "wmapd_unconstrained_se": 0.01, "wmapd": 0.2, "wmapd_bound": 0.0}
    assert content["resources"] == {"storage": storage}
    assert content["kpis"]["overage_share"] == {"unconstrained": None, "constrained": None, "change": None}


def test_round_trip():
    text = json.dumps(FULL.to_json(), allow_nan=False)
    again = Metrics.from_json(json.loads(text))
    assert again.to_json() == FULL.to_json()
    assert again.wmapd == FULL.wmapd
    assert again.resources["storage"].wmapd_unconstrained == Figure(0.3, 0.01)
    assert again.kpis["fill_rate"] == FULL.kpis["fill_rate"]
    assert math.isnan(again.kpis["overage_share"].unconstrained.mean)


def test_names_of_an_evaluation():
    content = EVALUATED.to_json()
    wanted = [name for name, _, _ in EVALUATED.figures()][:9]
    assert wanted[:3] == ["wmapd_expected_unconstrained", "wmapd_expected", "wmapd_expected_bound"]
    assert wanted[3:6] == ["pna_expected_unconstrained", "pna_expected", "pna_expected_loss"]
    assert wanted[6:] == [f"cost_per_unit_expected{of}" for of in ("_unconstrained", "", "_change")]
    assert next(iter(content)) == wanted[0]
    assert {*wanted, *(f"{name}_se" for name in wanted)} <= content.keys()
    assert {"wmapd_expected_noise", "wmapd_expected_unconstrained_noise"} <= content.keys()
    assert (content["wmapd_realized"], content["wmapd_realized_spread"]) == (0.2, 0.009)
    assert (content["evaluated_products"], content["evaluated_trials"]) == (66, 32)
    assert content.keys() - FULL.to_json().keys() >= {"expected_resources", "expected_kpis"}
    again = Metrics.from_json(json.loads(json.dumps(content, allow_nan=False)))
    assert again.to_json() == content
    assert again.wmapd_realized == EVALUATED.wmapd_realized


def test_what_is_expected_leads():
    assert EVALUATED.expected
    assert (EVALUATED.result, EVALUATED.bound) == (EVALUATED.wmapd_expected, EVALUATED.wmapd_expected_bound)
    assert EVALUATED.unconstrained == EVALUATED.wmapd_expected_unconstrained
    assert EVALUATED.effects is EVALUATED.expected_kpis
    assert [kind for kind, _ in EVALUATED.sections()] == [Kind.EXPECTED, Kind.IN_SAMPLE, Kind.REALIZED]
    assert not FULL.expected
    assert (FULL.result, FULL.bound, FULL.effects) == (FULL.wmapd, FULL.wmapd_bound, FULL.kpis)
    assert [kind for kind, _ in FULL.sections()] == [Kind.IN_SAMPLE]
    for name, _, _ in EVALUATED.figures():
        assert bool(unit_of(name)) == name.startswith("cost")
    lines = list(metrics_lines(EVALUATED))
    heads = [lines.index(kind.value) for kind in (Kind.EXPECTED, Kind.IN_SAMPLE, Kind.REALIZED)]
    assert heads == sorted(heads)
    assert heads[0] == 0
    assert lines[1].split() == ["wmapd_expected_unconstrained", *["0.3100", "±", "0.0020", "noise", "alone", "0.0100"]]
    assert any(line.split() == ["wmapd_realized", *["0.2000", "±", "0.0020", "spread", "0.0090"]] for line in lines)
    assert [line.split()[1] for line in lines if line.startswith("fill_rate ")] == ["0.9600"]


def test_a_simulation_without_costs_has_nothing_constrained():
    bare = Metrics(wmapd_unconstrained=Figure(0.3), wmapd_bound=Figure(0.1), pna_unconstrained=Figure(math.nan))
    figures = {"wmapd_unconstrained": 0.3, "wmapd_bound": 0.1, "pna_unconstrained": None}
    assert bare.to_json() == figures | {"resources": {}, "kpis": {}}
    assert bare.result == Figure(0.3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "no table of names and values"),
        ({"wmapd": 0.1}, "no wMAPD without costs is there: neither expected, nor in-sample, nor realized"),
        (FULL.to_json() | {"wmapd": "low"}, "wmapd is 'low'"),
        (FULL.to_json() | {"kpis": 3}, "a table of numbers was expected, not 3"),
        (FULL.to_json() | {"kpis": {"fill_rate": {}}}, "unconstrained is missing"),
    ],
)
def test_says_what_is_wrong_with_the_file(tmp_path, content, message):
    run = claim.create(tmp_path / "run", {}, {})
    run.metrics_file.write_text(json.dumps(content))
    with pytest.raises(RunError, match=message):
        run.metrics()


def test_reads_what_a_newer_version_added():
    assert Metrics.from_json(FULL.to_json() | {"wmapd_next_year": 0.1}).wmapd == FULL.wmapd


def test_reads_the_column_that_was_renamed(tmp_path):
    """Older versions called the sampling weight `scale`."""
    run = claim.create(tmp_path / "run", {}, {})
    columns = {
        "product": np.array(["a", "b"]),
        "trial": np.zeros(2, np.int32),
        "scale": np.array([2.0, 3.0]),
        "stratum": np.zeros(2, np.int64),
        "costs": np.zeros(2, bool),
        "asked": np.array([10.0, 20.0]),
    }
    pq.write_table(pa.table(columns), run.path / "contributions.parquet")
    run.write_metrics(FULL)
    assert run.table("contributions")["sampling_weight"].tolist() == [2.0, 3.0]
    found = contributions_of(load_result(run.path))
    assert found is not None
    assert found.sampling_weight.tolist() == [2.0, 3.0]
    assert found.values.keys() == {"asked"}


def test_text_has_every_number():
    lines = {line.split()[0]: line.split()[1:] for line in metrics_lines(FULL)}
    assert lines["wmapd"] == ["0.1000", "±", "0.0100", "noise", "alone", "0.0400"]
    assert lines["wmapd_bound"] == ["0.0500"]
    assert lines["iterations"] == ["8"]
    assert lines["fill_rate"] == ["0.9500", "0.9400", "-0.0100", "±", "0.0020"]
    assert lines["overage_share"] == ["–", "–", "–"]


def test_indicators_have_all_that_others_ask_for():
    for name, indicator in INDICATORS.items():
        assert indicator.label
        assert indicator.denominator
        assert indicator.better or name == "purchase_cost_per_unit"
