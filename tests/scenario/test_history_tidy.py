"""Scenarios with a tidy table of weekly demand by product and region."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from jaxsim import cli
from jaxsim.scenario import QUANTILE_COLUMNS, find_faults, load
from jaxsim.scenario.generate import PRESETS, generate
from jaxsim.scenario.generate.demand import SHARE_CONCENTRATION
from jaxsim.scenario.generate.history import History, read_history
from jaxsim.scenario.generate.history.mixture import mixture
from jaxsim.scenario.generate.history.tidy import MOST_WEEKLY, RECENT_WEEKS
from jaxsim.scenario.generate.network import miles

FAVORITA = Path(__file__).parents[3] / "shared" / "data" / "favorita_weekly.parquet"

HEADER = "product,region,week,units\n"


def table(units: np.ndarray) -> pa.Table:
    """A row for each product, region and week of (products, regions, weeks) units; NaN: no row."""
    product, region, week = np.nonzero(~np.isnan(units))
    names = ["east", "north", "west"]
    return pa.table(
        {
            "product": [f"item {p}" for p in product],
            "region": [names[r] for r in region],
            "week": week,
            "units": units[product, region, week].astype(int),
        }
    )


@pytest.fixture
def history(tmp_path):
    """What `read_history` makes of a table."""

    def read(rows: pa.Table) -> History:
        pq.write_table(rows, tmp_path / "history.parquet")
        return read_history(tmp_path / "history.parquet")

    return read


@pytest.fixture(scope="module")
def year():
    """Units (products, regions, weeks) of four products in three regions over 60 weeks."""
    mean = np.array([200.0, 30.0, 2.0, 0.3])[:, None] * np.array([0.5, 0.3, 0.2])
    return np.random.default_rng(7).negative_binomial(2, 2 / (2 + mean[:, :, None]), (4, 3, 60)).astype(float)


def test_scenario(year, tmp_path):
    path = tmp_path / "history.parquet"
    pq.write_table(table(year), path)
    written = generate(tmp_path / "scenario", "tiny", seed=2, demand_history=path)
    assert written.products == 4
    assert written.remarks == ("demand of the last 52 of 60 weeks; regions: 3",)
    assert find_faults(written.folder) == []
    scenario = load(written.folder)
    assert scenario.products == ["item 0", "item 1", "item 2", "item 3"]
    assert scenario.regions == ["east", "north", "west"]
    assert len(scenario.nodes) == 6
    mean = scenario.column("demand", "mean").reshape(4, 3)
    np.testing.assert_allclose(mean.T, np.tile(year[:, :, 8:].sum(1).mean(1), (3, 1)), atol=1e-5)
    share = scenario.column("demand_shares", "share").reshape(4, 3)
    np.testing.assert_allclose(share.sum(1), 1, atol=1e-9)
    np.testing.assert_allclose(share[0], year[0, :, 8:].sum(1) / year[0, :, 8:].sum(), atol=0.001)
    q = np.array([scenario.column("demand", name).reshape(4, 3)[:, 0] for name in QUANTILE_COLUMNS]).T
    assert (q == np.floor(q)).all()
    total = np.sort(year[0, :, 8:].sum(0))
    assert total[10] < q[0, 5] < total[-10]


def test_rows_in_any_order_and_either_file(year, tmp_path):
    rows = table(year[:, :, :10])
    shuffled = rows.take(np.random.default_rng(1).permutation(rows.num_rows))
    monday = date(2024, 1, 1)
    dates = [monday + timedelta(weeks=week) for week in shuffled["week"].to_pylist()]
    named = shuffled.set_column(2, "date", pa.array(dates)).rename_columns(["product", "store", "date", "units"])
    pq.write_table(rows, tmp_path / "a.parquet")
    pyarrow.csv.write_csv(shuffled.append_column("price", pa.array(range(shuffled.num_rows))), tmp_path / "b.csv")
    pyarrow.csv.write_csv(named, tmp_path / "c.csv")
    pq.write_table(named, tmp_path / "d.pq")
    same = []
    for name in ("a.parquet", "b.csv", "c.csv", "d.pq"):
        found = read_history(tmp_path / name)
        assert found.regional is not None
        parts = (found.names, found.weekly_mean, found.quantiles, found.regional.regions, found.regional.share)
        same.append([np.asarray(part).tolist() for part in (*parts, found.regional.weight, found.remarks)])
    assert all(other == same[0] for other in same[1:])


def test_names_that_are_numbers_become_text(history):
    rows = pa.table({"product": pa.array([10, 9], pa.int16()), "store": [1, 1], "period": [0.0, 1.0], "units": [3, 4]})
    found = history(rows)
    assert found.names.tolist() == ["10", "9"]
    assert found.regional is not None
    assert found.regional.regions == ["1"]


def test_zeros_before_the_first_sale_are_as_no_rows(history):
    """Item 1 starts in week 6: five weeks count, the last without rows; item 0 sells nothing in week 4."""
    units = np.full((3, 1, 11), np.nan)
    units[0, 0, :], units[2, 0, :] = 8, 1
    units[0, 0, 4] = np.nan
    units[1, 0, 6:10] = (5, 0, 5, 5)
    dense = np.nan_to_num(units)
    for table_ in (table(units), table(dense)):
        found = history(table_)
        assert found.weekly_mean.tolist() == [round(80 / 11, 5), 3, 1]
        assert "products on sale for less than these 11 weeks: 1" in found.remarks


def test_only_the_last_year_counts(history):
    units = np.full((1, 2, RECENT_WEEKS + 10), 4.0)
    units[0, :, :10] = 900
    units[0, 1, 10:] = 12
    found = history(table(units))
    assert found.weekly_mean.tolist() == [16]
    assert found.quantiles.max() < 60
    np.testing.assert_allclose(found.regional.share, [[0.25, 0.75]], atol=0.001)


def test_returns_count_as_nothing(history):
    units = np.full((1, 2, 10), 6.0)
    units[0, 0, 3], units[0, 1, 9] = -4, -1
    found = history(table(units))
    assert found.weekly_mean.tolist() == [10.8]
    assert found.remarks[1:] == ("rows of negative units (returns), counted as 0: 2",)


def test_a_region_that_opened_lately_has_the_rate_of_its_weeks(history):
    units = np.full((1, 2, 40), 100.0)
    units[0, 1, :30] = np.nan
    np.testing.assert_allclose(history(table(units)).regional.share, [[0.5, 0.5]], atol=1e-6)


def test_products_of_few_units_have_shares_near_the_whole(history):
    units = np.zeros((3, 2, 20))
    units[0] = [[300], [100]]
    units[1, 1, 5] = 10
    found = history(table(units))
    weight = found.regional.weight
    np.testing.assert_allclose(weight, [0.75, 0.25], atol=0.002)
    k = SHARE_CONCENTRATION
    np.testing.assert_allclose(
        found.regional.share[1], [k * weight[0] / (10 + k), (10 + k * weight[1]) / (10 + k)], atol=1e-6
    )
    np.testing.assert_allclose(found.regional.share[2], weight, atol=1e-6)
    assert found.weekly_mean[2] == 0
    assert not found.quantiles[2].any()
    assert found.remarks[-1] == "products that sold nothing in these 20 weeks: 1"


def test_quantiles_are_those_of_the_mixture(year):
    """The least whole number whose part of the points is not below the level."""
    weekly = year.sum(1)
    mixed = mixture(weekly, np.ones(weekly.shape, bool))
    order = np.argsort(mixed.units, axis=1)
    reached = np.cumsum(np.take_along_axis(mixed.weight, order, 1), 1) >= 0.7
    expected = np.take_along_axis(np.take_along_axis(mixed.units, order, 1), reached.argmax(1)[:, None], 1)
    np.testing.assert_array_equal(mixed.quantiles(lambda k, units: units <= k)[:, 7], expected[:, 0])
    np.testing.assert_allclose(mixed.weight.sum(1), 1)


def test_a_few_like_series_do_not_make_up_a_law_of_variance(history):
    """Three products of nearly one mean: a slope through them would be noise, and a fourth's spread absurd."""
    rng = np.random.default_rng(1)
    units = np.zeros((4, 1, 52))
    units[:3, 0] = rng.negative_binomial(4, 4 / (4 + np.array([[50], [51], [52]])), (3, 52))
    units[3, 0] = 20_000
    found = history(table(units))
    assert found.quantiles[3, 0] > 15_000
    assert found.quantiles[3, -1] < 40_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("product,region,week\na,x,1\n", ("column units: missing column", "region (or store)", "Add the column")),
        ("product,region,week,Units\na,x,1,3\n", ("column units: missing column", "nearest: 'Units'")),
        ("product,region,store,week,units\na,x,y,1,3\n", ("column region: repeated column, found region and store",)),
        (HEADER, ("empty table", "Add rows")),
        (HEADER + "a,x,1,3\na,x,2,0.5\n", ("column units, row 3: not whole, found 0.5",)),
        (HEADER + "a,x,1,nan\n", ("column units, row 2: NaN",)),
        (HEADER + "a,x,1,3\na,x,2,inf\n", ("column units, row 3: infinite",)),
        (HEADER + "a,x,1,3\na,x,2,many\n", ("column units, row 3: type, found 'many'",)),
        (HEADER + "a,x,1,3\na,x,2,\n", ("column units, row 3: null",)),
        (HEADER + ",x,1,3\n", ("column product, row 2: null",)),
        (HEADER + "a,x,1,3\nb,x,1,3\na,x,01,4\n", ("row 4: duplicate key, found 'a' at region x, week 1",)),
        (HEADER + "a,x,202352,3\na,x,202401,4\n", ("row 3: gap before the week, found '202401'", "or give dates")),
        (
            HEADER + "a,x,2024-01-01,3\na,x,2024-01-03,4\n",
            ("row 3: not weekly, found '2024-01-03'", "Add up the units"),
        ),
        (HEADER + "a,x,2024-01-01,3\na,x,2,4\n", ("row 3: not a week, found '2'", "2024-01-29")),
        (HEADER + "a,x,first,3\n", ("row 2: not a week, found 'first'",)),
        (HEADER.replace(",", ";") + "a;x;1;3\n", ("separator, found columns separated by semicolons", "with commas")),
        (HEADER + "a,x,1\n", ("unreadable file", "Expected 4 columns, got 3")),
        (HEADER + "a,x,1,0\na,x,2,-1\n", ("nothing was sold in the last 2 weeks",)),
        (HEADER + f"a,x,1,{MOST_WEEKLY}\na,y,1,1\n", ("product a sold 1,000,001 units in a week", "larger units")),
    ],
)
def test_bad_csv_is_one_sentence(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.csv: table weekly demand") as error:
        read_history(path)
    assert "\n" not in str(error.value)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"units": [3.0, 0.5]}, "column units, row 1: not whole, found 0.5"),
        ({"units": [3.0, np.nan]}, "column units, row 1: NaN"),
        ({"units": ["3", "x"]}, "column units, row 1: type, found 'x'"),
        ({"week": [0.0, 0.5]}, "column week: type, found double"),
        ({"product": ["", "a"]}, "column product, row 0: empty name"),
        ({"week": [0, 0]}, "column product, row 1: duplicate key"),
    ],
)
def test_bad_parquet_is_one_sentence(tmp_path, change, words):
    rows = {"product": [1, 1], "store": [0, 0], "week": [0, 1], "units": [3, 4]} | change
    pq.write_table(pa.table(rows), tmp_path / "bad.parquet")
    with pytest.raises(ValueError, match=r"bad\.parquet: table weekly demand") as error:
        read_history(tmp_path / "bad.parquet")
    assert "\n" not in str(error.value)
    assert words in str(error.value)


