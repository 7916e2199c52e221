"""Both engines on the same product-trials: speed, share of the buying LP, and where their trajectories differ.

    python -m benchmarks.engines [--quick] [--products 5000] [--trials 2] [--events 60] [--out benchmarks/results]

The scan engine is timed on all products, after a warm-up and blocked on the whole outcome: once with all cores and
once with one chunk at a time. The event engine is one process on one core; it runs a sample of the same products, half
of them under capacity costs. On that sample both engines' trajectories are compared.

Share of the LP: in the event engine, the time inside its solve. In the scan engine, what a run saves when the LP is
replaced by an even split; both runs then do the same work elsewhere, and take turns on a CPU, whose speed others share.
Without highspy there is no event engine.
"""

import argparse
import dataclasses
import importlib.util
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jaxsim.kernels.buying import BuyingLP, Shape, Solution, Start, default_method
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods import ShortestPaths
from jaxsim.outcome import Trajectory
from jaxsim.scenario import load, product_statistics
from jaxsim.scenario.generate import generate
from jaxsim.simulator import Policies, Simulator
from jaxsim.simulator.policies import BuyByLP
from jaxsim.system import System, build
from validation.environment import device_name, environment

COST_SCALE = 0.5
"""Standard deviation of capacity costs, currency per unit."""

TOLERANCE = 1e-6
"""Of the LP's order vectors, relative to units above 1; all other fields are whole numbers and compared exactly."""

TURNS = 3
"""Of runs with and without the LP on a CPU; every turn compiles anew."""

TIMING = (
    "wall. Scan: after one warm-up, blocked, inputs on the device. First run: less a usual one, it is compilation and "
    "preparation of inputs. Events: one run in one process on one core. Cores busy: processor time / wall; the ratio "
    "per core second is of product-trials per processor second."
)


class Timing(NamedTuple):
    """Seconds of equal runs after the first, the first, and processor seconds per second."""

    seconds: list[float]
    first: float
    cores_busy: float

    def figures(self, product_trials: int) -> dict[str, float | list[float]]:
        """Rates in product-trials per second, and the time that the first run took beyond a usual one."""
        return {
            "best": product_trials / min(self.seconds),
            "median": product_trials / float(np.median(self.seconds)),
            "seconds": self.seconds,
            "compile_seconds": self.first - float(np.median(self.seconds)),
            "cores_busy": self.cores_busy,
        }


