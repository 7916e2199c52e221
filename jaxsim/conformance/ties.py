"""Ties of the buying LP: two order vectors that cost the same.

The costs of the LP are perturbed by up to a millionth so that its optimum is unique, but where capacity costs are large
the perturbation drowns in rounding, and the two engines may each order another optimum. Such a day is a tie only if it
can be proved: the day's LP is rebuilt from the state that both engines shared until then, and each order vector is
priced by HiGHS with that vector held fixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from jaxsim.outcome import Trajectory
from jaxsim.reference.buying_lp import BuyingProblem, solve
from jaxsim.reference.policies.buy import buying_problem, round_to_packs, used_slots
from jaxsim.reference.prices import price_lists
from jaxsim.reference.product import Product, State, product_of
from jaxsim.resources import Costs
from jaxsim.system import System

TIE_TOLERANCE = 1e-12
"""Largest gap of objectives in a tie, relative to the magnitude of their terms.

The objective is a sum of at most a few hundred float64 terms, whose rounding is some 1e-14 of their magnitude; HiGHS
holds bases to 1e-10 after costs are scaled by 1024 and quantities to at most 1024, which is 1e-13 of both. A tie that
the LP's perturbation broke has a gap of about 1e-6 · 0.01 per unit that moves, and is none: an order of 1,000 units of
which 100 move has a relative gap of 1e-10.
"""

_FEASIBLE = 1e-9
"""How far an order vector may violate its bounds and its sum, relative to the order quantity."""


@dataclass(frozen=True)
class Tie:
    """A buying LP with two optima, one in each engine."""

    product: str
    trial: int
    day: int
    scan: float
    """Objective of the scan engine's order vector, currency."""
    events: float
    """Of the event engine's."""
    optimum: float
    """Of a fresh solve."""
    magnitude: float
    """Sum of the magnitudes of the objective's terms (an upper bound), currency."""


def tie_of(system: System, scan: Trajectory, events: Trajectory, costs: Costs, at: Sequence[int]) -> Tie | None:
    """The tie at a buying day on which two product-trials part; None when it is none.

    Args:
        system: of the trajectories' products, in their order.
        at: product, trial and day; the trajectories are equal until that day's order quantity.

    Returns:
        A `Tie` when both order vectors are feasible, both cost what a fresh solve costs within `TIE_TOLERANCE`, and
        each engine rounded its own vector as `docs/semantics.md` says.
    """
    row, trial, day = at
    product = product_of(system, row)
    quantity = int(events.order_quantity[row, trial, day])
    state = state_at(product, events, row, trial, day)
    orders = [run.lp_order[row, trial, day].tolist() for run in (scan, events)]
    lines = [run.orders[row, trial, day].tolist() for run in (scan, events)]
    if quantity == 0 or not all(_rounds_to(product, x, n, quantity) for x, n in zip(orders, lines, strict=True)):
        return None
    problem = buying_problem(product, state, day, price_lists(system, costs), quantity)
    slots = used_slots(product)
    vectors = [[x[slot] for slot in slots] for x in orders]
    if not all(_feasible(problem, x) for x in vectors):
        return None
    name = f"product {product.name}, trial {trial}, day {day}"
    try:
        mine, theirs = (solve(problem, name, order=x).objective for x in vectors)
        optimum = solve(problem, name).objective
    except RuntimeError:  # an order that HiGHS cannot complete proves nothing
        return None
    magnitude = max(_magnitude(problem, x) for x in vectors)
    if max(mine, theirs, optimum) - min(mine, theirs, optimum) > TIE_TOLERANCE * magnitude:
        return None
    return Tie(product.name, trial, day, mine, theirs, optimum, magnitude)


def state_at(product: Product, run: Trajectory, row: int, trial: int, day: int) -> State:
    """The state that the buying decision of a day sees, from the records of the days before and its receipts.

    Args:
        row: product of the trajectory. trial, day: of the decision.
    """
    past, today = slice(0, day), slice(0, day + 1)
    of = lambda values, days: values[row, trial, days].astype(np.int64)
    received, transferred = of(run.received, today), of(run.received_transfers, today)
    before = run.on_hand[row, trial, day - 1].astype(np.int64) if day else np.array(product.on_hand)
    backlog = run.backlog[row, trial, day - 1].astype(np.int64) if day else np.zeros(run.backlog.shape[3], np.int64)
    ordered = np.array(product.in_flight).sum(0) + of(run.orders, past).sum(0)
    return State(
        on_hand=(before + received[-1] + transferred[-1]).tolist(),
        on_order=(ordered - received.sum(0)).tolist(),
        in_transit=(of(run.moved, past).sum((0, 1)) - transferred.sum(0)).tolist(),
        demand=[0] * len(backlog),
        backlog=backlog.tolist(),
    )


def _rounds_to(product: Product, order: list[float], lines: list[int], quantity: int) -> bool:
    """Whether whole packs of an order vector are the order lines."""
    try:
        return round_to_packs(order, quantity, product.case_pack, product.orderable) == lines
    except (RuntimeError, ValueError, OverflowError):  # too far from the quantity, or not a number
        return False


def _feasible(problem: BuyingProblem, order: Sequence[float]) -> bool:
    slack = _FEASIBLE * problem.quantity
    inside = all(-slack <= x <= cap + slack for x, cap in zip(order, problem.cap, strict=True))
    return inside and abs(sum(order) - problem.quantity) <= slack


def _magnitude(problem: BuyingProblem, order: Sequence[float]) -> float:
    """At least the sum of the magnitudes of the objective's terms: every unit takes the dearest way it has."""
    ordering = sum(abs(cost) * x for cost, x in zip(problem.order_cost, order, strict=True))
    dearest = [
        max(chain([over], (cost for cost in route if np.isfinite(cost))))
        for over, route in zip(problem.overage_cost, problem.route_cost, strict=True)
    ]
    moving = sum(cost * (s + x) for cost, s, x in zip(dearest, problem.supply, order, strict=True))
    wanted = (d * b for widths in problem.segment_width for d, b in zip(widths, problem.segment_value, strict=True))
    return ordering + moving + sum(wanted)
