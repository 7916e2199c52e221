"""Random small networks: whether a search ever does harm, and how near to the bound it comes.

    python -m benchmarks.small_networks [--quick] [--networks 50] [--out benchmarks/results]

Each network has three nodes with a labor plan over six weeks, and a few products, so that single products and case
packs count. It is searched twice: as `jaxsim search` does by default, and at a price of deviation so dear that the plan
is worth almost any cost. Every result is judged in truth (`benchmarks.search_truth`). Required is that

    no search is worse than no costs, beyond noise
    9 in 10 of the dear ones are within 1.2 times the bound, beyond noise

and where the second fails the figures of the row say what stands in the way: costs at the ends of their box, iterates
that jump between extremes, few products that hold most units. Writes `small_networks_<device>.json`.
"""

import argparse
import dataclasses
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_truth import Judgment, Truth
from jaxsim.cost_search import cost_scale, projected_violation
from jaxsim.resources import ARRIVALS
from jaxsim.runs import runtime
from jaxsim.scenario.generate import Preset, generate
from jaxsim.studies.deviation_price import DEFAULT, deviation_price
from jaxsim.studies.oracle import space_of
from jaxsim.studies.problem import Problem, load_problem
from jaxsim.studies.search import search
from jaxsim.studies.settings import PRODUCT_TRIALS
from validation.environment import device_name, environment

WEEKS = 6
INBOUND = ((1, 1, 1), (1, 0, 2), (2, 0, 1), (2, 1, 0))
"""Cross docks, storage nodes and fulfillment nodes that vendors deliver to."""

FACTOR, SHARE = 1.2, 0.9
"""Multiple of the bound, and part of the networks that must come within it."""

TRUTH_SEED, TRUTH_PRODUCT_TRIALS, TRUTH_TRIALS = 1, 16_384, (16, 64)
"""Of a judgment."""

LATEST = 10
"""Iterations whose spread says how much iterates jump."""

TIMING = "nothing is timed"


@dataclass(frozen=True)
class Price:
    """A price of deviation and the iterations that it gets."""

    name: str
    scales: float
    """Cost scales."""
    iterations: int


PRICES = (Price("default", DEFAULT, 20), Price("dear", 32.0, 60))


def random_preset(seed: int) -> Preset:
    """A small network and its products: sizes, mixes and plans differ."""
    rng = np.random.default_rng([seed, WEEKS])
    cross_docks, storages, fulfillments = INBOUND[rng.integers(len(INBOUND))]
    return Preset(
        regions=int(rng.integers(2, 4)),
        region_spacing=600,
        cross_docks=cross_docks,
        storages=1,
        fulfillments=int(rng.integers(3, 5)),
        inbound_storages=storages,
        inbound_fulfillments=fulfillments,
        vendors=int(rng.integers(2, 7)),
        products=int(rng.choice([64, 256, 1024])),
        weeks=WEEKS,
        lead_weeks=(0.6, 1.5),
        median_units=float(rng.choice([5.0, 20.0, 80.0])),
        distortion=float(rng.uniform(0.3, 0.8)),
    )


