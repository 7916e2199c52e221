"""The price of deviation as it is given: one number, one for each side of the plan, or a row for each node.

Currency per unit. What is given is of arrivals; other resources get the same multiple of their own cost scale. What is
left out is `DEFAULT` cost scales, a scale being the spread of what a product's nodes cost it
(`jaxsim.cost_search.typical_cost_spread`); a search moves that between a quarter and twice as much, aiming at a wMAPD
below twice the bound (`jaxsim.cost_search.Newton.target`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from jaxtyping import Float64, Shaped

from jaxsim.runs.folder import RunError

DEFAULT = 3.0
"""In cost scales. On the presets and on `carparts` it takes wMAPD below twice the bound for about 1% of preferred node
availability; what a planner's own overtime costs is the better choice."""

Given = None | float | Sequence[Any] | Mapping[str, Any]
"""ρ; (ρ under, ρ over); or either by node, as a mapping or as rows (node, ρ under, ρ over)."""


@dataclass(frozen=True)
class DeviationPrice:
    """Price of a unit less, and of a unit more, than planned."""

    every: tuple[float, float] | None
    """Of nodes without a row; None for the default."""
    rows: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """By node."""

    def of(
        self, node: Shaped[np.ndarray, " h"], scale: Float64[np.ndarray, " h"], arrivals_scale: float
    ) -> tuple[Float64[np.ndarray, " h"], Float64[np.ndarray, " h"]]:
        """Prices under and over plan of each node-week.

        Args:
            node: names. scale: cost scales. arrivals_scale: that of arrivals, which given prices are meant for.

        Raises:
            RunError: there is no node of a row's name.
        """
        unknown = sorted(set(self.rows) - set(node.tolist()))
        if unknown:
            raise RunError(f"price of deviation: no node with a plan is called {unknown[0]!r}")
        every = (DEFAULT * arrivals_scale,) * 2 if self.every is None else self.every
        prices = np.array([self.rows.get(name, every) for name in node.tolist()], np.float64).reshape(-1, 2)
        under, over = prices.T * (scale / arrivals_scale)
        return under, over

    def to_config(self) -> float | list[Any] | None:
        """As it stands in a run's configuration, which `deviation_price` reads back."""
        if self.rows:
            rest = [] if self.every is None else [["", *self.every]]
            return rest + [[name, *pair] for name, pair in self.rows.items()]
        return None if self.every is None else list(self.every)


def deviation_price(given: Given) -> DeviationPrice:
    """Read a price of deviation.

    Raises:
        RunError: it is neither of the forms, or a price is negative or not a number.
    """
    if given is None:
        return DeviationPrice(None)
    if isinstance(given, int | float):
        return DeviationPrice(_pair(given))
    if isinstance(given, Mapping):
        return DeviationPrice(None, {str(name): _pair(value) for name, value in given.items()})
    rows = list(given)
    if len(rows) == 2 and all(isinstance(value, int | float) for value in rows):
        return DeviationPrice(_pair(rows))
    if not all(isinstance(row, Sequence) and not isinstance(row, str) and len(row) == 3 for row in rows):
        raise RunError(
            f"a price of deviation is a number, a pair of numbers (under, over), or one by node; not {given!r}"
        )
    pairs = {str(name): _pair(pair) for name, *pair in rows}
    every = pairs.pop("", None)
    return DeviationPrice(every, pairs)


def read_deviation_prices(path: Path) -> list[list[Any]]:
    """Rows (node, under, over) of a table, Parquet or CSV.

    Raises:
        RunError: it is no such table.
    """
    try:
        table = pq.read_table(path) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path)
        columns = [table[name].to_pylist() for name in ("node", "under", "over")]
    except (OSError, KeyError, pa.ArrowException) as error:
        raise RunError(f"{path}: no table with columns node, under, over: {error}") from error
    return [[str(node), under, over] for node, under, over in zip(*columns, strict=True)]


def _pair(value: Any) -> tuple[float, float]:
    numbers = [value, value] if isinstance(value, int | float) else list(value)
    if len(numbers) != 2 or not all(isinstance(x, int | float) and 0 <= x < math.inf for x in numbers):
        raise RunError(f"a price of deviation must be a number of at least 0 (under, over), not {value!r}")
    return float(numbers[0]), float(numbers[1])
