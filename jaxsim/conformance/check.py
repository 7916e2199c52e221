"""What the command checks: a sample of a scenario under chosen costs, or without costs and with random ones."""

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jaxsim.atomic import write_bytes
from jaxsim.conformance.blocks import Conformance, conform
from jaxsim.conformance.figures import figures, verdict
from jaxsim.conformance.pair import PolicyPair
from jaxsim.resources import Prices
from jaxsim.studies.costs import read_costs
from jaxsim.studies.problem import Problem, load_problem
from jaxsim.studies.progress import Progress, Silent
from jaxsim.version import __version__


@dataclass(frozen=True)
class Check:
    """A finished check."""

    scenario: str
    products: int
    population: int
    """Products of the scenario."""
    trials: int
    weeks: int
    seed: int
    lp_dtype: str
    results: tuple[Conformance, ...]

    @property
    def heading(self) -> str:
        """What was simulated."""
        sample = f"{self.products:,} of {self.population:,} products, {self.trials} trials, {self.weeks} weeks"
        return f"{self.scenario}: {sample}, seed {self.seed}, buying LP of the scan engine in {self.lp_dtype}"


def check_scenario(
    scenario: Path,
    products: int,
    costs_file: Path | None = None,
    *,
    trials: int = 1,
    seed: int = 0,
    lp_dtype: str = "float64",
    policies: PolicyPair | None = None,
    progress: Progress | None = None,
) -> Check:
    """Sample a scenario and compare the engines on it.

    Args:
        products: how many to sample; all when the scenario has fewer.
        costs_file: table of capacity costs; no costs, and a random vector of them, when left out.
        policies: who decides in each engine; the defaults when left out.

    Raises:
        ScenarioError, RunError: the scenario or the costs cannot be read.
        RuntimeError: an engine could not finish.
    """
    progress = progress or Silent()
    progress.stage(f"reading {scenario}")
    problem = load_problem(scenario, products, seed)
    count = len(problem.system.product_names)
    progress.stage(f"simulating {count} products with both engines")
    settings: dict[str, Any] = {"trials": trials, "seed": seed, "lp_dtype": lp_dtype}
    settings |= {"policies": policies, "progress": progress}
    chosen = costs_of(problem, costs_file, seed)
    results = tuple(conform(problem, costs, label, **settings) for label, costs in chosen.items())
    return Check(str(scenario), count, problem.population, trials, problem.system.weeks, seed, lp_dtype, results)


def costs_of(problem: Problem, file: Path | None, seed: int) -> dict[str, Prices]:
    """Prices of the planned resources by their description."""
    if file is not None:
        return {f"costs of {file}": read_costs(file, problem.system.network)}
    planned = problem.planned
    orderable = problem.system.products.orderable
    usual = float(problem.system.products.sourcing_cost[orderable].mean()) if orderable.any() else 1.0
    size = usual or 1.0
    generator = np.random.default_rng(seed)
    drawn = {each: generator.normal(0.0, size, plan.planned.shape) for each, plan in planned.node_weeks.items()}
    label = f"random costs: normal, mean 0, standard deviation {size:.4g} (the mean sourcing cost), NumPy seed {seed}"
    return {"no costs": Prices({}), label: planned.prices(planned.pack(drawn))}


def write_figures(file: Path, check: Check) -> None:
    """Write all figures as JSON, whole or not at all."""
    head = {name: getattr(check, name) for name in Check.__dataclass_fields__ if name != "results"}
    device = jax.devices()[0]
    made_by = {
        "jaxsim": __version__,
        "jax": jax.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": device.device_kind,
    }
    content = head | {"made_by": made_by, "verdict": verdict(check.results)}
    content |= {"results": [figures(result) for result in check.results]}
    write_bytes(file, (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())
