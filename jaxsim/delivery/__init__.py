"""Delivery schedules: which truck serves which orders when.

    problem = read_problem(orders, trucks)            # tables: files or data frames
    schedule = plan(problem, seconds=10)
    schedule.cost, schedule.gap, schedule.note, schedule.stops_table

Orders have a weight, a place, a time window and a service time; trucks a capacity, a cost per mile, a fixed cost, a
shift, a depot and a number of trips. A window is kept, or has a price per minute. `plan` picks an exact model for small
problems (HiGHS, with bound and gap) and PyVRP for large ones, and says which and why. `violations` judges any schedule
by itself. `docs/delivery.md` is the manual.
"""

from jaxsim.delivery.check import Violation, violations
from jaxsim.delivery.planning import METHODS, plan
from jaxsim.delivery.problem import Orders, Problem, Trucks
from jaxsim.delivery.schedule import Schedule, Status, Stop, Trip
from jaxsim.delivery.tables import TABLES, read_problem

__all__ = [
    "METHODS",
    "TABLES",
    "Orders",
    "Problem",
    "Schedule",
    "Status",
    "Stop",
    "Trip",
    "Trucks",
    "Violation",
    "plan",
    "read_problem",
    "violations",
]
