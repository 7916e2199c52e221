"""Scenarios of data frames: the same as of files, checked with the same faults, from any library with Arrow's
interface."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jaxsim.scenario import TABLES, Scenario, ScenarioError, find_faults, fingerprint, load, product_statistics, write
from jaxsim.scenario.generate import generate


class Frame:
    """A data frame of another library: all that is known of it is Arrow's interface."""

    def __init__(self, table: pa.Table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A tiny scenario."""
    path = tmp_path_factory.mktemp("scenario") / "tiny"
    generate(path, "tiny", seed=1)
    return path


@pytest.fixture
def tables(folder) -> dict[str, pa.Table]:
    """Its tables, without the empty optional ones."""
    return {name: rows for name, rows in load(folder).tables.items() if rows.num_rows or not TABLES[name].optional}


@pytest.mark.parametrize("frame", [lambda table: table, Frame, lambda table: table.to_pydict()])
def test_frames_of_any_kind_are_the_scenario_of_the_folder(folder, tables, frame):
    made, loaded = Scenario.from_frames({name: frame(rows) for name, rows in tables.items()}), load(folder)
    assert made.weeks == loaded.weeks
    for name, rows in loaded.tables.items():
        assert made.tables[name].select(rows.column_names).to_pydict() == rows.to_pydict(), name
    assert fingerprint(made) == fingerprint(loaded)


def test_types_of_other_libraries_are_taken(tables):
    """Large strings, dictionaries, 32-bit numbers, a frame's index."""
    products = tables["products"]
    changed = {
        "product": products["product"].cast(pa.large_string()),
        "vendor": products["vendor"].dictionary_encode(),
        "case_pack": products["case_pack"].cast(pa.int32()),
        "__index_level_0__": pa.array(range(len(products))),
    }
    others = {name: products[name] for name in products.column_names if name not in changed}
    made = Scenario.from_frames(tables | {"products": pa.table(changed | others)})
    assert made.tables["products"].schema == load_schema(products)
    assert made.tables["products"].to_pydict() == products.to_pydict()


def load_schema(rows: pa.Table) -> pa.Schema:
    """Names and types."""
    return pa.schema([(field.name, field.type) for field in rows.schema])


def broken(tables):
    """Tables with faults of several kinds."""
    plan = tables["labor_plan"]
    units = plan["units"].to_numpy().astype(np.float64)
    units[1] = np.inf
    changed = plan.set_column(plan.column_names.index("units"), "units", pa.array(units))
    return tables | {
        "labor_plan": changed,
        "nodes": tables["nodes"].drop_columns(["kind"]),
        "regions": tables["regions"].append_column("extra", pa.array([1.0] * tables["regions"].num_rows)),
    }


def test_faults_are_those_of_files(tables, tmp_path):
    for name, rows in broken(tables).items():
        path = tmp_path / f"{name}.parquet"
        pq.write_table(rows, path)
    with pytest.raises(ScenarioError) as error:
        Scenario.from_frames(broken(tables))
    assert set(map(str, error.value.faults)) == set(map(str, find_faults(tmp_path)))
    assert len(error.value.faults) >= 3


def test_missing_and_unknown_tables_and_things_that_are_no_frames(tables):
    del tables["demand"]
    with pytest.raises(ScenarioError) as error:
        Scenario.from_frames(tables | {"demands": {}})
    assert {(fault.kind, fault.table) for fault in error.value.faults} >= {
        ("missing table", "demand"),
        ("extra table", "demands"),
    }
    with pytest.raises(TypeError, match="nodes is a int, of which Arrow cannot make a table"):
        Scenario.from_frames(tables | {"nodes": 3})


def test_products_of_a_scenario_in_memory(folder):
    whole = load(folder)
    some = whole.products[2:5]
    chosen, read = load(whole, some), load(folder, some)
    for name, rows in read.tables.items():
        assert chosen.tables[name].to_pydict() == rows.to_pydict(), name
    of_folder, of_memory = product_statistics(folder), product_statistics(whole)
    for name in ("product", "vendor", "mean_weekly_units", "on_hand", "in_flight", "orderable_set"):
        np.testing.assert_array_equal(getattr(of_folder, name), getattr(of_memory, name))
    with pytest.raises(ScenarioError, match="unknown product"):
        whole.select(["nothing"])


def test_fingerprint_sees_every_value(folder, tables):
    first = fingerprint(load(folder))
    assert fingerprint(Scenario.from_frames(tables)) == first
    costs = tables["products"]["unit_cost"].to_numpy().copy()
    costs[-1] += 1e-9
    place = tables["products"].column_names.index("unit_cost")
    changed = tables["products"].set_column(place, "unit_cost", pa.array(costs))
    assert fingerprint(Scenario.from_frames(tables | {"products": changed})) != first


def test_written_frames_are_a_scenario(tables, tmp_path):
    write(tmp_path / "written", Scenario.from_frames(tables).tables)
    assert not find_faults(tmp_path / "written")
