"""What an answer to a buying LP is worth: a certificate written from the LP's definition alone, and HiGHS from scratch.

Nothing here comes from `jaxsim.kernels`: the point of the certificate is that it shares no line with the kernel's own.
Fields are those of `jaxsim.kernels.buying.BuyingLP`, NumPy arrays with one trailing batch axis B.

With a_k, g_r and t the duals of the supply rows, the demand rows and the order total, the dual of the LP in the
kernel's docstring is

    maximize   Σ_k s_k a_k + Q t + Σ_k cap_k min(0, c_k + a_k − t) + Σ_rm d_rm min(0, g_r − b_rm)
    subject to a_k ≤ h_k,   a_k + g_r ≤ w_kr

so duals that violate the two rows a little are repaired by lowering them, and t is free.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import highspy
import numpy as np

from validation.reference_lp import HIGHS_OPTIONS, constraint_matrix

Fields = dict[str, np.ndarray]

TOLERANCE = 1e-8
"""An answer holds when its residual and its gap are at most this."""

ROUNDING = 1e-13
"""Shortage of caps, as a part of the total, that may be the rounding error of their sum."""


class Answer(NamedTuple):
    """A primal point in units and a dual point in cost per unit; batch last."""

    order: np.ndarray
    ship: np.ndarray
    leftover: np.ndarray
    served: np.ndarray
    supply_dual: np.ndarray
    demand_dual: np.ndarray
    total_dual: np.ndarray

    @classmethod
    def of_kernel(cls, solution: Any) -> "Answer":
        """A `Solution` of the kernel; its demand price is what a unit in a region costs, the dual what it is worth."""
        point = (solution.order, solution.ship, solution.leftover, solution.served)
        prices = (solution.supply_price, -np.asarray(solution.demand_price), solution.order_price)
        return cls(*(np.asarray(array) for array in (*point, *prices)))


class Evidence(NamedTuple):
    """What an answer proves, for each LP of a batch."""

    objective: np.ndarray
    size: np.ndarray
    """Sum of the magnitudes of the objective's terms; 1 where they are all zero."""
    residual: np.ndarray
    """Largest violation of a row or bound, as a part of all units Σs + Q."""
    row_residual: np.ndarray
    """The same, but each row's violation as a part of the sum of magnitudes of its own terms."""
    repair: np.ndarray
    """Largest change that made the duals feasible, as a part of the largest cost."""
    gap: np.ndarray
    """|primal − dual objective after the repair| as a part of `size`."""

    @property
    def holds(self) -> np.ndarray:
        """Whether the point is feasible and of least cost, to `TOLERANCE`."""
        return (self.residual <= TOLERANCE) & (self.gap <= TOLERANCE)


def _per_lp(array: np.ndarray, reduce: Callable[..., np.ndarray] = np.sum) -> np.ndarray:
    """All axes but the last reduced to one number."""
    return reduce(array.reshape(-1, array.shape[-1]), axis=0)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return part / np.where(whole > 0, whole, 1.0)


def evidence(lp: Fields, answer: Answer) -> Evidence:
    """Objective, residuals and gap of an answer in float64."""
    closed = ~np.isfinite(lp["route_cost"])
    route = np.where(closed, 0.0, lp["route_cost"])
    value = np.broadcast_to(lp["segment_value"], lp["segment_width"].shape)
    pairs = (
        (lp["order_cost"], answer.order),
        (route, answer.ship),
        (lp["overage_cost"], answer.leftover),
        (-value, answer.served),
    )
    nothing = np.zeros_like(lp["order_total"])
    objective = sum((_per_lp(cost * units) for cost, units in pairs), nothing)
    size = sum((_per_lp(np.abs(cost * units)) for cost, units in pairs), nothing)
    size = np.where(size > 0, size, 1.0)
    # An order cost counts only where something can be ordered.
    used = (np.where(lp["order_cap"] > 0, lp["order_cost"], 0.0), route, lp["overage_cost"], value)
    largest = np.maximum.reduce([_per_lp(np.abs(cost), np.max) for cost in used])
    bound, repair = _dual_bound(lp, answer)
    residual, row_residual = _residuals(lp, answer, closed)
    return Evidence(objective, size, residual, row_residual, _ratio(repair, largest), np.abs(objective - bound) / size)


