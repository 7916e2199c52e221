"""Plans as lines of text."""

from collections.abc import Iterator

from jaxsim.allocation import Plan

_SHOWN = 12


def allocation_lines(plan: Plan) -> Iterator[str]:
    """Status, totals, the largest prices."""
    yield plan.status.value
    yield f"{'objective':24s} {plan.objective:16,.4f}"
    for name, value in plan.totals.items():
        yield f"{name:24s} {value:16,.4f}"
    yield f"{'gap':24s} {plan.gap:16.1e}"
    rows = sorted(plan.prices.to_pylist(), key=lambda row: -abs(row["price"]))
    for row in rows[:_SHOWN]:
        what = f"{row['limit']} {row['name']}"
        yield f"{what:24s} {row['used']:16,.4f} of {row['units']:,.4f}, price {row['price']:+,.4f}"
    if len(rows) > _SHOWN:
        yield f"{len(rows) - _SHOWN} more prices are in the table"
