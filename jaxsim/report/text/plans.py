"""Plans as lines of text."""

from collections.abc import Iterator

from jaxsim.allocation import Plan
from jaxsim.delivery import Schedule

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


def schedule_lines(schedule: Schedule) -> Iterator[str]:
    """What was done, totals, trips, and the orders that are left out."""
    yield schedule.note
    bound = "–" if schedule.bound is None else f"{schedule.bound:,.2f} (gap {schedule.gap:.2%})"
    numbers = {
        "cost": f"{schedule.cost:,.2f}",
        "bound": bound,
        "miles": f"{schedule.miles:,.1f}",
        "orders planned": f"{schedule.planned} of {len(schedule.problem.orders)}, {schedule.on_time} in their window",
        "minutes late": f"{schedule.late_minutes:,.1f}",
        "trips": f"{len(schedule.trips)} by {len({trip.truck for trip in schedule.trips})} trucks",
    }
    for name, value in numbers.items():
        yield f"{name:24s} {value}"
    for row in schedule.unplanned_table.to_pylist()[:_SHOWN]:
        yield f"left out: order {row['order']}: {row['reason']}"
    if len(schedule.unplanned) > _SHOWN:
        yield f"{len(schedule.unplanned) - _SHOWN} more orders are left out; the table has them"
