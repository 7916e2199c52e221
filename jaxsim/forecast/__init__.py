"""Probabilistic demand forecasts: what buying believes of the weeks to come.

    panel (a history as arrays) → a method → predicted (quantiles, means, sample paths)

    from jaxsim.forecast.history import read_panel
    from jaxsim.forecast.methods import METHODS
    predicted = METHODS["ensemble"]()(read_panel("history.csv"), horizon=13, seed=1)

Each module reads alone; a method is anything with `Method`'s one function.
"""

from typing import Protocol

from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import LEVELS, Predicted

__all__ = ["LEVELS", "Method", "Panel", "Predicted"]


class Method(Protocol):
    """A way to forecast."""

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast the `horizon` periods that follow a history.

        Args:
            seed: of what is random in it.

        Raises:
            ValueError: a history that the method cannot learn from, and why.
        """
        ...
