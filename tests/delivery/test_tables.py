"""Tables of deliveries: every fault is found with its place, distances are right, and the page shows the schema."""

import numpy as np
import pyarrow.csv
import pytest

from jaxsim.delivery import TABLES, plan, read_problem
from jaxsim.scenario.faults import TableError
from tests.planted_faults import Frames, as_arrow, check_complete, check_found, check_page, every_fault

SOUND: Frames = {
    "orders": {
        "order": ["A", "B", "C"],
        "weight": [1.0, 2.0, 3.0],
        "latitude": [40.0, 40.1, 40.2],
        "longitude": [-75.0, -75.1, -75.2],
        "x": [1.0, 2.0, 3.0],
        "y": [0.0, 0.0, 0.0],
        "distance": [1.0, 2.0, 3.0],
        "ready": [0.0, 10.0, 20.0],
        "due": [100.0, 200.0, 300.0],
        "service": [5.0, 5.0, 5.0],
        "late_price": [1.0, 2.0, 3.0],
    },
    "trucks": {
        "truck": ["T", "U"],
        "capacity": [10.0, 20.0],
        "cost_per_mile": [1.0, 2.0],
        "fixed_cost": [0.0, 5.0],
        "shift_start": [0.0, 0.0],
        "shift_end": [400.0, 500.0],
        "depot": ["D", "E"],
        "latitude": [40.0, 40.05],
        "longitude": [-75.05, -75.1],
        "x": [0.0, 4.0],
        "y": [0.0, 0.0],
        "trips": [1, 2],
        "reload_minutes": [0.0, 10.0],
    },
    "distances": {
        "origin": [a for a in "ABCDE" for b in "ABCDE" if a != b],
        "destination": [b for a in "ABCDE" for b in "ABCDE" if a != b],
        "miles": [float(ord(a) + 2 * ord(b) - 195) for a in "ABCDE" for b in "ABCDE" if a != b],
        "minutes": [7.0 for a in "ABCDE" for b in "ABCDE" if a != b],
    },
}
FAULTS = list(every_fault(TABLES, SOUND))


def without(frame: str, *columns: str) -> dict:
    return {name: values for name, values in SOUND[frame].items() if name not in columns}


def faults_in(**frames):
    with pytest.raises(TableError) as error:
        read_problem(*(frames.get(name) for name in ("orders", "trucks", "distances")))
    return error.value.faults


@pytest.mark.parametrize("planted", FAULTS, ids=str)
def test_a_planted_fault_is_found(planted):
    check_found(planted, faults_in(**as_arrow(planted.frames)))


def test_faults_are_planted_in_every_column():
    check_complete(FAULTS, TABLES)
    assert len(FAULTS) > 120


def test_given_distances_come_first():
    problem = read_problem(*as_arrow(SOUND).values())
    assert problem.depots == ("D", "E")
    # places are D, E, A, B, C
    assert problem.miles[0, 2] == ord("D") + 2 * ord("A") - 195
    assert problem.miles[2, 0] == ord("A") + 2 * ord("D") - 195
    assert problem.minutes[0, 2] == 7
    assert (problem.minutes.diagonal() == 0).all()
    assert not problem.hauls


def test_great_circles_of_known_length():
    """New York to Los Angeles is 2,446 miles; a degree along a meridian is 69.09."""
    orders = {
        "order": ["LA", "north"],
        "weight": [1, 1],
        "latitude": [34.0522, 41.7128],
        "longitude": [-118.2437, -74.0060],
    }
    trucks = {"truck": ["T"], "capacity": [9], "cost_per_mile": [1], "latitude": [40.7128], "longitude": [-74.0060]}
    problem = read_problem(orders, trucks, miles_per_hour=60.0, detour=1.2)
    assert problem.miles[0, 1] == pytest.approx(1.2 * 2446, rel=1e-3)
    assert problem.miles[0, 2] == pytest.approx(1.2 * 69.09, rel=1e-3)
    np.testing.assert_allclose(problem.minutes, problem.miles)


def test_planes_and_hauls():
    orders = without("orders", "latitude", "longitude")
    trucks = without("trucks", "latitude", "longitude", "depot") | {"x": [0.0, 0.0]}
    problem = read_problem(orders, trucks)
    np.testing.assert_allclose(problem.miles[0, 1:], [1, 2, 3])
    assert not problem.hauls
    problem = read_problem({**orders, "x": [1.0, 2.0, 3.0]}, without("trucks", "latitude", "longitude", "x", "y"))
    assert problem.hauls
    np.testing.assert_array_equal(problem.miles[:, 3], [2, 2, 2, 0, 2])


RELATIONS = [
    ("ends before it begins", "orders", "due", 1, {"orders": {"due": [100.0, 9.0, 300.0]}}),
    ("ends before it begins", "trucks", "shift_end", 1, {"trucks": {"shift_start": [0.0, 501.0]}}),
    ("depot at two places", "trucks", "latitude", 1, {"trucks": {"depot": ["D", "D"]}}),
    ("name of a depot", "orders", "order", 0, {"orders": {"order": ["D", "B", "C"]}}),
    ("missing row", "distances", "origin", None, {"distances": {"destination": ["B"] * 20}}),
]


@pytest.mark.parametrize(("kind", "table", "column", "row", "change"), RELATIONS)
def test_a_contradiction_is_found(kind, table, column, row, change):
    frames = {name: frame | change.get(name, {}) for name, frame in SOUND.items()}
    found = [(fault.kind, fault.table, fault.column, fault.row) for fault in faults_in(**frames)]
    assert (kind, table, column, row) in found


def test_some_distances_must_be_known():
    orders, trucks = without("orders", "latitude", "x", "distance"), SOUND["trucks"]
    assert [fault.kind for fault in faults_in(orders=orders, trucks=trucks)] == ["no distances"]


def test_speeds_and_detours_are_positive():
    for arguments in ({"miles_per_hour": 0.0}, {"detour": 0.9}):
        with pytest.raises(ValueError, match=r"speed|detour"):
            read_problem(SOUND["orders"], SOUND["trucks"], **arguments)


def test_files_are_what_frames_are(tmp_path):
    for name, table in as_arrow(SOUND).items():
        pyarrow.csv.write_csv(table, tmp_path / f"{name}.csv")
    of_files = plan(read_problem(*(tmp_path / f"{name}.csv" for name in SOUND)))
    assert of_files.cost == plan(read_problem(*SOUND.values())).cost


def test_the_page_shows_the_schema():
    check_page("delivery.md", TABLES)
