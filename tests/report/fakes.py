"""A made-up run, for pictures that need no simulation."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.runs import claim
from jaxsim.runs.folder import RunFolder
from jaxsim.runs.metrics import Effect, Figure, Metrics

KPIS = ("cost_per_unit", "shipping_cost_per_unit", "fill_rate", "preferred_node_availability", "co2_per_unit")


def made_up_run(path: Path, nodes: int = 24, weeks: int = 5, iterations: int = 30, search: bool = True) -> RunFolder:
    """A run folder of a search whose deviations die away, or of a simulation without costs."""
    random = np.random.default_rng(0)
    names = np.repeat([f"FC-{i:03d}" for i in range(nodes)], weeks)
    week = np.tile(np.arange(weeks), nodes)
    plan = random.lognormal(9, 0.6, nodes * weeks)
    unconstrained = plan * np.exp(random.normal(0, 0.45, plan.size))
    fade = np.exp(-np.arange(iterations)[:, None] / 6)
    noise = random.normal(0, 0.02, (iterations, plan.size))
    used = plan + (unconstrained - plan) * fade * (1 + 10 * noise) + plan * noise
    costs = 3 * np.log(unconstrained / plan) * (1 - fade)
    wmapd = np.abs(used - plan).sum(1) / plan.sum()
    best = int(wmapd.argmin())
    facts = {"scenario_sha256": "0" * 64, "sampled_products": 1000, "products": 5000, "node_weeks": plan.size}
    run = claim.create(path, {"scenario": {"path": "somewhere"}, "simulation": {"seed": 1}}, facts)
    table: dict[str, Any] = {
        "node": names,
        "week": week,
        "plan": plan,
        "unconstrained": unconstrained,
        "unconstrained_se": plan / 50,
    }
    metrics = Metrics(
        wmapd_unconstrained=Figure(float(np.abs(unconstrained - plan).sum() / plan.sum())),
        wmapd_bound=Figure(0.6 * float(wmapd.min())),
        pna_unconstrained=Figure(0.81),
        product_trials=31_000,
        seconds=42.0,
        kpis={name: Effect(unconstrained=Figure(0.8, 0.01)) for name in KPIS},
    )
    if search:
        table |= {"constrained": used[best], "constrained_se": plan / 50}
        metrics = dataclasses.replace(
            metrics,
            wmapd=Figure(float(wmapd[best])),
            wmapd_out_of_sample=Figure(1.2 * float(wmapd[best])),
            pna=Figure(0.79),
            iterations=iterations,
            promoted_iteration=best,
            stopped="The iterations were used.",
            kpis={
                name: dataclasses.replace(effect, constrained=Figure(0.79, 0.01), change=Figure(-0.01, 0.002))
                for name, effect in metrics.kpis.items()
            },
        )
        run.write_table("iterations", {"iteration": np.arange(iterations), "wmapd": wmapd})
        run.write_table("costs", {"node": names, "week": week, "cost": costs[best]})
        run.write_table(
            "history",
            {
                "iteration": np.repeat(np.arange(iterations), plan.size),
                "node": np.tile(names, iterations),
                "week": np.tile(week, iterations),
                "cost": costs.ravel(),
                "utilization": used.ravel(),
            },
        )
    run.write_table("utilization", table)
    run.write_metrics(metrics)
    return run
