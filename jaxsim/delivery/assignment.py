"""Orders to trucks where each order is a haul of its own: an exact assignment, as in bin packing.

    minimize   Σ_ok miles_o · cost per mile_k · x_ok + Σ_k fixed_k u_k + prize · Σ_o d_o
    subject to Σ_k x_ok + d_o = 1,   Σ_o weight_o x_ok ≤ capacity_k y_k,   y_k ≤ u of the truck

k counts the trips of every truck, d_o leaves an order out. This is the form of an order list with distances and nothing
else: no sequence of visits matters, so none is decided.
"""

import itertools

from jaxsim.delivery.arcs import leave_out_price
from jaxsim.delivery.mip import Found, Program
from jaxsim.delivery.problem import Problem
from jaxsim.delivery.schedule import Routes


def assign(problem: Problem, seconds: float, start: Routes) -> tuple[Routes, Found, float]:
    """Solve to optimality or for so many seconds.

    Args:
        start: a plan to begin with.

    Returns:
        The routes, where the search ended, and the price at which an order was left out in it.
    """
    program, prize = Program(), leave_out_price(problem)
    orders = [order for order in range(len(problem.orders)) if order not in problem.unplannable]
    weight, trucks = problem.orders.weight, problem.trucks
    bins = [(truck, trip) for truck in range(len(trucks)) for trip in range(min(int(trucks.trips[truck]), len(orders)))]
    left_out = {order: program.column(prize) for order in orders}
    leaves = {truck: program.column(float(trucks.fixed_cost[truck])) for truck in range(len(trucks))}
    used = {each: program.column(0.0) for each in bins}
    carried = {
        (order, each): program.column(_cost(problem, order, each[0]))
        for order in orders
        for each in bins
        if weight[order] <= trucks.capacity[each[0]]
    }
    for order in orders:
        row = {carried[order, each]: 1.0 for each in bins if (order, each) in carried}
        program.row(1.0, row | {left_out[order]: 1.0}, 1.0)
    for each in bins:
        row = {carried[order, each]: float(weight[order]) for order in orders if (order, each) in carried}
        program.row(-float("inf"), row | {used[each]: -float(trucks.capacity[each[0]])}, 0.0)
        program.row(-1.0, {used[each]: 1.0, leaves[each[0]]: -1.0}, 0.0)
        for order in orders:
            if (order, each) in carried:
                program.row(-1.0, {carried[order, each]: 1.0, used[each]: -1.0}, 0.0)
    _alike_in_order(problem, program, leaves, used)
    found = program.minimize(seconds)
    if found.x is None:
        return start, found, prize
    routes: Routes = {}
    for truck, trip in bins:
        members = [o for o in orders if (o, (truck, trip)) in carried and found.x[carried[o, (truck, trip)]] > 0.5]
        if members:
            routes.setdefault(truck, []).append(members)
    return routes, found, prize


def _cost(problem: Problem, order: int, truck: int) -> float:
    depot = int(problem.trucks.depot[truck])
    return float(problem.miles[depot, problem.place(order)] * problem.trucks.cost_per_mile[truck])


def _alike_in_order(
    problem: Problem, program: Program, leaves: dict[int, int], used: dict[tuple[int, int], int]
) -> None:
    """Of trucks that are alike the earlier ones leave first, and a truck makes its first trips first."""
    for group in problem.trucks.alike:
        for first, second in itertools.pairwise(group):
            program.row(-1.0, {leaves[second]: 1.0, leaves[first]: -1.0}, 0.0)
    for (truck, trip), column in used.items():
        if (truck, trip + 1) in used:
            program.row(-1.0, {used[truck, trip + 1]: 1.0, column: -1.0}, 0.0)
