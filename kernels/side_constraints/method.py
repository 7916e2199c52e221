"""What a method of the buying LP with side constraints is."""

from typing import NamedTuple, Protocol, runtime_checkable

from jax import Array
from jax.typing import DTypeLike

from jaxsim.kernels.buying.certificate import Point, Prices
from jaxsim.kernels.buying.method import Limits, Start
from jaxsim.kernels.buying.problem import BuyingLP, OrderRows, Shape


class Found(NamedTuple):
    """What a method found for a block of LPs."""

    point: Point
    prices: Prices
    row_price: Array
    """(rows, B)."""
    infeasible: Array
    """Which LPs were proven to be; (B,)."""
    unfinished: Array
    iterations: Array
    start: Start


@runtime_checkable
class Method(Protocol):
    """A way to solve buying LPs with side constraints: frozen and hashable, as `jaxsim.kernels.buying.Method` is."""

    @property
    def name(self) -> str:
        """One word, for tables and command lines."""
        ...

    def init(self, shape: Shape, rows: int, batch: tuple[int, ...], dtype: DTypeLike) -> Start:
        """The start of LPs that were not solved before; ``dtype`` is the LPs' own."""
        ...

    def solve_block(self, problem: BuyingLP, rows: OrderRows, start: Start, limits: Limits) -> Found:
        """Points and prices of valid LPs along one batch axis, rows having a largest coefficient of about 1."""
        ...

    def default_block(self, count: int) -> int:
        """How many of ``count`` LPs go through together."""
        ...

    def max_iterations(self, rows: int) -> int:
        """A limit far beyond need."""
        ...
