"""The network simplex as a method of the buying LP."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Bool, Int8

from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.network_simplex import compiled
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution


@dataclass(frozen=True)
class NetworkSimplex:
    """An optimal vertex in compiled code, `jaxsim.kernels.buying.method.Method`; a start is an optimal basis."""

    @property
    def name(self) -> str:
        """In one word."""
        return "network_simplex"

    @property
    def requirements(self) -> str:
        """Of `available`."""
        return "warp-lang and at most {} nodes, {} regions and {} segments".format(*compiled.MOST)

    def available(self, shape: Shape) -> bool:
        """Whether Warp is installed and a basis of this shape fits bytes."""
        return compiled.is_available(*shape)

    def init(self, shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> Int8[Array, " bytes *batch"]:
        """Zeros."""
        return jnp.zeros((compiled.basis_size(shape.nodes, shape.regions), *batch), jnp.int8)

    def known(self, start: Int8[Array, " bytes *batch"]) -> Bool[Array, "*batch"]:
        """Those whose first node has a parent."""
        return start[0] != 0

    def solve(
        self,
        problem: BuyingLP,
        start: Int8[Array, "bytes batch"],
        active: Bool[Array, " batch"] | None,
        limits: Limits,
        block: int,
    ) -> tuple[Solution, Int8[Array, "bytes batch"]]:
        """LP by LP, in blocks of the compiled code's own."""
        return compiled.solve(problem, start, active, limits)[:2]

    def default_block(self, shape: Shape, count: int) -> int:
        """All: see `solve`."""
        return count

    def max_iterations(self, shape: Shape) -> int:
        """Of pivots."""
        return 64 + 16 * (shape.nodes + shape.regions * shape.segments)
