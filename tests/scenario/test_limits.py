"""What the engines cannot hold is a fault, what is legal but hardly meant a warning."""

import numpy as np
import pyarrow as pa
import pytest

from jaxsim import cli
from jaxsim.scenario import examine, textbook, write
from jaxsim.scenario.schema import MEAN_SLACK, MEAN_TOLERANCE, MOST_UNITS, quantile_columns
from tests.scenario.test_check import expect, planted, put, replaced

TOO_MUCH = [
    (put("lead_times", "days", 0, 10**9), "lead_times", "days"),
    (put("transfers", "transit_days", 0, 10**9), "transfers", "transit_days"),
    (put("shipping", "transit_days", 0, 10**9), "shipping", "transit_days"),
    (put("products", "review_weeks", 0, 10**9), "products", "review_weeks"),
    (put("products", "case_pack", 0, 10**9), "products", "case_pack"),
    (put("product_nodes", "on_hand", 0, 3 * 10**9), "product_nodes", "on_hand"),
    (put("in_flight", "quantity", 0, 3 * 10**9), "in_flight", "quantity"),
    (put("demand", "q99", 0, 1e9), "demand", "q99"),
    (put("shipping", "co2_kg_per_unit", 0, 1e300), "shipping", "co2_kg_per_unit"),
    (put("products", "unit_cost", 0, 1e10), "products", "unit_cost"),
    (put("products", "unit_volume", 0, 1e10), "products", "unit_volume"),
    (put("labor_plan", "week", 0, 600), "labor_plan", "week"),
]


@pytest.mark.parametrize(("change", "table", "column"), TOO_MUCH)
def test_what_no_engine_holds_is_out_of_range(tiny, tmp_path, change, table, column):
    expect(planted(tiny, tmp_path / "bad", change), "out of range", table, column, 0)


def everywhere(table: str, *columns: str, value):
    """Plant one value in all rows of columns."""

    def change(tables):
        for column in columns:
            rows = tables[table]
            values = pa.array([value] * rows.num_rows, rows.schema.field(column).type)
            tables[table] = replaced(rows, column, values)

    return change


@pytest.mark.parametrize("table", ["product_nodes", "in_flight"])
def test_sums_over_a_product_are_limited(tiny, tmp_path, table):
    column = {"product_nodes": "on_hand", "in_flight": "quantity"}[table]
    names, counts = np.unique(tiny.column(table, "product"), return_counts=True)
    name = names[counts.argmax()]
    rows = np.flatnonzero(tiny.column(table, "product") == name)[:2]

    def change(tables):
        put(table, column, rows[0], 4 * 10**7)(tables)
        put(table, column, rows[1], 4 * 10**7)(tables)

    faults = planted(tiny, tmp_path / "bad", change)
    fault = next(fault for fault in faults if fault.kind == "too many units")
    assert (fault.table, fault.column, fault.count) == ("products", "product", 1)
    assert f"{name} with up to 80," in str(fault)


def test_levels_are_bounded_from_demand_and_lead_times(tiny, tmp_path):
    """A million units a week for three weeks are few, but not what four years between reviews would order."""
    columns = ("mean", *quantile_columns(tiny.tables["demand"].column_names))

    def many(tables):
        everywhere("demand", *columns, value=1e6)(tables)

    def rarely(tables):
        many(tables)
        everywhere("products", "review_weeks", value=200)(tables)

    assert planted(tiny, tmp_path / "good", many) == []
    faults = planted(tiny, tmp_path / "bad", rarely)
    assert [fault.kind for fault in faults] == ["too many units"]
    assert faults[0].count == len(tiny.products)
    assert MOST_UNITS > 3e6