def test_half_a_parquet_file_is_named(tmp_path):
    pq.write_table(pa.table({"product": [1], "store": [0], "week": [0], "units": [3]}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="unreadable file"):
        read_history(tmp_path / "half")


@pytest.mark.parametrize("regions", [1, 21, 150])
def test_any_number_of_regions(tmp_path, regions):
    """The preset's nodes serve them; where people are many, the region of most demand is."""
    weight = np.arange(1, regions + 1)
    rows = {"product": ["a"] * regions, "region": [f"R{r}" for r in range(regions)], "week": [5] * regions}
    pq.write_table(pa.table(rows | {"units": weight * 10}), tmp_path / "history.parquet")
    written = generate(tmp_path / "scenario", "demo", seed=1, demand_history=tmp_path / "history.parquet")
    assert find_faults(written.folder) == []
    scenario = load(written.folder)
    assert len(scenario.nodes) == 50
    assert len(scenario.regions) == regions
    place = np.column_stack([scenario.column("regions", name) for name in ("latitude", "longitude")])
    assert len(np.unique(place, axis=0)) == regions
    most = scenario.regions.index(f"R{regions - 1}")
    assert miles(place[[most]], np.array([[40.7, -74.0]]))[0, 0] < 60
    if regions > 1:
        apart = miles(place, place) + np.diag(np.full(regions, np.inf))
        assert apart.min() > 0.5 * PRESETS["demo"].region_spacing * np.sqrt(8 / regions)


def test_more_regions_than_cities_are_refused(tmp_path):
    rows = {"product": ["a"] * 800, "region": list(range(800)), "week": [0] * 800, "units": [1] * 800}
    pq.write_table(pa.table(rows), tmp_path / "history.parquet")
    with pytest.raises(ValueError, match=r"800 regions; a network has at most \d+: join regions"):
        generate(tmp_path / "scenario", "tiny", demand_history=tmp_path / "history.parquet")
    assert not (tmp_path / "scenario").exists()


def test_command_says_what_it_made_of_the_table(year, tmp_path, capsys):
    rows = table(year[:, :, :20])
    pyarrow.csv.write_csv(
        rows.set_column(3, "units", pa.array([-1, *rows["units"].to_pylist()[1:]])), tmp_path / "t.csv"
    )
    out = tmp_path / "scenario"
    arguments = ["generate", str(out), "--preset", "tiny", "--demand-history"]
    assert cli.main([*arguments, str(tmp_path / "t.csv")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{out}: 4 products, 5 inbound nodes, 3 weeks"
    assert said[1] == "demand of the last 20 of 20 weeks; regions: 3"
    assert "rows of negative units (returns), counted as 0: 1" in said


@pytest.mark.skipif(not FAVORITA.is_file(), reason="shared/data/favorita_weekly.parquet is not here")
def test_favorita(tmp_path):
    rows = pq.read_table(FAVORITA)
    units = np.zeros((288, 21, 145))
    units[tuple(rows[name].to_numpy() for name in ("product", "store", "week"))] = rows["units"].to_numpy()
    sold = np.maximum(units, 0)[:, :, -RECENT_WEEKS:]
    written = generate(tmp_path / "favorita", "demo", seed=1, demand_history=FAVORITA)
    assert (written.products, written.inbound_nodes) == (288, 40)
    assert f"rows of negative units (returns), counted as 0: {(units < 0).sum()}" in written.remarks
    assert find_faults(written.folder) == []
    scenario = load(written.folder)
    assert (len(scenario.nodes), len(scenario.regions)) == (50, 21)
    product, region = np.array(scenario.products, int), np.array(scenario.regions, int)
    mean = scenario.column("demand", "mean").reshape(288, 5)
    np.testing.assert_allclose(mean, np.repeat(sold.sum(1).mean(1)[product, None], 5, axis=1), atol=1e-5)
    share = scenario.column("demand_shares", "share").reshape(288, 21)
    expected = (sold.sum(2) / sold.sum((1, 2))[:, None])[product][:, region]
    np.testing.assert_allclose(share, expected, atol=0.002)
    plan = scenario.column("labor_plan", "units").reshape(40, 5)
    np.testing.assert_allclose(plan.sum(0), mean.sum(0), rtol=0.2)
    assert plan.min() > 0
