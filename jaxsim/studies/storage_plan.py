"""A storage plan for a scenario that has none: what the labor plan makes of the simulated stock, shifted between nodes.

A sample of products is simulated without prices, and once more without any orders: what is held without orders is there
whatever is bought. The rest, which new orders make, follows the labor plan: units that it brings beyond those that
arrive in the simulation mostly stay where they arrive, or where a cross dock sends them (`KEPT`). That part is times a
random factor for each node, since space belongs to a node for good, and scaled back to the simulated total of the week.
So a node that is planned to hold less needs orders that go elsewhere, and both plans can nearly be met.
"""

from pathlib import Path

import equinox as eqx
import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float64

from jaxsim.measures import utilization
from jaxsim.outcome import Outcome
from jaxsim.resources import ARRIVALS, STORAGE, Resource
from jaxsim.scenario.write import add_table
from jaxsim.studies.problem import Problem, engine, load_problem
from jaxsim.system import CROSS_DOCK, System

SAMPLE, PRODUCT_TRIALS = 5_000, 10_000
"""Products that are simulated at most, and product-trials at least."""
KEPT = 0.8
"""Part of the units beyond the simulated arrivals that is still there at the end of later weeks. Costs that meet the
labor plan of the `demo` preset showed 0.7 to 1.1."""
DISTORTION = 0.15
"""Standard deviation of a node's factor."""
LEAST_FACTOR = 0.1


def add_storage_plan(scenario: Path, seed: int) -> int:
    """Write the table `storage_plan` of a scenario that has none; returns its number of rows.

    Raises:
        FileExistsError: there is one.
    """
    problem = load_problem(scenario, SAMPLE, seed)
    units = storage_plan(problem, seed)
    node, week = np.nonzero(~np.isnan(units))
    columns = {"node": np.array(problem.system.network.nodes)[node], "week": week, "units": units[node, week]}
    add_table(scenario, "storage_plan", pa.table(columns))
    return len(node)


def storage_plan(problem: Problem, seed: int) -> Float64[np.ndarray, "nodes weeks"]:
    """Planned units at the end of each week, whole numbers; NaN at cross docks and nodes that hold nothing."""
    system = problem.system
    trials = max(2, -(-PRODUCT_TRIALS // max(len(system.product_names), 1)))
    simulate = lambda system: engine("scan", system, trials, seed)(None)
    used = lambda outcome, resource: _used(problem, outcome, resource)
    outcome = simulate(system)
    held = used(outcome, STORAGE)
    bare = eqx.tree_at(lambda s: s.products.order_up_to, system, np.zeros_like(system.products.order_up_to))
    there = np.minimum(used(simulate(bare), STORAGE), held)
    docks = _cross_docks(system)
    beyond = np.nan_to_num(system.network.plan - used(outcome, ARRIVALS))
    forwarded = _forwarding(system, outcome, docks).T @ beyond
    beyond = (np.where(docks[:, None], 0.0, beyond) + forwarded).cumsum(1)
    factor = 1 + DISTORTION * np.random.default_rng([seed, 5]).standard_normal((len(held), 1))
    made = np.maximum(held - there + KEPT * beyond, 0.0) * np.maximum(factor, LEAST_FACTOR)
    stores = ~docks & (held.sum(1) > 0)
    made[~stores] = 0.0
    total = made.sum(0)
    made *= np.where(total > 0, (held - there)[stores].sum(0) / np.where(total > 0, total, 1.0), 1.0)
    return np.where(stores[:, None], np.round(there + made), np.nan)


def _used(problem: Problem, outcome: Outcome, resource: Resource) -> Float64[np.ndarray, "nodes weeks"]:
    return np.asarray(utilization(problem.system, outcome, problem.strata, resource).mean)


def _cross_docks(system: System) -> Bool[np.ndarray, " nodes"]:
    docks = np.zeros(len(system.network.nodes), bool)
    docks[system.products.node[system.products.kind == CROSS_DOCK]] = True
    return docks


def _forwarding(
    system: System, outcome: Outcome, docks: Bool[np.ndarray, " nodes"]
) -> Float64[np.ndarray, "nodes nodes"]:
    """Part of what each cross dock sent that went to each node; 0 for other origins."""
    nodes, products = len(docks), system.products
    sent = outcome.moved.mean(1) * products.sampling_weight[:, None, None]
    product, origin, slot = np.nonzero(sent)
    pair = products.node[product, origin].astype(np.int64) * nodes + products.node[product, slot]
    units = np.bincount(pair, sent[product, origin, slot], nodes * nodes).reshape(nodes, nodes)
    units[~docks] = 0.0
    return units / np.maximum(units.sum(1, keepdims=True), 1e-300)
