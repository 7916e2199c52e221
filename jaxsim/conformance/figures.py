"""What a check of conformance found, as figures for a JSON file."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from jaxsim.conformance.blocks import Conformance
from jaxsim.conformance.compare import FieldComparison
from jaxsim.conformance.conservation import Balance


def verdict(results: Sequence[Conformance]) -> str:
    """One sentence over all costs."""
    if all(result.agrees for result in results):
        ties = sum(len(result.comparison.ties) for result in results)
        return "the engines agree" + (f" but for {ties} proved tie{'s' if ties != 1 else ''}" if ties else "")
    differing = sum(result.comparison.differing_product_trials for result in results)
    of = sum(result.comparison.product_trials for result in results)
    broken = sum(result.scan.broken + result.events.broken for result in results)
    conserved = f"; {broken:,} conservation laws are broken" if broken else ""
    return f"the engines differ in {differing:,} of {of:,} product-trials{conserved}"


def figures(result: Conformance) -> dict[str, Any]:
    """The findings under one vector of costs, as numbers and texts."""
    found, effects = result.comparison, result.effects
    return {
        "costs": result.label,
        "agrees": result.agrees,
        "product_trials": found.product_trials,
        "days": found.product_trials * found.days,
        "lps": found.lps,
        "entries": found.entries,
        "differing_product_trials": found.differing_product_trials,
        "differing_in_whole_units": found.differing_in_units,
        "mismatches": found.mismatches,
        "first_difference": str(found.first) if found.first else None,
        "fields": {name: _field_figures(field) for name, field in found.fields.items()},
        "ties": [asdict(tie) for tie in found.ties],
        "conservation": {"scan": _balance_figures(result.scan), "events": _balance_figures(result.events)},
        "utilization_difference": effects.utilization,
        "wmapd": dict(zip(("scan", "events"), map(_number, effects.wmapd), strict=True)),
        "preferred_node_availability": dict(zip(("scan", "events"), map(_number, effects.availability), strict=True)),
    }


def _field_figures(field: FieldComparison) -> dict[str, Any]:
    """A field's counts; those of days only where something differs."""
    days = np.flatnonzero(field.differing)
    return {
        "entries": field.entries,
        "differing": int(field.differing.sum()),
        "product_trials": field.affected,
        "largest": _number(float(field.largest.max())),
        "first": str(field.first) if field.first else None,
        "by_day": [
            {
                "day": int(day),
                "differing": int(field.differing[day]),
                "product_trials": int(field.product_trials[day]),
                "largest": _number(float(field.largest[day])),
            }
            for day in days
        ],
    }


def _balance_figures(balance: Balance) -> dict[str, Any]:
    return asdict(balance) | {"first": [str(violation) for violation in balance.first]}


def _number(value: float) -> float | None:
    """JSON has no NaN."""
    return value if np.isfinite(value) else None
