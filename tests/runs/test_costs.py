"""Tables of capacity costs: read in both forms, and every misfit named."""

import pytest

from jaxsim.runs.costs import read_costs
from jaxsim.runs.folder import RunError
from jaxsim.scenario import load
from jaxsim.system import build


@pytest.fixture(scope="module")
def network(scenario):
    """The tiny scenario's network."""
    return build(load(scenario)).network


def test_reads_csv(network, tmp_path):
    file = tmp_path / "costs.csv"
    file.write_text(f"node,week,cost\n{network.nodes[0]},1,2.5\n{network.nodes[1]},0,-1\n")
    costs = read_costs(file, network)
    assert costs[0, 1] == 2.5
    assert costs[1, 0] == -1.0
    assert abs(costs).sum() == 3.5


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("node,week\nN,0\n", "lacks the column cost"),
        ("node,week,cost\nnowhere,0,1\n", "no node 'nowhere'"),
        ("node,week,cost\n{node},99,1\n", "week 99"),
        ("node,week,cost\n{node},0.5,1\n", "week 0.5"),
        ("node,week,cost\n{node},0,nan\n", "not a finite number"),
        ("node,week,cost\n{node},0,inf\n", "cost inf"),
        ("node,week,cost\n{node},0,1\n{node},0,2\n", "row 1: .* occur twice"),
        ("", "cannot read"),
    ],
)
def test_says_what_does_not_fit(network, tmp_path, rows, message):
    file = tmp_path / "costs.csv"
    file.write_text(rows.format(node=network.nodes[0]))
    with pytest.raises(RunError, match=message):
        read_costs(file, network)


def test_missing_file(network, tmp_path):
    for name in ("none.csv", "none.parquet"):
        with pytest.raises(RunError, match="cannot read"):
            read_costs(tmp_path / name, network)
