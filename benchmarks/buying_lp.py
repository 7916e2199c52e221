"""Speed and quality of the buying LP kernel beside HiGHS, on LPs that look like states of a simulation.

    python -m benchmarks.buying_lp [--quick] [--seed 0] [--out benchmarks/results]

Time is the best of several runs after one that compiles, blocked on the whole answer, per LP. Compilation is stated
apart. With two threads each Python thread
calls with half of the batch. Errors are parts of the sum of the magnitudes
of the objective's terms. Without highspy the rivals are left out.
"""

import argparse
import importlib.util
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxsim.kernels import _network_simplex
from jaxsim.kernels.buying_lp import BuyingLP, Method, Solution, Status, no_basis, solve_from
from scipy import stats

from benchmarks.environment import environment

SHAPES = ((8, 8, 4), (12, 12, 4), (16, 32, 4))
BATCHES = (1, 256, 8192)
COLUMNS = {
    "shape": (13, ""),
    "method": (35, ""),
    "batch": (7, "d"),
    "threads": (9, "d"),
    "us_per_lp": (12, ".1f"),
    "compile_seconds": (17, ".1f"),
    "objective_error": (17, ".1e"),
    "gap": (10, ".1e"),
    "primal_residual": (17, ".1e"),
    "certified": (11, ".4f"),
}
TIMING = "wall; best of 3 for the kernel, mean for rivals, which includes handing the LP over"
LEVELS = np.array([0.3, 0.6, 0.85, 0.98])


def simulation_states(shape: tuple[int, int, int], count: int, seed: int) -> dict[str, np.ndarray]:
    """Fields of `BuyingLP`: gamma demand cut at the levels, nodes and regions in a square, stock short of a target."""
    nodes, regions, _ = shape
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 40.0, count)
    expected = mean * rng.dirichlet(np.full(regions, 3.0), count).T
    variance = expected * (1 + 0.15 * expected)
    cuts = stats.gamma.ppf(LEVELS[:, None], (expected**2 / variance)[:, None], scale=(variance / expected)[:, None])
    middle = (np.concatenate([[0], LEVELS[:-1]]) + LEVELS) / 2
    node, region = rng.random((nodes, 1, 2, count)), rng.random((1, regions, 2, count))
    distance = np.sqrt(((node - region) ** 2).sum(2))
    perturbed = lambda cost: cost + 1e-6 * np.maximum(np.abs(cost), 0.01) * rng.random(cost.shape)
    target = np.ceil(1.25 * mean + np.sqrt(variance.sum(0)))
    position = np.floor(target * rng.uniform(0.3, 0.95, count))
    supply = np.floor(rng.dirichlet(np.full(nodes, 1.0), count).T * position)
    total = target - supply.sum(0)
    orderable = rng.random((nodes, count)) < 0.6
    orderable[0] |= ~orderable.any(0)
    capacity_cost = rng.normal(0, 1, (nodes, count)) * (rng.random((nodes, count)) < 0.5)
    return {
        "order_cost": perturbed(rng.uniform(0.5, 2, (nodes, count))) + capacity_cost,
        "order_cap": np.where(orderable, total, 0.0),
        "order_total": total,
        "supply": supply,
        "route_cost": perturbed(1.5 + 6 * distance),
        "overage_cost": perturbed(np.broadcast_to(rng.uniform(0.2, 2, count), (nodes, count))),
        "segment_value": (rng.uniform(8, 40, count) * (1 - middle)[:, None])[None],
        "segment_width": np.diff(np.concatenate([np.zeros((regions, 1, count)), cuts], axis=1), axis=1),
    }


def objective_error(fields: dict[str, np.ndarray], answer: Solution, exact: np.ndarray) -> float:
    """Largest error of the first LPs' objectives, as a part of the sum of the magnitudes of their terms."""
    count = min(len(exact), answer.objective.shape[-1])
    units = {
        "order_cost": answer.order,
        "route_cost": answer.ship,
        "overage_cost": answer.leftover,
        "segment_value": answer.served,
    }
    terms = (np.abs(fields[name][..., :count] * units[name][..., :count]) for name in units)
    size = sum(term.reshape(-1, count).sum(0) for term in terms)
    return float(np.max(np.abs(answer.objective[:count] - exact[:count]) / size))


