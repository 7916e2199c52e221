"""Synthetic scenarios, from a preset and a seed, optionally with real demand history.

    generate("scenario", "demo", seed=1)
    generate("parts", "demo", seed=1, demand_history="carparts.csv")
    generate("grocery", "demo", seed=1, demand_history="weekly.parquet")

Everything is made up: sites stand near real cities and parameters follow published figures, but no retailer's data is
in it.
"""

import dataclasses
import os
from pathlib import Path

import numpy as np

from jaxsim.scenario.generate import catalog as catalogs
from jaxsim.scenario.generate import state as states
from jaxsim.scenario.generate.catalog import BLOCK, Catalog, make_catalog, seasonal_demand
from jaxsim.scenario.generate.demand import Demand
from jaxsim.scenario.generate.history import History, read_history
from jaxsim.scenario.generate.network import Network, make_network, network_tables
from jaxsim.scenario.generate.planning import ExpectedArrivals, plan, plan_table
from jaxsim.scenario.generate.presets import PRESETS, Preset
from jaxsim.scenario.generate.vendors import Vendors, lead_times, make_vendors
from jaxsim.scenario.write import ScenarioWriter

__all__ = ["PRESETS", "Generated", "Preset", "generate"]


@dataclasses.dataclass(frozen=True)
class Generated:
    """What `generate` wrote: the folder, and numbers of products, inbound nodes and weeks."""

    folder: Path
    products: int
    inbound_nodes: int
    weeks: int
    remarks: tuple[str, ...]
    """What was taken of the demand history, left out or changed, a sentence part each."""


def generate(
    out: str | os.PathLike,
    preset: str | Preset = "demo",
    seed: int = 0,
    demand_history: str | os.PathLike | None = None,
    form: str = "parquet",
    overwrite: bool = False,
) -> Generated:
    """Write a synthetic scenario to a folder; its tables follow from the preset, the seed and the history alone.

    Args:
        out: must not exist, or be an empty folder, unless it is to be overwritten.
        preset: a name in `PRESETS`, or a `Preset`.
        seed: whole number, at least 0.
        demand_history: table of weekly demand by product and region, or of monthly demand by product (see `history`);
            replaces the preset's products and their demand, and its regions where the table has some.
        form: "parquet" or "csv".
        overwrite: replace a scenario in `out` that jaxsim wrote, when the new one is complete.

    Raises:
        ValueError: unknown preset, negative seed, or a history that is no table of counts.
        FileExistsError: there is something in `out` that is not to be replaced.
    """
    if isinstance(preset, str):
        if preset not in PRESETS:
            raise ValueError(f"unknown preset {preset!r}; there are {', '.join(PRESETS)}")
        preset = PRESETS[preset]
    if seed < 0:
        raise ValueError(f"seed must be at least 0, not {seed}")
    history = None if demand_history is None else read_history(demand_history)
    stream = lambda number: np.random.default_rng([seed, number])
    regional = None if history is None else history.regional
    network = make_network(stream(0), preset, regional)
    vendors = make_vendors(stream(1), preset, network)
    catalog = _catalog(stream(2), preset, vendors, history)
    expected = ExpectedArrivals(vendors, network, preset.weeks)
    with ScenarioWriter(out, form, overwrite) as writer:
        for name, table in network_tables(network).items():
            writer.append(name, table)
        writer.append("lead_times", lead_times(vendors, network))
        for start in range(0, len(catalog), BLOCK):
            block = catalog.block(start, start + BLOCK)
            rng = stream(4 + start // BLOCK)
            if history is None:
                demand = seasonal_demand(rng, block, preset.weeks)
            else:
                demand = history.demand(start, start + BLOCK, preset.weeks)
            if regional is None:
                share = catalogs.demand_shares(rng, network, len(block))
            else:
                share = regional.share[start : start + BLOCK]
            expected.add(_write_block(writer, rng, block, demand, share, vendors, network))
        writer.append("labor_plan", plan_table(network, plan(stream(3), preset, network, expected)))
    remarks = () if history is None else history.remarks
    return Generated(Path(out), len(catalog), int(network.inbound.sum()), preset.weeks, remarks)


def _catalog(rng: np.random.Generator, preset: Preset, vendors: Vendors, history: History | None) -> Catalog:
    if history is None:
        names = np.array([f"P{i:07d}" for i in range(preset.products)])
        return make_catalog(rng, preset, vendors, catalogs.long_tail(rng, preset), names)
    return make_catalog(rng, preset, vendors, history.weekly_mean.copy(), history.names)


def _write_block(
    writer: ScenarioWriter,
    rng: np.random.Generator,
    block: Catalog,
    demand: Demand,
    share: np.ndarray,
    vendors: Vendors,
    network: Network,
) -> states.Block:
    """Draw the rest of a block of products, write its rows, and return its state for the labor plan."""
    sourcing = catalogs.sourcing_costs(rng, block, vendors, network)
    split = states.order_split(block, vendors, network, share, sourcing)
    state = states.initial_state(rng, block, demand, vendors, network, share, split)
    writer.append("products", catalogs.products_table(block, vendors))
    writer.append("demand", catalogs.demand_table(block, demand))
    writer.append("demand_shares", catalogs.shares_table(block, network, share))
    writer.append("product_nodes", states.product_nodes_table(state, vendors, network, sourcing))
    writer.append("in_flight", states.in_flight_table(state, vendors, network))
    return state
