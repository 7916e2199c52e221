"""How far the buying LP's methods are from what the machine could do: the figures of `benchmarks/LIMITS.md`.

    python -m benchmarks.limits [--out benchmarks/results]    measures, writes the JSON and the page
    python -m benchmarks.limits --page                        writes the page again

Operations are additions, multiplications, comparisons and selections, counted by formulas in K nodes, R regions and M
segments from iterations counted in a run; bytes are those of the arrays that go in and come out, which no method can do
without. The machine's own rates are taken in the same run.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.buying_lp_instances import SHAPES, simulation_states
from jaxsim.kernels import buying
from jaxsim.kernels.buying import BuyingLP, Method, Status, no_start, solve_from
from jaxsim.kernels.buying.blocks import prepare
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods import first_order
from jaxsim.kernels.buying.methods.interior_point import search as interior_point
from jaxsim.kernels.buying.methods.network_simplex import compiled
from jaxsim.kernels.buying.methods.shortest_paths import flow
from jaxsim.kernels.buying.methods.shortest_paths import search as paths
from validation.environment import environment
from validation.figures_page import ROOT, table, with_figures

RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "benchmarks" / "LIMITS.md"
COST_CHANGE = 0.005
LPS = {"network_simplex": 4096, "shortest_paths": 1024, "interior_point": 1024, "first_order": 512}
"""LPs of a call."""

REPEATS = 7
TIMING = "wall, best of 7 calls after one more, blocked on the whole answer, one thread; LPs of a call in the rows"

H100 = {"operations": 17e12, "whole_numbers": 8e12, "bytes": 3.35e12}
"""By its data sheet: operations in float64 (half the rate that counts a fused product as two), on whole numbers of 64
bits (two instructions of 32 bits), and bytes of memory, per second."""


class Size(NamedTuple):
    nodes: int
    regions: int
    segments: int

    @property
    def routes(self) -> int:
        return self.nodes * self.regions

    @property
    def columns(self) -> int:
        """Variables of the LP."""
        return 2 * self.nodes + self.routes + self.regions * self.segments

    @property
    def rows(self) -> int:
        return self.nodes + self.regions + 1


def framing(size: Size) -> float:
    """Checks, completion of a point and its certificate, which all methods share."""
    return 25 * size.columns


def shortest_paths(size: Size, passes: float) -> float:
    """Four sweeps of labels, parents, rooms, rounds of pushing and the new flow, in each pass (`flow`)."""
    labels = 4 * (4 * size.routes + 6 * size.nodes) + 8 * size.routes
    push = (8 + 4 * flow._ROUNDS) * size.routes
    return passes * (labels + push + 4 * size.regions * size.segments)


def network_simplex(size: Size, pivots: float) -> float:
    """The grid, the tree and the flow once; a price for every arc and a cycle in each pivot, and prices as a proof."""
    price = 2 * size.nodes * (size.regions + 1) + 5 * size.nodes + 4 * size.regions
    return 6 * size.columns + 25 * size.rows + (pivots + 1) * price + 4 * pivots * size.rows


def first_order_method(size: Size, iterations: float) -> float:
    """Both products with the matrix, the projection, the steps and the average, in each iteration (`pdhg`)."""
    return iterations * (14 * size.columns + 10 * size.rows + 3 * size.nodes**2)


def interior_point_method(size: Size, iterations: float) -> float:
    """Conductances, elimination of regions and nodes, two or three solves, two steps, per iteration (`barrier`)."""
    hubs = size.regions + 1
    eliminate = 2 * size.nodes**2 * hubs + size.nodes**3
    solves = 3 * (4 * size.nodes * hubs + 2 * size.nodes**2)
    return iterations * (70 * size.columns + eliminate + solves)


OPERATIONS: dict[str, Callable[[Size, float], float]] = {
    "network_simplex": network_simplex,
    "shortest_paths": shortest_paths,
    "interior_point": interior_point_method,
    "first_order": first_order_method,
}


def machine() -> dict[str, float]:
    """Rates of one core per second: operations of a matrix product (vectors of float64, a fused product as one), and
    bytes read and written by copies within the second-level cache and in memory."""
    code = (
        "import numpy as np, time\na = np.random.rand(768, 768)\nbest = 9.0\n"
        "for _ in range(20):\n t = time.perf_counter(); a @ a; best = min(best, time.perf_counter() - t)\n"
        "print(768**3 / best)"
    )
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    product = subprocess.run([sys.executable, "-c", code], env=one_thread, capture_output=True, text=True, check=True)

    def copies(count: int, calls: int) -> float:
        source, target = np.ones(count), np.zeros(count)
        best = math.inf
        for _ in range(20):
            start = time.perf_counter()
            for _ in range(calls):
                np.copyto(target, source)
            best = min(best, (time.perf_counter() - start) / calls)
        return 16 * count / best

    return {"operations": float(product.stdout), "cache_bytes": copies(24_000, 50), "memory_bytes": copies(1 << 24, 1)}


def iterations(method: Method, lp: BuyingLP, start: Any) -> float:
    """Passes of a block, or the mean of an LP's pivots or iterations."""
    limits = Limits(100_000, 1e-8)
    if method == buying.NETWORK_SIMPLEX:
        return float(compiled.solve(lp, start, None, limits)[2].mean())
    if method == buying.FIRST_ORDER:
        solve = lambda lp, start: first_order.solve_buying(lp, None, start, first_order.SHARE * 1e-8, 20_000)[0]
        return float(jax.jit(solve)(lp, start).iterations.mean())
    if method == buying.INTERIOR_POINT:
        limits = Limits(40, 1e-8)
        lps, certify = prepare(lp, None, limits.tolerance)
        return float(jax.jit(lambda: interior_point.search(lps, start, limits, certify, False)[2])().mean())
    block = jax.tree.map(lambda a: a[..., :256], lp)
    passes = jax.jit(lambda lps: flow.least_cost_flow(paths.on_grid(lps)[0], 10_000)[2])
    return float(passes(block))


