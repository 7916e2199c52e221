"""The interior point method as a method of the buying LP."""

from dataclasses import dataclass
from functools import partial

from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Bool

from jaxsim.kernels.batches import default_block
from jaxsim.kernels.buying.blocks import BLOCK_ELEMENTS, solve_by_blocks
from jaxsim.kernels.buying.method import Limits
from jaxsim.kernels.buying.methods.interior_point.scaled import State, no_state
from jaxsim.kernels.buying.methods.interior_point.search import solve_block
from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution


@dataclass(frozen=True)
class InteriorPoint:
    """A point within the tolerance on any backend, `jaxsim.kernels.buying.method.Method`.

    Experimental: nothing chooses this method by itself.
    """

    mixed: bool = False
    """Start LPs of float64 in float32."""

    @property
    def requirements(self) -> str:
        """Of `available`."""
        return "nothing"

    @property
    def name(self) -> str:
        """By the precision."""
        return "interior_point_mixed" if self.mixed else "interior_point"

    def available(self, shape: Shape) -> bool:
        """Always."""
        return True

    def init(self, shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> State:
        """Zeros."""
        return no_state(shape, batch, dtype)

    def known(self, start: State) -> Bool[Array, "*batch"]:
        """Those with units."""
        return start.quantity > 0

    def solve(
        self, problem: BuyingLP, start: State, active: Bool[Array, " batch"] | None, limits: Limits, block: int
    ) -> tuple[Solution, State]:
        """Block after block; a block takes as many iterations as its slowest LP."""
        return solve_by_blocks(partial(solve_block, mixed=self.mixed), problem, start, active, limits, block)

    def default_block(self, shape: Shape, count: int) -> int:
        """As many as a core's cache holds: an iteration works on more numbers than a pass of the exact methods."""
        return default_block(shape.nodes * shape.regions, count, BLOCK_ELEMENTS // 2)

    def max_iterations(self, shape: Shape) -> int:
        """Of predictors and correctors, from each first point."""
        return 40
