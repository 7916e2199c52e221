"""Both engines over a sample of any size, block by block: memory stays bounded and the scan engine is compiled once.

A compilation of the scan engine is good for one size of arrays, one longest transfer and one number of slots that send.
So every block has the same number of products, the last one filled up, and each carries along the product with the
longest transfer and the one with the most sending slots; what was added is simulated and forgotten.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Int64

from jaxsim import reference
from jaxsim.conformance.compare import Comparison, compare
from jaxsim.conformance.conservation import Balance, balance
from jaxsim.conformance.pair import PolicyPair
from jaxsim.measures import preferred_node_availability, utilization, wmapd
from jaxsim.outcome import Outcome, Trajectory
from jaxsim.resources import Costs
from jaxsim.simulator import Simulator
from jaxsim.studies.problem import Problem
from jaxsim.studies.progress import Progress, Silent
from jaxsim.system import FULFILLMENT, System

Summand = TypeVar("Summand", Comparison, Balance)

BLOCK = 128
"""Product-trials that are compared at a time."""


@dataclass(frozen=True)
class Effects:
    """What differences of trajectories do to the figures that studies report; fractions."""

    utilization: float
    """Largest |Ũ scan − Ũ events| of a node-week relative to its plan, over node-weeks that have a positive plan."""
    node: str
    """Where that is; empty when no node-week has a positive plan."""
    week: int
    wmapd: tuple[float, float]
    """Of the scan and of the event engine; NaN when the plan has no positive total."""
    availability: tuple[float, float]
    """Preferred node availability, likewise; NaN without demand."""


@dataclass(frozen=True)
class Conformance:
    """Both engines under one vector of capacity costs."""

    label: str
    """Which costs."""
    comparison: Comparison
    scan: Balance
    events: Balance
    effects: Effects

    @property
    def agrees(self) -> bool:
        """Whether the trajectories are equal but for ties, and conserve units."""
        return self.comparison.agrees and not self.scan.broken and not self.events.broken


@dataclass(frozen=True)
class _Block:
    """A system of a few products, of which the first `count` are the block's."""

    system: System
    count: int

    def kept(self, run: Trajectory) -> Trajectory:
        """A trajectory without the products that were added."""
        return Trajectory(**{field.name: getattr(run, field.name)[: self.count] for field in fields(Trajectory)})


def conform(
    problem: Problem,
    costs: Costs,
    label: str,
    *,
    trials: int = 1,
    seed: int = 0,
    lp_dtype: str = "float64",
    policies: PolicyPair | None = None,
    progress: Progress | None = None,
) -> Conformance:
    """Simulate a sample with both engines and compare everything.

    Args:
        costs: prices, currency per unit. label: what they are, in words.
        lp_dtype: precision of the scan engine's buying LP, float64 or float32.
        policies: who decides in each engine; the defaults when left out.
        progress: told of every block.

    Raises:
        ValueError: an argument that an engine refuses.
        RuntimeError: a buying LP without an optimum, a decision that cannot be done, or an overflow.
    """
    progress, pair = progress or Silent(), policies or PolicyPair()
    blocks = list(_blocks(problem.system, max(BLOCK // trials, 1)))
    parts, outcomes = [], []
    for done, block in enumerate(blocks, 1):
        whole = block.system
        scan = Simulator(whole, policies=pair.scan, trials=trials, seed=seed, lp_dtype=lp_dtype).trajectory(costs)
        own_rows = range(block.count)
        events = reference.run(whole, costs, policies=pair.events, trials=trials, seed=seed, products=own_rows)
        own, scan = whole.take(np.arange(block.count)), block.kept(scan)
        parts.append(
            (compare(own, scan, events, costs, by_lp=pair.buys_by_lp), balance(own, scan), balance(own, events))
        )
        outcomes.append((scan.outcome(), events.outcome()))
        progress.step(done, len(blocks), f"{label}: block of {block.count} products")
    comparison, scan, events = (_sum(column) for column in zip(*parts, strict=True))
    both = [_joined(column) for column in zip(*outcomes, strict=True)]
    return Conformance(label, comparison, scan, events, _effects(problem, both[0], both[1]))


def _sum(parts: Sequence[Summand]) -> Summand:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _blocks(system: System, size: int) -> Iterator[_Block]:
    """Blocks of at most `size` products; all but a single one have `size` + 2."""
    count = len(system.product_names)
    if count <= size:
        yield _Block(system, count)
        return
    pace = _pacemakers(system)
    for start in range(0, count, size):
        rows = np.arange(start, min(start + size, count))
        filled = np.pad(rows, (0, size - rows.size), mode="edge")
        yield _Block(system.take(np.concatenate([filled, pace])), rows.size)


def _pacemakers(system: System) -> Int64[np.ndarray, "2"]:
    """The products that make a compilation long and wide enough for all: longest transfer, last slot that sends."""
    products = system.products
    sends: Bool[np.ndarray, "products slots"] = (products.kind > 0) & (products.kind < FULFILLMENT)
    last = np.where(sends, np.arange(sends.shape[1]), -1).max(1)
    return np.array([products.transit_days.max((1, 2)).argmax(), last.argmax()], np.int64)


def _joined(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome of the products of all blocks."""
    return Outcome(**{f.name: np.concatenate([getattr(part, f.name) for part in outcomes]) for f in fields(Outcome)})


def _effects(problem: Problem, scan: Outcome, events: Outcome) -> Effects:
    system, plan = problem.system, problem.plan
    used = [np.asarray(utilization(system, outcome, problem.strata, realized=True).mean) for outcome in (scan, events)]
    planned = np.nan_to_num(plan) > 0
    relative = np.where(planned, np.abs(used[0] - used[1]) / np.where(planned, plan, 1.0), -1.0)
    node, week = np.unravel_index(int(relative.argmax()), relative.shape)
    adherence = [wmapd(u, plan) if planned.any() else float("nan") for u in used]
    available = [preferred_node_availability(system, outcome, strata=problem.strata).mean for outcome in (scan, events)]
    return Effects(
        utilization=max(float(relative.max()), 0.0),
        node=system.network.nodes[node] if planned.any() else "",
        week=int(week),
        wmapd=(adherence[0], adherence[1]),
        availability=(available[0], available[1]),
    )
