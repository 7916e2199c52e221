"""What a method of the buying LP is: the contract that `front` and the simulator rely on."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

from jax import Array
from jax.typing import DTypeLike
from jaxtyping import Bool

from jaxsim.kernels.buying.problem import BuyingLP, Shape, Solution

Start = Any
"""Where a solve starts: a pytree of arrays of any types, the LPs' batch axes last. Opaque to all but its method."""


class Limits(NamedTuple):
    """How far a method goes with a batch of LPs."""

    iterations: int
    """Iterations, passes or pivots at the most."""
    tolerance: float
    """Of gap and residuals of an optimum."""


@runtime_checkable
class Method(Protocol):
    """A way to solve buying LPs: frozen and hashable, so that it can be a static argument of a jitted function.

    A start of zeros is no start, for every method. A method may ignore starts; then `init` has no bytes.
    """

    @property
    def name(self) -> str:
        """One word, for tables and command lines."""
        ...

    @property
    def requirements(self) -> str:
        """What `available` asks for, in words."""
        ...

    def available(self, shape: Shape) -> bool:
        """Whether this machine can solve LPs of this shape by the method."""
        ...

    def init(self, shape: Shape, batch: tuple[int, ...], dtype: DTypeLike) -> Start:
        """The start of LPs that were not solved before; ``dtype`` is the LPs' own."""
        ...

    def known(self, start: Start) -> Bool[Array, "*batch"]:
        """Which LPs have a start from an earlier solve."""
        ...

    def solve(
        self, problem: BuyingLP, start: Start, active: Bool[Array, " batch"] | None, limits: Limits, block: int
    ) -> tuple[Solution, Start]:
        """Certified answers of the active LPs (None: all) along one batch axis, and where their solves ended.

        ``block`` LPs go through together, where the method has blocks. The answer of an inactive LP is 0, and its start
        stays as it is.
        """
        ...

    def default_block(self, shape: Shape, count: int) -> int:
        """How many of ``count`` LPs go through together unless the caller says so."""
        ...

    def max_iterations(self, shape: Shape) -> int:
        """A limit far beyond need."""
        ...
