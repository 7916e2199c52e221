"""Tables of an allocation: every fault is found with its place, and the page shows the schema."""

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from jaxsim.allocation import TABLES, Status, allocate, read_problem
from jaxsim.scenario.faults import TableError
from tests.planted_faults import Frames, as_arrow, check_complete, check_found, check_page, every_fault

SOUND: Frames = {
    "costs": {
        "warehouse": ["W1", "W1", "W2", "W2"],
        "location": ["L1", "L2", "L1", "L2"],
        "product": ["A", "A", "A", "B"],
        "cost": [1.0, 2.0, 3.0, 4.0],
        "holding_cost": [0.1, 0.2, 0.3, 0.4],
        "days": [1.0, 2.0, 3.0, 4.0],
        "co2_kg": [1.0, 1.0, 1.0, 1.0],
        "minimum": [0.0, 0.0, 0.0, 1.0],
        "maximum": [50.0, 50.0, 50.0, 60.0],
        "capacity_per_unit": [1.0, 1.0, 2.0, 2.0],
    },
    "supply": {"warehouse": ["W1", "W2", "W2"], "product": ["A", "A", "B"], "units": [20.0, 30.0, 40.0]},
    "demand": {
        "location": ["L1", "L2", "L2"],
        "product": ["A", "A", "B"],
        "units": [10.0, 20.0, 30.0],
        "unmet_price": [50.0, 60.0, 70.0],
    },
    "capacity": {"warehouse": ["W1", "W2"], "units": [100.0, 200.0]},
}
FAULTS = list(every_fault(TABLES, SOUND))


def faults_in(**frames):
    with pytest.raises(TableError) as error:
        read_problem(*(frames.get(name) for name in ("costs", "supply", "demand", "capacity")))
    return error.value.faults


@pytest.mark.parametrize("planted", FAULTS, ids=str)
def test_a_planted_fault_is_found(planted):
    check_found(planted, faults_in(**as_arrow(planted.frames)))


def test_faults_are_planted_in_every_column():
    check_complete(FAULTS, TABLES)
    assert len(FAULTS) > 90


def test_sound_tables_make_the_problem(tmp_path):
    problem = read_problem(*as_arrow(SOUND).values())
    assert problem.products == ("A", "B")
    np.testing.assert_array_equal(problem.supply[problem.supply_of], [20, 20, 30, 40])
    np.testing.assert_array_equal(problem.demand[problem.demand_of], [10, 20, 10, 30])
    np.testing.assert_array_equal(problem.capacity[problem.capacity_of], [100, 100, 200, 200])
    for name, table in as_arrow(SOUND).items():
        pyarrow.csv.write_csv(table, tmp_path / f"{name}.csv")
        pq.write_table(table, tmp_path / f"{name}.parquet")
    for form in ("csv", "parquet"):
        plan = allocate(*(tmp_path / f"{name}.{form}" for name in ("costs", "supply", "demand")))
        assert plan.status is Status.OPTIMAL
        assert plan.objective == allocate(*list(SOUND.values())[:3]).objective


def test_optional_values_may_be_left_out():
    costs = SOUND["costs"] | {"maximum": [50.0, None, 50.0, None], "holding_cost": [None, 0.2, 0.3, 0.4]}
    problem = read_problem(costs, SOUND["supply"], SOUND["demand"] | {"unmet_price": [None, 60.0, 70.0]})
    np.testing.assert_array_equal(problem.maximum, [50, np.inf, 50, np.inf])
    assert problem.measure("holding_cost")[0] == 0
    assert problem.unmet_price[0] == np.inf


def test_supply_without_products_is_shared():
    supply = {"warehouse": ["W1", "W2"], "units": [20.0, 35.0]}
    problem = read_problem(SOUND["costs"], supply, SOUND["demand"])
    np.testing.assert_array_equal(problem.supply_of, [0, 0, 1, 1])
    plan = allocate(SOUND["costs"], supply, SOUND["demand"])
    assert plan.unmet.sum() == pytest.approx(5)


RELATIONS = [
    ("minimum above maximum", "minimum", 3, {"costs": {"minimum": [0.0, 0.0, 0.0, 61.0]}}),
    ("lane without supply", "warehouse", 3, {"supply": {"product": ["A", "A", "C"]}}),
    ("lane without demand", "location", 3, {"demand": {"product": ["A", "A", "C"]}}),
    ("lane without supply", "warehouse", 0, {"costs": {"product": ["B", "A", "A", "B"]}}),
]


@pytest.mark.parametrize(("kind", "column", "row", "change"), RELATIONS)
def test_a_contradiction_between_tables_is_found(kind, column, row, change):
    frames = {name: frame | change.get(name, {}) for name, frame in SOUND.items()}
    assert (kind, column, row) in [(fault.kind, fault.column, fault.row) for fault in faults_in(**frames)]


def test_products_need_lanes_of_products():
    costs = {name: values[:2] for name, values in SOUND["costs"].items() if name != "product"}
    demand = {"location": ["L1", "L2"], "units": [1.0, 2.0]}
    found = faults_in(costs=costs, supply=SOUND["supply"], demand=demand)
    assert [(fault.kind, fault.table) for fault in found] == [("product without lanes", "supply")]


def test_faults_in_files_name_their_lines(tmp_path):
    file = tmp_path / "supply.csv"
    file.write_text("warehouse,units\nW1,5\nW2,-5\n")
    costs = {"warehouse": ["W1"], "location": ["L1"], "cost": [1.0]}
    demand = {"location": ["L1"], "units": [1.0]}
    found = faults_in(costs=costs, supply=file, demand=demand)
    assert [(fault.kind, fault.row) for fault in found] == [("negative", 3)]
    for other, words in ((tmp_path / "none.csv", "does not exist"), (tmp_path, "is a folder"), (__file__, "neither")):
        found = faults_in(costs=costs, supply=other, demand=demand)
        assert words in str(found[0])
    with pytest.raises(TypeError, match="supply is a int"):
        read_problem(costs, 3, demand)


def test_the_page_shows_the_schema():
    check_page("allocation.md", TABLES)


def test_frames_of_other_libraries(tmp_path):
    class Frame:
        def __init__(self, table):
            self.table = table

        def __arrow_c_stream__(self, requested_schema=None):
            return self.table.__arrow_c_stream__(requested_schema)

    frames = [Frame(pa.table(SOUND[name])) for name in ("costs", "supply", "demand")]
    assert allocate(*frames).status is Status.OPTIMAL
