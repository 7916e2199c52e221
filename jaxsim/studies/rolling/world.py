"""The real world of a rolling study: one week at a time, under prices that others decide.

Every world lives through the same draws, which no search has seen, and carries its own stock and orders on.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from jaxsim import reference
from jaxsim.draws import independent_seed
from jaxsim.interrupts import check
from jaxsim.measures import kpis, utilization
from jaxsim.outcome import Trajectory
from jaxsim.resources import ARRIVALS, Prices
from jaxsim.simulator import Simulator
from jaxsim.studies.problem import Problem
from jaxsim.studies.rolling.window import DAYS, Carried, after_week, window
from jaxsim.studies.settings import Simulation

INDICATORS = ("preferred_node_availability", "cost_per_unit", "fill_rate")
"""Those of a week's record, see `jaxsim.measures.INDICATORS`."""


@dataclass(frozen=True)
class Week:
    """What a world did in a week."""

    plan: Float64[np.ndarray, " nodes"]
    """Labor plan, units; NaN without one."""
    arrivals: Float64[np.ndarray, " nodes"]
    """Units that arrived from vendors, all products of the population together."""
    indicators: dict[str, float]

    @property
    def wmapd(self) -> float:
        """Σ |arrivals − plan| / Σ plan over the nodes that have one; NaN where no plan is positive."""
        planned = ~np.isnan(self.plan)
        total = float(self.plan[planned].sum())
        return float(np.abs(self.arrivals - self.plan)[planned].sum()) / total if total > 0 else float("nan")


def live(
    problem: Problem, week: int, weeks: int, carried: Carried, prices: Prices | None, settings: Simulation
) -> tuple[Week, Carried]:
    """One week of a world.

    Args:
        problem: of the whole, long horizon.
        week: its number. weeks: of the horizon that buying sees prices of.
        prices: of the weeks from this one on; none when left out.

    Returns:
        What the week was, and what it leaves.
    """
    system = window(problem.system, week, weeks, carried)
    seed = independent_seed(settings.seed, f"world, week {week}")
    there = system.source.trials
    first = 0 if there is None else there - 1  # the last sample path: a search takes the first ones
    options: dict[str, Any] = {"policies": settings.policies, "first_trial": first, "seed": seed}
    if settings.engine == "events":
        days = reference.run(system, prices, **options, on_progress=lambda _: check())
    else:
        days = Simulator(system, **options, warm_start=False).trajectory(prices)
    lived = Trajectory(**{field.name: getattr(days, field.name)[:, :, :DAYS] for field in dataclasses.fields(days)})
    alone = window(problem.system, week, 1, carried)
    outcome = lived.outcome()
    arrivals = utilization(alone, outcome, problem.strata, ARRIVALS, realized=True).mean[:, 0]
    found = kpis(alone, outcome, problem.strata)
    indicators = {name: float(found[name].mean) for name in INDICATORS}
    return Week(alone.network.plan[:, 0], np.asarray(arrivals), indicators), after_week(carried, system, lived)