@pytest.mark.parametrize(("factor", "good"), [(1.2, True), (0.8, True), (7.0, False), (1 / 7, False), (0.0, False)])
def test_mean_agrees_with_quantiles(tiny, tmp_path, factor, good):
    """A mean of other units, such as per day, is found; rounding and long tails are not."""
    row = int(np.argmax(tiny.column("demand", "mean")))
    mean = tiny.column("demand", "mean")[row]
    assert mean > MEAN_SLACK / MEAN_TOLERANCE
    faults = planted(tiny, tmp_path / "bad", put("demand", "mean", row, mean * factor))
    if good:
        assert faults == []
    else:
        expect(faults, "mean contradicts quantiles", "demand", "mean", row, "with quantiles of mean")


def test_two_columns_of_one_level(tiny, tmp_path):
    def change(tables):
        tables["demand"] = tables["demand"].append_column("q500", tables["demand"]["q50"])

    expect(planted(tiny, tmp_path / "bad", change), "repeated level", "demand", "q500", None, "q50 and q500")


def test_a_plan_of_nothing(tiny, tmp_path):
    def change(tables):
        everywhere("labor_plan", "units", value=0)(tables)
        tables["in_flight"] = tables["in_flight"].slice(0, 0)

    expect(planted(tiny, tmp_path / "bad", change), "no plan", "labor_plan", "units", 0)


def test_more_local_nodes_and_regions_than_draws_are_numbered_for(tiny, tmp_path):
    def change(tables):
        for table, kept in (("nodes", 6), ("regions", 3)):
            first = tables[table].slice(kept - 1, 1).to_pylist()[0]
            more = [{**first, table[:-1]: f"x{i}", **({"inbound": False} if kept == 6 else {})} for i in range(1100)]
            tables[table] = pa.concat_tables([tables[table], pa.Table.from_pylist(more, schema=tables[table].schema)])
        row = tables["product_nodes"].slice(0, 1).to_pylist()[0]
        more = [{**row, "node": f"x{i}", "orderable": False} for i in range(300)]
        nodes = tables["product_nodes"]
        tables["product_nodes"] = pa.concat_tables([nodes, pa.Table.from_pylist(more, schema=nodes.schema)])

    faults = planted(tiny, tmp_path / "bad", change)
    expect(faults, "too many rows", "regions", "region", 1024)
    expect(faults, "too many nodes", "products", "product", 0, f"{tiny.products[0]} with 30")


def test_warnings(tiny, tmp_path):
    assert examine_changed(tiny, tmp_path / "fine", lambda tables: None) == ([], [])
    columns = ("mean", *quantile_columns(tiny.tables["demand"].column_names))
    cases = {
        "no demand": everywhere("demand", *columns, value=0.0),
        "nothing orderable": everywhere("product_nodes", "orderable", value=False),
        "no cost": everywhere("products", "lost_sale_cost", value=0.0),
        "late arrivals": put_late,
    }
    for kind, change in cases.items():
        faults, warnings = examine_changed(tiny, tmp_path / kind, change)
        assert faults == []
        assert [warning.kind for warning in warnings] == [kind]
        assert str(warnings[0]).startswith("warning: table ")


def put_late(tables):
    """One lead time for each vendor and node, past the horizon."""
    pairs = {(row["vendor"], row["node"]) for row in tables["lead_times"].to_pylist()}
    rows = [{"vendor": vendor, "node": node, "days": 30, "probability": 1.0} for vendor, node in sorted(pairs)]
    tables["lead_times"] = pa.Table.from_pylist(rows, schema=tables["lead_times"].schema)


def test_warnings_end_well_and_are_shown_as_such(tiny, tmp_path, capsys):
    examine_changed(tiny, tmp_path / "none", everywhere("product_nodes", "orderable", value=False))
    assert cli.main(["validate", str(tmp_path / "none")]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("warning: table product_nodes, column orderable: nothing orderable")
    assert last.endswith("none: no kinds of fault, 1 warning")


def examine_changed(tiny, folder, change):
    tables = dict(tiny.tables)
    change(tables)
    write(folder, tables)
    return examine(folder)


def test_textbook_problems_are_sound(tmp_path):
    write(tmp_path / "textbook", textbook.scenario(weeks=3).tables)
    assert examine(tmp_path / "textbook") == ([], [])
