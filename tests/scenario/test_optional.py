"""Optional columns and tables: absent, given, given in part, and wrong."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from jaxsim.demand.source import QuantileSource
from jaxsim.scenario import TABLES, Scenario, find_faults, load, textbook, write
from jaxsim.scenario.schema import Type, quantile_columns, quantile_level
from jaxsim.system import build

PRODUCTS = textbook.scenario(weeks=2).products
NUMBERS = [(t.name, c.name) for t in TABLES.values() for c in t.columns if c.type in (Type.NUMBER, Type.COUNT)]


def with_column(scenario: Scenario, table: str, column: str, values: pa.Array) -> dict[str, pa.Table]:
    rows = scenario.tables[table]
    if column in rows.column_names:
        rows = rows.drop_columns([column])
    return {**scenario.tables, table: rows.append_column(column, values)}


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_round_trip_of_everything_optional(tmp_path, form):
    scenario = textbook.scenario(weeks=2)
    write(tmp_path / "copy", scenario.tables, form)
    copy = load(tmp_path / "copy")
    for name in TABLES:
        assert copy.tables[name].equals(scenario.tables[name]), name
    assert len(quantile_columns(copy.tables["demand"].column_names)) > 80


def test_absent_optional_columns_have_their_defaults(tiny):
    assert not tiny.column("products", "backlog").any()
    assert (tiny.column("products", "order_up_to") == -1).all()
    assert tiny.tables["demand_weekdays"].num_rows == 0
    assert build(tiny).weekday_share.sum() == pytest.approx(1)


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_values_may_be_given_in_part(tiny, tmp_path, form):
    levels = pa.array([None, 70] + [None] * (len(tiny.products) - 2), pa.int64())
    write(tmp_path / "copy", with_column(tiny, "products", "order_up_to", levels), form)
    copy = load(tmp_path / "copy")
    assert copy.column("products", "order_up_to")[:3].tolist() == [-1, 70, -1]
    given, computed = build(copy).products.order_up_to, build(tiny).products.order_up_to
    np.testing.assert_array_equal(given[0], computed[0])
    assert set(given[1]) <= {0, 70}


def test_optional_flags_are_read_from_text(tiny, tmp_path):
    write(tmp_path / "copy", tiny.tables)
    rows = tiny.tables["products"].append_column("backlog", pa.array(["true", "", *["0"] * (len(tiny.products) - 2)]))
    (tmp_path / "copy" / "products.parquet").unlink()
    pyarrow.csv.write_csv(rows, tmp_path / "copy" / "products.csv")
    assert load(tmp_path / "copy").column("products", "backlog").tolist()[:3] == [True, False, False]


def test_wrong_optional_values_are_faults(tiny, tmp_path):
    levels = pa.array([None, -3] + [None] * (len(tiny.products) - 2), pa.int64())
    tables = with_column(tiny, "products", "order_up_to", levels)
    tables["demand_weekdays"] = pa.table({"weekday": [0, 7], "share": [0.5, 0.4]})
    write(tmp_path / "bad", tables)
    found = {(fault.kind, fault.table, fault.column, fault.row) for fault in find_faults(tmp_path / "bad")}
    assert found == {
        ("negative", "products", "order_up_to", 1),
        ("out of range", "demand_weekdays", "weekday", 1),
        ("sum is not 1", "demand_weekdays", "share", 0),
    }


def test_further_quantiles_are_sorted_among_the_others(tiny, tmp_path):
    median = tiny.tables["demand"]["q50"].to_numpy()
    write(tmp_path / "good", with_column(tiny, "demand", "q505", pa.array(median)))
    source = build(load(tmp_path / "good")).source
    assert isinstance(source, QuantileSource)
    assert 0.505 in source.levels
    write(tmp_path / "bad", with_column(tiny, "demand", "q505", pa.array(median - 1)))
    kinds = [(fault.kind, fault.column) for fault in find_faults(tmp_path / "bad")]
    assert ("unsorted quantiles", "q505") in kinds


@pytest.mark.parametrize(
    ("name", "level"), [("q05", 0.05), ("q9999", 0.9999), ("q5", None), ("q00", None), ("p05", None)]
)
def test_levels_of_quantile_columns(name, level):
    assert quantile_level(name) == level


@pytest.mark.slow
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_found_in_every_column(tmp_path, value):
    flight = {"product": "serial", "node": "depot", "arrival_day": 3, "quantity": 4}
    tables = {**textbook.scenario(weeks=2).tables}
    tables["in_flight"] = pa.Table.from_pylist([flight], schema=TABLES["in_flight"].arrow())
    tables["forecast"] = tables["demand"]
    stored = {"node": "depot", "week": 0, "units": 3}
    tables["storage_plan"] = pa.Table.from_pylist([stored], schema=TABLES["storage_plan"].arrow())
    paths = [{"product": name, "trial": 0, "week": week, "units": 3} for name in PRODUCTS for week in range(2)]
    tables["demand_paths"] = pa.Table.from_pylist(paths, schema=TABLES["demand_paths"].arrow())
    write(tmp_path / "bad", tables)
    for table, column in NUMBERS:
        rows = tables[table]
        values = rows[column].to_numpy().astype(float)
        values[-1] = value
        index = rows.column_names.index(column)
        pq.write_table(rows.set_column(index, column, pa.array(values)), tmp_path / "bad" / f"{table}.parquet")
        kind = "NaN" if np.isnan(value) else "infinite"
        found = [fault for fault in find_faults(tmp_path / "bad") if fault.kind == kind]
        assert [(f.table, f.column, f.row) for f in found] == [(table, column, len(values) - 1)], (table, column)
        pq.write_table(rows, tmp_path / "bad" / f"{table}.parquet")
