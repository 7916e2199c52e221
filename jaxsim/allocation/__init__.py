"""Allocation of units from warehouses to locations at least cost, by linear programming.

    minimize   Σ_l c_l x_l + Σ_j p_j u_j              lanes l, each from a warehouse to a location
    subject to Σ_{l from i} x_l ≤ S_i                 supply, of a product or of all together
               Σ_{l to j} x_l + u_j ≥ D_j             demand; u_j = 0 where it must be met
               Σ_{l from i} a_l x_l ≤ C_i             capacity that the products of a warehouse share
               m_l ≤ x_l ≤ M_l

Supply 35, 50, 40 and demand 45, 20, 30, 30 at the costs of the textbook example cost 1020:

    plan = solve(Problem.of_matrix([[8, 6, 10, 9], [9, 12, 13, 7], [14, 9, 16, 5]], [35, 50, 40], [45, 20, 30, 30]))
    plan.cost, plan.matrix(), plan.supply_price, plan.demand_price

`read_problem` takes tables, `solve` one problem of any size, `solve_batch` thousands of small ones at once. `ranging`
says how far costs can move before the plan changes, `weighted_front` and `limited_front` what one aim costs in another.
`docs/allocation.md` is the manual.
"""

from jaxsim.allocation.batch import BatchPlans, solve_batch
from jaxsim.allocation.cost_ranges import CostRanges, ranging
from jaxsim.allocation.front import Front, limited_front, weighted_front
from jaxsim.allocation.plan import Plan, Status
from jaxsim.allocation.problem import MEASURES, Problem
from jaxsim.allocation.shortage import Shortage
from jaxsim.allocation.solving import allocate, solve
from jaxsim.allocation.tables import TABLES, read_problem

__all__ = [
    "MEASURES",
    "TABLES",
    "BatchPlans",
    "CostRanges",
    "Front",
    "Plan",
    "Problem",
    "Shortage",
    "Status",
    "allocate",
    "limited_front",
    "ranging",
    "read_problem",
    "solve",
    "solve_batch",
    "weighted_front",
]
