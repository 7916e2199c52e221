"""From checked tables to a `System`, in named stages."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from jaxsim import draws
from jaxsim.scenario import Scenario
from jaxsim.scenario.schema import COMPUTED, NODE_KINDS, quantile_columns, quantile_level
from jaxsim.system import demand, slots
from jaxsim.system.arrays import FULFILLMENT, STORAGE, LeadTimes, Network, Products, System

SEGMENT_LEVELS = (0.3, 0.6, 0.85, 0.98)
"""Quantile levels at which the buying LP cuts a region's demand over the planning horizon."""

TIE_BREAK = 1e-6
"""Relative size of the fixed perturbation that makes the buying LP's optimum unique."""

PLACEMENT_UNIT = 1_000_000
"""Demand shares are whole millionths in placement."""


def build(scenario: Scenario, sampling_weight: Sequence[float] | np.ndarray | None = None) -> System:
    """Arrays of the products of a scenario.

    Args:
        scenario: checked tables, of all products or of a sample.
        sampling_weight: sampling weight γ of each row of `products`, 1 when left out.

    Raises:
        ValueError: `sampling_weight` has another length than `products`, or an entry that is not positive and finite.
    """
    names = tuple(scenario.products)
    gamma = np.ones(len(names)) if sampling_weight is None else np.asarray(sampling_weight, float)
    if gamma.shape != (len(names),) or not (np.isfinite(gamma) & (gamma > 0)).all():
        raise ValueError(f"sampling_weight must hold {len(names)} positive numbers, one for each row of products")
    network, kind = _network(scenario)
    lead_times, distribution = _lead_times(scenario, network)
    levels, quantiles = _weekly_quantiles(scenario)
    products = _products(scenario, network, kind, lead_times, distribution, gamma, (levels, quantiles))
    return System(names, levels, _weekday_share(scenario), network, lead_times, products)


def _weekday_share(scenario: Scenario) -> np.ndarray:
    if not scenario.tables["demand_weekdays"].num_rows:
        return demand.WEEKDAY_SHARE.copy()
    weekday, share = (scenario.column("demand_weekdays", name) for name in ("weekday", "share"))
    return np.bincount(weekday, share, 7) / share.sum()


def _network(scenario: Scenario) -> tuple[Network, np.ndarray]:
    nodes, regions = scenario.nodes, scenario.regions
    kind = scenario.codes("nodes", "kind", NODE_KINDS).astype(np.int32) + 1
    plan = np.full((len(nodes), scenario.weeks), np.nan)
    plan[scenario.codes("labor_plan", "node", nodes), scenario.column("labor_plan", "week")] = scenario.column(
        "labor_plan", "units"
    )
    network = Network(
        nodes=tuple(nodes),
        regions=tuple(regions),
        inbound=scenario.column("nodes", "inbound"),
        plan=plan,
        **_moves(scenario, "shipping", "shipping", ("node", nodes), ("region", regions)),
        **_moves(scenario, "transfers", "transfer", ("origin", nodes), ("destination", nodes)),
    )
    return network, kind


def _moves(scenario: Scenario, table: str, prefix: str, start: tuple, end: tuple) -> dict[str, np.ndarray]:
    """Dense matrices of a table of moves."""
    at = scenario.codes(table, *start), scenario.codes(table, *end)
    matrices = {}
    for name, column, missing, dtype in (
        ("cost", "cost_per_unit", np.inf, float),
        ("days", "transit_days", -1, np.int32),
        ("co2", "co2_kg_per_unit", 0.0, float),
    ):
        matrix = np.full((len(start[1]), len(end[1])), missing, dtype)
        matrix[at] = scenario.column(table, column)
        matrices[f"{prefix}_{name}"] = matrix
    return matrices


def _lead_times(scenario: Scenario, network: Network) -> tuple[LeadTimes, dict]:
    """Laws and the row of each (vendor, node)."""
    vendors = sorted(set(scenario.column("products", "vendor")))
    vendor = scenario.codes("lead_times", "vendor", vendors)
    used = vendor >= 0
    pair = vendor[used] * len(network.nodes) + scenario.codes("lead_times", "node", network.nodes)[used]
    pairs, row = np.unique(pair, return_inverse=True)
    if not pairs.size:  # nothing can be ordered; one empty distribution keeps the arrays rectangular
        empty = LeadTimes(np.zeros(1, np.int32), np.ones((1, 2)) / 2, np.array([[0.5, 1.0]]))
        return empty, {"vendors": vendors, "pairs": pairs}
    days = scenario.column("lead_times", "days")[used]
    probability = np.zeros((pairs.size, int(days.max()) + 1))
    probability[row, days] = scenario.column("lead_times", "probability")[used]
    probability /= probability.sum(1, keepdims=True)
    cumulative = probability.cumsum(1)
    last = probability.shape[1] - 1 - (probability[:, ::-1] > 0).argmax(1)
    cumulative[np.arange(probability.shape[1]) >= last[:, None]] = 1.0
    distributions = LeadTimes((pairs % len(network.nodes)).astype(np.int32), probability, cumulative)
    return distributions, {"vendors": vendors, "pairs": pairs}