def seconds(run, repeats: int) -> float:
    """Best wall time of a call that blocks."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def time_kernel(
    fields: dict, batch: int, dtype, threads: int, repeats: int, method: Method, hot: bool = False
) -> tuple[dict, Solution]:
    """Time `solve_from` on the first ``batch`` LPs, split over Python threads.

    A hot start is from the bases of the same LPs before their order costs changed by up to 0.5%.
    """
    part = batch // threads
    lps = [
        BuyingLP(**{name: jnp.asarray(a[..., i * part : (i + 1) * part], dtype) for name, a in fields.items()})
        for i in range(threads)
    ]
    start = time.perf_counter()
    compiled = jax.jit(partial(solve_from, method=method)).lower(lps[0], no_basis(lps[0])).compile()
    compile_seconds = time.perf_counter() - start
    bases = [no_basis(lp) for lp in lps]
    if hot:
        change = 1 + 0.005 * jax.random.uniform(jax.random.key(0), lps[0].order_cost.shape, dtype, -1, 1)
        bases = [compiled(lp._replace(order_cost=lp.order_cost * change), no_basis(lp))[1] for lp in lps]
    solve_one = lambda lp, basis: jax.block_until_ready(compiled(lp, basis)[0])
    with ThreadPoolExecutor(threads) as pool:
        run = lambda: list(pool.map(solve_one, lps, bases))
        parts = run()
        best = seconds(run, repeats)
    answer = jax.tree.map(lambda *a: np.concatenate([np.asarray(x) for x in a], axis=-1), *parts)
    row = {
        "method": f"{method} {jnp.dtype(dtype).name}{', hot ±0.5%' if hot else ''}",
        "batch": batch, "threads": threads, "us_per_lp": best / batch * 1e6,
        "compile_seconds": compile_seconds, "certified": float(np.mean(answer.status == Status.OPTIMAL)),
        "gap": float(answer.gap.max()), "primal_residual": float(answer.primal_residual.max()),
        "dual_residual": float(answer.dual_residual.max()),
    }  # fmt: skip
    return row, answer


def time_rivals(shape: tuple[int, int, int], fields: dict, count: int, seed: int) -> tuple[list[dict], np.ndarray]:
    """HiGHS with a kept model, from scratch and hot after a change of costs by 0.5%, and scipy; exact objectives."""
    from tests.kernels.reference_lp import HighsBuyingLP, solve_with_scipy

    rng = np.random.default_rng(seed)
    one = lambda i: {name: a[..., i] for name, a in fields.items()}
    highs = HighsBuyingLP(*shape)
    cold, hot, objectives = [], [], []
    for i in range(count):
        lp = one(i)
        cold.append(seconds(lambda lp=lp: objectives.append(highs.solve(lp).objective), 1))
        moved = lp | {"order_cost": lp["order_cost"] * (1 + 0.005 * rng.uniform(-1, 1, shape[0]))}
        hot.append(seconds(lambda moved=moved: highs.solve(moved, keep_basis=True), 1))
    plain = [seconds(lambda i=i: solve_with_scipy(one(i)), 1) for i in range(min(count, 40))]
    times = {"highspy kept model, cold": cold, "highspy hot, order costs ±0.5%": hot, "scipy linprog": plain}
    us = {name: float(np.mean(taken) * 1e6) for name, taken in times.items()}
    rows = [{"method": name, "batch": 1, "threads": 1, "us_per_lp": taken} for name, taken in us.items()]
    return rows, np.array(objectives)


def ways(shape: tuple[int, int, int]) -> list[tuple[Method, bool]]:
    """Methods that can be had, cold, and hot where a basis is worth something."""
    if not _network_simplex.is_available(*shape):
        return [("lockstep", False)]
    return [("lockstep", False), ("network_simplex", False), ("network_simplex", True)]


def benchmark_shape(shape: tuple[int, int, int], quick: bool, seed: int) -> list[dict]:
    """All figures of one shape, on the same LPs."""
    batches = BATCHES[:2] if quick else BATCHES
    fields = simulation_states(shape, max(batches), seed)
    count = min(100 if quick else 400, max(batches))
    rows, exact = [], None
    if importlib.util.find_spec("highspy"):
        rows, exact = time_rivals(shape, fields, count, seed)
    for (method, hot), dtype in itertools.product(ways(shape), (np.float64, np.float32)):
        for batch in batches:
            for threads in (1, 2) if batch > 1 and jax.default_backend() == "cpu" else (1,):
                row, answer = time_kernel(fields, batch, dtype, threads, 3, method, hot)
                if exact is not None:
                    row["objective_error"] = objective_error(fields, answer, exact)
                rows.append(row)
    return [{"shape": list(shape)} | row for row in rows]


def table_line(row: dict) -> str:
    """One line of the printed table; what a method lacks stays empty."""
    cells = []
    for key, (width, form) in COLUMNS.items():
        value = row.get(key, "")
        text = str(value) if isinstance(value, str | list) else format(value, form)
        cells.append(text.rjust(width))
    return "".join(cells)


def main() -> None:
    """Run, print a table, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one shape, batches up to 256")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    if not importlib.util.find_spec("highspy"):
        print("highspy is not installed: HiGHS and scipy are skipped, and with them the objective errors")
    report = environment(options.seed, TIMING) | {"quick": options.quick, "rows": []}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"buying_lp_{report['backend']}.json"
    print(table_line({key: key for key in COLUMNS}))
    for shape in SHAPES[:1] if options.quick else SHAPES:
        for row in benchmark_shape(shape, options.quick, options.seed):
            report["rows"].append(row)
            print(table_line(row), flush=True)
        path.write_text(json.dumps(report, indent=1) + "\n")  # a run that is cut off keeps its finished shapes
    print(path)


if __name__ == "__main__":
    main()
