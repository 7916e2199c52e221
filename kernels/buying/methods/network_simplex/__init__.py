"""The buying LP by a network simplex in compiled code; see `compiled` and `network_simplex.h`."""

from jaxsim.kernels.buying.methods.network_simplex.method import NetworkSimplex as NetworkSimplex
