"""Trust in the buying LP kernel at scale: real simulation states and adversarial families, beside HiGHS from scratch.

    python -m validation.lp_certificates [--quick] [--seed 0] [--out validation/results] [--history FILE]

Every LP goes through the kernel in float64 and through a new HiGHS object. `validation.lp_evidence` computes a
certificate of both answers that shares no code with the kernel's. 100,000 LPs are states of the scenarios demo, demo
with a real demand history and paper, a third each, under capacity costs of both signs and none; the order that the
simulator found is compared too. The families are those of `validation.adversarial_lps`. ``--quick`` takes about 1,000
LPs, without paper. Figures are the worst over LPs. Writes `lp_certificates_<device>.json`.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxsim.kernels.buying import BuyingLP, Solution, Status, solve
from jaxsim.runs import runtime
from jaxsim.scenario.generate import generate
from validation.adversarial_lps import FAMILIES, Shape, adversarial_lps
from validation.environment import device_name, environment
from validation.lp_evidence import (
    ROUNDING,
    TOLERANCE,
    Answer,
    Fields,
    evidence,
    false_optimal,
    highs_from_scratch,
    shortage,
    verdicts,
)
from validation.simulated_lps import COST_SIZES, simulated_lps

LPS = 100_000
"""From simulation states."""

SHAPES: dict[Shape, int] = {
    (8, 8, 4): 3000,
    (5, 7, 3): 2000,
    (1, 1, 1): 1000,
    (1, 64, 4): 500,
    (32, 1, 4): 500,
    (32, 64, 4): 100,
}
"""Nodes, regions and segments, and how many LPs of each adversarial family have them."""

QUICK_SHAPES: dict[Shape, int] = {(8, 8, 4): 40}

PROCESSES = 2
TIMING = (
    "wall; the kernel: after a compilation for each shape, stated apart, in pieces of one size; HiGHS: a new object "
    f"for each LP in {PROCESSES} processes, from handing over to having all answers"
)
NOTES = {
    "states": "equal shares of the scenarios, all of 8 nodes x 8 regions x 4 segments; orders of all their reviews",
    "capacity_costs": f"normal, of {COST_SIZES} times the scenario's typical cost spread, in turn by simulation",
    "false_optimal": "OPTIMAL, but residual or gap of the independent certificate exceeds the tolerance, or the "
    "objective is off by more from one of HiGHS that the certificate confirms",
    "highs_worse": "the certificate proves our answer, and HiGHS's objective is worse by more than the tolerance",
    "highs_unproved": "HiGHS claims an optimum that fails the same certificate",
    "short_by_rounding": f"no order exists, but caps miss the total by less than {ROUNDING:g} of it: may be OPTIMAL",
    "missed_infeasible": "no order exists, beyond rounding, and the status is not INFEASIBLE",
    "inaccurate_proved": "status INACCURATE, though the certificate holds",
    "inaccurate_off": "status INACCURATE, and the objective is off by more than the tolerance from a proved one",
    "residual": "violation of a row or bound as a part of all units of the LP",
    "row_residual": "the same as a part of that row's own terms: quantities are whole multiples of 2^-52 of all units, "
    "so a row far smaller than all units holds less exactly",
    "repair": "change that made the duals feasible, as a part of the largest cost; the gap is the repaired duals'",
    "order_against_simulator": "of the order total; on order vectors recorded by the simulation of the same states",
}


class Tally:
    """Counts, maxima and seconds of one family, added up piece by piece."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()
        self.worst: dict[str, float] = {}
        self.seconds = {"compilation": 0.0, "kernel": 0.0, "highs": 0.0}

    def raise_to(self, name: str, values: np.ndarray, where: np.ndarray) -> None:
        """Note the largest of the values at a mask."""
        self.worst[name] = max(self.worst.get(name, 0.0), float(values[where].max(initial=0.0)))

    def merge(self, other: "Tally") -> None:
        """Add another family's."""
        self.counts.update(other.counts)
        self.statuses.update(other.statuses)
        for name, value in other.seconds.items():
            self.seconds[name] += value
        for name, value in other.worst.items():
            self.worst[name] = max(self.worst.get(name, 0.0), value)

    def report(self) -> dict:
        """For the JSON."""
        seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        return dict(self.counts) | {"statuses": dict(self.statuses), "worst": self.worst, "seconds": seconds}

    def line(self) -> str:
        """One line for people."""
        false = sum(self.counts[name] for name in ("false_optimal", "false_infeasible", "missed_infeasible"))
        statuses = " ".join(f"{name} {number:,}" for name, number in self.statuses.items())
        worst = " ".join(f"{name} {value:.1e}" for name, value in self.worst.items())
        return f"{self.counts['lps']:,} LPs, false {false}: {statuses}; {worst}; {sum(self.seconds.values()):.0f} s"