def _products(
    scenario: Scenario,
    network: Network,
    kind: np.ndarray,
    lead_times: LeadTimes,
    distribution: dict,
    gamma,
    weekly_quantiles,
) -> Products:
    of = lambda name: scenario.column("products", name)
    ids = draws.product_ids(scenario.products)
    local = _local(scenario, network, kind)
    node, slot_kind = local["node"], local["kind"]
    vendor = scenario.codes("products", "vendor", distribution["vendors"])
    pair = vendor[:, None] * len(network.nodes) + node
    slot_distribution = (
        np.searchsorted(distribution["pairs"], pair).clip(0, max(distribution["pairs"].size - 1, 0)).astype(np.int32)
    )
    slot_distribution[~local["orderable"]] = 0

    transit = slots.transit_days(network, node, slot_kind)
    ship = slots.shipping(network, node, slot_kind)
    preference = slots.preferences(ship)
    shares = _demand_share(scenario, network)
    slot_share = slots.slot_shares(preference, shares, slot_kind, transit)
    review_weeks = of("review_weeks").astype(np.int32)
    level = of("target_in_stock")
    lost_sale = of("lost_sale_cost")
    overage = of("overage_cost")
    first = of("first_review_day").astype(np.int32)
    weekly = demand.moments(*weekly_quantiles)
    span = 7.0 * review_weeks + _mean_lead_time(lead_times, slot_distribution, local["orderable"])
    orders = _order_levels(weekly, shares, first, review_weeks, span, level, of("order_up_to"))
    middle = (np.array((0.0, *SEGMENT_LEVELS[:-1])) + np.array(SEGMENT_LEVELS)) / 2.0
    tie = _tie_breaks(ids, node, network)
    return Products(
        id=ids,
        sampling_weight=gamma,
        backlogged=of("backlog"),
        case_pack=of("case_pack").astype(np.int32),
        first_review_day=first,
        review_days=7 * review_weeks,
        unit_cost=of("unit_cost"),
        lost_sale_cost=lost_sale,
        overage_cost=overage,
        node=node,
        kind=slot_kind,
        orderable=local["orderable"],
        lead_time_distribution=slot_distribution,
        sourcing_cost=local["sourcing_cost"],
        lp_sourcing_cost=_tilt(local["sourcing_cost"], tie[:, :, 0]),
        lp_overage_cost=_tilt(np.repeat((overage * review_weeks)[:, None], node.shape[1], 1), tie[:, :, 1]),
        lp_route_cost=_tilt(slots.route_cost(network, node, transit, ship), tie[:, :, 2:]),
        segment_width=orders["segment_width"],
        segment_value=lost_sale[:, None] * (1.0 - middle),
        order_up_to=orders["order_up_to"],
        transit_days=transit,
        target=_given(local["base_stock"][:, None], _targets(weekly, slot_share, slot_kind, transit, span, level)),
        placement_weight=np.round(PLACEMENT_UNIT * slot_share).astype(np.int32),
        preference=preference,
        quantiles=weekly_quantiles[1],
        demand_share=shares,
        region_p60=_region_p60(weekly, shares),
        on_hand=local["on_hand"],
        in_flight=_in_flight(scenario, network, local["slot"], node.shape[1]),
    )


def _local(scenario: Scenario, network: Network, kind: np.ndarray) -> dict[str, np.ndarray]:
    """Slots of each product and what `product_nodes` says of them."""
    row = scenario.codes("product_nodes", "product", scenario.products)
    column = scenario.codes("product_nodes", "node", network.nodes)
    used = np.zeros((len(scenario.products), len(network.nodes)), bool)
    used[row, column] = True
    used = (used.astype(np.float32) @ slots.reachable(network).astype(np.float32)) > 0
    node, slot = slots.assign(used, kind)
    at = row, slot[row, column]
    local = {"node": node, "slot": slot, "kind": np.where(node >= 0, kind[node], 0).astype(np.int32)}
    for name, dtype, empty in (
        ("orderable", bool, False),
        ("sourcing_cost", float, 0.0),
        ("on_hand", np.int32, 0),
        ("base_stock", np.int32, COMPUTED),
    ):
        local[name] = np.full(node.shape, empty, dtype)
        local[name][at] = scenario.column("product_nodes", name)
    return local


def _demand_share(scenario: Scenario, network: Network) -> Float64[np.ndarray, "products regions"]:
    share = np.zeros((len(scenario.products), len(network.regions)))
    row = scenario.codes("demand_shares", "product", scenario.products)
    share[row, scenario.codes("demand_shares", "region", network.regions)] = scenario.column("demand_shares", "share")
    return share / share.sum(1, keepdims=True)