def rows_of(shape: tuple[int, int, int], method: Method, seed: int, lanes: dict[str, float]) -> list[dict]:
    """Figures of a method on LPs of a shape, from scratch and after order costs changed by up to 0.5%."""
    count, size = LPS[method.name], Size(*shape)
    fields = {name: jnp.asarray(array) for name, array in simulation_states(shape, count, seed).items()}
    lp = BuyingLP(**fields)
    change = np.random.default_rng(seed).uniform(1 - COST_CHANGE, 1 + COST_CHANGE, lp.order_cost.shape)
    moved = lp._replace(order_cost=lp.order_cost * change)
    solve = jax.jit(partial(solve_from, method=method))
    fresh = no_start(lp, method)
    answer, end = jax.block_until_ready(solve(lp, fresh))
    moving = sum(array.nbytes for array in (*lp, *answer)) / count
    rows = []
    for name, given, start in (("cold", lp, fresh), ("hot", moved, end)):
        if name == "hot" and method == buying.SHORTEST_PATHS:
            continue
        best = math.inf
        for _ in range(REPEATS + 1):
            began = time.perf_counter()
            answer = jax.block_until_ready(solve(given, start))[0]
            best = min(best, time.perf_counter() - began)
        steps = iterations(method, given, start)
        operations = OPERATIONS[method.name](size, steps) + framing(size)
        us = best / count * 1e6
        rows.append({
            "shape": list(shape), "method": method.name, "start": name, "lps": count, "iterations": steps,
            "operations": operations, "bytes": moving, "us_per_lp": us,
            "us_by_operations": operations / lanes["operations"] * 1e6,
            "us_by_bytes": moving / lanes["memory_bytes"] * 1e6,
            "operations_per_second": operations / us * 1e6,
            "certified": float(np.mean(np.asarray(answer.status) == Status.OPTIMAL)),
        })  # fmt: skip
    return rows


def figures() -> str:
    """The tables of the page, from the results file."""
    found = json.loads((RESULTS / "limits_cpu.json").read_text("utf-8"))
    rates, rows = found["machine"], []
    for row in found["rows"]:
        floor = max(row["us_by_operations"], row["us_by_bytes"])
        whole = H100["whole_numbers"] if row["method"] == "network_simplex" else H100["operations"]
        gpu = max(row["operations"] / whole, row["bytes"] / H100["bytes"])
        rows.append((
            " × ".join(map(str, row["shape"])), f"{row['method']}, {row['start']}", f"{row['iterations']:.1f}",
            f"{row['operations']:,.0f}", f"{row['bytes']:,.0f}", f"{floor:.2f}", f"{row['us_per_lp']:.2f}",
            f"{row['us_per_lp'] / floor:.0f}", f"{row['operations_per_second'] / rates['operations']:.0%}",
            f"{1e-6 / gpu:,.0f}",
        ))  # fmt: skip
    head = (
        "K × R × M | method | iterations | operations | bytes in and out | least µs | measured µs | times the least |"
        " of the core's rate | least on an H100: million LPs/s"
    )
    text = (
        f"One core (`limits_cpu.json`, jax {found['jax']}): {rates['operations'] / 1e9:.0f} billion fused"
        f" products of float64 a second in a matrix product, copies of {rates['cache_bytes'] / 1e9:.0f} GB/s in the"
        f" second-level cache and {rates['memory_bytes'] / 1e9:.1f} GB/s in memory (read and written)."
        f" Load average of the machine: {found['load_average']}.\n\n"
    )
    return text + table(head, rows)


def main() -> None:
    """Measure, write the JSON, and the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--page", action="store_true", help="only write the page from the results file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    if not options.page:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
        jax.config.update("jax_enable_x64", True)
        report = environment(options.seed, TIMING) | {"machine": machine(), "rows": []}
        path = options.out / f"limits_{report['backend']}.json"
        for shape in SHAPES:
            for name in OPERATIONS:
                for row in rows_of(shape, buying.METHODS[name], options.seed, report["machine"]):
                    report["rows"].append(row)
                    print(row, flush=True)
                path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")  # a run that is cut off keeps its rows
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), figures()), "utf-8")


if __name__ == "__main__":
    main()
