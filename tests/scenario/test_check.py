"""Every kind of fault, planted once, is found with its table, column, row and value."""

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from jaxsim.scenario import TABLES, ScenarioError, find_faults, load, write


def put(table: str, column: str, row: int, value):
    """Plant one value."""

    def change(tables):
        values = tables[table][column].to_pylist()
        values[row] = value
        tables[table] = replaced(tables[table], column, pa.array(values))

    return change


def replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


def drop(table: str, keep):
    """Delete the rows for which `keep` is false."""

    def change(tables):
        rows = [i for i, row in enumerate(tables[table].to_pylist()) if keep(row)]
        tables[table] = tables[table].take(pa.array(rows, pa.int64()))

    return change


def repeat(table: str, row: int):
    def change(tables):
        tables[table] = pa.concat_tables([tables[table], tables[table].slice(row, 1)])

    return change


def add(table: str, **row):
    def change(tables):
        tables[table] = pa.concat_tables(
            [tables[table], pa.table({k: [v] for k, v in row.items()}).cast(tables[table].schema)]
        )

    return change


NAN, INF = float("nan"), float("inf")
P = "P0000005"

VALUES = [
    # change, kind, table, column, row, part of the value
    (put("products", "unit_cost", 4, NAN), "NaN", "products", "unit_cost", 4, "nan"),
    (put("shipping", "cost_per_unit", 2, INF), "infinite", "shipping", "cost_per_unit", 2, "inf"),
    (put("demand", "q99", 2, -INF), "infinite", "demand", "q99", 2, "-inf"),
    (put("products", "lost_sale_cost", 3, -0.5), "negative", "products", "lost_sale_cost", 3, "-0.5"),
    (put("products", "case_pack", 3, 0), "out of range", "products", "case_pack", 3, "0"),
    (put("products", "review_weeks", 3, 0), "out of range", "products", "review_weeks", 3, "0"),
    (put("products", "target_in_stock", 1, 1.0), "out of range", "products", "target_in_stock", 1, "1"),
    (put("products", "unit_volume", 1, 0.0), "out of range", "products", "unit_volume", 1, "0"),
    (put("products", "first_review_day", 6, 14), "out of range", "products", "first_review_day", 6, "14"),
    (put("product_nodes", "on_hand", 9, -2), "negative", "product_nodes", "on_hand", 9, "-2"),
    (put("product_nodes", "on_hand", 9, 2.5), "not whole", "product_nodes", "on_hand", 9, "2.5"),
    (put("labor_plan", "units", 9, NAN), "NaN", "labor_plan", "units", 9, "nan"),
    (put("in_flight", "quantity", 0, -1), "negative", "in_flight", "quantity", 0, "-1"),
    (put("in_flight", "arrival_day", 0, -1), "negative", "in_flight", "arrival_day", 0, "-1"),
    (put("transfers", "transit_days", 0, 0), "out of range", "transfers", "transit_days", 0, "0"),
    (put("shipping", "transit_days", 1, -1), "negative", "shipping", "transit_days", 1, "-1"),
    (put("lead_times", "days", 0, 0), "out of range", "lead_times", "days", 0, "0"),
    (put("lead_times", "probability", 1, 1.5), "out of range", "lead_times", "probability", 1, "1.5"),
    (put("nodes", "latitude", 1, 91.0), "out of range", "nodes", "latitude", 1, "91"),
    (put("nodes", "kind", 5, "depot"), "unknown word", "nodes", "kind", 5, "'depot'"),
    (put("products", "vendor", 2, ""), "empty name", "products", "vendor", 2, "''"),
    (put("demand", "mean", 1, None), "null", "demand", "mean", 1, "nothing"),
    (put("nodes", "inbound", 1, None), "null", "nodes", "inbound", 1, "nothing"),
    (put("shipping", "region", 4, "ATLANTIS"), "dangling reference", "shipping", "region", 4, "'ATLANTIS'"),
    (put("in_flight", "product", 4, "P9"), "dangling reference", "in_flight", "product", 4, "'P9'"),
    (repeat("nodes", 2), "duplicate key", "nodes", "node", 6, ""),
    (repeat("demand", 7), "duplicate key", "demand", "product", 72, "week 1"),
    (put("demand", "q50", 8, 1e6), "unsorted quantiles", "demand", "q60", 8, "week 2"),
    (drop("demand", lambda row: (row["product"], row["week"]) != (P, 1)), "missing row", "demand", "week", None, P),
    (drop("demand_shares", lambda row: row["product"] != P), "missing row", "demand_shares", "product", None, P),
    (drop("product_nodes", lambda row: row["product"] != P), "missing row", "product_nodes", "product", None, P),
    (drop("labor_plan", lambda row: row["week"] != 1), "missing week", "labor_plan", "week", None, "no week 1"),
    (put("demand_shares", "share", 0, 0.999), "sum is not 1", "demand_shares", "share", 0, "product P0000000"),
    (put("lead_times", "probability", 3, 0.9), "sum is not 1", "lead_times", "probability", 0, "vendor V0000"),
]


