"""Both of our engines on the rivals' cases, and all simulators beside each other.

    python -m validation.rivals.compare --rivals FILE... [--trials 5000] [--event-trials 20] [--out FILE]

Our engines run after the rivals, on the same machine: the head of the result holds for all rows. Rows of ours that a
file has already are replaced.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
from scipy import stats

from jaxsim import reference
from jaxsim.scenario import textbook
from jaxsim.scenario.textbook import CASES
from jaxsim.system import System, build
from jaxsim.version import __version__
from validation import textbook as suite
from validation.environment import environment
from validation.rivals import export
from validation.rivals.cases import SEED
from validation.rivals.measure import Run, row

SCAN, EVENTS = "jaxsim scan", "jaxsim events"

CLEARLY = 3.0
"""Half-widths of the 95% limits by which a mean is off if the simulator is wrong, and not just unlucky."""

TIMING = (
    "wall and processor time of all replications with their warm-up. Rivals: one process and thread, with their own "
    "set-up of each replication. Ours: all cases at once, a case's seconds being its share by node-periods. "
    "A period of ours is 7 simulated days; building and compiling are in setup_seconds, not in the rows. A node-period "
    "is one location in one period. Where others use the machine, compare per processor second."
)


def our_rows(system: System, name: str, simulate: Callable[[], np.ndarray]) -> list[dict]:
    """A row for each case; `simulate` gives mean costs, (cases, trials)."""
    wall, busy = time.perf_counter(), time.process_time()
    costs = simulate()
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    stages, serial = export.cases(system)
    by_name = {case.name: case for case in (*stages, serial)}
    trials = costs.shape[1]
    half = stats.t.ppf(0.975, trials - 1) * costs.std(1, ddof=1) / np.sqrt(trials)
    nodes = (system.products.node >= 0).sum(1)
    share = nodes / nodes.sum()
    return [
        row(
            by_name[case.name],
            name,
            __version__,
            Run(
                mean=float(costs[i].mean()),
                half=float(half[i]),
                replications=trials,
                periods=trials * (system.weeks - suite.WARM_UP),
                warm_up=suite.WARM_UP,
                node_periods=int(nodes[i]) * trials * system.weeks,
                seconds=wall * float(share[i]),
                processor_seconds=busy * float(share[i]),
            ),
        )
        for i, case in enumerate(CASES)
    ]


def compare(files: list[Path], trials: int, event_trials: int) -> dict:
    """The rivals' rows and ours, under a head that says where they were taken."""
    merged: dict = {"rows": []}
    for file in files:
        found = json.loads(file.read_text())
        merged["rows"] += [each for each in found.pop("rows") if each["rival"] not in (SCAN, EVENTS)]
        merged |= found
    started = time.perf_counter()
    system = build(textbook.scenario())
    suite.scan_costs(system, suite.BLOCK, SEED)
    merged["setup_seconds"] = {SCAN: time.perf_counter() - started}
    merged["rows"] += our_rows(system, SCAN, lambda: suite.scan_costs(system, trials, SEED))
    events = lambda: suite.trial_costs(system, reference.run(system, trials=event_trials, seed=SEED))
    merged["rows"] += our_rows(system, EVENTS, events)
    return merged | environment(SEED, TIMING)


def table(rows: list[dict]) -> str:
    """Costs and speeds of every simulator in each case."""
    lines = ["Cost per period ± 95% limits; node-periods per second, and times the fastest rival that is right."]
    for case in (each.name for each in CASES):
        here = [each for each in rows if each["case"] == case]
        right = [each for each in here if each["rival"] not in (SCAN, EVENTS) and not _wrong(each)]
        lines += ["", f"{case:57}{'per processor second':>30}{'per second':>22}"]
        lines += [_line(each, right) for each in here]
    return "\n".join(lines)


def _line(each: dict, right: list[dict]) -> str:
    """One simulator in one case, against the rivals that are right there."""
    half = each["high"] - each["mean"]
    text = f"  {each['rival']:23} exact {each['exact']:8.4f}  found {each['mean']:8.4f} ± {half:.4f}"
    for speed in ("node_periods_per_processor_second", "node_periods_per_second"):
        fastest = max((rival[speed] for rival in right), default=float("nan"))
        text += f"  {each[speed]:11,.0f} {each[speed] / fastest:7.3g}×"
    if each["limits_contain_exact"]:
        return text
    return text + ("  WRONG" if _wrong(each) else "  limits leave out the exact cost")


def _wrong(each: dict) -> bool:
    """Whether the mean is further from the exact cost than chance explains: 1 row in 100,000 is."""
    return abs(each["mean"] - each["exact"]) > CLEARLY * (each["high"] - each["mean"])


def main() -> None:
    """Run ours, write the JSON, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rivals", type=Path, nargs="+", required=True, help="what the rivals' scripts printed")
    parser.add_argument("--trials", type=int, default=5_000, help="of the scan engine; a multiple of its block")
    parser.add_argument("--event-trials", type=int, default=20, help="of the event engine")
    parser.add_argument("--out", type=Path, default=Path("validation/results/rivals_cpu.json"))
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    report = compare(options.rivals, options.trials, options.event_trials)
    options.out.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report["rows"]))
    print(options.out)


if __name__ == "__main__":
    main()
