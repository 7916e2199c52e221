# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""DeepBullwhip's two engines on the backlogged instances that it has: one location, lead time 1 or more.

Its order-up-to level is that of the normal newsvendor, from a forecast that is here the true mean and deviation. It has
no lost sales, and storage there ships whatever is ordered, so the serial instance is outside it. Its batch engine adds
the order that has just arrived to the inventory position twice: its costs are reported as they come out.
"""

import functools

import numpy as np
from deepbullwhip.chain.config import EchelonConfig
from deepbullwhip.chain.serial import SerialSupplyChain
from deepbullwhip.chain.vectorized import VectorizedSupplyChain

from validation.rivals.cases import WARM_UP, Stage
from validation.rivals.measure import Rival, asked, measure, report

ONE = Rival("DeepBullwhip, one path", "deepbullwhip")
BATCH = Rival("DeepBullwhip, batch", "deepbullwhip")

PATHS = 100
"""Paths of the batch engine in one replication."""


def config(stage: Stage) -> list[EchelonConfig]:
    """One location whose service level gives the newsvendor's base stock."""
    ratio = stage.shortage / (stage.shortage + stage.holding)
    return [
        EchelonConfig(
            name=stage.name,
            lead_time=stage.lead_time,
            holding_cost=stage.holding,
            backorder_cost=stage.shortage,
            service_level=ratio,
            initial_inventory=float(stage.level),
        )
    ]


def one_path(stage: Stage, seed: int, periods: int) -> float:
    """Mean cost per period of one run of the plain engine."""
    demand = np.random.default_rng(seed).normal(stage.mean, stage.deviation, periods)
    chain = SerialSupplyChain.from_config(config(stage))
    result = chain.simulate(demand, np.full(periods, stage.mean), np.full(periods, stage.deviation))
    return float(result.echelon_results[0].costs[WARM_UP:].mean())


def batch(stage: Stage, seed: int, periods: int) -> float:
    """Mean cost per period over a batch of paths."""
    demand = np.random.default_rng(seed).normal(stage.mean, stage.deviation, (PATHS, periods))
    mean, deviation = np.full_like(demand, stage.mean), np.full_like(demand, stage.deviation)
    result = VectorizedSupplyChain(config(stage)).simulate(demand, mean, deviation)
    return float(result.costs[:, 0, WARM_UP:].mean())


def main() -> None:
    """Run everything and print it."""
    cases, periods = asked()
    stages = [stage for stage in cases.backlogged if stage.lead_time]
    rows = [measure(ONE, stage, periods, functools.partial(one_path, stage)) for stage in stages]
    rows += [measure(BATCH, stage, periods, functools.partial(batch, stage), PATHS) for stage in stages]
    report(rows)


if __name__ == "__main__":
    main()
