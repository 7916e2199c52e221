"""How often 95% confidence intervals contain the truth, for every kind of measure.

    python -m validation.coverage [--quick]

A small population is simulated once, without and with capacity costs, in many trials; the mean over all of it is the
truth. Replicates are cut from it, each with a stratified sample of products of its own and with trials that no other
replicate sees, so they are as good as independent studies. One population has demand of similar products, where the
normal law holds well; in the other demand falls as steeply with rank as in the demo (Zipf), so that a handful of
products, each seen in a trial or two, decides a measure: there unbiased variances still give too short intervals.

Writes `coverage_<device>.json`.
"""

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import equinox as eqx
import numpy as np
import scipy.stats

from jaxsim import sampling
from jaxsim.measures import (
    INDICATORS,
    NORMAL_95,
    adherence,
    contributions,
    kpis_of,
    paired_totals,
    total,
    utilization,
)
from jaxsim.outcome import Outcome
from jaxsim.runs import runtime
from jaxsim.scenario import load, product_statistics
from jaxsim.scenario.generate import PRESETS, generate
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from validation.environment import device_name, environment

TIMING = "nothing is timed"
PRODUCTS, SAMPLE = 200, 80
PAIRED = ("cost_per_unit", "fill_rate", "preferred_node_availability", "co2_per_unit")
LARGE = 0.08
"""Node-weeks with at least this share of all arrivals have enough volume for a normal law, but for the first week: what
was in flight arrives then, and only few of the units are random."""

SIMILAR, ZIPF = 0.3, 0.82
"""Slopes of log demand over log rank."""


@dataclasses.dataclass(frozen=True)
class Population:
    """A population simulated in many trials, without and with costs."""

    system: System
    frame: sampling.Population
    without: Outcome
    with_costs: Outcome

    @property
    def trials(self) -> int:
        """Trials of each product."""
        return self.without.arrivals.shape[1]


@dataclasses.dataclass(frozen=True)
class Coverage:
    """What replicates say of one measure."""

    coverage: float
    """Share of replicates whose interval contains the truth."""
    error_ratio: float
    """Root mean square standard error / standard deviation of the estimates."""
    bias: float
    """(mean estimate − truth) / standard deviation of the estimates."""


def simulate_population(folder: Path, trials: int, zipf: float = SIMILAR) -> Population:
    """Generate products on the tiny network, simulate all of them, and set a plan far from what arrives, so that
    noise turns no deviation's sign."""
    name = "tiny, more products"
    PRESETS[name] = dataclasses.replace(PRESETS["tiny"], products=PRODUCTS, vendors=12, zipf=zipf, oddities=False)
    try:
        generate(folder, name, seed=5)
    finally:
        del PRESETS[name]
    statistics = product_statistics(folder)
    scenario = load(folder, tuple(statistics.product))
    row = {product: i for i, product in enumerate(statistics.product)}
    order = np.array([row[product] for product in scenario.products])
    whole = sampling.population_of(statistics)
    frame = sampling.Population(tuple(scenario.products), whole.volume[order], whole.family[order], whole.spread[order])
    system = build(scenario, np.ones(PRODUCTS))
    simulator = Simulator(system, trials=trials, seed=7)
    without = simulator.run()
    arrivals = np.asarray(utilization(system, without).mean)
    planned = ~np.isnan(system.network.plan)
    factor = np.where(np.indices(planned.shape).sum(0) % 2, 0.25, 3.0)
    plan = np.where(planned, np.maximum(arrivals, 1.0) * factor, np.nan)
    charge = np.where(planned, 0.4 * (np.arange(planned.shape[0]) % 3 - 1)[:, None], 0.0)
    system = eqx.tree_at(lambda s: s.network.plan, system, plan)
    return Population(system, frame, without, simulator.run(charge))


def take(system: System, rows: np.ndarray, sampling_weight: np.ndarray) -> System:
    """Some products of a system, with new scaling factors."""
    return eqx.tree_at(lambda s: s.products.sampling_weight, system.take(rows), sampling_weight)


def cut(outcome: Outcome, rows: np.ndarray, trials: slice) -> Outcome:
    """Some products and trials of an outcome."""
    return Outcome(**{field.name: getattr(outcome, field.name)[rows, trials] for field in dataclasses.fields(outcome)})


def cuts(
    population: Population, size: int, trials: int, count: int
) -> Iterator[tuple[System, np.ndarray, Outcome, Outcome]]:
    """System, strata, outcome without costs and outcome with costs of each replicate.

    Raises:
        ValueError: There are not enough trials for as many replicates.
    """
    if count * trials > population.trials:
        raise ValueError(
            f"{count} replicates of {trials} trials need more than the {population.trials} trials there are"
        )
    for number in range(count):
        sample = sampling.stratified_sample(population.frame, size, seed=number)
        block = slice(number * trials, (number + 1) * trials)
        without, with_costs = (cut(o, sample.rows, block) for o in (population.without, population.with_costs))
        yield take(population.system, sample.rows, sample.sampling_weight), sample.stratum, without, with_costs


def truth(population: Population) -> dict[str, float]:
    """The measures of the whole population over all trials."""
    every = measures(population.system, np.zeros(PRODUCTS, np.int64), population.without, population.with_costs)
    return {name: float(value[0]) for name, value in every.items()}


