"""The methods of the buying LP, one each, and which of them is the default.

- `NETWORK_SIMPLEX`: an optimal vertex, in compiled code; needs Warp
- `SHORTEST_PATHS`: an optimal vertex, in JAX
- `INTERIOR_POINT`: a point within the tolerance, in JAX; `INTERIOR_POINT_MIXED` starts LPs of float64 in float32
- `FIRST_ORDER`: a point within the tolerance, in JAX and without factorizations
"""

import jax

from jaxsim.kernels.buying.method import Method
from jaxsim.kernels.buying.methods.first_order import FirstOrder
from jaxsim.kernels.buying.methods.interior_point import InteriorPoint
from jaxsim.kernels.buying.methods.network_simplex import NetworkSimplex
from jaxsim.kernels.buying.methods.shortest_paths import ShortestPaths
from jaxsim.kernels.buying.problem import Shape

__all__ = [
    "FIRST_ORDER",
    "INTERIOR_POINT",
    "INTERIOR_POINT_MIXED",
    "METHODS",
    "NETWORK_SIMPLEX",
    "SHORTEST_PATHS",
    "FirstOrder",
    "InteriorPoint",
    "NetworkSimplex",
    "ShortestPaths",
    "default_method",
]

SHORTEST_PATHS = ShortestPaths()
NETWORK_SIMPLEX = NetworkSimplex()
INTERIOR_POINT = InteriorPoint()
INTERIOR_POINT_MIXED = InteriorPoint(mixed=True)
FIRST_ORDER = FirstOrder()

_ALL: tuple[Method, ...] = (SHORTEST_PATHS, NETWORK_SIMPLEX, INTERIOR_POINT, INTERIOR_POINT_MIXED, FIRST_ORDER)

METHODS: dict[str, Method] = {method.name: method for method in _ALL}
"""By name: command lines and benchmarks look methods up here, functions take the objects."""


def default_method(shape: Shape) -> Method:
    """The faster exact method by `benchmarks/LIMITS.md`: on a CPU with Warp the network simplex."""
    if jax.default_backend() == "cpu" and NETWORK_SIMPLEX.available(shape):
        return NETWORK_SIMPLEX
    return SHORTEST_PATHS
