"""What customers do and what buying believes are apart: tables, arrays, both engines."""

import dataclasses
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from jaxsim import cli, reference
from jaxsim.conformance import compare
from jaxsim.demand.forecast import Forecast
from jaxsim.demand.source import PathSource, QuantileSource
from jaxsim.scenario import QUANTILE_COLUMNS, TABLES, Scenario, find_faults, load, write
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Simulator
from jaxsim.studies.problem import unseen_trial
from jaxsim.system import System, build, check_system

FORECAST_FIELDS = {"order_up_to", "segment_width", "target", "region_p60"}
"""Products' arrays that follow from the forecast."""

TRIALS = 3


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Scenario:
    return load(generate(tmp_path_factory.mktemp("scenario") / "tiny", "tiny", seed=3).folder)


@pytest.fixture(scope="module")
def paths(tiny: Scenario) -> np.ndarray:
    """Units by product, trial, week and region."""
    shape = len(tiny.products), TRIALS, tiny.weeks, len(tiny.regions)
    return np.random.default_rng(6).poisson(4.0, shape)


def with_tables(scenario: Scenario, **tables: pa.Table) -> Scenario:
    return dataclasses.replace(scenario, tables={**scenario.tables, **tables})


def scaled_demand(scenario: Scenario, factor: float) -> pa.Table:
    rows = scenario.tables["demand"]
    scaled = {name: rows[name].to_numpy() * factor for name in ("mean", *QUANTILE_COLUMNS)}
    return pa.table({"product": rows["product"], "week": rows["week"], **scaled})


def path_table(scenario: Scenario, units: np.ndarray) -> pa.Table:
    """Rows of `demand_paths`, in a random order."""
    at = np.random.default_rng(0).permutation(np.argwhere(np.ones(units.shape, bool)))
    columns: dict[str, Any] = {
        "product": np.array(scenario.products)[at[:, 0]],
        "trial": at[:, 1],
        "week": at[:, 2],
        "units": units[tuple(at.T)],
    }
    if units.ndim == 4:
        columns["region"] = np.array(scenario.regions)[at[:, 3]]
    return pa.table(columns).select(TABLES["demand_paths"].arrow(columns).names)


def differing(a: System, b: System) -> set[str]:
    fields = [field.name for field in dataclasses.fields(a.products)]
    return {name for name in fields if not np.array_equal(getattr(a.products, name), getattr(b.products, name))}


def asked(scenario_units: np.ndarray, system: System, first_trial: int = 0, trials: int = TRIALS) -> None:
    """Demand of the scan engine is that of the paths, week by week."""
    run = Simulator(system, trials=trials, first_trial=first_trial, seed=5).trajectory()
    weekly = run.demand.reshape(*run.demand.shape[:2], system.weeks, 7, -1).sum(3)
    weekly = weekly if scenario_units.ndim == 4 else weekly.sum(3)
    np.testing.assert_array_equal(weekly, scenario_units[:, first_trial : first_trial + trials])


def test_a_forecast_changes_plans_and_nothing_else(tiny):
    plain, believed = build(tiny), build(with_tables(tiny, forecast=scaled_demand(tiny, 2.0)))
    assert differing(plain, believed) == FORECAST_FIELDS
    more = believed.products.order_up_to.sum() / plain.products.order_up_to.sum()
    assert 1.5 < more < 2.0
    assert isinstance(plain.source, QuantileSource)
    assert isinstance(believed.source, QuantileSource)
    np.testing.assert_array_equal(plain.source.quantiles, believed.source.quantiles)
    first, second = (reference.run(system, trials=2, seed=5, products=range(6)) for system in (plain, believed))
    np.testing.assert_array_equal(first.demand, second.demand)
    assert not np.array_equal(first.order_quantity, second.order_quantity)


def test_a_forecast_equal_to_demand_changes_no_bit(tiny):
    assert not differing(build(tiny), build(with_tables(tiny, forecast=tiny.tables["demand"])))


def test_plans_are_those_of_a_scenario_whose_demand_is_the_forecast(tiny):
    forecast = scaled_demand(tiny, 0.5)
    believed, true = (build(with_tables(tiny, **{name: forecast})) for name in ("forecast", "demand"))
    assert not differing(believed, true)


def test_paths_change_demand_and_no_plan(tiny, paths):
    system = build(with_tables(tiny, demand_paths=path_table(tiny, paths)))
    assert not differing(build(tiny), system)
    assert isinstance(system.source, PathSource)
    np.testing.assert_array_equal(system.source.units, paths)


def test_tables_and_arrays_make_the_same_system(tiny, paths):
    quantiles = np.stack([tiny.column("demand", name) for name in QUANTILE_COLUMNS], 1) * 2.0
    quantiles = quantiles.reshape(len(tiny.products), tiny.weeks, -1)
    levels = np.array([int(name[1:]) / 100 for name in QUANTILE_COLUMNS])
    tables = with_tables(tiny, forecast=scaled_demand(tiny, 2.0), demand_paths=path_table(tiny, paths.sum(3)))
    arrays = build(tiny, source=PathSource(paths.sum(3)), forecast=Forecast.from_quantiles(levels, quantiles))
    assert not differing(build(tables), arrays)
    for source in (build(tables).source, arrays.source):
        np.testing.assert_array_equal(source.numbers(np.array([3]), np.array([2])), paths[[3], 2].sum(2)[:, :, None])


