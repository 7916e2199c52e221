"""GPU-accelerated simulation of an online retailer's inbound supply chain, and the search for capacity costs.

    import jaxsim

    jaxsim.generate("scenario", "tiny", seed=1)
    found = jaxsim.search("scenario", iterations=8)
    print(found.metrics.wmapd, found.costs.to_pandas())

`search`, `evaluate`, `simulate` and `compare` do what the commands of these names do. Names are imported when they are
first used, so `import jaxsim` costs nothing; type checkers see what they are.
"""

import importlib
from typing import TYPE_CHECKING, Any

from jaxsim.version import __version__ as __version__

if TYPE_CHECKING:
    from jaxsim import allocation as allocation
    from jaxsim import cost_search as cost_search
    from jaxsim import delivery as delivery
    from jaxsim import kernels as kernels
    from jaxsim import measures as measures
    from jaxsim import outcome as outcome
    from jaxsim import reference as reference
    from jaxsim import report as report
    from jaxsim import runs as runs
    from jaxsim import sampling as sampling
    from jaxsim import scenario as scenario
    from jaxsim import simulator as simulator
    from jaxsim import studies as studies
    from jaxsim import system as system
    from jaxsim.allocation import allocate as allocate
    from jaxsim.cost_search import Evaluation as Evaluation
    from jaxsim.cost_search import Newton as Newton
    from jaxsim.cost_search import Paper as Paper
    from jaxsim.outcome import Outcome as Outcome
    from jaxsim.scenario import Scenario as Scenario
    from jaxsim.scenario import ScenarioError as ScenarioError
    from jaxsim.scenario import find_faults as find_faults
    from jaxsim.scenario import load as load
    from jaxsim.scenario import product_statistics as product_statistics
    from jaxsim.scenario.generate import generate as generate
    from jaxsim.simulator import Simulator as Simulator
    from jaxsim.studies.compare import compare as compare
    from jaxsim.studies.evaluate import evaluate as evaluate
    from jaxsim.studies.frontier import frontier as frontier
    from jaxsim.studies.result import Result as Result
    from jaxsim.studies.result import load_result as load_result
    from jaxsim.studies.rolling import rolling as rolling
    from jaxsim.studies.search import Interrupted as Interrupted
    from jaxsim.studies.search import search as search
    from jaxsim.studies.simulate import simulate as simulate
    from jaxsim.system import System as System
    from jaxsim.system import build as build

_HOMES = {
    "Evaluation": "jaxsim.cost_search",
    "Interrupted": "jaxsim.studies.search",
    "Outcome": "jaxsim.outcome",
    "Result": "jaxsim.studies.result",
    "Scenario": "jaxsim.scenario",
    "ScenarioError": "jaxsim.scenario",
    "Newton": "jaxsim.cost_search",
    "Paper": "jaxsim.cost_search",
    "Simulator": "jaxsim.simulator",
    "System": "jaxsim.system",
    "allocate": "jaxsim.allocation",
    "build": "jaxsim.system",
    "compare": "jaxsim.studies.compare",
    "evaluate": "jaxsim.studies.evaluate",
    "find_faults": "jaxsim.scenario",
    "frontier": "jaxsim.studies.frontier",
    "rolling": "jaxsim.studies.rolling",
    "generate": "jaxsim.scenario.generate",
    "load": "jaxsim.scenario",
    "load_result": "jaxsim.studies.result",
    "product_statistics": "jaxsim.scenario",
    "search": "jaxsim.studies.search",
    "simulate": "jaxsim.studies.simulate",
}
"""Module of each public name."""

_MODULES = (
    "allocation",
    "cost_search",
    "delivery",
    "kernels",
    "measures",
    "outcome",
    "reference",
    "report",
    "runs",
    "sampling",
    "scenario",
    "simulator",
    "studies",
    "system",
)

__all__ = [*_HOMES, *_MODULES, "__version__"]  # pyright: ignore[reportUnsupportedDunderAll]


if not TYPE_CHECKING:  # a type checker shall not take every name for one of ours

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            return getattr(importlib.import_module(_HOMES[name]), name)
        if name in _MODULES:
            return importlib.import_module(f"jaxsim.{name}")
        raise AttributeError(f"module 'jaxsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
