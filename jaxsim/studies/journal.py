"""What a search did, iteration by iteration: figures, costs and utilization, as arrays that a checkpoint can hold."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jaxsim.cost_search import IterationRecord, SearchState

_STATE, _FIGURE = "state/", "figure/"


@dataclass
class Journal:
    """Rows in order of iterations; `figures` has one list per column of the `iterations` table."""

    figures: dict[str, list[float]] = field(default_factory=dict)
    costs: list[np.ndarray] = field(default_factory=list)
    utilization: list[np.ndarray] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.costs)

    def add(
        self, state: SearchState, record: IterationRecord, plan: np.ndarray, bound: float, product_trials: int
    ) -> None:
        """Note an iteration; `state` is the search's after it, and so many product-trials were simulated for it."""
        row = {
            "iteration": record.iteration,
            "wmapd": record.wmapd,
            "bound": bound,
            **record.extras,
            "step": record.step_norm,
            "limited_fraction": record.limited_fraction,
            "curvature_skipped": float(record.curvature_skipped),
            "product_trials": product_trials,
            "seconds": record.seconds,
        }
        for name, value in row.items():
            self.figures.setdefault(name, []).append(float(value))
        self.costs.append(state.costs[-1].copy())
        self.utilization.append(state.violation[-1] + plan)

    def iteration_columns(self) -> dict[str, Any]:
        """Table `iterations`."""
        columns: dict[str, Any] = {name: np.array(values) for name, values in self.figures.items()}
        if columns:
            columns["iteration"] = columns["iteration"].astype(np.int64)
            columns["product_trials"] = columns["product_trials"].astype(np.int64)
            columns["curvature_skipped"] = columns["curvature_skipped"].astype(bool)
        return columns

    def history_columns(self, node_weeks: dict[str, np.ndarray]) -> dict[str, Any]:
        """Table `history`: cost and utilization of each node-week at each iteration.

        Args:
            node_weeks: columns that name the node-weeks.
        """
        return {
            "iteration": np.repeat(np.arange(len(self)), len(node_weeks["node"])),
            **{name: np.tile(values, len(self)) for name, values in node_weeks.items()},
            "cost": np.concatenate(self.costs),
            "utilization": np.concatenate(self.utilization),
        }

    def to_arrays(self, state: SearchState, bound: float) -> dict[str, np.ndarray]:
        """Everything that a search needs to go on, as named arrays."""
        return {
            "bound": np.array(bound),
            "costs": np.array(self.costs),
            "utilization": np.array(self.utilization),
            **{_FIGURE + name: np.array(values) for name, values in self.figures.items()},
            **{_STATE + name: values for name, values in state.to_arrays().items()},
        }


def from_arrays(arrays: dict[str, np.ndarray]) -> tuple[Journal, SearchState, float]:
    """Journal, search state and bound of a checkpoint."""
    part = lambda prefix: {name.removeprefix(prefix): x for name, x in arrays.items() if name.startswith(prefix)}
    figures = {name: [float(x) for x in values] for name, values in part(_FIGURE).items()}
    journal = Journal(figures, list(arrays["costs"]), list(arrays["utilization"]))
    return journal, SearchState.from_arrays(part(_STATE)), float(arrays["bound"])
