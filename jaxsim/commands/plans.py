"""Commands of plans: `allocate`, `schedule` and `kpis`. They import what they need when they run."""

import argparse
from pathlib import Path
from typing import Any

from jaxsim.commands.parts import BAD_INPUT, BAD_USAGE, DONE, command, count, given, say, show, whole
from jaxsim.interrupts import INTERRUPTED


def add_to(commands: Any) -> None:
    """Add the commands with their options."""
    allocate = command(commands, "allocate", _allocate, "allocate units from warehouses to locations at least cost")
    for name, text in (("costs", "lanes and costs"), ("supply", "of warehouses"), ("demand", "of locations")):
        allocate.add_argument(name, type=Path, metavar=name.upper(), help=f"table of {text}, Parquet or CSV")
    allocate.add_argument("--capacity", type=Path, metavar="FILE", help="table of capacity that products share")
    allocate.add_argument("--weights", type=_named, metavar="NAME=W,…", help="of measures (default: cost and holding)")
    allocate.add_argument("--at-most", type=_named, metavar="NAME=X,…", help="bounds on measures, such as co2_kg=1000")
    allocate.add_argument("--front", type=_words, metavar="NAME,…", help="front of these aims, such as cost,co2_kg")
    allocate.add_argument("--ranging", action="store_true", help="how far costs can move before the plan changes")
    _plan_options(allocate)

    kpis = command(commands, "kpis", _kpis, "the table of the case study, before and after, in the world of a run")
    kpis.add_argument("run", type=Path, metavar="RUN")
    kpis.add_argument("--node-days", type=count, metavar="N", help="days of nodes whose deliveries are planned")
    kpis.add_argument("--seconds", type=float, metavar="S", help="for each schedule (default: 2)")
    kpis.add_argument("--again", action="store_true", help="take it anew where the run has it")
    kpis.add_argument("--quiet", action="store_true", help="no progress")

    schedule = command(commands, "schedule", _schedule, "plan the deliveries of a day: orders to trucks and routes")
    schedule.add_argument(
        "orders", type=Path, metavar="ORDERS", help="table of orders; or a RUN, with --node and --day"
    )
    schedule.add_argument("trucks", type=Path, nargs="?", metavar="TRUCKS", help="table of trucks")
    schedule.add_argument("--node", metavar="N", help="of a run: whose deliveries")
    schedule.add_argument("--day", type=whole, metavar="D", help="of a run: when, from 0")
    schedule.add_argument("--trial", type=whole, metavar="T", help="of a run: which future (default: 0)")
    schedule.add_argument("--distances", type=Path, metavar="FILE", help="table of distances between places")
    schedule.add_argument(
        "--method", default="auto", help="auto, milp, assignment, pyvrp, cheapest_insertion, first_fit"
    )
    schedule.add_argument("--seconds", type=float, default=10.0, metavar="S", help="for the search (default: 10)")
    schedule.add_argument("--seed", type=whole, default=0)
    schedule.add_argument("--miles-per-hour", type=float, metavar="V", help="of all trucks (default: 30; of a run 35)")
    schedule.add_argument(
        "--detour", type=float, metavar="F", help="road over straight line (default: 1; of a run 1.3)"
    )
    _plan_options(schedule)


def _plan_options(command: argparse.ArgumentParser) -> None:
    """Where a plan goes."""
    command.add_argument("--out", type=Path, required=True, metavar="PLAN", help="folder of the plan")
    command.add_argument("--format", choices=("parquet", "csv"), default="parquet", help="of tables (default: parquet)")
    command.add_argument("--overwrite", action="store_true", help="replace a plan that is there")


def _named(text: str) -> dict[str, float]:
    """Numbers by name: cost=1,days=0.5."""
    return {name.strip(): float(value) for name, value in (part.split("=") for part in text.split(","))}


_named.__name__ = "list of NAME=NUMBER"  # the word in argparse's message


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]


def _allocate(options: argparse.Namespace) -> int:
    from jaxsim.allocation import Status, allocate, ranging, weighted_front
    from jaxsim.report import allocation as page
    from jaxsim.report.text.plans import allocation_lines
    from jaxsim.runs.plan_folder import PlanFolder

    form = {"form": options.format, "overwrite": options.overwrite}
    folder = PlanFolder(options.out, "allocation", page.NAMES, **form)
    bounds = {"capacity": options.capacity, "weights": options.weights, "at_most": options.at_most}
    plan = allocate(options.costs, options.supply, options.demand, **bounds)
    if plan.status is Status.INFEASIBLE:
        return say(str(plan.shortage), BAD_INPUT)
    ranges = ranging(plan) if options.ranging else None
    front = weighted_front(plan.problem, options.front) if options.front else None
    written = page.write(folder, plan, ranges, front)
    show(allocation_lines(plan))
    print(written)
    return DONE


def _schedule(options: argparse.Namespace) -> int:
    from jaxsim.delivery import Status, plan, read_problem
    from jaxsim.report import delivery as page
    from jaxsim.report.text.plans import schedule_lines
    from jaxsim.runs.plan_folder import PlanFolder

    folder = PlanFolder(options.out, "schedule", page.NAMES, form=options.format, overwrite=options.overwrite)
    if options.orders.is_dir():
        if options.distances is not None:
            return say("--distances goes with a table of orders; a run has coordinates", BAD_USAGE)
        if options.node is None or options.day is None:
            return say("a run needs --node and --day", BAD_USAGE)
        problem = _day_of_run(options)
    elif of_run := given(options, ("node", "day", "trial")):
        return say(f"--{', --'.join(of_run)} go with a folder of a run, and {options.orders} is none", BAD_USAGE)
    elif options.trucks is None:
        return say("a table of trucks is needed beside the orders", BAD_USAGE)
    else:
        roads = given(options, ("miles_per_hour", "detour"))
        problem = read_problem(options.orders, options.trucks, options.distances, **roads)
    found = plan(problem, method=options.method, seconds=options.seconds, seed=options.seed)
    written = page.write(folder, found)
    show(schedule_lines(found))
    print(written)
    if found.status is Status.INTERRUPTED:
        return say(f"interrupted; the best plan so far is in {options.out}", INTERRUPTED)
    return DONE


def _day_of_run(options: argparse.Namespace) -> Any:
    """What a node of a run has to deliver on a day."""
    from jaxsim.runs import runtime
    from jaxsim.studies.deliveries import Fleet, day_of_run
    from jaxsim.studies.world import world_of_run

    runtime.configure()
    fleet = Fleet(**given(options, ("miles_per_hour", "detour")))
    world = world_of_run(options.orders)
    return day_of_run(world, options.node, options.day, options.trial or 0, fleet, options.trucks)


def _kpis(options: argparse.Namespace) -> int:
    from jaxsim import report
    from jaxsim.report.text.case_study import case_study_lines
    from jaxsim.runs import runtime
    from jaxsim.runs.folder import open_run
    from jaxsim.studies.case_study import case_study, write
    from jaxsim.studies.progress import reporting
    from jaxsim.studies.world import world_of_run

    run, chosen = open_run(options.run), given(options, ("node_days", "seconds"))
    if options.again or chosen or not run.has("case_study"):
        runtime.configure()
        with reporting(options.quiet) as progress:
            write(run, case_study(world_of_run(options.run), **chosen, progress=progress))
            report.write(options.run)
    show(case_study_lines(run.arrow("case_study"), run.arrow("node_days")))
    return DONE
