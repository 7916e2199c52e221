"""The buying LP by successive shortest paths in whole numbers; see `search` and `flow`."""

from jaxsim.kernels.buying.methods.shortest_paths.method import ShortestPaths as ShortestPaths
