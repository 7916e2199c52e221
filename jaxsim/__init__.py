"""GPU-accelerated simulation of an online retailer's inbound supply chain, and the search for capacity costs.

    import jaxsim

    system = jaxsim.build(jaxsim.load("scenario"))
    outcome = jaxsim.Simulator(system, trials=4, seed=1).run()
    print(jaxsim.measures.utilization(system, outcome).mean)

Names are imported when they are first used, so `import jaxsim` costs nothing.
"""

import importlib
from typing import Any

from jaxsim.version import __version__ as __version__

_HOMES = {
    "Evaluation": "jaxsim.search",
    "Outcome": "jaxsim.outcome",
    "Scenario": "jaxsim.scenario",
    "ScenarioError": "jaxsim.scenario",
    "SearchConfig": "jaxsim.search",
    "Simulator": "jaxsim.simulator",
    "System": "jaxsim.system",
    "build": "jaxsim.system",
    "find_faults": "jaxsim.scenario",
    "generate": "jaxsim.scenario.generate",
    "load": "jaxsim.scenario",
    "product_statistics": "jaxsim.scenario",
}
"""Module of each public name."""

_MODULES = (
    "kernels",
    "measures",
    "outcome",
    "reference",
    "report",
    "runs",
    "sampling",
    "scenario",
    "search",
    "simulator",
    "system",
)

__all__ = [*_HOMES, *_MODULES, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"jaxsim.{name}")
    raise AttributeError(f"module 'jaxsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