def planted(tiny, folder, change, form="parquet"):
    """Faults of a scenario with one change."""
    tables = dict(tiny.tables)
    change(tables)
    folder.mkdir()
    for name, table in tables.items():
        if form == "parquet":
            pq.write_table(table, folder / f"{name}.parquet")
        else:
            pyarrow.csv.write_csv(table, folder / f"{name}.csv")
    return find_faults(folder)


def expect(faults, kind: str, table: str, column: str | None, row: int | None, value: str = ""):
    """There is a fault of that kind and place; rows as `Fault.row` counts them."""
    found = [fault for fault in faults if (fault.kind, fault.table, fault.column) == (kind, table, column)]
    assert found, "\n".join(map(str, faults))
    assert found[0].row == row
    assert value in str(found[0].value)
    rule = found[0].rule.removesuffix(".")
    for word in filter(None, (table, column, None if row is None else f"row {row}", kind, rule)):
        assert word in str(found[0])


@pytest.mark.parametrize(("change", "kind", "table", "column", "row", "value"), VALUES)
def test_planted_value_is_found(tiny, tmp_path, change, kind, table, column, row, value):
    expect(planted(tiny, tmp_path / "bad", change), kind, table, column, row, value)


@pytest.mark.parametrize(
    ("change", "kind", "table", "column", "row", "value"), VALUES[:6] + VALUES[9:12] + VALUES[21:24]
)
def test_planted_value_is_found_in_csv(tiny, tmp_path, change, kind, table, column, row, value):
    line = None if row is None else row + 2  # the header is row 1
    expect(planted(tiny, tmp_path / "bad", change, "csv"), kind, table, column, line, value)


def test_a_sound_scenario_has_no_faults(tiny, tiny_folder, tmp_path):
    assert find_faults(tiny_folder) == []
    assert planted(tiny, tmp_path / "csv", lambda tables: None, "csv") == []


def of_kind(tiny, kind: str, inbound: bool = True) -> str:
    return next(r["node"] for r in tiny.tables["nodes"].to_pylist() if r["kind"] == kind and r["inbound"] == inbound)


def test_transfers_only_go_down(tiny, tmp_path):
    up = {"origin": of_kind(tiny, "storage"), "destination": of_kind(tiny, "cross_dock")}
    change = add("transfers", **up, cost_per_unit=1.0, transit_days=1, co2_kg_per_unit=0.1)
    row = tiny.tables["transfers"].num_rows
    faults = planted(tiny, tmp_path / "bad", change)
    expect(faults, "transfer goes up", "transfers", "destination", row, "storage to cross_dock")


def test_only_fulfillment_nodes_ship(tiny, tmp_path):
    row = {"node": of_kind(tiny, "storage"), "region": tiny.regions[0], "cost_per_unit": 1.0}
    row |= {"transit_days": 1, "co2_kg_per_unit": 0.1}
    faults = planted(tiny, tmp_path / "bad", add("shipping", **row))
    expect(faults, "node cannot ship", "shipping", "node", tiny.tables["shipping"].num_rows, of_kind(tiny, "storage"))


def test_route_to_every_region(tiny, tmp_path):
    region = tiny.regions[1]
    faults = planted(tiny, tmp_path / "bad", drop("shipping", lambda row: row["region"] != region))
    rows = [row["orderable"] for row in tiny.tables["product_nodes"].to_pylist()]
    expect(faults, "no route", "product_nodes", "node", rows.index(True), f"without a route to {region}")
    assert next(fault for fault in faults if fault.kind == "no route").count == sum(rows)


