# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""MPAX, a first-order solver in JAX, over a batch in one `vmap` in one `jit`."""

import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from mpax import create_lp, r2HPDHG

from benchmarks.rivals.lps import LPs, asked, report, row

SETTINGS = ((False, 1e-4), (True, 1e-8))
"""Whether float64, and the tolerance: MPAX's own defaults, and what we ask of ourselves."""

OPTIMAL = 2
"""Its `TerminationStatus`."""

ITERATIONS = 20_000
"""As of our own first-order method; a whole batch waits for one LP that does not get there."""


def solve(lps: LPs, double: bool, tolerance: float, passes: int) -> dict:
    """One row; a call that compiles comes first."""
    jax.config.update("jax_enable_x64", double)
    columns = lps.matrix.shape[1]
    none, nothing, zero = jnp.zeros((0, columns)), jnp.zeros(0), jnp.zeros(columns)
    solver = r2HPDHG(eps_abs=tolerance, eps_rel=tolerance, iteration_limit=ITERATIONS)

    @jax.jit
    @partial(jax.vmap, in_axes=(None, 0, 0, 0))  # as a constant, the matrix takes XLA a minute
    def all_of_them(
        matrix: jax.Array, cost: jax.Array, right: jax.Array, upper: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        found = solver.optimize(create_lp(cost, matrix, right, none, nothing, zero, upper, use_sparse_matrix=False))
        return found.primal_solution, found.termination_status

    given = [jnp.asarray(array, float) for array in (lps.matrix, lps.cost, lps.right, lps.upper)]
    began = time.perf_counter()
    jax.block_until_ready(all_of_them(*given))
    compiling, seconds, point, status = time.perf_counter() - began, [], None, None
    for _ in range(passes):
        began = time.perf_counter()
        point, status = jax.block_until_ready(all_of_them(*given))
        seconds.append((time.perf_counter() - began) / lps.number)
    point = np.where(np.asarray(status)[:, None] == OPTIMAL, np.asarray(point, np.float64), np.nan)
    name = f"MPAX r2HPDHG {'float64' if double else 'float32'}, {tolerance:g}"
    return row(name, "cold", lps, np.array(seconds), point) | {"batch": lps.number, "first_call_seconds": compiling}


def main() -> None:
    """Run and print."""
    lps, _, passes = asked()
    report([solve(lps, *setting, passes) for setting in SETTINGS], "mpax")


if __name__ == "__main__":
    main()
