"""Tables of a rolling study."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from jaxsim.studies.rolling.world import INDICATORS, Week

_SEARCHED = ("iterations", "product_trials", "mendable", "cold_iterations", "cold_product_trials", "cold_mendable")


def of_worlds(lived: Mapping[str, Week]) -> dict[str, float]:
    """Figures of a week, `<figure>_<world>`."""
    figures: dict[str, float] = {}
    for world, week in lived.items():
        figures[f"wmapd_{world}"] = week.wmapd
        figures |= {f"{name}_{world}": value for name, value in week.indicators.items()}
    return figures


def tables(
    rows: Sequence[Mapping[str, float]],
    worlds: Sequence[str],
    nodes: Sequence[str],
    units: Sequence[np.ndarray],
    node_weeks: Sequence[Mapping[str, np.ndarray]],
    costs: Sequence[np.ndarray],
) -> dict[str, pa.Table]:
    """The tables by name.

    Args:
        rows: a row per week. units: of each week, plan and arrivals of each world, (1 + worlds, nodes).
        node_weeks: of each week, columns of the node-weeks ahead. costs: theirs, currency per unit.
    """
    weeks = len(rows)
    by_week = {
        "week": np.repeat(np.arange(weeks), len(worlds)),
        "world": [world for _ in rows for world in worlds],
    }
    for name in ("wmapd", *INDICATORS):
        by_week[name] = np.array([row[f"{name}_{world}"] for row in rows for world in worlds])
    refreshed = np.array([world == "control" for world in by_week["world"]])
    for name in ("deviation_price", *_SEARCHED):
        values = np.repeat([row[name] for row in rows], len(worlds))
        by_week[name] = pa.array(values, mask=~refreshed | np.isnan(values))
    planned = [np.flatnonzero(~np.isnan(of_week[0])) for of_week in units]
    by_node = {
        "week": np.repeat(np.arange(weeks), [len(each) for each in planned]),
        "node": [nodes[int(node)] for each in planned for node in each],
    }
    for number, name in enumerate(("plan", *worlds)):
        by_node[name] = np.concatenate([of_week[number, each] for of_week, each in zip(units, planned, strict=True)])
    chosen = {"refreshed": np.repeat(np.arange(weeks), [len(each) for each in costs])}
    chosen |= {name: np.concatenate([columns[name] for columns in node_weeks]) for name in ("resource", "node", "week")}
    chosen["week"] = chosen["week"] + chosen["refreshed"]
    chosen["cost"] = np.concatenate(costs)
    return {"rolling_weeks": pa.table(by_week), "rolling_nodes": pa.table(by_node), "rolling_costs": pa.table(chosen)}
