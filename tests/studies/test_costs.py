"""Tables of capacity costs: read in both forms, and every misfit named."""

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jaxsim.resources import ARRIVALS, RESOURCES, STORAGE
from jaxsim.runs.folder import RunError
from jaxsim.scenario import load
from jaxsim.scenario.schema import RESOURCE_NAMES
from jaxsim.studies.costs import read_costs
from jaxsim.system import build


@pytest.fixture(scope="module")
def network(scenario):
    """The tiny scenario's network."""
    return build(load(scenario)).network


def test_reads_csv(network, tmp_path):
    file = tmp_path / "costs.csv"
    file.write_text(f"node,week,cost\n{network.nodes[0]},1,2.5\n{network.nodes[1]},0,-1\n")
    costs = read_costs(file, network)[ARRIVALS]
    assert costs[0, 1] == 2.5
    assert costs[1, 0] == -1.0
    assert abs(costs).sum() == 3.5


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("node,week\n{node},0\n", "column cost: missing column"),
        ("node;week;cost\n{node};0;1\n", "columns separated by semicolons"),
        ("{node},0,1\n", "no header"),
        ("node,week,cost\n{node}x,0,1\n", "row 2: dangling reference, found '{node}x' \\(nearest: '{node}'\\)"),
        ("node,week,cost\n{node},99,1\n", "column week, row 2: week outside the plan, found 99"),
        ("node,week,cost\n{node},0.5,1\n", "column week, row 2: not whole, found 0.5"),
        ("node,week,cost\n{node},0,nan\n", "column cost, row 2: NaN"),
        ("node,week,cost\n{node},0,inf\n", "column cost, row 2: infinite"),
        ("node,week,cost\n{node},0,1e300\n", "column cost, row 2: out of range"),
        ("node,week,cost\n{node},0,\n", "column cost, row 2: null"),
        ("node,week,cost\n{node},0,1\n{node},0,2\n", "row 3: duplicate key"),
        ("", "an empty file"),
    ],
)
def test_says_what_does_not_fit(network, tmp_path, rows, message):
    file = tmp_path / "costs.csv"
    file.write_text(rows.replace("{node}", network.nodes[0]))
    with pytest.raises(RunError, match=rf"costs.csv: table costs.*{message.replace('{node}', network.nodes[0])}"):
        read_costs(file, network)


def test_missing_file(network, tmp_path):
    for name in ("none.csv", "none.parquet"):
        with pytest.raises(RunError, match=r"not a file, found .*, which does not exist"):
            read_costs(tmp_path / name, network)
    with pytest.raises(RunError, match="which is a folder"):
        read_costs(tmp_path, network)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_names_are_text_as_in_a_scenario(network, tmp_path, form):
    """Nodes called 007 and 12 keep their zeros and are no numbers; weeks may be written as floats."""
    network = dataclasses.replace(network, nodes=("007", "12", *network.nodes[2:]))
    table = pa.table({"node": ["007", "12"], "week": [1.0, 2.0], "cost": [3, 4], "plan": ["any", "thing"]})
    file = tmp_path / f"costs.{form}"
    if form == "csv":
        file.write_text("plan,node,week,cost\nany,007,1.0,3\nthing,12,2.0,4\n")
    else:
        pq.write_table(table, file)
    costs = read_costs(file, network)[ARRIVALS]
    assert (costs[0, 1], costs[1, 2], abs(costs).sum()) == (3, 4, 7)


def test_prices_of_several_resources(tmp_path, network):
    file = tmp_path / "costs.csv"
    file.write_text(f"resource,node,week,cost\narrivals,{network.nodes[0]},1,2.5\nstorage,{network.nodes[0]},1,-4\n")
    prices = read_costs(file, network)
    assert prices[ARRIVALS][0, 1] == 2.5
    assert prices[STORAGE][0, 1] == -4
    file.write_text(f"resource,node,week,cost\nlabor,{network.nodes[0]},1,2.5\n")
    with pytest.raises(RunError, match="one of arrivals, storage"):
        read_costs(file, network)
    assert [resource.name for resource in RESOURCES] == list(RESOURCE_NAMES)
