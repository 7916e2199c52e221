"""What keeps each node-week of a whole population from its plan, and who uses the worst of them: two tables."""

import numpy as np
import pyarrow as pa
from jaxtyping import Bool, Float64

from jaxsim.cost_search import Space
from jaxsim.cost_search.deviation import AT_END
from jaxsim.measures import Bound, Sources, at_end_of, bound_of, nearest_optimum, split_deviation, unmendable
from jaxsim.measures.totals import Plans
from jaxsim.resources import ARRIVALS, Planned
from jaxsim.studies.population import Pair, Population

WORST = 20
"""Node-weeks of which the users are named."""

SOURCES = pa.schema(
    [
        *((name, pa.string()) for name in ("resource", "node")),
        ("week", pa.int64()),
        *((name, pa.string()) for name in ("kind", "name")),
        *((name, pa.float64()) for name in ("units", "share")),
    ]
)
"""Table `bottleneck_sources`."""


def bottleneck_tables(
    population: Population, pair: Pair, planned: Planned, plans: Plans, bound: Bound | None, space: Space | None
) -> dict[str, pa.Table]:
    """Table `bottlenecks`, a row per planned node-week, and table `bottleneck_sources`, rows for the worst of them.

    Args:
        planned: of any sample of the scenario. plans: the same plans, units by node and week.
        bound: of arrivals; None where there is none.
        space: of the search that found the costs, at the price of deviation that it ended with; None where the costs
            are of no search.
    """
    nodes_of = {each: pair.constrained.utilization(each) for each in planned.resources}
    used, error = (planned.pack({each: getattr(nodes_of[each], name) for each in nodes_of}) for name in _ESTIMATE)
    costs, violation = planned.pack_prices(population.costs), used - planned.plan
    step = planned.pack({each: pair.sources.held[each].step for each in planned.resources})
    unknown = np.full(len(used), np.nan)
    box = (unknown, unknown) if space is None else space.box()
    at_end = None if space is None else _at_end(space, violation, costs)
    unmended = _unmendable(pair, planned, plans, bound, violation)
    parts = split_deviation(violation, bound=unmended, at_end=at_end, error=error, step=step)
    columns = planned.columns() | {"plan": planned.plan, "used": used, "used_se": error, "deviation": violation}
    columns |= {name: _nullable(units) for name, units in parts.items()}
    columns |= {"step": step, "cost": costs, "least_cost": _nullable(box[0]), "most_cost": _nullable(box[1])}
    columns |= {"plan_deviation": _nullable(_duals(planned, bound)), "plan_price": -costs}
    table = pa.table(columns)
    return {"bottlenecks": table, "bottleneck_sources": _sources(pair.sources, planned, used, violation)}


_ESTIMATE = ("mean", "standard_error")


def arrivals_bound(pair: Pair, plans: Plans) -> Bound | None:
    """Bound of arrivals at what is ordered without costs; None where their plan has no positive total."""
    return bound_of(pair.groups, plans[ARRIVALS]) if np.nansum(plans[ARRIVALS]) > 0 else None


def _at_end(
    space: Space, violation: Float64[np.ndarray, " h"], costs: Float64[np.ndarray, " h"]
) -> Bool[np.ndarray, " h"]:
    """Where a cost is at the end of its box on the side of V; node-weeks without a price have no such end."""
    return at_end_of(violation, costs, space.box(), AT_END * space.cost_scale) & space.priced


def _unmendable(
    pair: Pair, planned: Planned, plans: Plans, bound: Bound | None, violation: Float64[np.ndarray, " h"]
) -> Float64[np.ndarray, " h"]:
    """Units that no price can mend; NaN of other resources than arrivals, whose bound is not known."""
    parts = {resource: np.full(len(values), np.nan) for resource, values in planned.split(violation).items()}
    if bound is not None:
        nodes, plan = planned.node_weeks[ARRIVALS], plans[ARRIVALS]
        nearest = nearest_optimum(pair.groups, plan, pair.constrained.utilization(ARRIVALS).mean)
        nearest = nodes.pack(bound.utilization - plan if nearest is None else nearest)
        units, duals = planned.split(violation)[ARRIVALS], nodes.pack(bound.prices)
        parts[ARRIVALS] = unmendable(units, nearest, duals, bound.wmapd * float(np.nansum(plan)))
    return np.concatenate(list(parts.values()))


def _duals(planned: Planned, bound: Bound | None) -> Float64[np.ndarray, " h"]:
    """π of the bound; NaN where there is none."""
    shape = next(iter(planned.node_weeks.values())).planned.shape
    of = lambda known: np.full(shape, np.nan) if bound is None or not known else bound.prices
    return planned.pack({each: of(each is ARRIVALS) for each in planned.resources})


def _nullable(values: Float64[np.ndarray, " h"]) -> pa.Array:
    """Null in place of NaN."""
    return pa.array(values, from_pandas=True)


def _sources(
    sources: Sources, planned: Planned, used: Float64[np.ndarray, " h"], violation: Float64[np.ndarray, " h"]
) -> pa.Table:
    """Table `bottleneck_sources`: order sets and products that use most of the worst node-weeks, the worst first."""
    columns = planned.columns()
    names = next(iter(planned.node_weeks.values())).nodes
    by_name = {each.name: each for each in planned.resources}
    rows = []
    for h in np.argsort(-np.abs(violation), kind="stable")[:WORST]:
        if violation[h] == 0:
            break
        resource, node, week = str(columns["resource"][h]), str(columns["node"][h]), int(columns["week"][h])
        where = {"resource": resource, "node": node, "week": week}
        found = sources.rows(by_name[resource], names.index(node), week, names)
        rows += [where | row | {"share": row["units"] / float(used[h])} for row in found]
    return pa.Table.from_pylist(rows, SOURCES)
