"""What one aim costs in another: Pareto fronts of allocation plans.

Both ways find plans that no other plan beats in every aim. `weighted_front` minimizes weighted sums: of two aims it
finds every corner of the front, since the front of a linear program is a convex chain (Aneja and Nair, *Bicriteria
transportation problem*, 1979: between two neighbors, the weights at which both cost the same either find a corner below
their line or prove that there is none). `limited_front` is the ε-constraint method: least of one aim with a bound on
another, and the bound's price, which is the slope of the front there.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from jaxsim.allocation.plan import Plan, Status
from jaxsim.allocation.problem import MEASURES, Problem
from jaxsim.allocation.solving import solve

_SAME, _LITTLE = 1e-9, 1e-6


@dataclass(frozen=True)
class Front:
    """Plans that no other one beats in every aim, by the first aim."""

    aims: tuple[str, ...]
    plans: tuple[Plan, ...]

    @property
    def table(self) -> pa.Table:
        """A row per plan: the totals of the aims, and how each was found: `weight_…` or `at_most_…`, and its price."""
        rows = []
        for plan in self.plans:
            row = {name: value_of(plan, name) for name in self.aims}
            row |= {f"weight_{name}": float(weight) for name, weight in plan.weights.items()}
            row |= {f"at_most_{name}": float(bound) for name, bound in plan.at_most.items()}
            rows.append(row | {f"price_{name}": float(price) for name, price in plan.limit_price.items()})
        names = dict.fromkeys(itertools.chain.from_iterable(rows))
        return pa.table({name: pa.array([row.get(name) for row in rows], pa.float64()) for name in names})


def value_of(plan: Plan, aim: str) -> float:
    """Total of an aim; unmet demand counts as cost."""
    return plan.total(aim) + (plan.unmet_cost if aim == "cost" else 0.0)


def weighted_front(
    problem: Problem, aims: Sequence[str] = ("cost", "co2_kg"), *, most: int = 50, divisions: int = 6
) -> Front:
    """Plans of least weighted sums.

    Args:
        problem: one that has a plan.
        aims: two of `MEASURES`, of which every corner of the front is found, or more, of which weights on a grid are.
        most: corners of two aims at most; the widest gaps are closed first.
        divisions: steps of the grid of weights for more than two aims.

    Raises:
        ValueError: an aim is no measure, there are fewer than two, or the problem has no plan (the message says why).
    """
    _check(aims)
    if len(aims) > 2:
        return _grid(problem, aims, divisions)
    ends = [_lexicographic(problem, aims), _lexicographic(problem, aims[::-1])]
    plans = {_key(plan, aims): plan for plan in ends}
    gaps = [tuple(sorted(plans))] if len(plans) == 2 else []
    while gaps and len(plans) < most:
        gaps.sort(key=lambda gap: (gap[1][0] - gap[0][0]) * (gap[0][1] - gap[1][1]))
        left, right = gaps.pop()
        weights = {aims[0]: left[1] - right[1], aims[1]: right[0] - left[0]}
        size = sum(weights.values())
        found = _solved(problem, {name: weight / size for name, weight in weights.items()})
        key = _key(found, aims)
        line = weights[aims[0]] * left[0] + weights[aims[1]] * left[1]
        below = line - (weights[aims[0]] * key[0] + weights[aims[1]] * key[1])
        if below > _SAME * max(1e-300, abs(line)) * 10 and key not in plans:
            plans[key] = found
            gaps += [(left, key), (key, right)]
    return Front(tuple(aims), tuple(plans[key] for key in sorted(plans)))


def limited_front(
    problem: Problem, aim: str = "cost", limited: str = "co2_kg", *, points: int = 11, others: float = 0.0
) -> Front:
    """Plans of least `aim` under equally spaced bounds on `limited`, from its least to what the best plan takes.

    Args:
        problem: one that has a plan.
        aim, limited: of `MEASURES`.
        points: bounds, at least two.
        others: weight of the limited aim in the objective, to prefer less of it among equals.

    Raises:
        ValueError: as for `weighted_front`, or there are fewer than two points.
    """
    _check((aim, limited))
    if points < 2:
        raise ValueError(f"a front needs at least two points, not {points}")
    best = _lexicographic(problem, (aim, limited))
    least = _lexicographic(problem, (limited, aim))
    low, high = value_of(least, limited), value_of(best, limited)
    if high - low <= _SAME * max(1.0, abs(high)):
        return Front((aim, limited), (best,))
    weights = {aim: 1.0, limited: others}
    plans = [_solved(problem, weights, {limited: bound}) for bound in np.linspace(low, high, points)[1:-1].tolist()]
    return Front((aim, limited), tuple(sorted([best, *plans, least], key=lambda plan: value_of(plan, aim))))


def _check(aims: Sequence[str]) -> None:
    if len(set(aims)) != len(aims) or len(aims) < 2:
        raise ValueError("a front needs at least two different aims")
    for name in aims:
        if name not in MEASURES:
            raise ValueError(f"there is no measure {name!r}; there are {', '.join(MEASURES)}")


def _solved(problem: Problem, weights: dict[str, float], at_most: dict[str, float] | None = None) -> Plan:
    plan = solve(problem, weights=weights, at_most=at_most)
    if plan.status is Status.INFEASIBLE:
        raise ValueError(str(plan.shortage))
    return plan


def _lexicographic(problem: Problem, aims: Sequence[str]) -> Plan:
    """The plan of least first aim and, among those, of least second aim: by a weight that trades nothing but ties."""
    first = _solved(problem, {aims[0]: 1.0})
    size, other = (abs(value_of(first, name)) for name in aims)
    return _solved(problem, {aims[0]: 1.0, aims[1]: _LITTLE * (size / other if other > 0 and size > 0 else 1.0)})


def _key(plan: Plan, aims: Sequence[str]) -> tuple[float, float]:
    """Totals of two aims, rounded to nine digits so that equal plans are found out."""
    first, second = (float(f"{value_of(plan, name):.9g}") for name in aims)
    return first, second


def _grid(problem: Problem, aims: Sequence[str], divisions: int) -> Front:
    """Weights on a grid of the simplex, in units of each aim's range over the plans that are best in one aim."""
    best = [_solved(problem, {name: 1.0}) for name in aims]
    values = np.array([[value_of(plan, name) for name in aims] for plan in best])
    width = np.maximum(values.max(0) - values.min(0), 1e-12 * np.maximum(np.abs(values).max(0), 1.0))
    plans = {}
    for part in _compositions(divisions, len(aims)):
        # A little of every aim, so that a plan which is worse in one aim and better in none is not taken.
        share = (np.array(part) + 1e-4) / width
        plan = _solved(problem, dict(zip(aims, (share / share.sum()).tolist(), strict=True)))
        plans[tuple(float(f"{value_of(plan, name):.9g}") for name in aims)] = plan
    kept = [key for key in plans if not any(_beats(other, key) for other in plans)]
    return Front(tuple(aims), tuple(plans[key] for key in sorted(kept)))


def _beats(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)