def measures(system: System, strata: np.ndarray, without: Outcome, with_costs: Outcome) -> dict[str, np.ndarray]:
    """Utilization by node-week and by week, wMAPD, indicators, and paired differences: name → [estimate, error]."""
    sampling_weight = system.products.sampling_weight
    used, used_with = (utilization(system, outcome, strata) for outcome in (without, with_costs))
    nodes_weeks = np.ndindex(used.mean.shape)
    found = {f"utilization {n},{w}": (used.mean[n, w], used.standard_error[n, w]) for n, w in nodes_weeks}
    for week, units in enumerate(contribution_by_week(without)):
        weekly = total(sampling_weight, strata, units)
        found[f"utilization of week {week}"] = (weekly.mean, weekly.standard_error)
    first, second = adherence(system, without, used, strata), adherence(system, with_costs, used_with, strata)
    before, after = contributions(system, without), contributions(system, with_costs)
    found["wmapd"] = (first.wmapd, first.standard_error)
    found |= {name: (e.mean, e.standard_error) for name, e in kpis_of(sampling_weight, strata, before).items()}
    shift = paired_totals(sampling_weight, strata, first.contribution, second.contribution, second.wmapd - first.wmapd)
    found["change of wmapd"] = (shift.mean, shift.standard_error)
    for name in PAIRED:
        change = INDICATORS[name].difference(sampling_weight, strata, before, after)
        found[f"change of {name}"] = (change.mean, change.standard_error)
    return {name: np.array(pair, np.float64) for name, pair in found.items()}


def noise_ratio(population: Population, size: int, trials: int, count: int) -> float:
    """Mean noise floor / mean wMAPD of replicates whose plan is what truly arrives: 1 when the floor is right."""
    arrivals = np.asarray(utilization(population.system, population.without).mean)
    plan = np.where(np.isnan(population.system.network.plan), np.nan, np.maximum(arrivals, 1e-9))
    adhering = dataclasses.replace(population, system=eqx.tree_at(lambda s: s.network.plan, population.system, plan))
    found = []
    for system, strata, without, _ in cuts(adhering, size, trials, count):
        each = adherence(system, without, utilization(system, without, strata), strata)
        found.append((each.noise, each.wmapd))
    noise, deviation = np.mean(found, axis=0)
    return float(noise / deviation)


def contribution_by_week(outcome: Outcome) -> np.ndarray:
    """Units that arrive at all nodes, (weeks, products, trials)."""
    return np.moveaxis(outcome.arrivals.sum(3, dtype=np.int64), 2, 0).astype(np.float64)


def study(population: Population, size: int, trials: int, count: int) -> dict[str, Coverage]:
    """Coverage of every measure with enough volume, from `count` replicates of `size` products and `trials` trials."""
    true = truth(population)
    found = [measures(*each) for each in cuts(population, size, trials, count)]
    arrivals = sum(value for name, value in true.items() if name.startswith("utilization of week"))
    enough = lambda name: "," not in name or (true[name] >= LARGE * arrivals and not name.endswith(",0"))
    large = [name for name in true if true[name] != 0 and enough(name)]  # nothing waits: backlog costs are exactly 0
    return {name: _coverage(np.array([each[name] for each in found]), true[name]) for name in large}


def _coverage(pairs: np.ndarray, true: float) -> Coverage:
    estimate, error = pairs.T
    spread = estimate.std(ddof=1)
    return Coverage(
        float(np.mean(np.abs(estimate - true) <= NORMAL_95 * error)),
        float(np.sqrt(np.mean(error**2)) / spread),
        float((estimate.mean() - true) / spread),
    )


def least_coverage(count: int, true: float = 0.91, false_alarm: float = 1e-3) -> float:
    """Observed coverage below which `count` replicates contradict a true coverage of at least `true`."""
    return float(scipy.stats.binom.ppf(false_alarm, count, true)) / count


def main() -> None:
    """Run the cases, print a line for each, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="150 replicates of each case instead of 1000")
    parser.add_argument("--out", type=Path, default=Path("validation/results"))
    options = parser.parse_args()
    runtime.configure()
    count = 150 if options.quick else 1000
    cases: list[dict] = []
    for demand, zipf in (("similar", SIMILAR), ("zipf", ZIPF)):
        with tempfile.TemporaryDirectory() as folder:
            population = simulate_population(Path(folder), 2 * count, zipf)
        for size, trials in ((SAMPLE, 1), (SAMPLE, 2), (PRODUCTS, 2)):
            found = study(population, size, trials, count)
            values = np.array([dataclasses.astuple(each)[:2] for each in found.values()])
            print(
                f"{demand:8s} {size:4d} of {PRODUCTS} products, {trials} trials: coverage {values[:, 0].mean():.3f} "
                f"({values[:, 0].min():.3f} … {values[:, 0].max():.3f}), error / deviation {values[:, 1].mean():.3f} "
                f"({values[:, 1].min():.3f} … {values[:, 1].max():.3f})"
            )
            measured = {name: dataclasses.asdict(each) for name, each in found.items()}
            floor = noise_ratio(population, size, trials, count)
            cases.append(
                {"demand": demand, "products": size, "trials": trials, "noise_ratio": floor, "measures": measured}
            )
    result = environment(5, TIMING) | {
        "population": PRODUCTS,
        "replicates": count,
        "nominal": 0.95,
        "least_coverage": least_coverage(count),
        "least_coverage_means": "one in a thousand runs with a true coverage of 0.91 stays below it",
        "cases": cases,
    }
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"coverage_{device_name()}.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
