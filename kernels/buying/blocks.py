"""Batches of buying LPs, block after block through a method in JAX, and the certificates of its answers."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array

from jaxsim.kernels.batches import active_by_blocks, by_blocks
from jaxsim.kernels.buying.certificate import Certify, Point, Prices, examine
from jaxsim.kernels.buying.method import Limits, Start
from jaxsim.kernels.buying.problem import BuyingLP, Solution, is_infeasible, is_invalid, or_nothing

BLOCK_ELEMENTS = 32768  # route costs in a block on a CPU: 256 KiB in float64

SolveBlock = Callable[[BuyingLP, Start, Limits, Certify], tuple[Solution, Start]]
"""Answers of a block's LPs, and where their solves ended."""


def solve_by_blocks(
    solve_block: SolveBlock, problem: BuyingLP, start: Start, active: Array | None, limits: Limits, block: int
) -> tuple[Solution, Start]:
    """Certified answers of the active LPs along one batch axis, and where their solves ended.

    The answer of an inactive LP is 0, and its start stays as it is.
    """

    def solve_some(some: tuple[BuyingLP, Start, Array | None]) -> tuple[Solution, Start]:
        lps, starts, matter = some
        lps, certify = prepare(lps, matter, limits.tolerance)
        return solve_block(lps, starts, limits, certify)

    if active is None:
        return by_blocks(solve_some, (problem, start, None), block)
    found = active_by_blocks(solve_some, (problem, start, active), block, active)
    solution, after = jax.tree.map(lambda a: jnp.where(active, a, jnp.zeros_like(a)), found[0]), found[1]
    return solution, jax.tree.map(partial(jnp.where, active), after, start)


def prepare(problem: BuyingLP, matter: Array | None, tolerance: float) -> tuple[BuyingLP, Certify]:
    """A block's LPs without those that need no solver, and what examines their answers."""
    bad, infeasible = is_invalid(problem), is_infeasible(problem)
    skip = bad | infeasible if matter is None else bad | infeasible | ~matter
    problem = or_nothing(problem, skip)
    problem = problem._replace(route_cost=_useful_routes(problem))

    def certify(point: Point, prices: Prices, unfinished: Array) -> Solution:
        return examine(problem, point, prices, (bad, infeasible, unfinished), tolerance)

    return problem, certify


def _useful_routes(problem: BuyingLP) -> Array:
    """Route costs, +inf where leaving a unit over is at least as good as serving the region's best segment."""
    useful = problem.route_cost < problem.overage_cost[:, None] + problem.segment_value[None, :, 0]
    return jnp.where(useful, problem.route_cost, jnp.inf)
