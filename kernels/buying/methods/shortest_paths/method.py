"""Successive shortest paths as a method of the buying LP."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Bool, Int8

from jaxsim.kernels.batches import default_block
from jaxsim.kernels.buying.blocks import BLOCK_ELEMENTS, solve_by_blocks
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.shortest_paths.search import solve_block
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution


@dataclass(frozen=True)
class ShortestPaths:
    """An optimal vertex on any backend, `jaxsim.kernels.buying.method.Method`; its starts are of no bytes."""

    @property
    def name(self) -> str:
        """In one word."""
        return "shortest_paths"

    @property
    def requirements(self) -> str:
        """Of `available`."""
        return "nothing"

    def available(self, shape: Shape) -> bool:
        """Always."""
        return True

    def init(self, shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> Int8[Array, " bytes *batch"]:
        """No bytes."""
        return jnp.zeros((0, *batch), jnp.int8)

    def known(self, start: Int8[Array, " bytes *batch"]) -> Bool[Array, "*batch"]:
        """None."""
        return jnp.zeros(start.shape[1:], bool)

    def solve(
        self,
        problem: BuyingLP,
        start: Int8[Array, "bytes batch"],
        active: Bool[Array, " batch"] | None,
        limits: Limits,
        block: int,
    ) -> tuple[Solution, Int8[Array, "bytes batch"]]:
        """Block after block; a block takes as many passes as its slowest LP."""
        return solve_by_blocks(solve_block, problem, start, active, limits, block)

    def default_block(self, shape: Shape, count: int) -> int:
        """As many as a core's cache holds."""
        return default_block(shape.nodes * shape.regions, count, BLOCK_ELEMENTS)

    def max_iterations(self, shape: Shape) -> int:
        """Of passes."""
        return 64 + 16 * (shape.nodes + shape.regions * shape.segments)
