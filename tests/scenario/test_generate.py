"""Generated scenarios: reproducible, sound, and with the properties that they promise."""

import dataclasses

import numpy as np
import pytest

from jaxsim.scenario import QUANTILE_COLUMNS, TABLES, find_faults, load
from jaxsim.scenario.generate import PRESETS, generate
from jaxsim.scenario.view import View


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory):
    return generate(tmp_path_factory.mktemp("scenarios") / "demo", "demo", seed=5).folder


@pytest.fixture(scope="module")
def demo(demo_folder):
    return load(demo_folder)


def local_nodes(scenario) -> dict[str, set[int]]:
    """Local nodes of each product, from its rows and what they reach."""
    reach = View(scenario.tables).reach()
    local = {name: set() for name in scenario.products}
    nodes = scenario.codes("product_nodes", "node", scenario.nodes)
    for name, node in zip(scenario.column("product_nodes", "product"), nodes, strict=True):
        local[name].update(np.flatnonzero(reach[node]).tolist())
    return local


def in_flight_by_week(scenario) -> np.ndarray:
    """(nodes, weeks) units in flight within the horizon."""
    week = scenario.column("in_flight", "arrival_day") // 7
    node = scenario.codes("in_flight", "node", scenario.nodes)
    units = np.zeros((len(scenario.nodes), scenario.weeks), int)
    soon = week < scenario.weeks
    np.add.at(units, (node[soon], week[soon]), scenario.column("in_flight", "quantity")[soon])
    return units


def planned(scenario) -> np.ndarray:
    """(nodes, weeks) units of the labor plan."""
    units = np.zeros((len(scenario.nodes), scenario.weeks), int)
    node = scenario.codes("labor_plan", "node", scenario.nodes)
    units[node, scenario.column("labor_plan", "week")] = scenario.column("labor_plan", "units")
    return units


def test_same_seed_same_tables_other_seed_others(tiny, tmp_path):
    again = load(generate(tmp_path / "again", "tiny", seed=3).folder)
    other = load(generate(tmp_path / "other", "tiny", seed=4, form="csv").folder)
    for name in TABLES:
        assert again.tables[name].equals(tiny.tables[name]), name
        assert not other.tables[name].equals(tiny.tables[name]) or name == "regions" or TABLES[name].optional, name


@pytest.mark.parametrize("seed", range(6))
def test_tiny_is_sound_for_any_seed(tmp_path, seed):
    assert find_faults(generate(tmp_path / "tiny", "tiny", seed).folder) == []


def test_demo_is_sound(demo_folder):
    assert find_faults(demo_folder) == []


def test_sizes(tiny, demo):
    assert (len(tiny.nodes), len(tiny.regions), len(tiny.products), tiny.weeks) == (6, 3, 24, 3)
    assert (len(demo.nodes), len(demo.regions), len(demo.products), demo.weeks) == (50, 8, 5000, 5)
    assert demo.column("nodes", "inbound").sum() == 40
    assert PRESETS["paper"].products == 100_000
    assert PRESETS["large"].products == 1_000_000
    paper = PRESETS["paper"]
    assert paper.cross_docks + paper.inbound_storages + paper.inbound_fulfillments >= 120


def test_paper_network_at_fewer_products_is_sound(tmp_path):
    preset = dataclasses.replace(PRESETS["paper"], products=3000)
    written = generate(tmp_path / "paper", preset, seed=1)
    assert (written.inbound_nodes, written.products) == (128, 3000)
    assert find_faults(written.folder) == []
    assert max(map(len, local_nodes(load(written.folder)).values())) <= 8


def test_few_local_and_orderable_nodes(tiny, demo):
    assert max(map(len, local_nodes(tiny).values())) <= 6
    assert max(map(len, local_nodes(demo).values())) <= 8
    product, orderable = demo.column("product_nodes", "product"), demo.column("product_nodes", "orderable")
    count = np.unique(product[orderable], return_counts=True)[1]
    assert len(count) == 5000
    assert (count.min(), count.max()) == (2, 5)


def test_every_node_gets_goods(demo):
    """Nodes that vendors do not deliver to are fed by transfers; inbound nodes are in some product's set."""
    fed = set(demo.column("transfers", "destination"))
    ordered = set(demo.column("product_nodes", "node")[demo.column("product_nodes", "orderable")])
    for node, inbound in zip(demo.nodes, demo.column("nodes", "inbound"), strict=True):
        assert node in (ordered if inbound else fed)