@pytest.mark.slow
@pytest.mark.parametrize("by_region", [False, True])
def test_customers_follow_the_paths(tiny, paths, by_region):
    units = paths if by_region else paths.sum(3)
    system = build(with_tables(tiny, demand_paths=path_table(tiny, units), forecast=scaled_demand(tiny, 1.5)))
    asked(units, system)
    asked(units, system, first_trial=2, trials=1)
    fast = Simulator(system, trials=TRIALS, seed=5).trajectory()
    exact = reference.run(system, trials=TRIALS, seed=5)
    found = compare(system, fast, exact, np.zeros(system.network.plan.shape))
    assert found.agrees, str(found.first)
    assert found.lps > 20


def test_more_trials_than_paths_are_refused_before_anything_runs(tiny, paths):
    system = build(tiny, source=PathSource(paths))
    sentence = r"^there are 3 sample paths of demand, and trials {} would need {}: ask for fewer trials, or add paths$"
    with pytest.raises(ValueError, match=sentence.format("0 to 3", 4)):
        Simulator(system, trials=4)
    with pytest.raises(ValueError, match=sentence.format("2 to 3", 4)):
        Simulator(system, trials=2, first_trial=2)
    with pytest.raises(ValueError, match=sentence.format("0 to 3", 4)):
        reference.run(system, trials=4)
    with pytest.raises(ValueError, match=sentence.format("3 to 3", 4)):
        reference.run(system, trials=1, first_trial=3)
    with pytest.raises(ValueError, match=sentence.format("3 to 3", 4)):
        reference.decisions(system, 0, trial=3)
    assert reference.decisions(system, 0, trial=2)


@pytest.mark.parametrize("cut", [np.s_[1:], np.s_[:, :, 1:], np.s_[:, :, :, 1:]])
def test_a_source_of_another_shape_is_refused(tiny, paths, cut):
    sentence = r"^the demand source is of \d+ products, \d weeks and \d regions; it must be of 24 products, 3 weeks"
    with pytest.raises(ValueError, match=sentence):
        build(tiny, source=PathSource(paths[cut]))
    with pytest.raises(ValueError, match=sentence):
        check_system(dataclasses.replace(build(tiny), source=PathSource(paths[cut])))


def test_a_forecast_of_another_shape_is_refused(tiny):
    with pytest.raises(ValueError, match=r"^the forecast is of 23 products and 3 weeks; it must be of 24 products"):
        build(tiny, forecast=Forecast(np.ones((23, 3)), np.ones((23, 3))))


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_only_the_products_asked_for_are_read(tiny, paths, tmp_path, form):
    tables = with_tables(tiny, forecast=scaled_demand(tiny, 2.0), demand_paths=path_table(tiny, paths)).tables
    write(tmp_path / "copy", tables, form)
    assert not find_faults(tmp_path / "copy")
    chosen = [3, 20]
    sample = load(tmp_path / "copy", [tiny.products[row] for row in chosen])
    assert sample.tables["demand_paths"].num_rows == 2 * paths[0].size
    assert sample.tables["forecast"].num_rows == 2 * tiny.weeks
    source = build(sample).source
    assert isinstance(source, PathSource)
    np.testing.assert_array_equal(source.units, paths[chosen])


def test_a_command_refuses_too_many_trials_and_leaves_no_folder(tiny, paths, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("JAXSIM_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path / "scenario", with_tables(tiny, demand_paths=path_table(tiny, paths)).tables)
    for command in ("simulate", "search"):
        run = tmp_path / command
        assert cli.main([command, str(tmp_path / "scenario"), "--out", str(run), "--trials", "4", "--quiet"]) == 1
        assert "there are 3 sample paths of demand, and trials 0 to 3 would need 4" in capsys.readouterr().err
        assert not run.exists()


def test_fresh_figures_take_paths_that_were_not_seen(tiny, paths):
    system = build(tiny, source=PathSource(np.concatenate([paths, paths + 1], 1)))
    assert [unseen_trial(system, trials) for trials in (1, 3, 4)] == [1, 3, 0]
    assert unseen_trial(build(tiny), 3) == 0


def test_a_region_without_a_row_asks_for_nothing(tiny, paths):
    rows = path_table(tiny, paths)
    least = rows["region"].to_numpy() == tiny.regions[0]
    thin = build(with_tables(tiny, demand_paths=rows.filter(pa.array(~least))))
    assert isinstance(thin.source, PathSource)
    np.testing.assert_array_equal(thin.source.units[..., 1:], paths[..., 1:])
    assert not thin.source.units[..., 0].any()
