"""Speed and quality of buying LPs with side constraints on the order, beside HiGHS on the same LPs.

    python -m benchmarks.side_constraints [--quick] [--seed 0] [--out benchmarks/results]

Random LPs that look like states of a simulation, with rows that the optimum without them breaks or just keeps and
another order keeps; cold, and from where the same LP ended before order costs changed by up to 0.5%. Coefficients are
the same for all LPs of a run, so that HiGHS, which keeps its model, need not be told them anew. Times and errors are
taken as in `benchmarks.buying_lp`, float64, one core. Writes `side_constraints_<backend>.json`.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.buying_lp import RUN_SECONDS, TIMING, ratios, table_line
from benchmarks.buying_lp_instances import SHAPES, Instances, random_instances
from benchmarks.buying_lp_methods import Contestant, Deadline, Stopwatch
from benchmarks.buying_lp_rivals import Rivals, better_of
from jaxsim.kernels import buying, side_constraints
from jaxsim.kernels.side_constraints import FIRST_ORDER, METHODS, BuyingLP, Method, OrderRows
from validation.environment import environment

ROWS = (1, 2, 4)
COUNT, SLOW_COUNT, QUICK_COUNT = 4096, 512, 64


def with_side_rows(instances: Instances, rows: int, seed: int) -> Instances:
    """Rows with bounds half way between the best order and the one in proportion to the caps."""
    lps = instances.lps
    rng = np.random.default_rng((seed, rows))
    coefficient = rng.uniform(0.5, 2, (rows, len(lps["order_cap"])))
    best = np.asarray(buying.solve(BuyingLP(**{name: jnp.asarray(a) for name, a in lps.items()})).order)
    even = lps["order_cap"] * (lps["order_total"] / lps["order_cap"].sum(0))
    bound, aimed = coefficient @ (best + even) / 2, coefficient @ best
    wide = 2 * lps["order_total"]
    side = {
        "coefficient": coefficient,
        "low": np.where(aimed >= bound, bound - wide, bound),
        "high": np.where(aimed >= bound, bound, bound + wide),
    }
    return instances._replace(name=f"{instances.name}, {rows} rows", side=side)


def order_rows(instances: Instances, batch: int) -> OrderRows:
    """Of the first LPs."""
    side = instances.side
    coefficient = np.broadcast_to(side["coefficient"][..., None], (*side["coefficient"].shape, batch))
    return OrderRows(*map(jnp.asarray, (coefficient, side["low"][:, :batch], side["high"][:, :batch])))


def contestant(instances: Instances, batch: int, method: Method) -> Contestant:
    """A method of `jaxsim.kernels.side_constraints` for the first LPs."""
    rows = order_rows(instances, batch)

    def solve(lp: BuyingLP, start: Any) -> tuple[Any, Any]:
        found = side_constraints.solve(lp, rows, start=start, method=method)
        return found.solution, found.start

    fresh = partial(side_constraints.no_start, rows=len(rows.low), method=method)
    return Contestant(f"{method.name}, {len(rows.low)} rows", solve, fresh)


def measured(stopwatch: Stopwatch, rivals: Rivals, instances: Instances, folder: Path, quick: bool) -> Iterator[dict]:
    """Both methods between two measurements of HiGHS."""
    facts = {"instances": instances.name, "shape": list(instances.shape)}
    first, exact = rivals.rows(instances, folder, slow=False, few=quick)
    for method in METHODS.values():
        batch = QUICK_COUNT if quick else SLOW_COUNT if method == FIRST_ORDER else COUNT
        for row in stopwatch.rows(contestant(instances, batch, method), instances, batch, np.float64, exact):
            yield facts | row | {"method": method.name}
    again, _ = rivals.rows(instances, folder, slow=False, few=quick)
    yield from (facts | row for row in better_of(first, again))


def main() -> None:
    """Run all, print a table, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="the smallest shape, one row, few LPs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    # One thread is to be one core.
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    jax.config.update("jax_enable_x64", True)
    head = environment(options.seed, TIMING) | {"quick": options.quick}
    rivals = Rivals(Path(), options.quick, names=("highspy",))
    stopwatch, rows = Stopwatch(Deadline(float("inf")), RUN_SECONDS), []
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"side_constraints_{head['backend']}.json"
    with tempfile.TemporaryDirectory() as folder:
        for shape in SHAPES[:1] if options.quick else SHAPES:
            states = random_instances(shape, QUICK_COUNT if options.quick else COUNT, options.seed)
            for count in ROWS[:1] if options.quick else ROWS:
                instances = with_side_rows(states, count, options.seed)
                for row in measured(stopwatch, rivals, instances, Path(folder), options.quick):
                    print(table_line(row), flush=True)
                    rows.append(row)
                facts = {"rival_versions": rivals.versions, "rows": rows, "ratios": ratios(rows)}
                path.write_text(json.dumps(head | facts, indent=1) + "\n", "utf-8")
    for each in ratios(rows):
        print("{instances}, {start}: {us_per_lp:.1f} µs, {rival} {rival_us_per_lp:.1f} µs".format(**each))
    print(path)


if __name__ == "__main__":
    main()