def test_orderable_node_is_inbound_and_has_a_lead_time(tiny, tmp_path):
    node = of_kind(tiny, "fulfillment", inbound=False)
    rows = tiny.tables["product_nodes"].to_pylist()
    row = next(i for i, r in enumerate(rows) if r["node"] == node)
    faults = planted(tiny, tmp_path / "bad", put("product_nodes", "orderable", row, True))
    expect(faults, "node not inbound", "product_nodes", "node", row, node)
    expect(faults, "no lead time", "product_nodes", "node", row, node)


def test_in_flight_goes_to_inbound_local_nodes(tiny, tmp_path):
    rows = tiny.tables["product_nodes"].to_pylist()
    lone = tiny.products[-2]  # its only node is a fulfillment node
    assert sum(row["product"] == lone for row in rows) == 1
    size = tiny.tables["in_flight"].num_rows
    far = add("in_flight", product=lone, node=of_kind(tiny, "cross_dock"), arrival_day=50, quantity=3)
    expect(planted(tiny, tmp_path / "a", far), "node not local", "in_flight", "node", size, lone)
    closed = add("in_flight", product=P, node=of_kind(tiny, "fulfillment", False), arrival_day=50, quantity=3)
    expect(planted(tiny, tmp_path / "b", closed), "node not inbound", "in_flight", "node", size, P)


def test_a_node_reached_by_transfers_is_local(tiny, tmp_path):
    first = next(row for row in tiny.tables["transfers"].to_pylist() if row["destination"] == of_kind(tiny, "storage"))

    def change(tables):
        drop("product_nodes", lambda row: (row["product"], row["node"]) != (P, first["destination"]))(tables)
        others = [row["node"] for row in tables["product_nodes"].to_pylist() if row["product"] == P]
        if first["origin"] not in others:
            start = first["origin"]
            add("product_nodes", product=P, node=start, orderable=False, sourcing_cost=0.0, on_hand=0)(tables)
        add("in_flight", product=P, node=first["destination"], arrival_day=50, quantity=1)(tables)

    assert planted(tiny, tmp_path / "good", change) == []


def test_plan_not_below_in_flight(tiny, tmp_path):
    node = tiny.tables["labor_plan"]["node"][3].as_py()
    week = tiny.tables["labor_plan"]["week"][3].as_py()
    product = next(
        r["product"] for r in tiny.tables["product_nodes"].to_pylist() if r["node"] == node and r["orderable"]
    )
    change = add("in_flight", product=product, node=node, arrival_day=7 * week + 6, quantity=123_456)
    faults = planted(tiny, tmp_path / "bad", change)
    expect(faults, "plan below in-flight arrivals", "labor_plan", "units", 3, f"at {node} in week {week}")


def test_plan_rows_are_those_of_inbound_nodes(tiny, tmp_path):
    node = of_kind(tiny, "fulfillment", inbound=False)
    faults = planted(tiny, tmp_path / "a", add("labor_plan", node=node, week=0, units=5))
    expect(faults, "node not inbound", "labor_plan", "node", tiny.tables["labor_plan"].num_rows, node)
    lost = tiny.tables["labor_plan"].to_pylist()[4]
    faults = planted(tiny, tmp_path / "b", drop("labor_plan", lambda row: row != lost))
    expect(faults, "missing row", "labor_plan", "node", None, f"{lost['node']} in week {lost['week']}")


def test_demand_week_outside_the_plan(tiny, tmp_path):
    faults = planted(tiny, tmp_path / "bad", put("demand", "week", 5, 9))
    expect(faults, "week outside the plan", "demand", "week", 5, "9")
    expect(faults, "missing row", "demand", "week", None, "P0000001 in week 2")


def test_tables_and_columns_missing_or_extra(tiny, tmp_path):
    write(tmp_path / "bad", tiny.tables)
    for path in (tmp_path / "bad").iterdir():
        path.chmod(0o644)
    (tmp_path / "bad" / "regions.parquet").unlink()
    pyarrow.csv.write_csv(tiny.tables["nodes"], tmp_path / "bad" / "nodes.csv")
    pyarrow.csv.write_csv(tiny.tables["nodes"], tmp_path / "bad" / "notes.csv")
    products = tiny.tables["products"].rename_columns(["product", "vendor", "cost", *TABLES["products"].names[3:]])
    pq.write_table(products, tmp_path / "bad" / "products.parquet")
    faults = {(fault.kind, fault.table, fault.column) for fault in find_faults(tmp_path / "bad")}
    assert faults == {
        ("missing table", "regions", None),
        ("extra table", "nodes", None),
        ("extra table", "notes", None),
        ("missing column", "products", "unit_cost"),
        ("extra column", "products", "cost"),
    }