class Judge:
    """Puts batches of LPs through both solvers and tallies what comes out."""

    def __init__(self, pool: ProcessPoolExecutor, piece: int) -> None:
        self._pool, self._piece, self._compiled = pool, piece, {}

    def tally(self, lp: Fields, recorded: np.ndarray | None = None) -> Tally:
        """Judge a batch; ``recorded`` is an order vector found elsewhere, to compare the kernel's with."""
        tally = Tally()
        solution = self._kernel(lp, tally)
        answer, claims = self._highs(lp, tally)
        _judge(lp, solution, answer, claims, tally)
        if recorded is not None:
            off = np.abs(solution.order - recorded).max(0) / lp["order_total"]
            tally.raise_to("order_against_simulator", off, np.isfinite(off))
        return tally

    def _kernel(self, lp: Fields, tally: Tally) -> Solution:
        """The kernel's answers, piece after piece of one size: another would be compiled again."""
        count = lp["order_total"].size
        padded = np.minimum(np.arange(-(-count // self._piece) * self._piece), count - 1)
        pieces = [self._lp(lp, rows) for rows in np.split(padded, padded.size // self._piece)]
        shape = *lp["route_cost"].shape[:2], *lp["segment_value"].shape[:2]
        if shape not in self._compiled:
            start = time.perf_counter()
            self._compiled[shape] = jax.jit(solve).lower(pieces[0]).compile()
            tally.seconds["compilation"] += time.perf_counter() - start
        start = time.perf_counter()
        solved = [jax.device_get(self._compiled[shape](piece)) for piece in pieces]
        tally.seconds["kernel"] += time.perf_counter() - start
        return jax.tree.map(lambda *parts: np.concatenate(parts, axis=-1)[..., :count], *solved)

    @staticmethod
    def _lp(lp: Fields, rows: np.ndarray) -> BuyingLP:
        return BuyingLP(**{name: jnp.asarray(array[..., rows]) for name, array in lp.items()})

    def _highs(self, lp: Fields, tally: Tally) -> tuple[Answer, np.ndarray]:
        """HiGHS's answers and where it claims an optimum."""
        start = time.perf_counter()
        # Neighbors take about as long: every process gets several strided parts.
        parts = min(4 * PROCESSES, lp["order_total"].size)
        jobs = [{name: np.ascontiguousarray(array[..., i::parts]) for name, array in lp.items()} for i in range(parts)]
        found = list(self._pool.map(highs_from_scratch, jobs))
        tally.seconds["highs"] += time.perf_counter() - start
        back = np.argsort(np.concatenate([np.arange(i, lp["order_total"].size, parts) for i in range(parts)]))
        joined = (np.concatenate(arrays, axis=-1)[..., back] for arrays in zip(*(f[0] for f in found), strict=True))
        return Answer(*joined), np.concatenate([claims for _, claims in found])[back]


def _judge(lp: Fields, solution: Solution, highs_answer: Answer, claims: np.ndarray, tally: Tally) -> None:
    """Add a batch's counts and maxima."""
    ours, highs = evidence(lp, Answer.of_kernel(solution)), evidence(lp, highs_answer)
    verdict = verdicts(lp, ours, highs, claims)
    status = np.asarray(solution.status)
    optimal, infeasible = status == Status.OPTIMAL, status == Status.INFEASIBLE
    inaccurate = status == Status.INACCURATE
    by_rounding = verdict.short & (shortage(lp) <= ROUNDING * lp["order_total"])
    off = verdict.highs_holds & (np.abs(verdict.difference) > TOLERANCE)
    tally.statuses.update(Status(int(code)).name for code in status)
    masks = {
        "lps": np.ones_like(optimal),
        "false_optimal": false_optimal(optimal, verdict),
        "false_infeasible": infeasible & ~verdict.short,
        "missed_infeasible": verdict.short & ~by_rounding & ~infeasible,
        "short_by_rounding": by_rounding,
        "highs_compared": optimal & verdict.highs_holds,
        "highs_worse": verdict.holds & claims & (verdict.difference < -TOLERANCE),
        "highs_unproved": claims & ~verdict.highs_holds & ~verdict.short,
        "highs_without_optimum": ~claims & ~verdict.short,
        "inaccurate_proved": inaccurate & verdict.holds,
        "inaccurate_off": inaccurate & off,
    }
    tally.counts.update({name: int(mask.sum()) for name, mask in masks.items()})
    tally.raise_to("objective_error", np.abs(verdict.difference), masks["highs_compared"])
    for name, values in ours._asdict().items():
        if name not in ("objective", "size"):
            tally.raise_to(name, values, optimal)
    tally.raise_to("gap_of_inaccurate", ours.gap, inaccurate)


def state_batches(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, Iterable]]:
    """Each scenario's name and batches of its LPs with the orders recorded."""
    cases = {"demo": ("demo", None, 1000), "paper": ("paper", None, 1000)}
    if options.history is not None:
        cases[options.history.stem] = ("demo", options.history, 2500)
    if options.quick:
        del cases["paper"]
        cases = {name: (preset, history, 150) for name, (preset, history, _) in cases.items()}
    shares = np.diff(np.linspace(0, 600 if options.quick else LPS, len(cases) + 1).astype(int))
    for (name, (preset, history, products)), count in zip(cases.items(), shares, strict=True):
        generate(folder / name, preset, seed=1, demand_history=history)
        yield name, _cut(simulated_lps(folder / name, products, 2, count, options.seed), count)


def _cut(batches: Iterable[tuple[Fields, np.ndarray]], count: int) -> Iterator[tuple[Fields, np.ndarray]]:
    """The first ``count`` LPs of the batches."""
    for lp, order in batches:
        yield {name: array[..., :count] for name, array in lp.items()}, order[..., :count]
        count -= min(count, order.shape[-1])


def family_batches(options: argparse.Namespace) -> Iterator[tuple[str, Iterable]]:
    """Each family's name and a batch of every shape."""
    shapes = QUICK_SHAPES if options.quick else SHAPES
    for family in FAMILIES:
        batches = ((adversarial_lps(family, shape, count, options.seed), None) for shape, count in shapes.items())
        yield family, batches


def study(judge: Judge, source: Iterable[tuple[str, Iterable]]) -> Iterator[dict]:
    """The figures so far, after every case and with all of them together."""
    cases: dict[str, dict] = {}
    together = Tally()
    for name, batches in source:
        tally = Tally()
        for lp, order in batches:
            tally.merge(judge.tally(lp, order))
        together.merge(tally)
        cases[name] = tally.report()
        print(f"{name}: {tally.line()}", flush=True)
        yield {"all": together.report(), "cases": cases}


def main() -> None:
    """Run both parts, print a line for each case, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="about 1,000 LPs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--history", type=Path, help="table of real demand history; its case is left out without one")
    parser.add_argument("--out", type=Path, default=Path("validation/results"))
    options = parser.parse_args()
    runtime.configure()
    report = environment(options.seed, TIMING) | {"quick": options.quick, "tolerance": TOLERANCE, "notes": NOTES}
    shapes = QUICK_SHAPES if options.quick else SHAPES
    report["lps_of_a_family"] = {"x".join(map(str, shape)): count for shape, count in shapes.items()}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"lp_certificates_{device_name()}.json"
    context = multiprocessing.get_context("spawn")  # a forked copy of a process that runs JAX may hang
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(PROCESSES, context) as pool:
        judge = Judge(pool, 256 if options.quick else 1024)
        parts = {"states": state_batches(options, Path(folder)), "families": family_batches(options)}
        for part, source in parts.items():
            for figures in study(judge, source):
                report[part] = figures
                path.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(path)


if __name__ == "__main__":
    main()
