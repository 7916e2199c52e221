# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""stockpyl on the backlogged instances, and its exact solver on the serial one; it has no lost sales.

stockpyl orders after demand. At the stage that faces customers a textbook lead time L is therefore its L + 1. Storage
also ships after demand, so an order that arrives within its textbook lead time leaves in time: storage's stays L.
"""

import numpy as np
from stockpyl.sim import simulation
from stockpyl.ssm_serial import optimize_base_stock_levels
from stockpyl.supply_chain_network import SupplyChainNetwork, serial_system, single_stage_system

from validation.rivals.cases import WARM_UP, Serial, Stage
from validation.rivals.measure import Rival, asked, measure, report

STOCKPYL = Rival("stockpyl", "stockpyl")

STORAGE, FULFILLMENT = 2, 1

GRID = {"x_num": 4000, "d_num": 200}
"""Finer than stockpyl's own: its 1000 by 100 gives a cost that is 0.0016 too high here."""


def stage_network(stage: Stage) -> SupplyChainNetwork:
    """One location."""
    return single_stage_system(
        holding_cost=stage.holding,
        stockout_cost=stage.shortage,
        shipment_lead_time=stage.lead_time + 1,
        demand_type="N",
        mean=stage.mean,
        standard_deviation=stage.deviation,
        policy_type="BS",
        base_stock_level=stage.level,
    )


def serial_network(case: Serial) -> SupplyChainNetwork:
    """Storage and fulfillment under local base stocks, which the echelon ones amount to."""
    above, below = case.levels
    return serial_system(
        num_nodes=2,
        node_order_in_system=[STORAGE, FULFILLMENT],
        local_holding_cost={STORAGE: case.holdings[0], FULFILLMENT: case.holdings[1]},
        stockout_cost={STORAGE: 0, FULFILLMENT: case.shortage},
        shipment_lead_time=_lead_times(case),
        demand_type="N",
        mean=case.mean,
        standard_deviation=case.deviation,
        policy_type="BS",
        base_stock_level={STORAGE: above - below, FULFILLMENT: below},
    )


def replicate(network: SupplyChainNetwork, seed: int, periods: int) -> float:
    """Mean cost per period of one run, the warm-up left out."""
    simulation(network, periods, rand_seed=seed, progress_bar=False, consistency_checks="N")
    nodes = network.nodes
    return float(np.mean([sum(n.state_vars[t].total_cost_incurred for n in nodes) for t in range(WARM_UP, periods)]))


def solve(case: Serial) -> dict:
    """stockpyl's own optimum: it takes echelon holding costs and charges stock on the way at storage's rate."""
    above, below = case.holdings
    levels, cost = optimize_base_stock_levels(
        num_nodes=2,
        node_order_in_system=[STORAGE, FULFILLMENT],
        echelon_holding_cost={STORAGE: above, FULFILLMENT: below - above},
        lead_time=_lead_times(case),
        stockout_cost=case.shortage,
        demand_mean=case.mean,
        demand_standard_deviation=case.deviation,
        **GRID,
    )
    return {"levels": [levels[STORAGE], levels[FULFILLMENT]], "cost": cost, "cost_textbook": cost - case.arrival_charge}


def _lead_times(case: Serial) -> dict[int, int]:
    """Textbook lead times as stockpyl counts them."""
    return {STORAGE: case.lead_times[0], FULFILLMENT: case.lead_times[1] + 1}


def main() -> None:
    """Run everything and print it."""
    cases, periods = asked()
    networks = [(stage, stage_network(stage)) for stage in cases.backlogged]
    networks += [(cases.serial, serial_network(cases.serial))]
    rows = [
        measure(STOCKPYL, case, periods, lambda seed, count, n=network: replicate(n, seed, count))
        for case, network in networks
    ]
    report(rows, serial_solver=solve(cases.serial))


if __name__ == "__main__":
    main()