def test_transfers_are_sparse_and_within_costs(demo):
    kind = dict(zip(demo.nodes, demo.column("nodes", "kind"), strict=True))
    origins, counts = np.unique(demo.column("transfers", "origin"), return_counts=True)
    for origin, count in zip(origins, counts, strict=True):
        assert count in ((3, 4, 5) if kind[origin] == "cross_dock" else (2, 3, 4))
    for table, low, high in (("transfers", 0.1, 0.8), ("shipping", 2, 9)):
        cost = demo.column(table, "cost_per_unit")
        assert (cost >= low).all()
        assert (cost <= high).all()
    sourcing = demo.column("product_nodes", "sourcing_cost")
    assert (sourcing >= 0.16).all()
    assert (sourcing <= 1.58).all()


def test_demand_is_long_tailed_and_overdispersed(demo):
    mean = demo.column("demand", "mean").reshape(-1, 5).mean(1)
    ordered = np.sort(mean)[::-1]
    assert 0.5 < ordered[:1000].sum() / ordered.sum() < 0.8
    middle = slice(50, 2500)
    slope = np.polyfit(np.log(np.arange(1, 5001))[middle], np.log(ordered)[middle], 1)[0]
    assert -1.05 < slope < -0.7
    q = np.column_stack([demo.column("demand", name) for name in QUANTILE_COLUMNS])
    assert (q[:, 5] == 0).mean() > 0.05  # intermittent: the median week sells nothing
    assert (q == np.floor(q)).all()
    fast = demo.column("demand", "mean") > 20
    assert np.median(q[fast, 8] / np.maximum(q[fast, 5], 1)) > 1.3


def test_lead_times_are_weeks_and_bounded(demo):
    days, probability = demo.column("lead_times", "days"), demo.column("lead_times", "probability")
    assert days.max() <= 56
    key = np.char.add(demo.column("lead_times", "vendor").astype(str), demo.column("lead_times", "node").astype(str))
    distribution = np.unique(key, return_inverse=True)[1]
    mean = np.bincount(distribution, days * probability)
    spread = np.sqrt(np.bincount(distribution, days**2 * probability) - mean**2) / mean
    assert 7 < np.median(mean) < 24.5
    assert 0.35 < np.median(spread) < 0.75


def test_plan_covers_what_is_in_flight_and_keeps_weekly_totals(demo):
    plan, in_flight = planned(demo), in_flight_by_week(demo)
    assert (plan >= in_flight).all()
    demand = demo.column("demand", "mean").reshape(-1, 5).sum(0)
    np.testing.assert_allclose(plan.sum(0), demand, rtol=0.2)
    share = in_flight.sum(0) / plan.sum(0)
    assert (np.diff(share) < 0).all()  # the further ahead, the more can still be moved
    assert share[0] > 0.6
    assert share[-1] < 0.1


def test_stock_lasts_about_the_planning_horizon(demo):
    stock = demo.column("product_nodes", "on_hand").sum() + demo.column("in_flight", "quantity").sum()
    weeks = stock / demo.column("demand", "mean").reshape(-1, 5).mean(1).sum()
    assert 3 < weeks < 8


def test_tiny_has_its_oddities(tiny):
    rows = tiny.tables["product_nodes"].to_pylist()
    of = lambda name: [row for row in rows if row["product"] == name]
    zero, packs, late, single, none = tiny.tables["products"].slice(19).to_pylist()
    demand = {
        name: [r["mean"] for r in tiny.tables["demand"].to_pylist() if r["product"] == name] for name in tiny.products
    }
    assert max(demand[zero["product"]]) == 0
    assert packs["case_pack"] == 24
    assert max(demand[packs["product"]]) < 1
    assert (late["review_weeks"], late["first_review_day"]) == (2, 13)
    assert len(of(single["product"])) == 1
    assert of(none["product"])
    assert not any(row["orderable"] for row in of(none["product"]))
    kinds = {
        (kind, bool(inbound))
        for kind, inbound in zip(tiny.column("nodes", "kind"), tiny.column("nodes", "inbound"), strict=True)
    }
    assert kinds == {("cross_dock", True), ("storage", True), ("fulfillment", True), ("fulfillment", False)}


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"unknown preset 'huge'; there are tiny, demo, paper, large"):
        generate(tmp_path / "x", "huge")
    with pytest.raises(ValueError, match="seed"):
        generate(tmp_path / "x", "tiny", seed=-1)
    assert list(tmp_path.iterdir()) == []