def test_types(tiny, tmp_path):
    def change(tables):
        days = tables["shipping"]["transit_days"].to_pylist()
        days[2] = "soon"
        tables["shipping"] = replaced(tables["shipping"], "transit_days", pa.array(map(str, days)))
        tables["nodes"] = replaced(tables["nodes"], "node", pa.array(range(6)))

    faults = planted(tiny, tmp_path / "parquet", change)
    expect(faults, "type", "shipping", "transit_days", 2, "'soon'")
    expect(faults, "type", "nodes", "node", None, "int64")
    expect(planted(tiny, tmp_path / "csv", change, "csv"), "type", "shipping", "transit_days", 4, "'soon'")


def test_damaged_files(tiny, tmp_path):
    write(tmp_path / "bad", tiny.tables)
    (tmp_path / "bad" / "nodes.parquet").write_bytes(b"PAR1 and then nothing")
    (tmp_path / "bad" / "regions.parquet").unlink()
    (tmp_path / "bad" / "regions.csv").write_text("region,latitude,longitude\nNORTH,1\n")
    (tmp_path / "bad" / "shipping.parquet").unlink()
    (tmp_path / "bad" / "shipping.csv").write_text("")
    faults = {fault.table: fault.kind for fault in find_faults(tmp_path / "bad")}
    assert faults == dict.fromkeys(("nodes", "regions", "shipping"), "unreadable file")


def test_empty_tables(tiny, tmp_path):
    faults = planted(tiny, tmp_path / "bad", drop("regions", lambda row: False))
    expect(faults, "empty table", "regions", None, None)
    assert planted(tiny, tmp_path / "good", drop("in_flight", lambda row: False)) == []


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_table_stops_no_other_check(tiny, tmp_path, table):
    def change(tables):
        put("products", "unit_cost", 4, NAN)(tables)
        drop(table, lambda row: False)(tables)

    faults = planted(tiny, tmp_path / "bad", change)
    if table != "products":
        expect(faults, *VALUES[0][1:5])
    if not TABLES[table].may_be_empty:
        expect(faults, "empty table", table, None, None)


def test_missing_folder(tmp_path):
    assert find_faults(tmp_path / "nowhere")[0].kind == "missing folder"


def test_all_kinds_at_once_and_counted(tiny, tmp_path):
    def change(tables):
        put("products", "unit_cost", 4, NAN)(tables)
        put("products", "unit_cost", 5, NAN)(tables)
        put("products", "unit_cost", 2, -1.0)(tables)
        put("demand_shares", "share", 0, -0.1)(tables)

    faults = planted(tiny, tmp_path / "bad", change)
    assert sorted(fault.kind for fault in faults) == ["NaN", "negative", "negative", "sum is not 1"]
    nan = next(fault for fault in faults if fault.kind == "NaN")
    assert (nan.row, nan.count) == (4, 2)
    assert "2 rows in all" in str(nan)
    with pytest.raises(ScenarioError) as error:
        load(tmp_path / "bad")
    assert list(error.value.faults) == faults
    assert str(error.value).count("\n") == 3


def test_storage_is_planned_at_nodes_that_store_in_weeks_of_the_labor_plan(tiny, tmp_path):
    kinds = dict(zip(tiny.nodes, tiny.tables["nodes"]["kind"].to_pylist(), strict=True))
    dock, store = (next(node for node, kind in kinds.items() if kind == name) for name in ("cross_dock", "storage"))
    row = {"node": store, "week": 0, "units": 5}
    assert not planted(tiny, tmp_path / "fine", add("storage_plan", **row))
    faults = planted(tiny, tmp_path / "dock", add("storage_plan", **row | {"node": dock}))
    expect(faults, "node cannot store", "storage_plan", "node", 0, dock)
    faults = planted(tiny, tmp_path / "late", add("storage_plan", **row | {"week": tiny.weeks}))
    expect(faults, "week outside the plan", "storage_plan", "week", 0, str(tiny.weeks))
    faults = planted(tiny, tmp_path / "nowhere", add("storage_plan", **row | {"node": "nowhere"}))
    expect(faults, "dangling reference", "storage_plan", "node", 0, "nowhere")
    faults = planted(tiny, tmp_path / "owing", add("storage_plan", **row | {"units": -5}))
    expect(faults, "negative", "storage_plan", "units", 0, "-5")
