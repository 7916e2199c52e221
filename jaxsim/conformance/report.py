"""What a check of conformance found, as lines of text and as figures for a JSON file."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from jaxsim.conformance.blocks import Conformance
from jaxsim.conformance.compare import Comparison, FieldComparison
from jaxsim.conformance.conservation import Balance

_WIDTH = 22


def lines(result: Conformance) -> Iterator[str]:
    """The findings under one vector of costs."""
    found, effects = result.comparison, result.effects
    yield f"{result.label}"
    yield _line("product-trials", f"{found.product_trials:,}")
    yield _line("days", f"{found.product_trials * found.days:,}")
    yield _line("LPs compared", f"{found.lps:,}")
    yield from _mismatches(found)
    yield _line("ties", f"{len(found.ties):,}" + (", each proved by solving its LP again" if found.ties else ""))
    yield from (
        _line("largest difference", f"{name}: {field.largest.max():.3g} units{_outside(field)}")
        for name, field in found.fields.items()
        if field.largest.any()
    )
    for engine, balance in (("scan", result.scan), ("events", result.events)):
        yield from _conservation(engine, balance)
    where = f" (node {effects.node}, week {effects.week})" if effects.utilization else ""
    yield _line("utilization", f"differs by at most {effects.utilization:.3g} of a node-week's plan{where}")
    for name, (fast, exact) in (("wMAPD", effects.wmapd), ("PNA", effects.availability)):
        yield _line(name, f"scan {fast:.6f}, events {exact:.6f}, difference {fast - exact:+.3g}")


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


def _mismatches(found: Comparison) -> Iterator[str]:
    if not found.mismatches:
        yield _line("mismatches", f"0 of {found.entries:,} entries differ in {len(found.fields)} fields")
        return
    share = f"{found.differing_product_trials:,} of {found.product_trials:,} product-trials differ"
    yield _line("mismatches", f"{share}, {found.differing_in_units:,} of them in whole units")
    for name, count in found.mismatches.items():
        field = found.fields[name]
        first = int(np.flatnonzero(field.differing)[0])
        affected = f"in {field.affected:,} product-trials, from day {first}"
        yield _line(f"  {name}", f"{count:,} of {field.entries:,} entries {affected}")
    yield _line("  the first", str(found.first))


def _outside(field: FieldComparison) -> str:
    return "" if field.differing.any() else ", within the tolerance"


def _conservation(engine: str, balance: Balance) -> Iterator[str]:
    if not balance.broken:
        yield _line(f"conservation {engine}", f"all {balance.checked:,} equations hold")
        return
    yield _line(f"conservation {engine}", f"{balance.broken:,} of {balance.checked:,} equations do not hold")
    yield from (_line("  the first", str(violation)) for violation in balance.first)


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


def _line(name: str, text: str) -> str:
    return f"  {name:{_WIDTH}s}{text}"
