"""Every method by name, for comparisons and commands: a name leads to a factory, which imports what it needs.

METHODS["boosted"]()(history, 13, seed=1)
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from jaxsim.forecast import Method

RANDOM = {"boosted", "deepar", "ensemble", *(f"deepar_{name}" for name in ("quantile", "zero_inflated"))}
"""Names of methods whose forecast depends on the seed."""


def _lazy(module: str, name: str, **settings: Any) -> Callable[[], Method]:
    return lambda: getattr(import_module(f"jaxsim.forecast.{module}"), name)(**settings)


METHODS: dict[str, Callable[[], Method]] = {
    "seasonal_naive": _lazy("baselines", "SeasonalNaive"),
    "last_value": _lazy("baselines", "LastValue"),
    "past_quantiles": _lazy("baselines", "PastQuantiles"),
    "past_quantiles_13": _lazy("baselines", "PastQuantiles", periods=13),
    "past_quantiles_26": _lazy("baselines", "PastQuantiles", periods=26),
    "past_quantiles_52": _lazy("baselines", "PastQuantiles", periods=52),
    "croston": _lazy("intermittent", "Croston"),
    "croston_sba": _lazy("intermittent", "Croston", corrected=True),
    "tsb": _lazy("intermittent", "Tsb"),
    "exponential_smoothing": _lazy("smoothing", "ExponentialSmoothing"),
    "boosted": _lazy("boosted", "Boosted"),
    "deepar_quantile": _lazy("deepar", "DeepAR"),
    "deepar_zero_inflated": _lazy("deepar", "DeepAR", likelihood="zero_inflated"),
    "deepar": _lazy("choice", "BestDeepAR"),
    "ensemble": _lazy("choice", "Ensemble"),
}
"""Factories of methods with their default settings."""
