"""The buying LP by an interior point method, and how its order responds to costs; see `search` and `central_path`."""

from jaxsim.kernels.buying.methods.interior_point.central_path import central_order, sensitivity
from jaxsim.kernels.buying.methods.interior_point.method import InteriorPoint

__all__ = ["InteriorPoint", "central_order", "sensitivity"]