def measured(preset: Preset, seed: int, prices: tuple[Price, ...] = PRICES) -> dict[str, Any]:
    """Generate a network, search its costs at each price, and judge them."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario"
        generate(scenario, preset, seed)
        truth = Truth(scenario, int(np.clip(TRUTH_PRODUCT_TRIALS // preset.products, *TRUTH_TRIALS)), TRUTH_SEED)
        problem = load_problem(scenario, PRODUCT_TRIALS, 0)
        row = {
            "seed": seed,
            "products": preset.products,
            "products_that_count": _products_that_count(problem),
            "node_weeks": len(truth.planned.plan),
            "bound": truth.bound,
            "noise": truth.unconstrained.noise,
            "unconstrained": truth.unconstrained.wmapd,
        }
        return row | {price.name: _searched(scenario, problem, truth, price) for price in prices}


def _searched(scenario: Path, problem: Problem, truth: Truth, price: Price) -> dict[str, Any]:
    """A search at one price: its truth, and what may stand between it and the bound."""
    rho = None if price.scales == DEFAULT else price.scales * cost_scale(problem.system, ARRIVALS)
    found = search(
        scenario, products=PRODUCT_TRIALS, deviation_price=rho, iterations=price.iterations, evaluate_trials=0
    )
    costs = found.tables["costs"]["cost"].to_numpy()
    totals = truth.totals(costs)
    judgment, violation = truth.judge(totals), truth.violation(totals)
    space = space_of(problem, deviation_price(rho))
    inside = projected_violation(space, truth.planned.plan, costs, violation, 0 * violation).violation
    path = found.tables["iterations"]["wmapd"].to_numpy()[-LATEST:]
    return dataclasses.asdict(judgment) | {
        "harmless": judgment.wmapd <= truth.unconstrained.wmapd + judgment.noise,
        "near": _near(judgment, truth.bound),
        "iterations": found.metrics.iterations,
        "stopped": found.metrics.stopped,
        "at_ends": judgment.wmapd - inside,
        "latest_least": float(path.min()),
        "latest_most": float(path.max()),
        "mean_abs_cost": float(np.abs(costs / space.cost_scale).mean()),
    }


def _near(judgment: Judgment, bound: float) -> bool:
    return judgment.wmapd <= FACTOR * bound + judgment.noise


def _products_that_count(problem: Problem) -> float:
    """(Σ q)² / Σ q² of mean weekly demand q: as many equal products would do the same."""
    volume = problem.system.source.volume
    return float(volume.sum() ** 2 / (volume**2).sum())


def summary(rows: list[dict[str, Any]], prices: tuple[Price, ...] = PRICES) -> dict[str, Any]:
    """Parts of the networks that meet the requirements, and quantiles of the multiple of the bound."""
    result = {}
    for price in prices:
        found = [row[price.name] for row in rows]
        ratios = [row[price.name]["wmapd"] / row["bound"] for row in rows]
        result[price.name] = {
            "harmless": float(np.mean([each["harmless"] for each in found])),
            "near": float(np.mean([each["near"] for each in found])),
            "times_bound": dict(zip(("q10", "q50", "q90"), np.quantile(ratios, (0.1, 0.5, 0.9)).tolist(), strict=True)),
        }
    return result


def line(row: dict[str, Any], prices: tuple[Price, ...] = PRICES) -> str:
    """A network in one line."""
    parts = [f"{row['seed']:3d}  {row['products']:5d} products, {row['products_that_count']:4.0f} count"]
    parts.append(f"bound {row['bound']:.1%}  without costs {row['unconstrained']:.1%}  noise {row['noise']:.1%}")
    for price in prices:
        each = row[price.name]
        marks = f"{'' if each['harmless'] else ' HARM'}{'' if each['near'] else ' far'}"
        jumps = f"iterates {each['latest_least'] / row['bound']:.2f}-{each['latest_most'] / row['bound']:.2f}"
        ends = f"at ends {each['at_ends'] / each['wmapd']:.0%}"
        ratio = f"{each['wmapd'] / row['bound']:.2f} x{marks}"
        parts.append(f"{price.name}: {ratio}, {jumps}, {ends}, PNA {-each['pna_loss']:+.1%}")
    return "  |  ".join(parts)


def main() -> None:
    """Run, print a line for each network and the summary, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="two networks")
    parser.add_argument("--networks", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="seed of the first network")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    runtime.configure()
    count = 2 if options.quick else options.networks
    head = environment(options.first, TIMING) | {"quick": options.quick, "factor": FACTOR, "share": SHARE}
    head["prices"] = [dataclasses.asdict(price) for price in PRICES]
    options.out.mkdir(parents=True, exist_ok=True)
    path, rows = options.out / f"small_networks_{device_name()}.json", []
    for seed in range(options.first, options.first + count):
        rows.append(measured(random_preset(seed), seed))
        print(line(rows[-1]), flush=True)
        report = head | {"summary": summary(rows), "networks": rows}
        path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    for name, found in summary(rows).items():
        spread = ", ".join(f"{value:.2f}" for value in found["times_bound"].values())
        print(f"{name}: harmless {found['harmless']:.0%}, near {found['near']:.0%}, x bound at 10, 50, 90%: {spread}")
    print(path)


if __name__ == "__main__":
    main()
