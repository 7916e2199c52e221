"""Tables of demand history become panels, or a sentence that says what to do."""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from jaxsim.forecast import history
from jaxsim.forecast.history import read_panel
from tests.forecast.data import needs
from validation import panels

NAN = np.nan
DATES = {
    "day": [f"2024-02-{day:02d}" for day in range(26, 30)] + ["2024-03-01", "2024-03-02"],
    "week": ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05"],
    "month": ["2023-11-30", "2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"],
}


def tidy(dates, units=(0, 3, 0, 5, 2, 4), products=("kettle",), **columns):
    """A table of the same units for each product; a column that is one value has it in each row."""
    rows = len(dates) * len(products)
    text = any(isinstance(each, str) for each in units)
    content = {
        "product": [name for name in products for _ in dates],
        "date": [str(each) for each in dates] * len(products),
        "units": [str(each) if text else each for each in units] * len(products),
    }
    content |= {name: each if isinstance(each, list) else [each] * rows for name, each in columns.items()}
    return pa.table(content)


def write(tmp_path, table, name="sales.csv"):
    path = tmp_path / name
    pyarrow.csv.write_csv(table, path) if path.suffix == ".csv" else pq.write_table(table, path)
    return path


@pytest.mark.parametrize("frequency", list(DATES))
@pytest.mark.parametrize("form", ["frame", "sales.csv", "sales.parquet", "dates"])
def test_frequency_is_told_by_dates(tmp_path, frequency, form):
    frame = tidy(DATES[frequency], products=("kettle", "toaster"))
    if form == "dates":
        frame = frame.set_column(1, "date", frame["date"].cast(pa.timestamp("s")))
    source = frame if form in ("frame", "dates") else write(tmp_path, frame, form)
    panel = read_panel(source)
    assert (panel.frequency, panel.start) == (frequency, np.datetime64(DATES[frequency][0]))
    np.testing.assert_array_equal(panel.values, [[NAN, 3, 0, 5, 2, 4]] * 2)
    assert panel.product.tolist() == ["kettle", "toaster"]
    assert panel.region is None
    assert panel.remarks == ()


def test_months_have_a_short_form():
    panel = read_panel(tidy([f"2024-{month:02d}" for month in range(1, 7)]))
    assert (panel.frequency, panel.start) == ("month", np.datetime64("2024-01-01"))


def test_numbered_periods_are_weeks_unless_said():
    frame = tidy(range(11, 17))
    assert read_panel(frame).frequency == "week"
    panel = read_panel(frame, "month")
    assert (panel.frequency, panel.start, panel.shape) == ("month", None, (1, 6))


def test_regions_stock_and_weeks_without_rows():
    frame = pa.concat_tables(
        [
            tidy(DATES["week"], store="Quito", in_stock=[True, True, False, True, True, True]),
            tidy(DATES["week"][3:5], (0, 1), store="Loja", in_stock=True),
            tidy(DATES["week"][2:4], (0, 0), ("mug",), store="Loja", in_stock=True),
        ]
    )
    panel = read_panel(frame)
    assert panel.region is not None
    assert panel.censored is not None
    assert list(zip(panel.product, panel.region, strict=True)) == [
        ("kettle", "Loja"),
        ("kettle", "Quito"),
        ("mug", "Loja"),
    ]
    expected = [[NAN] * 4 + [1, 0], [NAN, 3, 0, 5, 2, 4], [NAN, NAN, 0, 0, 0, 0]]
    np.testing.assert_array_equal(panel.values, expected)
    assert np.argwhere(panel.censored).tolist() == [[1, 2]]
    assert panel.remarks[0] == "series of zeros only: 1, the first is mug in Loja"
    opposite = read_panel(frame.set_column(4, "censored", pc.invert(frame["in_stock"])))
    np.testing.assert_array_equal(opposite.censored, panel.censored)


def test_returns_and_weeks_before_the_first_sale_can_be_kept():
    frame = tidy(DATES["week"], (0, 3, -2, 5, 2, 4))
    panel = read_panel(frame)
    np.testing.assert_array_equal(panel.values, [[NAN, 3, 0, 5, 2, 4]])
    assert panel.remarks == ("periods of negative units (returns), counted as 0: 1",)
    kept = read_panel(frame, as_given=True)
    np.testing.assert_array_equal(kept.values, [[0, 3, -2, 5, 2, 4]])
    assert kept.remarks == ()


def test_odd_series_are_remarked():
    frame = pa.concat_tables([tidy(DATES["week"], (7,) * 6), tidy(DATES["week"], (0,) * 6, ("mug",))])
    assert read_panel(frame).remarks == (
        "series of zeros only: 1, the first is mug",
        "series whose units never change: 1, the first is kettle",
    )


