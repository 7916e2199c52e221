"""What an allocation looks like: its tables, a picture with prices, and one HTML page."""

import html
from pathlib import Path

import numpy as np
import pyarrow as pa
from matplotlib.figure import Figure

from jaxsim.allocation import CostRanges, Front, Plan
from jaxsim.report.parts import embedded, fact_list, page_of, rows_of_table
from jaxsim.report.style import CONSTRAINED, INK, MUTED, canvas, headline, house
from jaxsim.runs.plan_folder import PlanFolder

MOST_PLACES = 30
"""Places shown on each side of the picture: those with most units."""
_SHOWN = 200
"""Rows of a table on the page; files have all."""


def write(folder: PlanFolder, plan: Plan, ranges: CostRanges | None, front: Front | None) -> Path:
    """Write tables, picture and page of a plan; returns the page.

    Raises:
        WriteError: a file cannot be written.
    """
    tables = {"allocation": plan.table, "prices": plan.prices}
    tables |= {} if ranges is None else {"ranges": ranges.table}
    tables |= {} if front is None else {"front": front.table}
    for name, table in tables.items():
        folder.add_table(name, table)
    body = [f"<header><h1>{_title(plan)}</h1><p>{html.escape(plan.status.value)}</p></header>"]
    picture = allocation_picture(plan)
    body.append(embedded(folder, "allocation", picture, "Units by lane, and what one more unit of each side is worth."))
    if front is not None:
        body.append(embedded(folder, "front", front_picture(front), "What one aim costs in another."))
    for name, table in tables.items():
        body.append(_section(name, table))
    body.append(fact_list("How this was made", facts(plan)))
    return folder.finish(page_of(f"jaxsim: {folder.path.resolve().name}", body), facts(plan))


NAMES = ("allocation", "prices", "ranges", "front")
"""Files of the folder, without endings."""


def facts(plan: Plan) -> dict:
    """Numbers of a plan by name."""
    problem = plan.problem
    return {
        "status": plan.status.name.lower(),
        "objective": plan.objective,
        **plan.totals,
        "gap": plan.gap,
        "residual": plan.residual,
        "weights": dict(plan.weights),
        "at_most": dict(plan.at_most),
        "warehouses": len(problem.warehouses),
        "locations": len(problem.locations),
        "products": len(problem.products),
        "lanes": problem.lanes,
    }


def _title(plan: Plan) -> str:
    units = plan.units.sum()
    return f"{units:,.10g} units from {len(plan.problem.warehouses)} warehouses for {plan.objective:,.2f}"


def allocation_picture(plan: Plan) -> Figure:
    """Units from warehouses (rows) to locations (columns), with the price of one more unit of each beside its name."""
    units = plan.matrix()
    rows, columns = (np.sort(np.argsort(-units.sum(axis), kind="stable")[:MOST_PLACES]) for axis in (1, 0))
    shown = units[np.ix_(rows, columns)]
    supply = _by_place(plan.problem.supply_key, plan.supply_price, len(plan.problem.warehouses))
    demand = _by_place(plan.problem.demand_key, plan.demand_price, len(plan.problem.locations))
    with house():
        figure = canvas(3.2 + 0.45 * len(columns), 2.6 + 0.36 * len(rows))
        axes = figure.add_subplot()
        axes.imshow(np.where(shown > 0, shown, np.nan), cmap="Blues", aspect="auto", vmin=0.0)
        axes.grid(visible=False)
        axes.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="#EEEEEE")
        axes.tick_params(which="minor", length=0)
        label = lambda names, prices, which: [f"{names[i]}  {prices[i]:+.4g}" for i in which]
        axes.set_xticks(
            np.arange(len(columns)), label(plan.problem.locations, demand, columns), rotation=60, ha="right"
        )
        axes.set_yticks(np.arange(len(rows)), label(plan.problem.warehouses, supply, rows))
        if shown.size <= 400:
            half = shown.max(initial=0.0) / 2
            for row, column in np.argwhere(shown > 0):
                value = shown[row, column]
                axes.text(
                    column, row, f"{value:.4g}", ha="center", va="center", fontsize=8,
                    color="white" if value > half else INK,
                )  # fmt: skip
        whole = units.shape == shown.shape
        rest = "" if whole else f"; the {len(rows)} warehouses and {len(columns)} locations with most units"
        headline(figure, "Who serves whom", f"Units; beside each name the price of one more unit there{rest}")
    return figure


def _by_place(key: np.ndarray, price: np.ndarray, places: int) -> np.ndarray:
    """Price at each place: of the product with the greatest one, where there are several."""
    found = np.zeros(places)
    for place, value in zip(key[:, 0], price, strict=True):
        found[place] = value if abs(value) > abs(found[place]) else found[place]
    return found


def front_picture(front: Front) -> Figure:
    """Each further aim against the first."""
    first, *others = front.aims
    x = front.table[first].to_numpy()
    with house():
        figure = canvas(1.5 + 4.5 * len(others), 4.2)
        for number, name in enumerate(others):
            axes = figure.add_subplot(1, len(others), number + 1)
            line = "-" if len(others) == 1 else ""
            axes.plot(x, front.table[name].to_numpy(), f"o{line}", color=CONSTRAINED, markersize=5)
            axes.set(xlabel=first, ylabel=name)
            axes.tick_params(colors=MUTED)
        headline(figure, f"{len(x)} plans that none beats in every aim", " against ".join(front.aims[::-1]))
    return figure


def _section(name: str, table: pa.Table) -> str:
    more = f" The first {_SHOWN} of {table.num_rows:,} rows." if table.num_rows > _SHOWN else ""
    words = {
        "allocation": "Lanes that carry units, with their measures in all.",
        "prices": "Limits, how much of each is used, and what one more unit would change in the objective.",
        "ranges": "Costs between which the plan stays the best one.",
        "front": "Plans that none beats in every aim.",
    }
    return f"<section><h2>{name}</h2><p>{words[name]}{more}</p>{rows_of_table(table, _SHOWN)}</section>"
