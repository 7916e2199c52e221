"""Files in a form that is not ours: each is named, in one sentence."""

import pyarrow.csv
import pytest

from jaxsim.scenario import ScenarioError, find_faults, load, write
from jaxsim.scenario.csv_form import line_of


@pytest.fixture
def folder(tiny, tmp_path):
    """A sound scenario of CSV files."""
    write(tmp_path / "scenario", tiny.tables, "csv")
    return tmp_path / "scenario"


def only_fault(folder) -> str:
    faults = find_faults(folder)
    assert len(faults) == 1, "\n".join(map(str, faults))
    assert "\n" not in str(faults[0])
    return str(faults[0])


def blank_before_a_name(text: str) -> str:
    return text.replace("latitude", " latitude").replace('" latitude"', '" latitude"')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace(",", ";").encode(), ("separator", "columns separated by semicolons", "with commas")),
        (lambda text: text.replace(",", "\t").encode(), ("separator", "columns separated by tabs")),
        (lambda text: text.encode("utf-16"), ("encoding", "UTF-16", "Save regions.csv as UTF-8")),
        (lambda text: text.encode("utf-16-le"), ("encoding", "UTF-16")),
        (lambda text: ("Zürich,1,2\n" + text).encode("latin-1"), ("encoding", "not UTF-8")),
        (lambda text: (text + "Zürich,1,2\n").encode("latin-1"), ("encoding", "not UTF-8")),
        (lambda text: text.split("\n", 1)[1].encode(), ("no header", "region, latitude, longitude", "first row")),
        (
            lambda text: text.replace("latitude", " latitude").encode(),
            ("column latitude: blank in name", "found ' latitude'", "Write 'latitude'"),
        ),
        (lambda text: b"", ("unreadable file", "an empty file")),
    ],
)
def test_another_form_is_named(folder, change, words):
    file = folder / "regions.csv"
    file.write_bytes(change(file.read_text()))
    said = only_fault(folder)
    assert said.startswith("table regions")
    for word in words:
        assert word in said


def test_a_mark_before_utf8_is_no_fault(folder):
    file = folder / "regions.csv"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert find_faults(folder) == []


def test_what_stands_in_the_place_of_a_table_is_named(folder):
    file = folder / "regions.csv"
    file.unlink()
    file.mkdir()
    assert "not a file, found regions.csv, which is a folder" in only_fault(folder)
    file.rmdir()
    file.symlink_to(file)
    assert "which is a link that leads to no file, or back to itself" in only_fault(folder)
    with pytest.raises(ScenarioError, match="which is a link"):
        load(folder)


def test_a_column_of_another_name_is_told_the_nearest(folder):
    file = folder / "regions.csv"
    file.write_text(file.read_text().replace("latitude", "Latitud"))
    faults = {fault.kind: str(fault) for fault in find_faults(folder)}
    assert faults.keys() == {"missing column", "extra column"}
    assert "correct its name (nearest: 'latitude')" in faults["extra column"]


def test_rows_are_those_of_a_spreadsheet(tiny, folder):
    """Empty lines hold no row, but count as lines."""
    lines = (folder / "products.csv").read_text().splitlines()
    lines[5] = lines[5].replace(f'"{tiny.products[4]}"', '""')
    (folder / "products.csv").write_text("\n".join([lines[0], "", *lines[1:]]) + "\n")
    fault = next(fault for fault in find_faults(folder) if fault.table == "products")
    assert (fault.kind, fault.row) == ("null", 7)
    lines[5] = lines[5].replace('""', '"P"')
    (folder / "products.csv").write_text("\n".join(lines) + "\n")
    demand = next(fault for fault in find_faults(folder) if fault.table == "demand" and fault.column == "product")
    assert demand.row == 2 + 4 * tiny.weeks


def test_lines(tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes(b"a,b\r\n\r\n1,2\r\n3,4")
    assert [line_of(file, row) for row in (0, 1)] == [3, 4]


def test_an_unknown_name_is_told_the_nearest(tiny, folder):
    file = folder / "labor_plan.csv"
    node = tiny.tables["labor_plan"]["node"][0].as_py()
    file.write_text(file.read_text().replace(f'"{node}",0', f'"{node.lower()}x",0', 1))
    said = [str(fault) for fault in find_faults(folder) if fault.kind == "dangling reference"]
    assert len(said) == 1
    assert f"row 2: dangling reference, found '{node.lower()}x' (nearest: '{node}')" in said[0]


def test_a_vendor_that_is_not_known_is_named(tiny, folder):
    vendor = tiny.tables["products"]["vendor"][0].as_py()
    rows = tiny.tables["products"]
    names = rows["vendor"].to_pylist()
    names[0] = vendor.lower() + "a"
    place = rows.column_names.index("vendor")
    pyarrow.csv.write_csv(rows.set_column(place, "vendor", [names]), folder / "products.csv")
    said = only_fault(folder)
    assert f"vendor '{vendor.lower()}a', who is not in lead_times (nearest: '{vendor}'), node" in said