def test_wide_tables(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("0,1,nan,2.5,3\n,,,,\n4,-1,0,1,\n")
    panel = read_panel(path)
    assert (panel.frequency, panel.product.tolist()) == ("month", ["S00000", "S00002"])
    np.testing.assert_array_equal(panel.values, [[0, 1, NAN, 2.5, 3], [4, 0, 0, 1, NAN]])
    assert panel.remarks == (
        "left out 1 series without observations",
        "periods of negative units (returns), counted as 0: 1",
    )
    assert read_panel(path, "day", as_given=True).values[1, 1] == -1
    columns = {f"month {i}": [0.0, None, 4.0] for i in range(5)}
    np.testing.assert_array_equal(read_panel(pa.table(columns)).values, [[0] * 5, [4] * 5])


def test_pandas_frames():
    pandas = pytest.importorskip("pandas")
    frame = tidy(DATES["week"]).to_pandas()
    frame["date"] = pandas.to_datetime(frame["date"])
    np.testing.assert_array_equal(read_panel(frame).values, [[NAN, 3, 0, 5, 2, 4]])
    with pytest.raises(TypeError, match="Arrow cannot make a table"):
        read_panel(frame.assign(units=[1, 2, "many", 4, 5, 6]))


FAULTS = {
    "duplicate": (
        lambda: pa.concat_tables([tidy(DATES["week"]), tidy(DATES["week"][2:3], (9,))]),
        r"sales.csv: table demand history, column product, row 8: duplicate key",
    ),
    "gap": (
        lambda: tidy(DATES["week"][:3] + DATES["week"][4:], (1,) * 5),
        r"column date, row 5: gap before the week, found '2024-01-29'.*add a row of 0 units to a week",
    ),
    "missing months": (
        lambda: tidy([f"2024-{month:02d}-01" for month in (1, 2, 3, 6, 7)], (1,) * 5),
        r"row 5: gap before the month, found '2024-06-01'",
    ),
    "irregular weeks": (
        lambda: tidy([*DATES["week"][:5], "2024-02-06"]),
        r"row 7: not weeks, found '2024-02-06'.*a whole number of weeks apart",
    ),
    "irregular months": (
        lambda: tidy([f"2024-{month:02d}-01" for month in range(1, 6)] + ["2024-06-03"]),
        r"row 7: not months, found '2024-06-03'",
    ),
    "mixed frequencies": (
        lambda: tidy([*DATES["week"], "2024-03-05", "2024-04-04"], range(8)),
        r"row 8: mixed frequencies before the period, found '2024-03-05'.*\(2 rows in all\)",
    ),
    "mixed kinds": (lambda: tidy([*DATES["week"][:5], "6"]), r"row 7: not a period, found '6'"),
    "no date": (lambda: tidy([*DATES["week"][:5], "soon"]), r"row 7: not a period, found 'soon'"),
    "too short": (lambda: tidy(DATES["week"][:3], (1, 2, 3)), r"too short, found 3 periods; the rule: .* 4 periods"),
    "no units": (lambda: tidy(DATES["week"]).drop_columns(["units"]), r"column units: missing column"),
    "text": (lambda: tidy(DATES["week"], (1, 2, "many", 4, 5, 6)), r"column units, row 4"),
    "infinite": (lambda: tidy(DATES["week"], (1, 2, np.inf, 4, 5, 6)), r"column units, row 4"),
    "two stocks": (
        lambda: tidy(DATES["week"], censored=True, in_stock=False),
        r"column censored: repeated column, found in_stock too",
    ),
}


@pytest.mark.parametrize("name", list(FAULTS))
def test_faults_name_file_column_row_and_remedy(tmp_path, name):
    make, message = FAULTS[name]
    path = write(tmp_path, make())
    with pytest.raises(ValueError, match=message) as error:
        read_panel(path)
    assert len(str(error.value).splitlines()) == 1
    with pytest.raises(ValueError, match="table demand history"):
        read_panel(make())


def test_a_frequency_that_dates_do_not_have():
    with pytest.raises(ValueError, match=r"not weeks, found '2023-12-31'.*\(4 rows in all\)"):
        read_panel(tidy(DATES["month"]), "week")
    with pytest.raises(ValueError, match=r"row 1: gap before the day"):
        read_panel(tidy(DATES["week"]), "day")
    with pytest.raises(ValueError, match="a period is one of day, week, month, not 'year'"):
        read_panel(tidy(DATES["week"]), "year")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n4,5,6\n", "too short, found 3 periods"),
        ("1,2,3,4\n4,inf,6,7\n", "row 1, column 1 is infinite; units are finite"),
        ("1,2,3,x\n", "not a table of numbers"),
        ("nan,nan,nan,nan\n", "no series has an observation"),
    ],
)
def test_faults_of_wide_tables(tmp_path, text, message):
    path = tmp_path / "wide.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"wide\.csv: .*" + message):
        read_panel(path)


def test_frames_that_are_no_tables():
    with pytest.raises(TypeError, match="Arrow cannot make a table"):
        read_panel(5)
    with pytest.raises(ValueError, match="give a series per row, or the columns"):
        read_panel(pa.table({"a": ["x"], "b": [1]}))


@pytest.mark.parametrize("name", [pytest.param(each, marks=mark) for each, mark in needs.items()])
def test_panels_of_comparisons_are_read_as_they_are(name):
    panel, plain = read_panel(panels.FOLDER / panels.FILES[name], as_given=True), panels.panel(name)
    order = np.lexsort((plain.product,) if plain.region is None else (plain.region, plain.product))
    np.testing.assert_array_equal(panel.values, plain.take(order).values)
    assert panel.frequency == plain.frequency
    assert panel.shape[1] > history.LEAST_PERIODS
