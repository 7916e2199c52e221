"""From a simulated day to trucks: what is shipped is what was simulated, and nothing is lost on the way to orders."""

import dataclasses
import html
import re

import numpy as np
import pytest

from jaxsim import reference
from jaxsim.conformance import PolicyPair, conform
from jaxsim.delivery import plan, violations
from jaxsim.delivery.distances import great_circle
from jaxsim.measures.deliveries import REGISTRY
from jaxsim.reference.policies import BuyCheapest as ExactBuyCheapest
from jaxsim.report.case_study import case_study_section
from jaxsim.runs.folder import RunError
from jaxsim.scenario import load
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Simulator, policies
from jaxsim.studies import case_study as study
from jaxsim.studies.case_study import case_study, delivered_by
from jaxsim.studies.deliveries import Fleet, day_of_run, delivery_problem, node_day, zone_place
from jaxsim.studies.problem import load_problem
from jaxsim.studies.simulate import simulate
from jaxsim.studies.world import World, geography, shipments, world_of_run
from validation.figures_page import ROOT

FLEET = Fleet(radius=40.0)
PLAIN = policies.Policies(buy=policies.BuyCheapest())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny scenario."""
    path = tmp_path_factory.mktemp("scenario") / "tiny"
    generate(path, "tiny", seed=1)
    return path


@pytest.fixture(scope="module")
def world(folder) -> World:
    """Its world, with half of its products."""
    problem = load_problem(folder, 12, 1)
    return World(folder, problem, geography(folder, problem), 1, 2, None)


@pytest.fixture(scope="module")
def shipped(world):
    return shipments(world.problem, None, seed=1)


def test_shipments_are_what_the_simulation_delivers(world, shipped):
    system = world.problem.system
    served = Simulator(system, trials=1, seed=1).run().served[:, 0]
    product, rank, region = np.nonzero(served)
    node = system.products.node[product, system.products.preference[product, rank, region]]
    wanted = np.zeros((len(system.network.nodes), len(system.network.regions)))
    np.add.at(wanted, (node, region), served[product, rank, region])
    found = np.zeros_like(wanted)
    np.add.at(found, (shipped.node, shipped.region), shipped.units)
    np.testing.assert_array_equal(found, wanted)
    assert wanted.sum() > 100


def test_both_engines_ship_the_same(world, shipped):
    exact = shipments(world.problem, None, seed=1, policies=reference.Policies())
    for one, other in zip(shipped, exact, strict=True):
        np.testing.assert_array_equal(one, other)


def test_orders_hold_all_that_a_node_ships(world, shipped):
    gamma, orders = world.problem.system.products.sampling_weight, 0
    for node, day in sorted(set(zip(shipped.node.tolist(), shipped.day.tolist(), strict=True)))[:40]:
        here = node_day(world.problem, world.places, shipped, node, day, FLEET)
        rows = (shipped.node == node) & (shipped.day == day)
        packages = shipped.units[rows] * gamma[shipped.product[rows]]
        assert here.packages == pytest.approx(packages.sum())
        trucked = here.reached[shipped.region[rows]]
        volume = packages * world.places.volume[shipped.product[rows]]
        assert sum(here.orders["weight"]) == pytest.approx(volume[trucked].sum())
        assert here.by_carrier.sum() == pytest.approx(packages[~trucked].sum())
        assert max(here.orders["weight"], default=0.0) <= FLEET.capacity / 2 + 1e-9
        orders += len(here.orders["order"])
    assert orders > 10


def test_trucks_serve_what_is_within_a_shift(world, shipped):
    for node in set(shipped.node.tolist()):
        here = node_day(world.problem, world.places, shipped, node, 3, FLEET)
        if not here.orders["order"]:
            continue
        name = world.problem.system.network.nodes[node]
        problem = delivery_problem(name, world.places.node[node], here.orders, FLEET)
        assert not problem.unplannable
        for method in ("first_fit", "cheapest_insertion"):
            schedule = plan(problem, method=method)
            assert violations(schedule) == []
            assert not schedule.unplanned


def test_zones_lie_around_their_region():
    center = np.array([40.0, -100.0])
    at = np.array([center, *(zone_place(center, zone, FLEET) for zone in range(FLEET.zones))])
    miles = great_circle(at[:, 0], at[:, 1])
    assert (miles[0, 1:] <= FLEET.radius).all()
    assert (miles[0, 1:] > 0).all()
    assert miles[1:, 1:][~np.eye(FLEET.zones, dtype=bool)].min() > 0.2 * FLEET.radius


def test_engines_agree_on_the_plain_policy(world):
    pair = PolicyPair(PLAIN, reference.Policies(buy=ExactBuyCheapest()))
    costs = np.random.default_rng(1).normal(0.0, 1.0, world.problem.plan.shape)
    assert conform(world.problem, costs, "random costs", trials=2, policies=pair).agrees


def test_the_plain_policy_buys_into_one_node_a_review(world):
    plain = Simulator(world.problem.system, policies=PLAIN, trials=1, seed=1).run()
    usual = Simulator(world.problem.system, trials=1, seed=1).run()
    places = lambda outcome: (outcome.orders[:, 0] > 0).sum(2)
    assert places(plain).max() == 1
    assert places(usual).max() > 1


def test_trucks_add_to_the_indicators_what_their_schedule_says(world, shipped):
    pairs = zip(shipped.node.tolist(), shipped.day.tolist(), strict=True)
    days = ((node, node_day(world.problem, world.places, shipped, node, day, FLEET)) for node, day in pairs)
    node, here = next((node, here) for node, here in days if here.orders["order"])
    problem = delivery_problem("N", world.places.node[node], here.orders, FLEET)
    schedule = plan(problem, method="first_fit")
    added = delivered_by(schedule, here.orders["packages"], FLEET)
    assert added["packages"] == added["truck_packages"] == pytest.approx(sum(here.orders["packages"]))
    assert added["delivery_co2"] == pytest.approx(schedule.miles * FLEET.co2_kg_per_mile)
    late = [stop.order for trip in schedule.trips for stop in trip.stops if stop.late > 0]
    assert added["packages"] - added["on_time"] == pytest.approx(sum(here.orders["packages"][order] for order in late))
    nothing = dataclasses.replace(schedule, trips=())
    assert delivered_by(nothing, here.orders["packages"], FLEET)["on_time"] == 0


@pytest.fixture(scope="module")
def found(world):
    return case_study(world, node_days=6, seconds=1.0, fleet=FLEET)


def test_the_table_is_made_of_its_node_days(found):
    rows = {row["indicator"]: row for row in found.table.to_pylist()}
    assert tuple(rows) == study.SHOWN
    days = found.node_days.to_pylist()
    for side in ("before", "after"):
        mine = [row for row in days if row["side"] == side]
        assert len(mine) == 6
        total = lambda name, mine=mine: sum(row[name] for row in mine)
        assert rows["delivery_cost_per_package"][side] == pytest.approx(total("delivery_cost") / total("packages"))
        assert rows["on_time_share"][side] == pytest.approx(total("on_time") / total("packages"))
        assert rows["packages_per_mile"][side] == pytest.approx(total("truck_packages") / total("truck_miles"))
        assert rows["delivery_cost_per_package"][f"{side}_se"] > 0
        assert all(row["on_time"] <= row["packages"] + 1e-9 for row in mine)
    cost = rows["delivery_cost_per_package"]
    assert cost["change"] == pytest.approx(cost["after"] - cost["before"])
    assert (cost["claimed_before"], cost["claimed_after"]) == ("$2.50", "$1.80")
    assert {row["method"] for row in days if row["side"] == "before"} <= {"first_fit", "none"}


def test_every_figure_is_defined_once_and_the_manual_says_it_so():
    manual = (ROOT / "docs" / "delivery.md").read_text("utf-8")
    for name in study.SHOWN:
        assert f"| {REGISTRY[name].label} | {REGISTRY[name].definition} |" in manual


def test_the_report_shows_nodes_and_definitions(found):
    page = case_study_section(found.table, found.node_days)
    for name in study.SHOWN:
        assert html.escape(REGISTRY[name].definition) in page
    days = found.node_days.to_pylist()
    assert page.count("<tr>") == 2 + len(study.SHOWN) + len({row["node"] for row in days})
    node = next(row["node"] for row in days if row["truck_packages"] > 0)
    mine = [row for row in days if row["node"] == node and row["side"] == "before"]
    cost = sum(row["truck_cost"] for row in mine) / sum(row["truck_packages"] for row in mine)
    assert re.search(rf"<td>{node}</td>.*?<td>{cost:.3g}</td>", page)


def test_simulated_figures_are_those_of_a_simulation(world, found):
    result = simulate(world.scenario, products=12, trials=2, seed=1)
    wanted = dict(zip(result.kpis["indicator"].to_pylist(), result.kpis["unconstrained"].to_pylist(), strict=True))
    rows = {row["indicator"]: row for row in found.table.to_pylist()}
    for name in ("overage_share", "fill_rate", "cost_per_unit", "co2_per_unit"):
        assert rows[name]["after"] == pytest.approx(wanted[name])


def test_two_equal_sides_differ_by_nothing(world, monkeypatch):
    """Draws, customers and trucks are the same, so equal policies make equal figures."""
    monkeypatch.setattr(study, "BuyCheapest", policies.BuyByLP)
    plain = lambda problem, method, seconds: plan(problem, method="first_fit")
    monkeypatch.setattr(study, "planned", plain)
    for row in case_study(world, node_days=4, fleet=FLEET).table.to_pylist():
        assert row["change"] == 0
        assert row["verdict"] is None


def test_what_cannot_be_done_is_refused(world):
    with pytest.raises(RunError, match="at least 2 node-days"):
        case_study(world, node_days=1)
    with pytest.raises(RunError, match="must be positive, not 0 seconds"):
        case_study(world, seconds=0.0)
    with pytest.raises(RunError, match="there is no node 'nowhere'"):
        day_of_run(world, "nowhere", 0, 0, FLEET)
    with pytest.raises(RunError, match="numbered from 0 to"):
        day_of_run(world, world.problem.system.network.nodes[-1], 999, 0, FLEET)
    with pytest.raises(RunError, match="deliver nothing on day 0"):
        day_of_run(world, world.problem.system.network.nodes[0], 0, 0, FLEET)


def test_the_world_of_a_run_is_the_one_that_it_simulated(folder, tmp_path):
    result = simulate(folder, products=12, trials=2, seed=3, out=tmp_path / "run")
    world = world_of_run(tmp_path / "run")
    names = result.contributions["product"].to_pylist()
    assert sorted(set(names)) == sorted(world.problem.system.product_names)
    assert world.seed == 3
    assert world.costs is None
    moved = tmp_path / "other"
    generate(moved, "tiny", seed=2)
    config = (tmp_path / "run" / "config.toml").read_text().replace(str(folder), str(moved))
    (tmp_path / "run" / "config.toml").write_text(config)
    with pytest.raises(RunError, match="has changed since"):
        world_of_run(tmp_path / "run")
    (tmp_path / "run" / "config.toml").write_text(config.replace(str(moved), str(tmp_path / "none")))
    with pytest.raises(RunError, match="no folder here"):
        world_of_run(tmp_path / "run")


def test_places_of_a_scenario_in_memory(folder, world):
    whole = load(folder)
    for one, other in zip(geography(whole, world.problem), world.places, strict=True):
        np.testing.assert_array_equal(one, other)
