"""Textbook inventory problems through both engines, against exact costs and published answers.

    python -m validation.textbook [--quick] [--seed 0] [--out validation/results]

For every case of `jaxsim.scenario.textbook`: the scan engine's mean cost per period over independent trials after a
warm-up, its deviation from the exact cost of the same policy in standard errors, and the published answer. The exact
engine runs the first trials, which must be the same to the unit. The chance that a right simulator fails anywhere in
the suite is at most 1e-6: each of the n cases is tested two-sided at 1e-6 / n. The power says which relative error in a
mean cost is found with a probability of 99%.
"""

import argparse
import dataclasses
import json
import time
from pathlib import Path

import jax
import numpy as np
from scipy import stats

from jaxsim import reference
from jaxsim.measures.period import period_costs
from jaxsim.outcome import Trajectory
from jaxsim.scenario import textbook
from jaxsim.scenario.textbook import CASES, Case
from jaxsim.simulator import Simulator
from jaxsim.system import System, build
from validation.environment import environment
from validation.textbook_answers import exact_cost

FALSE_ALARM = 1e-6
"""Chance that a right simulator fails the suite."""

POWER = 0.99
WARM_UP = 16
"""Weeks left out: what they started with is forgotten."""

BLOCK = 250
"""Trials simulated at a time, to bound the memory of their trajectories."""

TIMING = "wall; scan engine after compilation"


@dataclasses.dataclass(frozen=True)
class Result:
    """A case's answers, in textbook units of cost per period."""

    case: Case
    exact: float
    """Of the policy simulated, from `textbook_answers`."""
    mean: float
    standard_error: float
    allowed: float
    """Standard errors that the mean may lie off at the false-alarm rate."""

    @property
    def score(self) -> float:
        """Standard errors between the simulated and the exact mean."""
        return (self.mean - self.exact) / self.standard_error

    @property
    def detectable(self) -> float:
        """Relative error of the mean that is found with probability `POWER`."""
        return float((self.allowed + stats.norm.ppf(POWER)) * self.standard_error / self.exact)

    @property
    def fine(self) -> bool:
        """Whether the simulation agrees with the exact cost."""
        return abs(self.score) <= self.allowed

    def row(self) -> dict:
        """The result as figures."""
        return {
            "case": self.case.name,
            "published": self.case.answer,
            "published_is_bound": self.case.is_bound,
            "source": self.case.source,
            "exact_of_policy": self.exact,
            "gap_to_published": self.exact / self.case.answer - 1,
            "simulated": self.mean,
            "standard_error": self.standard_error,
            "score": self.score,
            "allowed_score": self.allowed,
            "detectable_relative_error": self.detectable,
            "agrees": self.fine,
        }


def allowed_score(cases: int) -> float:
    """Bound on each case's score for which a right suite of so many fails with chance `FALSE_ALARM`."""
    return float(stats.norm.isf(FALSE_ALARM / cases / 2))


def run_cases(system: System, trials: int, seed: int) -> list[Result]:
    """Simulate all cases with the scan engine and compare with exact costs."""
    return results_of(system, scan_costs(system, trials, seed))


def scan_costs(system: System, trials: int, seed: int) -> np.ndarray:
    """Mean cost per period after the warm-up of the scan engine, (cases, trials)."""
    blocks = [
        trial_costs(system, Simulator(system, trials=BLOCK, first_trial=first, seed=seed).trajectory())
        for first in range(0, trials, BLOCK)
    ]
    return np.concatenate(blocks, axis=1)


def results_of(system: System, costs: np.ndarray) -> list[Result]:
    """Costs of all cases, (cases, trials), beside the exact ones."""
    return [
        Result(
            case,
            exact_cost(system, case),
            float(row.mean()),
            float(row.std(ddof=1) / np.sqrt(len(row))),
            allowed_score(len(CASES)),
        )
        for case, row in zip(CASES, costs, strict=True)
    ]


def trial_costs(system: System, trajectory: Trajectory) -> np.ndarray:
    """Mean cost per period after the warm-up, (cases, trials)."""
    holding = np.zeros(system.products.node.shape)
    for row, case in enumerate(CASES):
        holding[row, : len(case.slot_holding)] = np.array(case.slot_holding) / case.demand.unit
    costs = period_costs(system, trajectory, holding)
    return (costs.holding + costs.shortage)[:, :, WARM_UP:].mean(2)


def differing_entries(system: System, trials: int, seed: int) -> int:
    """Entries in which the engines' trajectories of the first trials differ."""
    exact = reference.run(system, trials=trials, seed=seed)
    fast = Simulator(system, trials=BLOCK, seed=seed).trajectory()
    return sum(
        int((getattr(exact, f.name) != getattr(fast, f.name)[:, :trials]).sum())
        for f in dataclasses.fields(Trajectory)
        if f.name != "lp_order"
    )


def main() -> None:
    """Run, print a table, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="1,000 trials instead of 20,000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("validation/results"))
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    trials = 1_000 if options.quick else 20_000
    system = build(textbook.scenario())
    report = environment(options.seed, TIMING)
    report["differing_entries"] = differing_entries(system, 20, options.seed)
    started = time.perf_counter()
    costs = scan_costs(system, trials, options.seed)
    seconds = time.perf_counter() - started
    results = results_of(system, costs)
    stocks = int((system.products.node >= 0).sum())
    report |= {
        "quick": options.quick,
        "trials": trials,
        "weeks": system.weeks,
        "warm_up_weeks": WARM_UP,
        "false_alarm_rate": FALSE_ALARM,
        "power": POWER,
        "seconds": seconds,
        "node_periods_per_second": stocks * system.weeks * trials / seconds,
        "rows": [result.row() for result in results],
    }
    for result in results:
        row = result.row()
        print(
            f"{row['case']:40s} published {row['published']:7.4f}  exact {row['exact_of_policy']:7.4f}"
            f"  simulated {row['simulated']:7.4f} ± {row['standard_error']:.4f}  score {row['score']:+.2f}"
            f"  finds {row['detectable_relative_error']:.2%}"
        )
    print(f"entries that differ between the engines: {report['differing_entries']}")
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"textbook_{report['backend']}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(path)


if __name__ == "__main__":
    main()
