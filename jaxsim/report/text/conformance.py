"""Findings of a check of conformance as lines of text."""

from collections.abc import Iterator

import numpy as np

from jaxsim.conformance.blocks import Conformance
from jaxsim.conformance.check import Check
from jaxsim.conformance.compare import Comparison, FieldComparison
from jaxsim.conformance.conservation import Balance
from jaxsim.conformance.figures import verdict

_WIDTH = 22


def check_lines(check: Check) -> Iterator[str]:
    """What was simulated, the findings under each vector of costs, and the verdict."""
    yield check.heading
    for result in check.results:
        yield ""
        yield from result_lines(result)
    yield ""
    yield verdict(check.results)


def result_lines(result: Conformance) -> Iterator[str]:
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
    for name, (scan, events) in (("wMAPD", effects.wmapd), ("PNA", effects.availability)):
        yield _line(name, f"scan {scan:.6f}, events {events:.6f}, difference {scan - events:+.3g}")


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


def _line(name: str, text: str) -> str:
    return f"  {name:{_WIDTH}s}{text}"
