"""Writing and reading: whole, sampled, both forms, and never by halves."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jaxsim.scenario import TABLES, ScenarioError, ScenarioWriter, fingerprint, load, product_statistics, write
from jaxsim.scenario.schema import PRODUCT_TABLES


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_round_trip(tiny, tmp_path, form):
    write(tmp_path / "copy", tiny.tables, form)
    copy = load(tmp_path / "copy")
    assert copy.weeks == tiny.weeks == 3
    for name, table in TABLES.items():
        assert copy.tables[name].schema.names == list(table.names)
        assert copy.tables[name].equals(tiny.tables[name]), name


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_sample_reads_only_its_products(tiny, tmp_path, form):
    write(tmp_path / "copy", tiny.tables, form)
    chosen = [tiny.products[i] for i in (20, 3, 11)]
    sample = load(tmp_path / "copy", chosen)
    assert sample.products == sorted(chosen)  # table order
    for name in TABLES:
        rows = tiny.tables[name]
        if name in PRODUCT_TABLES:
            rows = rows.filter(pa.array(np.isin(rows["product"].to_numpy(), chosen)))
        assert sample.tables[name].equals(rows), name


def test_unknown_product_is_named(tiny_folder):
    with pytest.raises(ScenarioError, match=r"products, column product: unknown product, found 'nobody'"):
        load(tiny_folder, ["nobody", "P0000001"])


def test_faults_of_a_sample_have_no_row_but_a_key(tiny, tmp_path):
    tables = dict(tiny.tables)
    cost = tables["products"]["unit_cost"].to_numpy().copy()
    cost[7] = -1
    tables["products"] = tables["products"].set_column(2, "unit_cost", pa.array(cost))
    write(tmp_path / "copy", tables)
    load(tmp_path / "copy", [tiny.products[6]])
    with pytest.raises(ScenarioError, match=r"column unit_cost: negative, found -1 at product P0000007") as error:
        load(tmp_path / "copy", [tiny.products[7]])
    assert error.value.faults[0].row is None


def test_columns_may_stand_in_any_order_and_wider_types_are_cast(tiny, tmp_path):
    write(tmp_path / "copy", tiny.tables)
    days = tiny.tables["in_flight"]
    days = days.set_column(2, "arrival_day", days["arrival_day"].cast(pa.float32()))
    days = days.set_column(0, "product", days["product"].dictionary_encode())
    pq.write_table(days.select(days.column_names[::-1]), tmp_path / "copy" / "in_flight.parquet")
    assert load(tmp_path / "copy").tables["in_flight"].equals(tiny.tables["in_flight"])


def test_nothing_half_written_stays(tiny, tmp_path):
    with pytest.raises(KeyError, match="kind"), ScenarioWriter(tmp_path / "new") as writer:
        writer.append("nodes", tiny.tables["nodes"].drop_columns("kind"))
    assert list(tmp_path.iterdir()) == []


def test_existing_scenario_is_not_overwritten(tiny, tmp_path):
    (tmp_path / "old").mkdir()
    write(tmp_path / "old", tiny.tables)  # an empty folder is filled
    before = fingerprint(tmp_path / "old")
    with pytest.raises(FileExistsError, match="not empty"):
        write(tmp_path / "old", tiny.tables)
    assert fingerprint(tmp_path / "old") == before


def test_write_needs_every_table(tiny, tmp_path):
    with pytest.raises(KeyError, match="demand"):
        write(tmp_path / "new", {name: table for name, table in tiny.tables.items() if name != "demand"})


def test_fingerprint_follows_content(tiny, tmp_path):
    write(tmp_path / "a", tiny.tables)
    write(tmp_path / "b", tiny.tables)
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b")
    path = tmp_path / "b" / "nodes.parquet"
    pq.write_table(tiny.tables["nodes"].slice(0, 5), path)
    assert fingerprint(tmp_path / "a") != fingerprint(tmp_path / "b")
    path.unlink()
    with pytest.raises(ScenarioError, match=r"table nodes: missing table"):
        fingerprint(tmp_path / "b")


def test_product_statistics_agree_with_the_tables(tiny, tiny_folder):
    statistics = product_statistics(tiny_folder)
    assert statistics.product.tolist() == tiny.products
    mean = tiny.column("demand", "mean").reshape(24, 3)
    np.testing.assert_allclose(statistics.mean_weekly_units, mean.mean(1))
    rows = tiny.tables["product_nodes"].to_pylist()
    for i, name in enumerate(tiny.products):
        mine = [row for row in rows if row["product"] == name]
        assert statistics.on_hand[i] == sum(row["on_hand"] for row in mine)
        nodes = {row["node"] for row in mine if row["orderable"]}
        assert set(statistics.orderable_sets[statistics.orderable_set[i]]) == nodes
    assert statistics.in_flight.sum() == tiny.column("in_flight", "quantity").sum()
    assert () in statistics.orderable_sets  # the product that cannot be ordered


def test_statistics_of_an_unknown_product_are_refused(tiny, tmp_path):
    tables = dict(tiny.tables)
    tables["products"] = tables["products"].slice(1)
    write(tmp_path / "copy", tables)
    with pytest.raises(ScenarioError, match=r"table demand, column product, row 0: dangling reference.*P0000000"):
        product_statistics(tmp_path / "copy")


def test_codes_are_minus_one_for_other_names(tiny):
    codes = tiny.codes("labor_plan", "node", tiny.nodes[1:])
    assert codes.dtype == np.int64
    names = tiny.column("labor_plan", "node")
    assert ((codes == -1) == (names == tiny.nodes[0])).all()
