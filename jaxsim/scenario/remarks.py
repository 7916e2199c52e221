"""Warnings: what is legal in a whole scenario, but hardly meant. Nothing of it stops a simulation."""

from jaxsim.scenario.faults import Fault
from jaxsim.scenario.limits import weekly
from jaxsim.scenario.schema import QUANTILE_COLUMNS
from jaxsim.scenario.view import View, columns_of


def no_demand(view: View) -> list[Fault]:
    """Nobody buys anything."""
    if not view.size("demand") or (weekly(view, "demand").highest > 0).any():
        return []
    return [_warning("no demand", "demand", "q99", "some product has demand", "Look for a column that was left at 0.")]


def nothing_orderable(view: View) -> list[Fault]:
    """No order is ever placed, so capacity costs change nothing."""
    if not view.size("product_nodes") or view.column("product_nodes", "orderable").any():
        return []
    remedy = "Mark the nodes that vendors deliver a product to; capacity costs change nothing without an order."
    return [_warning("nothing orderable", "product_nodes", "orderable", "some product can be ordered", remedy)]


def worthless_sales(view: View) -> list[Fault]:
    """The buying optimization has no reason to order near the demand."""
    if not view.size("products") or (view.column("products", "lost_sale_cost") > 0).any():
        return []
    rule, remedy = "some lost sale costs something", "Write the margin that is lost with a sale."
    return [_warning("no cost", "products", "lost_sale_cost", rule, remedy)]


def arrivals_after_horizon(view: View) -> list[Fault]:
    """No order of the simulation arrives in it."""
    days, week = view.column("lead_times", "days"), view.column("labor_plan", "week")
    possible = view.column("lead_times", "probability") > 0
    if not possible.any() or not len(week) or days[possible].min() < 7 * (week.max() + 1):
        return []
    rule, remedy = "an order can arrive within the horizon", "Look for wrong units, or plan labor for more weeks."
    shortest, horizon = days[possible].min(), 7 * (week.max() + 1)
    value = f"{shortest} at least, with a horizon of {horizon} days"
    return [_warning("late arrivals", "lead_times", "days", rule, remedy, value)]


def _warning(kind: str, table: str, column: str, rule: str, remedy: str, value: str = "0 in every row") -> Fault:
    return Fault(kind, table, rule, remedy, column, None, value, is_warning=True)


REMARKS = (
    (columns_of("demand", QUANTILE_COLUMNS), no_demand),
    (("product_nodes.orderable",), nothing_orderable),
    (("products.lost_sale_cost",), worthless_sales),
    (("lead_times.days", "lead_times.probability", "labor_plan.week"), arrivals_after_horizon),
)
"""Columns that a remark needs, and the remark; as `relations.RELATIONS`."""
