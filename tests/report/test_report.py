"""The report: one page that needs nothing else, figures beside it, honest about what is missing."""

import base64
import dataclasses
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from jaxsim import report
from jaxsim.report import figures, page
from jaxsim.runs.claim import create
from jaxsim.runs.folder import RunError
from jaxsim.runs.metrics import Adhered, Effect, Figure, Kind
from tests.report.fakes import made_up_run


class Links(HTMLParser):
    """Collects every address that a page refers to."""

    def __init__(self):
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


@pytest.fixture(autouse=True)
def coarse_pictures(monkeypatch):
    """Pictures that are drawn sooner, but for those of the module's `run`."""
    monkeypatch.setattr("jaxsim.report.parts.DPI", 30)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with its report."""
    run = made_up_run(tmp_path_factory.mktemp("runs") / "run")
    report.write(run.path)
    return run


def test_page_is_self_contained(run):
    text = run.report_file.read_text()
    links = Links()
    links.feed(text)
    assert links.addresses
    assert all(address.startswith("data:image/png;base64,") for address in links.addresses)
    assert not {"script", "link", "iframe", "object"} & set(links.tags)
    assert "url(" not in text
    assert "http" not in re.sub(r"base64,[^\"]*", "", text)
    assert 'name="viewport"' in text


def test_embeds_the_pictures_of_the_folder(run):
    pictures = sorted(run.path.glob("*.png"))
    assert [file.stem for file in pictures] == ["adherence", "costs", "node_weeks", "one_week"]
    embedded = re.findall(r"base64,([^\"]*)", run.report_file.read_text())
    assert {base64.b64decode(text) for text in embedded} == {file.read_bytes() for file in pictures}


def test_tells_the_numbers_with_their_errors(run):
    text, metrics = run.report_file.read_text(), run.metrics()
    assert [name for name, _, _ in metrics.figures()][:4] == [
        "wmapd_unconstrained",
        "wmapd",
        "wmapd_bound",
        "wmapd_out_of_sample",
    ]
    for _, label, figure in metrics.figures():
        assert f"<b>{figure.mean:.1%}</b><span>{label}" in text
    assert "80.00% <small>± 1.00%</small>" in text


def test_tells_which_changes_are_better(run):
    """Costs, emissions and fill rate all fall by 0.01 of 0.8, five standard errors."""
    text = run.report_file.read_text()
    for label, verdict in (("shipping", "better"), ("emissions", "better"), ("fill rate", "worse")):
        row = next(row for row in text.split("<tr>") if row.startswith(f"<td>{label} "))
        assert f"-1.2%<small> ± 0.2% {verdict}</small>" in row


def test_run_of_an_older_version(run, tmp_path):
    """Without errors of changes: the change is told, but no verdict."""
    old = made_up_run(tmp_path / "old", nodes=3)
    content = old.metrics().to_json()
    for row in content["kpis"].values():
        del row["change"], row["change_se"]
    old.metrics_file.write_text(json.dumps(content))
    report.write(old.path)
    assert re.search(r"<td>-1\.[23]%<small></small></td>", old.report_file.read_text())


def test_simulation_without_costs_has_a_report_too(tmp_path):
    run = made_up_run(tmp_path / "run", search=False)
    report.write(run.path)
    assert [file.stem for file in run.path.glob("*.png")] == ["one_week"]


def test_large_run(tmp_path):
    run = made_up_run(tmp_path / "run", nodes=150, weeks=6, iterations=2)
    report.write(run.path)
    assert run.report_file.exists()


def test_unfinished_run_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"metrics\.json"):
        report.write(create(tmp_path / "run", {}, {}).path)


def test_text_of_a_run_is_escaped(tmp_path):
    run = made_up_run(tmp_path / "<script>alert(1)", nodes=3)
    run.config_file.write_text('[scenario]\npath = "<script>alert(2)"\n')
    report.write(run.path)
    assert "<script>" not in run.report_file.read_text()


def test_example_node_weeks_are_large_and_lie_on_either_side():
    table = {
        "node": np.array(list("abcdef")),
        "week": np.arange(6),
        "plan": np.array([1.0, 2.0, 3.0, 100.0, 100.0, 100.0]),
        "unconstrained": np.array([9.0, 0.0, 0.0, 250.0, 40.0, 100.0]),
    }
    assert figures.example_node_weeks(table) == [("d", 3), ("e", 4)]


def test_two_resources_have_figures_and_a_table_of_their_own(tmp_path):
    run = made_up_run(tmp_path / "run", nodes=4)
    for name in ("utilization", "costs", "history"):
        table = run.table(name)
        size = len(table["node"])
        both = {column: np.concatenate([values, values]) for column, values in table.items()}
        run.write_table(name, {"resource": np.repeat(["arrivals", "storage"], size)} | both)
    row = Adhered(wmapd_unconstrained=Figure(0.31), wmapd=Figure(0.12), wmapd_bound=Figure(0.0))
    run.write_metrics(dataclasses.replace(run.metrics(), resources={"arrivals": row, "storage": row}))
    report.write(run.path)
    pictures = {file.stem for file in run.path.glob("*.png")}
    assert pictures >= {"costs", "costs_storage", "node_weeks_storage", "one_week_storage"}
    text = run.report_file.read_text()
    assert "Deviation from the plans:" in text
    assert re.search(r"<td>storage plan</td><td>31\.0%<small></small></td><td>12\.0%", text)


def test_what_is_true_comes_before_what_was_fitted(tmp_path):
    """Also in the figures: they show the table `expected` where there is one."""
    run = made_up_run(tmp_path / "run", nodes=4)
    found, table = run.metrics(), run.table("utilization")
    expected = {
        "wmapd_expected_unconstrained": Figure(0.41, 0.001),
        "wmapd_expected": Figure(0.11, 0.001, 0.004),
        "wmapd_expected_bound": Figure(0.07, 0.001),
        "cost_per_unit_expected_change": Figure(0.0512, 0.002),
        "wmapd_realized": Figure(0.21, 0.003, spread=0.02),
        "expected_kpis": {"fill_rate": Effect(unconstrained=Figure(0.9512))},
    }
    run.write_metrics(dataclasses.replace(found, **expected, evaluated_products=5000, evaluated_trials=32))
    run.write_table("expected", table | {"constrained": table["plan"]})
    report.write(run.path)
    text = run.report_file.read_text("utf-8")
    assert "<h1>Expected deviation from the labor plan: 41.0% → 11.0%</h1>" in text
    places = [text.index(f"<h2>{kind.value}</h2>") for kind in Kind]
    assert places == sorted(places)
    assert "<b>11.0%</b><span>expected wMAPD with costs ± 0.1%; noise alone makes 0.4%</span>" in text
    assert "<b>0.051</b><span>change of cost per unit, $ per unit demanded ± 0.002</span>" in text
    assert "futures differ by 2.0%" in text
    assert "all 5,000 products in 32 fresh futures" in text
    assert "95.12%" in text
    drawn = figures.one_week(run.table(page._utilization(run)), "arrivals").axes[0].lines[0]
    assert (np.asarray(drawn.get_xdata()) == 1.0).all()


def test_node_weeks_that_no_order_reaches_are_gray():
    costs = {"node": np.array(["a", "a"]), "week": np.arange(2), "cost": np.array([3.0, 0.0])}
    image = figures.cost_map(costs | {"reachable": np.array([True, False])}, "arrivals").axes[0].images[0]
    shown = image.get_array()
    assert shown is not None
    assert np.ma.getmaskarray(np.ma.masked_invalid(shown)).tolist() == [[False, True]]
