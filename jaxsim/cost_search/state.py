"""What the search loop carries: plain arrays and whole numbers, enough to go on bit for bit after a restart."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float64


@dataclasses.dataclass(frozen=True)
class SearchState:
    """State after `iteration` simulations; nothing in it is ever changed in place."""

    iteration: int
    """Number of simulations done; the next one is iteration k = `iteration`."""
    next_costs: Float64[np.ndarray, " h"]
    """λ to simulate next, cost."""
    curvature: Float64[np.ndarray, "priced priced"]
    """H, units per cost, of the node-weeks that have a price; zeros before there is any."""
    gain: Float64[np.ndarray, " parts"]
    """How many times as strongly as H says node-weeks answer costs, for each part of the space."""
    price: Float64[np.ndarray, ""]
    """Price of deviation as a multiple of the space's."""
    costs: Float64[np.ndarray, "points h"]
    """The last few simulated λ, the latest last."""
    violation: Float64[np.ndarray, "points h"]
    """V at `costs`, units."""
    error: Float64[np.ndarray, "points h"]
    """Standard errors of `violation`, units; NaN where they are unknown."""
    path: Float64[np.ndarray, " iterations"]
    """wMAPD of every simulation."""
    best_iteration: int
    """Iteration of least wMAPD; −1 before the first simulation."""
    best_costs: Float64[np.ndarray, " h"]
    best_utilization: Float64[np.ndarray, " h"]

    @property
    def best_wmapd(self) -> float:
        """Least wMAPD so far; inf before the first simulation."""
        return float(self.path[self.best_iteration]) if self.best_iteration >= 0 else float("inf")

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Flat dict of NumPy arrays (whole numbers become 0-d int64), for a checkpoint."""
        return {
            field.name: np.asarray(getattr(self, field.name), dtype=np.int64 if field.type is int else np.float64)
            for field in dataclasses.fields(self)
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> "SearchState":
        """Inverse of `to_arrays`, to the bit.

        Raises:
            ValueError: A field is missing, superfluous or of the wrong shape.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        if set(arrays) != set(fields):
            raise ValueError(f"search state: fields {sorted(set(arrays) ^ set(fields))} are missing or unknown")
        n = arrays["next_costs"].shape[-1] if arrays["next_costs"].ndim == 1 else -1
        points, count = arrays["costs"].shape[0] if arrays["costs"].ndim == 2 else -1, int(arrays["iteration"])
        priced = min(arrays["curvature"].shape[0] if arrays["curvature"].ndim == 2 else -1, n)
        shapes = {
            "curvature": (priced, priced),
            "costs": (points, n),
            "violation": (points, n),
            "error": (points, n),
            "gain": arrays["gain"].shape[:1],
            "price": (),
            "path": (count,),
            "next_costs": (n,),
        }
        shapes |= {"best_costs": (n,), "best_utilization": (n,), "iteration": (), "best_iteration": ()}
        for name, shape in shapes.items():
            if arrays[name].shape != shape:
                raise ValueError(f"search state: {name} has shape {arrays[name].shape}, expected {shape}")
        if not -1 <= int(arrays["best_iteration"]) < max(count, 1):
            raise ValueError("search state: best_iteration is not an iteration done")
        values: dict[str, Any] = {
            name: int(x) if fields[name].type is int else np.array(x, np.float64) for name, x in arrays.items()
        }
        return cls(**values)