@dataclasses.dataclass(frozen=True)
class EvenSplit(ShortestPaths):
    """In place of an LP: an order is split over the slots in proportion to their caps. Bases pass through."""

    def init(self, shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> Start:
        """As many bytes as the default method's."""
        return default_method(shape).init(shape, batch, dtype)

    def known(self, start: Start) -> jax.Array:
        """As the default method, for network simplex bases."""
        return start[:1].sum(0) != 0

    def solve(
        self, problem: BuyingLP, start: Start, active: jax.Array | None, limits: Limits, block: int
    ) -> tuple[Solution, Start]:
        """The split, optimal by its status; nothing else of a solution is read."""
        shapes = jax.eval_shape(lambda: super(EvenSplit, self).solve(problem, start, active, limits, block)[0])
        nothing = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        room = problem.order_cap.sum(0)
        order = problem.order_cap * (problem.order_total / jnp.where(room > 0, room, 1))
        return nothing._replace(order=order), start


def demo_system(products: int, seed: int) -> System:
    """A random sample of the products of a generated `demo` scenario, in its order."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "demo", "demo", seed=seed)
        names = product_statistics(Path(folder) / "demo").product
        if products > len(names):
            raise SystemExit(f"demo has {len(names)} products, {products} were asked for")
        rows = np.sort(np.random.default_rng(seed).choice(len(names), products, replace=False))
        return build(load(Path(folder) / "demo", names[rows].tolist()))


def capacity_costs(system: System, seed: int) -> np.ndarray:
    """Costs of both signs for every node and week, currency per unit."""
    return np.random.default_rng(seed).normal(0.0, COST_SCALE, system.network.plan.shape)


def timed(run: Callable[[], object], repeats: int) -> Timing:
    """Time a call that blocks until its answer is on the host."""
    start = time.perf_counter()
    run()
    first = time.perf_counter() - start
    seconds, busy = [], time.process_time()
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return Timing(seconds, first, (time.process_time() - busy) / sum(seconds))


def joined(turns: list[Timing]) -> Timing:
    """All runs of several turns."""
    return Timing(
        [each for turn in turns for each in turn.seconds],
        float(np.median([turn.first for turn in turns])),
        float(np.mean([turn.cores_busy for turn in turns])),
    )


def scan_figures(system: System, trials: int, seed: int, dtype: str, repeats: int) -> dict:
    """Rates of the scan engine with all cores and with one chunk at a time, and the LP's share with all cores."""
    costs = capacity_costs(system, seed)

    def rate(threads: int | None, buy: BuyByLP) -> Timing:
        policies = Policies(buy=buy)
        simulator = Simulator(system, policies=policies, trials=trials, seed=seed, lp_dtype=dtype, threads=threads)
        return timed(lambda: simulator.run(costs), repeats)

    count = len(system.product_names) * trials
    whole, bare = [], []
    for _ in range(TURNS if jax.default_backend() == "cpu" else 1):
        jax.clear_caches()
        whole.append(rate(None, BuyByLP()))
        bare.append(rate(None, BuyByLP(EvenSplit())))
    single, whole, bare = rate(1, BuyByLP()), joined(whole), joined(bare)
    return {
        "all_cores": whole.figures(count),
        "one_chunk_at_a_time": single.figures(count),
        "without_lp": bare.figures(count),
        "lp_share": 1 - min(bare.seconds) / min(whole.seconds),
    }


def events_and_mismatch(system: System, seed: int, dtype: str) -> tuple[dict, dict]:
    """Speed of the event engine, and how the scan engine differs from it, both on all products of a system.

    The first half of the products is run without costs, the other with.
    """
    from jaxsim import reference
    from jaxsim.reference.buying_lp import Answer, BuyingProblem
    from jaxsim.reference.policies import buy as event_buying

    solve, lp_seconds = event_buying.solve, []

    def watched(problem: BuyingProblem, name: str) -> Answer:
        start = time.perf_counter()
        answer = solve(problem, name)
        lp_seconds.append(time.perf_counter() - start)
        return answer

    rows = np.arange(len(system.product_names))
    halves = [(rows[: len(rows) // 2], None), (rows[len(rows) // 2 :], capacity_costs(system, seed))]
    event_buying.solve = watched
    start, busy = time.perf_counter(), time.process_time()
    try:
        events = [reference.run(system, costs, seed=seed, products=half.tolist()) for half, costs in halves]
    finally:
        event_buying.solve = solve
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    simulator = Simulator(system, seed=seed, lp_dtype=dtype)
    scan = [_rows(simulator.trajectory(costs), half) for half, costs in halves]
    figures = {
        "product_trials": len(rows),
        "seconds": seconds,
        "rate": len(rows) / seconds,
        "cores_busy": busy / seconds,
        "lps": len(lp_seconds),
        "us_per_lp": 1e6 * float(np.mean(lp_seconds)),
        "lp_share": sum(lp_seconds) / seconds,
    }
    return figures, mismatch(system, _joined(scan), _joined(events))


def mismatch(system: System, scan: Trajectory, events: Trajectory) -> dict:
    """Entries of each field that differ and the largest difference; the same of utilization, units per node-week."""
    fields = {}
    for field in dataclasses.fields(Trajectory):
        mine, theirs = getattr(scan, field.name).astype(float), getattr(events, field.name).astype(float)
        slack = TOLERANCE * np.maximum(1, np.abs(theirs)) if field.name == "lp_order" else 0.0
        apart = np.abs(mine - theirs)
        fields[field.name] = {
            "entries": apart.size,
            "differing": int((apart > slack).sum()),
            "largest": float(apart.max(initial=0)),
        }
    used = [_utilization(system, each) for each in (scan, events)]
    apart = np.abs(used[0] - used[1])
    return {
        "fields": fields,
        "utilization_largest": float(apart.max()),
        "utilization_relative": float(apart.sum() / used[1].sum()),
    }


def _utilization(system: System, trajectory: Trajectory) -> np.ndarray:
    """Units that arrive at each node in each week, for products that stand for themselves alone."""
    arrivals = trajectory.outcome().arrivals.sum(1)
    node = system.products.node
    used = node >= 0
    total = np.zeros(system.network.plan.shape)
    np.add.at(total, node[used], np.moveaxis(arrivals, 1, -1)[used])
    return total


def _rows(trajectory: Trajectory, rows: np.ndarray) -> Trajectory:
    return Trajectory(**{name: values[rows] for name, values in vars(trajectory).items()})


def _joined(parts: list[Trajectory]) -> Trajectory:
    return Trajectory(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def print_speed(scan: dict, events: dict | None, cpu: bool) -> dict[str, float]:
    """Print rates, LP shares and ratios; returns the ratios."""
    line = lambda name, best, median, busy, share: print(f"{name:38}{best:>14}{median:>14}{busy:>12}{share:>10}")
    line("product-trials/s", "best", "median", "cores busy", "LP share")
    for key, name in (("all_cores", "scan, whole machine"), ("one_chunk_at_a_time", "scan, threads=1")):
        row, share = scan[key], f"{scan['lp_share']:.0%}" if key == "all_cores" else ""
        line(name, f"{row['best']:.0f}", f"{row['median']:.0f}", f"{row['cores_busy']:.2f}", share)
    print(f"first run of the scan engine, beyond a usual one: {scan['all_cores']['compile_seconds']:.1f} s")
    if events is None:
        return {}
    line(
        "events, one process on one core",
        f"{events['rate']:.1f}",
        "",
        f"{events['cores_busy']:.2f}",
        f"{events['lp_share']:.0%}",
    )
    ratios = {"whole_machine_over_one_process": scan["all_cores"]["median"] / events["rate"]}
    if cpu:
        single = scan["one_chunk_at_a_time"]
        per_core = lambda rate, row: rate / row["cores_busy"]
        ratios["per_core_second"] = per_core(single["median"], single) / per_core(events["rate"], events)
    for name, ratio in ratios.items():
        print(f"scan / events, {name.replace('_', ' ')}: {ratio:.0f}")
    return ratios


def print_mismatch(found: dict) -> None:
    """Print the fields' differences."""
    print(f"{'scan against events':22}{'entries':>12}{'differing':>12}{'largest':>12}")
    for name, row in found["fields"].items():
        print(f"{name:22}{row['entries']:12d}{row['differing']:12d}{row['largest']:12.1e}")
    parts = found["utilization_largest"], found["utilization_relative"]
    print(f"utilization: largest difference {parts[0]:g} units, all differences {parts[1]:.1e} of the whole")


def main() -> None:
    """Run, print, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="at most 1024 products, 12 of them in both engines, 3 runs"
    )
    parser.add_argument("--products", type=int, default=5000, help="products for the scan engine's speed")
    parser.add_argument("--trials", type=int, default=2, help="trials of each of them")
    parser.add_argument("--events", type=int, default=60, help="products that both engines simulate, one trial each")
    parser.add_argument("--lp-dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    products = min(options.products, 1024) if options.quick else options.products
    count = min(options.events, 12 if options.quick else products, products)
    report = environment(options.seed, TIMING) | {"quick": options.quick, "lp_dtype": options.lp_dtype}
    report |= {"scenario": "demo", "products": products, "trials": options.trials, "cost_scale": COST_SCALE}
    system = demo_system(products, options.seed)
    sizes = f"{products} products × {options.trials} trials, {system.weeks} weeks, LP in {options.lp_dtype}"
    print(f"{sizes}; {report['device']}, {os.cpu_count()} cores, load {report['load_average']}", flush=True)
    scan = scan_figures(system, options.trials, options.seed, options.lp_dtype, 3 if options.quick else 5)
    events, found = None, None
    if count and importlib.util.find_spec("highspy"):
        rows = np.sort(np.random.default_rng(options.seed).choice(products, count, replace=False))
        events, found = events_and_mismatch(system.take(rows), options.seed, options.lp_dtype)
    else:
        print("no event engine: highspy is not installed, or --events is 0")
    ratios = print_speed(scan, events, report["backend"] == "cpu")
    if found is not None:
        print_mismatch(found)
    report |= {"scan": scan, "events": events, "ratios": ratios, "mismatch": found}
    suffix = "" if options.lp_dtype == "float64" else f"_{options.lp_dtype}"
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"engines_{device_name()}{suffix}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
