"""Faults of the tables `forecast` and `demand_paths`."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from jaxsim.scenario import Scenario, ScenarioError, find_faults, load, write

Change = Callable[[dict[str, list]], None]


def paths_of(scenario: Scenario, trials: int = 2, regions: bool = False) -> dict[str, list]:
    """Columns of a sound table of sample paths."""
    places = scenario.regions if regions else [None]
    rows = [
        {"product": product, "trial": trial, "week": week, "units": 3, "region": region}
        for product in scenario.products
        for trial in range(trials)
        for week in range(scenario.weeks)
        for region in places
    ]
    return {name: [row[name] for row in rows] for name in rows[0] if regions or name != "region"}


def put(column: str, row: int, value) -> Change:
    def change(columns: dict[str, list]) -> None:
        columns[column][row] = value

    return change


def drop(row: int) -> Change:
    def change(columns: dict[str, list]) -> None:
        for values in columns.values():
            del values[row]

    return change


def repeat(row: int) -> Change:
    def change(columns: dict[str, list]) -> None:
        for values in columns.values():
            values.append(values[row])

    return change


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize("regions", [False, True])
def test_sound_tables_have_no_faults_and_are_read_back(tiny, tmp_path, form, regions):
    paths = pa.table(paths_of(tiny, regions=regions))
    write(tmp_path / "good", {**tiny.tables, "forecast": tiny.tables["demand"], "demand_paths": paths}, form)
    assert find_faults(tmp_path / "good") == []
    copy = load(tmp_path / "good").tables
    assert copy["forecast"].equals(tiny.tables["demand"])
    assert copy["demand_paths"].select(paths.column_names).equals(paths)
    assert ("region" in copy["demand_paths"].column_names) == regions


@pytest.mark.parametrize(
    ("regions", "change", "kind", "column", "row", "value"),
    [
        (False, put("units", 5, -1), "negative", "units", 5, "-1"),
        (False, put("units", 5, 2**26), "out of range", "units", 5, "67108864"),
        (False, put("product", 5, "nobody"), "dangling reference", "product", 5, "'nobody'"),
        (True, put("region", 5, "nowhere"), "dangling reference", "region", 5, "'nowhere'"),
        (False, put("week", 5, 7), "week outside the plan", "week", 5, "7"),
        (False, repeat(4), "duplicate key", "product", 144, "'P0000000'"),
        (True, repeat(4), "duplicate key", "product", None, "'P0000000'"),
        (False, drop(4), "missing row", "week", None, "no row for product P0000000, trial 1 in week 1"),
        (False, put("trial", 5, 9), "missing trial", "trial", None, "no trial 2"),
    ],
)
def test_faults_of_sample_paths(tiny, tmp_path, regions, change, kind, column, row, value):
    columns = paths_of(tiny, regions=regions)
    change(columns)
    write(tmp_path / "bad", {**tiny.tables, "demand_paths": pa.table(columns)})
    found = [fault for fault in find_faults(tmp_path / "bad") if fault.kind == kind]
    assert [(fault.table, fault.column) for fault in found] == [("demand_paths", column)]
    assert row is None or found[0].row == row
    assert value in str(found[0])


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_region_may_not_be_left_empty(tiny, tmp_path, form):
    columns = paths_of(tiny, regions=True)
    columns["region"][3] = None
    write(tmp_path / "bad", {**tiny.tables, "demand_paths": pa.table(columns)}, form)
    found = find_faults(tmp_path / "bad")
    assert [(fault.kind, fault.column, fault.row) for fault in found] == [
        ("null", "region", 3 if form == "parquet" else 5)
    ]


def test_faults_of_a_forecast(tiny, tmp_path):
    rows = tiny.tables["demand"]
    low = rows["q50"].to_numpy() + 1e6
    forecast = rows.set_column(rows.column_names.index("q50"), "q50", pa.array(low)).slice(1)
    write(tmp_path / "bad", {**tiny.tables, "forecast": forecast})
    found = {(fault.kind, fault.table, fault.column) for fault in find_faults(tmp_path / "bad")}
    assert found == {
        ("unsorted quantiles", "forecast", "q60"),
        ("mean contradicts quantiles", "forecast", "mean"),
        ("missing row", "forecast", "week"),
    }


def test_a_table_without_the_products_asked_for_is_no_absent_table(tiny, tmp_path):
    """Otherwise customers would follow the table demand, and nobody would know."""
    rows = pa.table(paths_of(tiny))
    kept = rows.filter(pa.array(rows["product"].to_numpy() == tiny.products[4]))
    write(tmp_path / "bad", {**tiny.tables, "demand_paths": kept})
    load(tmp_path / "bad", [tiny.products[4]])
    with pytest.raises(ScenarioError, match=r"demand_paths.*missing row, found none of the products asked for"):
        load(tmp_path / "bad", [tiny.products[2]])


def test_huge_numbers_of_trials_are_faults_and_not_memory(tiny, tmp_path):
    columns = paths_of(tiny)
    columns["trial"] = (np.array(columns["trial"]) * 10**12).tolist()
    write(tmp_path / "bad", {**tiny.tables, "demand_paths": pa.table(columns)})
    found = find_faults(tmp_path / "bad")
    assert [(fault.kind, fault.column) for fault in found] == [("missing trial", "trial")]
