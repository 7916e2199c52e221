"""Small random scenarios that visit the corners: odd networks, schedules, lead times, case packs, stocks and demand."""

import numpy as np
import pyarrow as pa

from jaxsim.scenario import QUANTILE_LEVELS, TABLES, Scenario

LEVELS = np.array(QUANTILE_LEVELS)


def random_scenario(seed: int, *, networks: int = 1, products: int = 12, weeks: int = 3) -> Scenario:
    """A scenario of unconnected networks of a few nodes each, in memory; valid but perhaps for its labor plan.

    Many networks in one scenario make one compilation of the fast engine serve them all. Regions are common; each
    network serves some of them, with its own products.
    """
    rng = np.random.default_rng(seed)
    rows: dict[str, list[dict]] = {name: [] for name in TABLES}
    regions = [f"r{i}" for i in range(4)]
    rows["regions"] = [{"region": region, **_place(rng)} for region in regions]
    for network in range(networks):
        _network(rng, rows, f"s{seed}-{network}", products, weeks, regions[: rng.integers(1, 5)])
    tables = {name: pa.Table.from_pylist(rows[name], schema=TABLES[name].arrow) for name in TABLES}
    return Scenario(tables, weeks)


def _place(rng) -> dict[str, float]:
    return {"latitude": rng.uniform(30, 45), "longitude": rng.uniform(-120, -75)}


def _network(rng, rows, prefix, products, weeks, regions) -> None:
    kinds = (
        ["cross_dock"] * rng.integers(0, 3) + ["storage"] * rng.integers(0, 3) + ["fulfillment"] * rng.integers(1, 5)
    )
    kinds = [kinds[i] for i in rng.permutation(len(kinds))]
    nodes = [f"{prefix}-n{i}" for i in range(len(kinds))]
    mine = {name: [] for name in rows}
    for node, kind in zip(nodes, kinds, strict=True):
        mine["nodes"].append({"node": node, "kind": kind, "inbound": bool(rng.random() < 0.8), **_place(rng)})
    _moves(rng, mine, nodes, kinds, regions)
    vendors = [f"{prefix}-v{i}" for i in range(rng.integers(1, 4))]
    _lead_times(rng, mine, vendors, nodes)
    for index in range(products):
        _product(rng, mine, f"{prefix}-p{index}", vendors, weeks, nodes, kinds, regions)
    for row in mine["nodes"]:
        if row["inbound"]:
            mine["labor_plan"] += [
                {"node": row["node"], "week": w, "units": int(rng.integers(0, 500))} for w in range(weeks)
            ]
    for name, more in mine.items():
        rows[name] += more


def _moves(rng, rows, nodes, kinds, regions) -> None:
    rank = {"cross_dock": 0, "storage": 1, "fulfillment": 2}
    for origin, from_kind in zip(nodes, kinds, strict=True):
        for destination, to_kind in zip(nodes, kinds, strict=True):
            if rank[from_kind] < rank[to_kind] and rng.random() < 0.7:
                move = {
                    "cost_per_unit": rng.uniform(0.1, 1),
                    "transit_days": int(rng.integers(1, 5)),
                    "co2_kg_per_unit": 0.1,
                }
                rows["transfers"].append({"origin": origin, "destination": destination, **move})
        if from_kind == "fulfillment":
            for region in regions:
                cost = rng.choice([2.0, 3.0, rng.uniform(1, 6)])  # equal costs make equal preferences
                move = {"cost_per_unit": cost, "transit_days": int(rng.integers(0, 6)), "co2_kg_per_unit": 0.4}
                rows["shipping"].append({"node": origin, "region": region, **move})


def _lead_times(rng, rows, vendors, nodes) -> None:
    for vendor in vendors:
        for node in nodes:
            days = np.sort(rng.choice(np.arange(1, 29), rng.integers(1, 7), replace=False))
            probability = rng.dirichlet(np.ones(days.size))
            for day, part in zip(days, probability, strict=True):
                rows["lead_times"].append(
                    {"vendor": vendor, "node": node, "days": int(day), "probability": float(part)}
                )


def _product(rng, rows, name, vendors, weeks, nodes, kinds, regions) -> None:
    review_weeks = int(rng.integers(1, 3))
    lost_sale = rng.uniform(2, 20)
    rows["products"].append(
        {
            "product": name,
            "vendor": str(rng.choice(vendors)),
            "unit_cost": rng.uniform(5, 50),
            "lost_sale_cost": lost_sale,
            "overage_cost": lost_sale * rng.uniform(0.02, 0.2),
            "review_weeks": review_weeks,
            "first_review_day": int(rng.integers(0, 7 * review_weeks)),
            "case_pack": int(rng.choice([1, 6, 12, 24])),
            "target_in_stock": rng.uniform(0.8, 0.98),
            "unit_volume": rng.uniform(0.1, 3),
        }
    )
    reaches = _reaches(rows, nodes, kinds)
    inbound = {row["node"] for row in rows["nodes"] if row["inbound"]}
    used = rng.choice(nodes, rng.integers(1, len(nodes) + 1), replace=False)
    mean = float(rng.choice([0.0, 0.3, 3.0, 40.0, 400.0]))
    local = set()
    for node in used:
        local |= reaches[node]
        stock = 0 if rng.random() < 0.3 else int(rng.poisson(mean))
        orderable = node in inbound and bool(reaches[node] & _shippers(nodes, kinds)) and rng.random() < 0.8
        row = {
            "node": str(node),
            "orderable": bool(orderable),
            "sourcing_cost": rng.uniform(0.2, 1.5),
            "on_hand": stock,
        }
        rows["product_nodes"].append({"product": name, **row})
    for week in range(weeks):
        demand = mean * rng.uniform(0.5, 1.5)
        sample = np.sort(rng.negative_binomial(1.5, 1.5 / (1.5 + demand), 200)) if mean else np.zeros(200)
        quantiles = dict(zip(TABLES["demand"].names[3:], np.quantile(sample, LEVELS), strict=True))
        rows["demand"].append({"product": name, "week": week, "mean": demand, **quantiles})
    share = rng.dirichlet(np.ones(len(regions)))
    rows["demand_shares"] += [
        {"product": name, "region": r, "share": float(s)} for r, s in zip(regions, share, strict=True)
    ]
    boundary = [0, 6, 7, 7 * weeks - 1, 7 * weeks, 7 * weeks + 9]
    days = rng.choice(boundary, rng.integers(0, len(boundary)), replace=False)
    for day in days:
        node = rng.choice(sorted(local & inbound)) if local & inbound else None
        if node is not None:
            flight = {"node": str(node), "arrival_day": int(day), "quantity": int(rng.poisson(mean))}
            rows["in_flight"].append({"product": name, **flight})


def _shippers(nodes, kinds) -> set[str]:
    return {node for node, kind in zip(nodes, kinds, strict=True) if kind == "fulfillment"}


def _reaches(rows, nodes, kinds) -> dict[str, set[str]]:
    """Nodes that each node is or reaches by transfers."""
    found = {node: {node} for node in nodes}
    for _ in range(2):
        for row in rows["transfers"]:
            found[row["origin"]] |= found[row["destination"]]
    return found
