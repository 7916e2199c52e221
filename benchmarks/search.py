"""Search methods on the same scenarios, draws and clocks: what they need to come near the bound, judged in truth.

    python -m benchmarks.search [--short | --quick] [--scenarios NAME ...] [--methods NAME ...] [--seeds 0 1 2]
    python -m benchmarks.search --table benchmarks/results/search_cpu.json          the table of the README

Truth is the expectation over the whole population on draws that no method has. A run is judged whenever its
product-trials, those that the method itself simulated, have grown by a quarter. All methods of a seed share their
draws. Floors, which see one number of an evaluation, run with the first seed alone. Scenarios of real demand need their
tables (`--data`) and are left out by name without them, as are methods that are not installed
(`benchmarks/rivals/search.sh`). Writes `search_<device>.json` and a figure of it.
"""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.search_course import Course, Point
from benchmarks.search_methods import NAMES, Contestant, contestants
from benchmarks.search_report import draw, table
from benchmarks.search_rivals import RivalFailed
from benchmarks.search_scenarios import SCENARIOS
from benchmarks.search_truth import Truth
from jaxsim.cost_search import cost_scale
from jaxsim.resources import ARRIVALS
from jaxsim.runs import runtime
from jaxsim.studies.deviation_price import deviation_price
from jaxsim.studies.oracle import load_oracle, space_of
from jaxsim.studies.problem import Problem, load_problem, with_trials
from jaxsim.studies.settings import LEAST_TRIALS, PRODUCT_TRIALS, Simulation
from validation.environment import device_name, environment

LEVELS = (2.0, 1.5, 1.3, 1.2)
"""Multiples of the bound whose first judgment at or below is looked for."""

BUDGET = 600_000
"""Product-trials of a run."""

GROWTH = 1.25
"""From one judgment of a run to the next, as a factor of its product-trials."""

TRUTH_SEED = 1
TRUTH_PRODUCT_TRIALS, TRUTH_TRIALS = 80_000, (2, 32)
"""Of a judgment about, and fewest and most futures of a product."""

SHORT = {"budget": 300_000, "growth": 1.8, "truth_product_trials": 40_000}
"""Of `--short`, with one seed: judgments take as long as the methods otherwise, most of all where products are many."""

QUICK = {"budget": 150_000, "growth": 1.6, "truth_product_trials": 20_000}

TIMING = (
    "wall seconds of a run after a warm-up of the same programs, loading and judgments not in it: simulation (all "
    "evaluations), curvature (sensitivities of LPs, with the simulations for them), rest"
)


@dataclass(frozen=True)
class Sizes:
    """How much is simulated."""

    budget: int = BUDGET
    growth: float = GROWTH
    truth_product_trials: int = TRUTH_PRODUCT_TRIALS
    products: int = PRODUCT_TRIALS // LEAST_TRIALS
    """Of the sample of an iteration."""
    trials: int | None = None
    """Of each product in an iteration; when left out, as many as make `PRODUCT_TRIALS` product-trials."""