def _weekly_quantiles(
    scenario: Scenario,
) -> tuple[Float64[np.ndarray, " points"], Float64[np.ndarray, "products weeks points"]]:
    """Levels from 0 to 1 and weekly demand there."""
    names = quantile_columns(scenario.tables["demand"].column_names)
    quantiles = np.zeros((len(scenario.products), scenario.weeks, len(names)))
    row = scenario.codes("demand", "product", scenario.products)
    quantiles[row, scenario.column("demand", "week")] = np.stack([scenario.column("demand", n) for n in names], 1)
    return demand.extend(np.array([quantile_level(name) for name in names]), quantiles)


def _given(level: np.ndarray, computed: np.ndarray) -> np.ndarray:
    """The tables' level where they have one, in place of the computed one."""
    return np.where(level == COMPUTED, computed, level).astype(np.int32)


def _mean_lead_time(lead_times: LeadTimes, distribution: np.ndarray, orderable: np.ndarray) -> np.ndarray:
    """Mean over a product's orderable slots of their mean lead times, days; 0 without one."""
    mean = lead_times.probability @ np.arange(lead_times.probability.shape[1])
    return np.where(orderable, mean[distribution], 0.0).sum(1) / np.maximum(orderable.sum(1), 1)


def _order_levels(weekly: demand.Moments, shares, first, review_weeks, span, level, given) -> dict[str, np.ndarray]:
    """Order-up-to level and LP segment widths of the review in each week."""
    products, weeks = weekly.mean.shape
    order_up_to = np.zeros((products, weeks), np.int32)
    width = np.zeros((products, weeks, shares.shape[1], len(SEGMENT_LEVELS)))
    for week in range(weeks):
        reviewed = (week >= first // 7) & ((week - first // 7) % review_weeks == 0)
        ahead = demand.over_span(weekly, 7 * week + first % 7, span)
        order_up_to[:, week] = np.where(reviewed, _given(given, np.ceil(demand.quantile(ahead, level))), 0)
        regional = demand.Moments(ahead.mean[:, None], ahead.variance[:, None]).thinned(shares)
        cuts = [np.where(reviewed[:, None], demand.quantile(regional, cut), 0.0) for cut in SEGMENT_LEVELS]
        width[:, week] = np.diff(np.stack(cuts, -1), axis=-1, prepend=0.0)
    return {"order_up_to": order_up_to, "segment_width": width}


def _targets(weekly: demand.Moments, share, kind, transit, span, level) -> np.ndarray:
    """Units that placement aims to hold at each slot in each week."""
    products, weeks = weekly.mean.shape
    fed = np.where((kind == STORAGE)[:, :, None] & (transit >= 0), transit, np.iinfo(np.int32).max).min(1)
    is_fed = (kind == FULFILLMENT) & (fed < np.iinfo(np.int32).max)
    days = np.where(is_fed, 7.0 + np.where(is_fed, fed, 0), span[:, None])
    target = np.zeros((products, weeks, share.shape[1]), np.int32)
    for week in range(weeks):
        for slot in range(share.shape[1]):
            part = demand.over_span(weekly, 7 * week, days[:, slot]).thinned(share[:, slot])
            target[:, week, slot] = np.ceil(demand.quantile(part, level))
    return target


def _region_p60(weekly: demand.Moments, shares) -> Float64[np.ndarray, "products weeks regions"]:
    regional = demand.Moments(weekly.mean[:, :, None], weekly.variance[:, :, None]).thinned(shares[:, None, :])
    return demand.quantile(regional, 0.6)


def _in_flight(scenario: Scenario, network: Network, slot: np.ndarray, width: int) -> np.ndarray:
    horizon = 7 * scenario.weeks
    units = np.zeros((len(scenario.products), horizon + 1, width), np.int32)
    row = scenario.codes("in_flight", "product", scenario.products)
    node = scenario.codes("in_flight", "node", network.nodes)
    day = np.minimum(scenario.column("in_flight", "arrival_day"), horizon)
    np.add.at(units, (row, day, slot[row, node]), scenario.column("in_flight", "quantity").astype(np.int32))
    return units


def _tie_breaks(ids: np.ndarray, node: np.ndarray, network: Network) -> Float64[np.ndarray, "products slots purposes"]:
    """Fixed uniforms of (product, node) for p and h, and of (product, node, region) for w."""
    node_id = draws.product_ids(network.nodes)[:, 0][node]
    purpose = np.concatenate([np.array([0, 1], np.uint32), draws.product_ids(network.regions)[:, 0]])
    key = ids[:, 0, None, None], ids[:, 1, None, None]
    word, _ = draws.threefry2x32(np, key, (node_id[:, :, None], purpose[None, None, :]))
    return word / 2.0**32


def _tilt(value: np.ndarray, u: np.ndarray) -> np.ndarray:
    """`value` raised by at most a millionth of its size."""
    size = np.where(np.isfinite(value), np.maximum(np.abs(value), 0.01), 0.0)
    return value + TIE_BREAK * size * u