def _residuals(lp: Fields, answer: Answer, closed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Largest violation as a part of all units, and as a part of the row's own terms."""
    order, ship, leftover, served = answer[:4]
    sent, received, total = ship.sum(1), ship.sum(0), order.sum(0)[None]
    rows = (
        (sent + leftover - order - lp["supply"], np.abs(sent) + np.abs(leftover) + np.abs(order) + lp["supply"]),
        (received - served.sum(1), np.abs(received) + np.abs(served).sum(1)),
        (total - lp["order_total"], np.abs(total) + lp["order_total"]),
        (np.maximum(order - lp["order_cap"], 0), np.abs(order) + lp["order_cap"]),
        (np.maximum(served - lp["segment_width"], 0), np.abs(served) + lp["segment_width"]),
        (np.where(closed, ship, 0), np.abs(ship)),
        *((np.minimum(units, 0), np.abs(units)) for units in answer[:4]),
    )
    everything = lp["supply"].sum(0) + lp["order_total"]
    of_all = np.maximum.reduce([_per_lp(np.abs(violation), np.max) for violation, _ in rows])
    of_row = np.maximum.reduce([_per_lp(_ratio(np.abs(violation), terms), np.max) for violation, terms in rows])
    return _ratio(of_all, everything), of_row


def _dual_bound(lp: Fields, answer: Answer) -> tuple[np.ndarray, np.ndarray]:
    """The dual objective at the repaired duals, a lower bound of the optimum, and the largest repair, cost per unit.

    No x exceeds Q and no z all units, so caps and widths are cut there: bounds that follow from the rows.
    """
    value = np.broadcast_to(lp["segment_value"], lp["segment_width"].shape)
    everything = lp["supply"].sum(0) + lp["order_total"]
    supply = np.minimum(answer.supply_dual, lp["overage_cost"])
    demand = np.minimum(answer.demand_dual, (lp["route_cost"] - supply[:, None]).min(0))
    order = np.minimum(lp["order_cap"], lp["order_total"]) * np.minimum(
        0, lp["order_cost"] + supply - answer.total_dual
    )
    segment = np.minimum(lp["segment_width"], everything) * np.minimum(0, demand[:, None] - value)
    bound = (lp["supply"] * supply).sum(0) + lp["order_total"] * answer.total_dual + order.sum(0) + _per_lp(segment)
    lowered = np.maximum((answer.supply_dual - supply).max(0), (answer.demand_dual - demand).max(0))
    return bound, lowered


def shortage(lp: Fields) -> np.ndarray:
    """Q − Σ cap, correctly rounded, so that its sign says exactly whether an order exists."""
    return np.array([
        math.fsum([total, *(-caps)]) for caps, total in zip(lp["order_cap"].T, lp["order_total"], strict=True)
    ])  # fmt: skip


def highs_from_scratch(lp: Fields) -> tuple[Answer, np.ndarray]:
    """HiGHS on each LP of a batch, every time with a new solver object.

    Returns:
        Its answers (zeros where it claims no optimum) and whether it claims one.
    """
    nodes, regions, count = lp["route_cost"].shape
    segments = lp["segment_width"].shape[1]
    matrix = constraint_matrix(nodes, regions, segments)
    column, row = np.nonzero(matrix.T)
    first = np.searchsorted(column, np.arange(matrix.shape[1] + 1))
    sparse = first.astype(np.int32), row.astype(np.int32), matrix[row, column]
    primal, dual = np.zeros((matrix.shape[1], count)), np.zeros((matrix.shape[0], count))
    claims = np.zeros(count, bool)
    for i in range(count):
        found = _highs_once({name: array[..., i] for name, array in lp.items()}, sparse)
        if found is not None:
            claims[i], primal[:, i], dual[:, i] = True, *found
    order, ship, leftover, served = np.split(primal, np.cumsum([nodes, nodes * regions, nodes]))
    point = order, ship.reshape(nodes, regions, count), leftover, served.reshape(regions, segments, count)
    return Answer(*point, dual[:nodes], dual[nodes:-1], dual[-1]), claims


def _power_of_two(size: float) -> float:
    """A scale that brings ``size`` near 2^10 and changes no digit."""
    return 2.0 ** (round(math.log2(size)) - 10) if size > 0 else 1.0


def _highs_once(lp: Fields, sparse: tuple[np.ndarray, np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """Primal and dual point of one LP without batch axis, or None when HiGHS claims no optimum."""
    nodes, regions = lp["route_cost"].shape
    value = np.broadcast_to(lp["segment_value"], lp["segment_width"].shape)
    closed = ~np.isfinite(lp["route_cost"])
    route = np.where(closed, 0.0, lp["route_cost"])
    order_cost = np.where(lp["order_cap"] > 0, lp["order_cost"], 0.0)
    cost = np.concatenate([order_cost, route.ravel(), lp["overage_cost"], -value.ravel()])
    # Tolerances of HiGHS are absolute, so quantities and costs are brought to one size.
    unit, step = _power_of_two(lp["supply"].sum() + lp["order_total"]), _power_of_two(np.abs(cost).max())
    ship_upper = np.where(closed, 0.0, highspy.kHighsInf).ravel()
    upper = [lp["order_cap"] / unit, ship_upper, np.full(nodes, highspy.kHighsInf), lp["segment_width"].ravel() / unit]
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = cost.size, nodes + regions + 1
    model.col_cost_, model.col_lower_, model.col_upper_ = cost / step, np.zeros(cost.size), np.concatenate(upper)
    model.row_lower_ = np.concatenate([lp["supply"], np.zeros(regions), [lp["order_total"]]]) / unit
    model.row_upper_ = model.row_lower_
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = sparse
    solver = highspy.Highs()
    for option, setting in HIGHS_OPTIONS.items():
        solver.setOptionValue(option, setting)
    solver.passModel(model)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    found = solver.getSolution()
    return np.array(found.col_value) * unit, np.array(found.row_dual) * step


class Verdicts(NamedTuple):
    """Judgment of a batch: masks over LPs, and errors."""

    short: np.ndarray
    """No order exists, exactly."""
    holds: np.ndarray
    """The kernel's answer holds by the independent certificate."""
    highs_holds: np.ndarray
    difference: np.ndarray
    """Kernel's objective − HiGHS's, as a part of the size of the kernel's."""


def verdicts(lp: Fields, ours: Evidence, highs: Evidence, claims: np.ndarray) -> Verdicts:
    """Compare two answers to the same LPs; ``claims`` says where HiGHS claims an optimum."""
    return Verdicts(shortage(lp) > 0, ours.holds, claims & highs.holds, (ours.objective - highs.objective) / ours.size)


def false_optimal(optimal: np.ndarray, verdict: Verdicts) -> np.ndarray:
    """Where ``optimal`` claims what the certificate denies, or what a certified objective of HiGHS contradicts."""
    contradicted = verdict.highs_holds & (np.abs(verdict.difference) > TOLERANCE)
    return optimal & (~verdict.holds | contradicted)