def compare(
    scenario: Path, chosen: Sequence[Contestant], seeds: Sequence[int], sizes: Sizes
) -> Iterator[dict[str, Any]]:
    """First the facts of the scenario, then a run of each contestant and seed."""
    problem = load_problem(scenario, sizes.products, seeds[0])
    least, most = TRUTH_TRIALS
    trials = int(np.clip(sizes.truth_product_trials // problem.population, least, most))
    truth = Truth(scenario, trials, TRUTH_SEED)
    yield {
        "products": truth.products,
        "node_weeks": len(truth.planned.plan),
        "truth_trials": truth.trials,
        "bound": truth.bound,
        "unconstrained": dataclasses.asdict(truth.unconstrained),
    }
    warm = True
    for seed in seeds:
        simulation = with_trials(Simulation(sizes.products, sizes.trials, seed), problem.system)
        first = load_problem(scenario, sizes.products, seed)
        for contestant in (each for each in chosen if seed == seeds[0] or not each.floor):
            if warm:
                _warm_up(scenario, first, simulation)
                warm = False
            try:
                course = _run(contestant, scenario, first, simulation, truth, sizes)
            except RivalFailed as failure:
                print(f"{failure}, left out", flush=True)
                continue
            named = {"method": contestant.name, "seed": seed, "versions": course.versions}
            yield named | figures(course.points, truth.bound)


def figures(points: Sequence[Point], bound: float) -> dict[str, Any]:
    """What is kept of a run: the first judgment of each level, that of the method's own stop, the last, and all."""
    reached = {}
    for level in LEVELS:
        found = next((each for each in points if each.truth.wmapd <= level * bound), None)
        reached[f"{level:g}"] = None if found is None else found.product_trials
    own = next((each for each in points if each.own_stop), None)
    return {
        "reached": reached,
        "own_stop": None if own is None else dataclasses.asdict(own),
        "final": dataclasses.asdict(points[-1]),
        "path": [[each.product_trials, each.truth.wmapd, each.truth.pna_loss] for each in points],
    }


def _run(
    contestant: Contestant, scenario: Path, first: Problem, simulation: Simulation, truth: Truth, sizes: Sizes
) -> Course:
    """One run, judged."""
    scale = cost_scale(first.system, ARRIVALS)
    price = None if contestant.price is None else contestant.price * scale
    oracle = load_oracle(
        scenario,
        first,
        simulation,
        fresh=contestant.fresh,
        curvature=contestant.curvature,
        realized=contestant.realized,
    )
    space = space_of(first, deviation_price(price))
    course = Course(oracle, space, truth, sizes.budget, sizes.growth, simulation.seed)
    contestant.run(course)
    course.end()
    return course


def _warm_up(scenario: Path, first: Problem, simulation: Simulation) -> None:
    """Compile what all methods of a scenario run."""
    oracle = load_oracle(scenario, first, simulation, fresh=False, curvature=True, realized=False)
    tell = oracle(np.zeros(len(oracle.planned.plan)), 0).sensitivity
    assert tell is not None
    tell()


def _line(row: dict[str, Any], bound: float) -> str:
    """A run in one line."""
    final = row["final"]
    reached = "  ".join(f"{level} {spent or '–':>7}" for level, spent in row["reached"].items())
    seconds = " + ".join(f"{final['seconds'][part]:.1f}" for part in ("simulation", "curvature", "rest"))
    truth = f"{final['truth']['wmapd'] / bound:5.2f} x bound  PNA {-final['truth']['pna_loss']:+.2%}"
    return f"  {row['method']:26} seed {row['seed']}  {reached}  {truth}  {seconds} s"


def main() -> None:
    """Run, print a line for each run and the table, and write the JSON."""
    options = _options()
    if options.table is not None:
        print(table(json.loads(options.table.read_text("utf-8"))))
        return
    runtime.configure()
    chosen = [each for each in contestants(options.rivals) if each.name in (options.methods or NAMES)]
    for each in (each for each in chosen if not each.there):
        print(f"not installed, left out: {each.name}")
    chosen = [each for each in chosen if each.there]
    report = environment(options.seeds[0], TIMING)
    report |= {"quick": options.quick, "short": options.short, "seeds": options.seeds}
    sizes = Sizes(**(QUICK if options.quick else SHORT if options.short else {}))
    sizes = sizes if options.budget is None else dataclasses.replace(sizes, budget=options.budget)
    report |= dataclasses.asdict(sizes) | {"truth_seed": TRUTH_SEED, "scenarios": {}}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"search_{device_name()}.json"
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.scenarios:
            folder = SCENARIOS[name].at(options.work or Path(temporary), options.data)
            if folder is None:
                print(f"{name}: left out, there is no {options.data / str(SCENARIOS[name].history)}", flush=True)
                continue
            rows = compare(folder, chosen, options.seeds, sizes)
            facts = next(rows)
            print(f"{name}: {facts['products']:,} products, bound {facts['bound']:.2%}", flush=True)
            report["scenarios"][name] = facts | {"runs": []}
            for row in rows:
                print(_line(row, facts["bound"]), flush=True)
                report["scenarios"][name]["runs"].append(row)
                path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    draw(report, path.with_suffix(".png"))
    print(table(report), path, sep="\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--quick", action="store_true", help="the first scenario, one seed, small sizes")
    length.add_argument(
        "--short", action="store_true", help="all scenarios, one seed, half the budget, fewer judgments"
    )
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, metavar="NAME")
    parser.add_argument("--methods", nargs="+", choices=NAMES, metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int)
    parser.add_argument("--budget", type=int, help="product-trials of a run")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of tables of real demand")
    parser.add_argument("--rivals", type=Path, default=Path(".rivals"), help="folder of the rivals' environments")
    parser.add_argument("--work", type=Path, help="keep generated scenarios in this folder")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--table", type=Path, help="print the table of a results file, and run nothing")
    options = parser.parse_args()
    options.scenarios = options.scenarios or list(SCENARIOS)[: 1 if options.quick else None]
    options.seeds = options.seeds or ([0] if options.quick or options.short else [0, 1, 2])
    return options


if __name__ == "__main__":
    main()
