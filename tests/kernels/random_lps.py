"""Random buying LPs: ordinary ones, and those that solvers get wrong."""

import numpy as np

KINDS = (
    "ordinary", "ties", "no order", "no demand", "tight caps", "infeasible", "closed routes", "negative costs",
    "padded", "zero widths", "scarce", "abundant",
)  # fmt: skip


def random_lps(shape: tuple[int, int, int], count: int, kind: str, seed: int) -> dict[str, np.ndarray]:
    """Fields of `BuyingLP` for ``count`` LPs of one kind, the batch last, at many scales of quantity and cost."""
    nodes, regions, segments = shape
    rng = np.random.default_rng(seed)
    lp = {
        "order_cost": rng.uniform(0.2, 3, (nodes, count)),
        "order_cap": rng.uniform(0, 60, (nodes, count)) * (rng.random((nodes, count)) < 0.7),
        "supply": np.floor(rng.gamma(1.0, 12.0, (nodes, count))),
        "route_cost": rng.uniform(1, 9, (nodes, regions, count)),
        "overage_cost": rng.uniform(0.1, 2, (nodes, count)),
        "segment_value": -np.sort(-rng.uniform(0.5, 25, (regions, segments, count)), axis=1),
        "segment_width": rng.gamma(2.0, 4.0, (regions, segments, count)),
    }
    if kind == "ties":
        lp = {name: np.round(array) for name, array in lp.items()}
    elif kind == "no demand":
        lp["segment_width"] *= 0
    elif kind == "closed routes":
        lp["route_cost"][rng.random((nodes, regions, count)) < 0.6] = np.inf
    elif kind == "negative costs":
        lp["order_cost"] -= rng.uniform(0, 30, (nodes, count))
    elif kind == "padded":
        empty = rng.random((nodes, count)) < 0.5
        lp["order_cap"][empty] = lp["supply"][empty] = 0
        lp["route_cost"] = np.where(empty[:, None], np.inf, lp["route_cost"])
    elif kind == "zero widths":
        lp["segment_width"] *= rng.random((regions, segments, count)) < 0.5
    elif kind in ("scarce", "abundant"):
        lp["supply"] = np.floor(lp["supply"] * (0.05 if kind == "scarce" else 10))
    part = {"no order": 0.0, "tight caps": 1.0, "infeasible": 1.5}.get(kind, rng.uniform(0, 1, count))
    lp["order_total"] = lp["order_cap"].sum(0) * part
    if kind == "infeasible":
        lp["order_total"] += 1
    if kind != "ties":
        for name in ("order_cost", "route_cost", "overage_cost"):
            lp[name] = lp[name] + 1e-6 * np.maximum(np.abs(lp[name]), 0.01) * rng.random(lp[name].shape)
    return _scaled(lp, 10.0 ** rng.uniform(-3, 5, count), 10.0 ** rng.uniform(-6, 5, count))


def _scaled(lp: dict[str, np.ndarray], quantity: np.ndarray, cost: np.ndarray) -> dict[str, np.ndarray]:
    quantities = {"order_cap", "supply", "segment_width", "order_total"}
    return {name: array * (quantity if name in quantities else cost) for name, array in lp.items()}
