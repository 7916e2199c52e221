"""What a schedule looks like: its tables, a map of the routes, a Gantt chart of the trucks, and one HTML page."""

import html
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from jaxsim.delivery import Schedule
from jaxsim.report.parts import embedded, fact_list, page_of, rows_of_table
from jaxsim.report.style import INK, MUTED, canvas, headline, house
from jaxsim.runs.plan_folder import PlanFolder

NAMES = ("stops", "trips", "unplanned", "map", "trucks")
"""Files of the folder, without endings."""
MOST_TRUCKS = 40
"""Trucks shown in the chart."""
_SHOWN = 300


def write(folder: PlanFolder, schedule: Schedule) -> Path:
    """Write tables, pictures and page of a schedule; returns the page.

    Raises:
        WriteError: a file cannot be written.
    """
    tables = {
        "trips": (schedule.trips_table, "Trips, with what they carry and cost."),
        "stops": (schedule.stops_table, "Visits; times are minutes."),
        "unplanned": (schedule.unplanned_table, "Orders that are left out, and why."),
    }
    for name, (table, _) in tables.items():
        folder.add_table(name, table)
    body = [f"<header><h1>{_title(schedule)}</h1><p>{html.escape(schedule.note)}</p></header>"]
    if schedule.problem.position is not None and schedule.trips:
        body.append(embedded(folder, "map", route_map(schedule), "Routes; each trip has a color, squares are depots."))
    if schedule.trips:
        caption = "Trucks over the day: driving, service (dark), waiting (light); a red edge marks a late visit."
        body.append(embedded(folder, "trucks", gantt(schedule), caption))
    for name, (table, words) in tables.items():
        if table.num_rows:
            more = f" The first {_SHOWN} of {table.num_rows:,} rows." if table.num_rows > _SHOWN else ""
            body.append(f"<section><h2>{name}</h2><p>{words}{more}</p>{rows_of_table(table, _SHOWN)}</section>")
    body.append(fact_list("In numbers", facts(schedule)))
    return folder.finish(page_of(f"jaxsim: {folder.path.resolve().name}", body), facts(schedule))


def facts(schedule: Schedule) -> dict:
    """Numbers of a schedule by name."""
    return {
        "status": schedule.status.name.lower(),
        "method": schedule.method,
        "note": schedule.note,
        "cost": schedule.cost,
        "mileage_cost": schedule.mileage_cost,
        "fixed_cost": schedule.fixed_cost,
        "late_cost": schedule.late_cost,
        "bound": schedule.bound,
        "gap": schedule.gap,
        "miles": schedule.miles,
        "orders": len(schedule.problem.orders),
        "planned": schedule.planned,
        "on_time": schedule.on_time,
        "late_minutes": schedule.late_minutes,
        "trips": len(schedule.trips),
        "trucks": len({trip.truck for trip in schedule.trips}),
        "seconds": schedule.seconds,
    }


def _title(schedule: Schedule) -> str:
    trucks = len({trip.truck for trip in schedule.trips})
    return f"{schedule.planned} orders on {trucks} trucks for {schedule.cost:,.2f}"


def _colors(count: int) -> list:
    return [mpl.colormaps["tab20"](i % 20) for i in range(count)]


def route_map(schedule: Schedule) -> Figure:
    """Every trip as a closed line from its depot; needs positions."""
    problem, position = schedule.problem, schedule.problem.position
    assert position is not None
    depots = len(problem.depots)
    with house():
        figure = canvas(7.5, 7)
        axes = figure.add_subplot()
        for trip, color in zip(schedule.trips, _colors(len(schedule.trips)), strict=True):
            depot = int(problem.trucks.depot[trip.truck])
            path = position[[depot, *map(problem.place, trip.orders), depot]]
            axes.plot(path[:, 0], path[:, 1], color=color, linewidth=1.4, marker="o", markersize=3.5)
        if schedule.unplanned:
            left = position[[problem.place(order) for order in schedule.unplanned]]
            axes.plot(left[:, 0], left[:, 1], "x", color=MUTED, markersize=6, label="left out")
            axes.legend(loc="upper right")
        axes.plot(position[:depots, 0], position[:depots, 1], "s", color=INK, markersize=8, zorder=4)
        axes.set_aspect("equal", adjustable="datalim")
        headline(figure, f"{len(schedule.trips)} trips, {schedule.miles:,.0f} miles", "Lines are drawn straight")
    return figure


def gantt(schedule: Schedule) -> Figure:
    """A row per truck: driving, waiting, service."""
    names = schedule.problem.trucks.name
    trucks = list(dict.fromkeys(trip.truck for trip in schedule.trips))[:MOST_TRUCKS]
    row = {truck: place for place, truck in enumerate(trucks)}
    colors = dict(zip(trucks, _colors(len(trucks)), strict=True))
    with house():
        figure = canvas(9, 1.6 + 0.28 * len(trucks))
        axes = figure.add_subplot()
        for trip in schedule.trips:
            if trip.truck not in row:
                continue
            place, color = row[trip.truck], colors[trip.truck]
            axes.barh(place, trip.back - trip.depart, left=trip.depart, height=0.35, color=color, alpha=0.35)
            for stop in trip.stops:
                axes.barh(place, stop.begin - stop.arrival, left=stop.arrival, height=0.2, color="#EEEEEE")
                edge = "#CC0000" if stop.late > 0 else color
                width = max(stop.leave - stop.begin, 0.5)
                axes.barh(place, width, left=stop.begin, height=0.7, color=color, edgecolor=edge, linewidth=1.0)
        axes.set_yticks(np.arange(len(trucks)), [names[truck] for truck in trucks])
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("minute")
        late = sum(stop.late > 0 for trip in schedule.trips for stop in trip.stops)
        more = "" if len(row) == len({trip.truck for trip in schedule.trips}) else f"; the first {MOST_TRUCKS} trucks"
        headline(figure, f"{schedule.on_time} visits on time, {late} late", f"Trucks over the day{more}")
    return figure
