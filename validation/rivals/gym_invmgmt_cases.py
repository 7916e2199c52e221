# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""gym-invmgmt on all instances; it has both backlog and lost sales, and textbook lead times.

It ships from storage what was there before the period's arrivals, so an order takes one period more to pass through
storage: storage's textbook lead time L is its L - 1.
"""

import functools
import json
import tempfile
from pathlib import Path

import numpy as np
from gym_invmgmt.core_env import CoreEnv

from validation.rivals.cases import WARM_UP, Serial, Stage
from validation.rivals.measure import Rival, asked, measure, report

GYM = Rival("gym-invmgmt", "gym-invmgmt")

SOURCE, STORAGE, FULFILLMENT, MARKET = 3, 2, 1, 0


def graph(stages: list[tuple[int, float, float]], lead_times: list[int], charges: list[float], shortage: float) -> dict:
    """A serial network, the stage nearest the source first, each as (number, holding cost, initial stock)."""
    numbers = [SOURCE, *(number for number, _, _ in stages)]
    nodes = [{"id": SOURCE}, *({"id": n, "h": h, "I0": stock} for n, h, stock in stages), {"id": MARKET}]
    # Prices are 0, so that the reward is the cost with its sign turned.
    edges = [
        {"from": a, "to": b, "L": lead, "p": 0, "g": charge}
        for a, b, lead, charge in zip(numbers[:-1], numbers[1:], lead_times, charges, strict=True)
    ]
    # The named distribution is required but not used: demand is drawn beforehand, which is this rival's faster way.
    sale = {"from": numbers[-1], "to": MARKET, "p": 0, "b": shortage, "demand_dist": "poisson", "dist_param": {"mu": 1}}
    return {"nodes": nodes, "edges": [*edges, sale]}


def stage_graph(stage: Stage) -> dict:
    """One location; stock on the way from the source is free."""
    return graph([(FULFILLMENT, stage.holding, stage.level)], [stage.lead_time], [0], stage.shortage)


def serial_graph(case: Serial) -> dict:
    """Storage and fulfillment; stock on the way between them is charged at storage's rate."""
    above, below = case.levels
    stages = [(STORAGE, case.holdings[0], above - below), (FULFILLMENT, case.holdings[1], below)]
    return graph(stages, [case.lead_times[0] - 1, case.lead_times[1]], [0, case.holdings[0]], case.shortage)


def environment(network: dict, demand: np.ndarray, backlog: bool) -> CoreEnv:
    """The environment of a network under given demand."""
    with tempfile.TemporaryDirectory() as folder:
        # It reads YAML, of which JSON is a part.
        path = Path(folder) / "network.yaml"
        path.write_text(json.dumps(network))
        return CoreEnv(
            scenario="custom",
            config_path=str(path),
            num_periods=len(demand),
            backlog=backlog,
            user_D={(FULFILLMENT, MARKET): demand},
        )


def draw(case: Stage | Serial, seed: int, periods: int) -> np.ndarray:
    """Demand of one replication."""
    rng = np.random.default_rng(seed)
    if isinstance(case, Stage) and case.demand == "poisson":
        return rng.poisson(case.mean, periods).astype(float)
    return rng.normal(case.mean, case.deviation, periods)


def replicate(case: Stage | Serial, seed: int, periods: int) -> float:
    """Mean cost per period of one run, the warm-up left out."""
    serial = isinstance(case, Serial)
    backlog = serial or not case.lost
    env = environment(serial_graph(case) if serial else stage_graph(case), draw(case, seed, periods), backlog)
    env.reset(seed=seed)
    levels = np.array(case.levels)
    links = [env.network.reorder_map[link] for link in ([(SOURCE, STORAGE)] if serial else [])]
    links.append(env.network.reorder_map[(STORAGE if serial else SOURCE, FULFILLMENT)])
    stages = [env.network.node_map[n] for n in ([STORAGE] if serial else []) + [FULFILLMENT]]
    costs = np.empty(periods)
    action = np.zeros(len(links))
    for period in range(periods):
        held = env.X[period, stages] + env.Y[period, links]
        owed = env.U[period - 1, 0] if backlog and period else 0.0
        # An echelon holds what it and the stages below it have, less the backlog.
        action[links] = levels - (held[::-1].cumsum()[::-1] - owed)
        costs[period] = -env.step(action)[1]
    return float(costs[WARM_UP:].mean())


def main() -> None:
    """Run everything and print it."""
    cases, periods = asked()
    report([measure(GYM, case, periods, functools.partial(replicate, case)) for case in (*cases.stages, cases.serial)])


if __name__ == "__main__":
    main()
