"""The command line. Commands import what they need when they run, so that `jaxsim --help` answers at once.

Exit codes: 0 done, 1 bad input or engines that differ, 2 bad usage, 75 interrupted but resumable.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jaxsim import interrupts
from jaxsim.commands import plans
from jaxsim.commands.parts import BAD_INPUT, BAD_USAGE, DONE, command, count, given, say, show, whole
from jaxsim.interrupts import INTERRUPTED
from jaxsim.version import __version__

MISMATCH = BAD_INPUT
"""What `conformance` ends with when the engines differ."""

SIMULATION_OPTIONS = ("products", "trials", "seed")
SEARCH_OPTIONS = (
    "iterations",
    "method",
    "arrivals",
    "curvature",
    "deviation_price",
    "effort",
    "start",
    "evaluate_trials",
)
FRONTIER_OPTIONS = ("prices", "iterations", "evaluate_trials")
ROLLING_OPTIONS = ("weeks", "drift", "bias", "cold_every", "deviation_price")
EVALUATION_OPTIONS = ("trials", "seed", "engine")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, the program's own when no arguments are given; returns the exit code."""
    with interrupts.listening(then_ignore=arguments is None), warnings.catch_warnings():
        warnings.showwarning = _show_warning
        return _run(parser().parse_args(arguments))


def _run(options: argparse.Namespace) -> int:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy loads: more threads only wait for each other
    try:
        return options.command(options)
    except KeyboardInterrupt:
        return say("interrupted", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except (ValueError, OSError) as error:
        return say(str(error) or type(error).__name__, BAD_INPUT)
    except (RuntimeError, ArithmeticError) as error:
        if interrupts.requested():  # a compiler's process that got the same signal has died of it
            return say("interrupted", INTERRUPTED)
        if os.environ.get("JAXSIM_TRACEBACK"):
            raise
        return say(f"{error} (set JAXSIM_TRACEBACK=1 to see where)", BAD_INPUT)


def parser() -> argparse.ArgumentParser:
    """Commands and options."""
    top = argparse.ArgumentParser(
        prog="jaxsim", description="Simulate a retailer's inbound supply chain and search its capacity costs."
    )
    top.add_argument("--version", action="version", version=f"jaxsim {__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True)

    generate = command(commands, "generate", _generate, "write a synthetic scenario")
    generate.add_argument("out", type=Path, metavar="OUT")
    generate.add_argument("--preset", default="demo", help="tiny, demo, paper, large or textbook (default: demo)")
    generate.add_argument("--seed", type=whole, default=0)
    generate.add_argument(
        "--demand-history",
        type=Path,
        metavar="FILE",
        help="table of weekly demand (product, region, week, units), or CSV without header of monthly demand",
    )
    generate.add_argument("--storage-plan", action="store_true", help="plan storage too (simulates a sample)")
    generate.add_argument(
        "--format", choices=("parquet", "csv"), default="parquet", help="of tables (default: parquet)"
    )
    generate.add_argument("--overwrite", action="store_true", help="replace a scenario that jaxsim wrote there")

    validate = command(commands, "validate", _validate, "list every kind of fault in a scenario")
    validate.add_argument("scenario", type=Path, metavar="SCENARIO")

    simulate = command(commands, "simulate", _simulate, "simulate a scenario, with capacity costs or without")
    _study_options(simulate, "2000", "2")
    simulate.add_argument("--costs", type=Path, metavar="FILE", help="CSV or Parquet table of node, week, cost")
    simulate.add_argument("--engine", choices=("scan", "events"), default="scan", help="fast or exact (default: scan)")

    search = command(commands, "search", _search, "search the capacity costs of a scenario")
    _study_options(search, "7000", "2, or as many as make 14000 product-trials")
    search.add_argument("--sample", dest="products", type=count, metavar="N", help="the same as --products")
    search.add_argument("--method", choices=("newton", "paper"), help="newton, or the paper's as published")
    search.add_argument("--iterations", type=count, metavar="K", help="most iterations (default: 20; paper: 30)")
    _deviation_price(search)
    search.add_argument("--effort", choices=("default", "high"), help="high: more simulation, nearer the bound")
    search.add_argument("--arrivals", choices=("expected", "realized"), help="what steers (default: expected)")
    search.add_argument("--curvature", choices=("sensitivity", "bfgs"), help="how the curvature is estimated")
    search.add_argument("--start", type=Path, metavar="FILE", help="table of costs to start from")
    search.add_argument(
        "--evaluate-trials", type=whole, metavar="N", help="futures of the evaluation at its end; 0 for none"
    )
    search.add_argument("--resume", action="store_true", help="go on with the interrupted search in RUN")

    evaluate = command(commands, "evaluate", _evaluate, "simulate all products under capacity costs, on fresh draws")
    evaluate.add_argument("scenario", type=Path, metavar="SCENARIO")
    evaluate.add_argument("--costs", type=Path, required=True, metavar="FILE", help="table of node, week, cost")
    evaluate.add_argument("--trials", type=count, metavar="N", help="futures of each product (default: 32)")
    evaluate.add_argument("--seed", type=whole, metavar="S", help="of demand and lead times (default: 0)")
    evaluate.add_argument("--engine", choices=("scan", "events"), help="fast or exact (default: scan)")
    evaluate.add_argument("--out", type=Path, metavar="RUN", help="folder of the run; figures alone without one")
    evaluate.add_argument("--resume", action="store_true", help="go on with the interrupted evaluation in RUN")
    evaluate.add_argument("--overwrite", action="store_true", help="replace a run that is there")
    evaluate.add_argument("--quiet", action="store_true", help="no progress")

    frontier = command(commands, "frontier", _frontier, "what adherence costs, price of deviation by price")
    _study_options(frontier, "7000", "2, or as many as make 14000 product-trials")
    frontier.add_argument("--prices", type=_prices, metavar="RHO,…", help="currency per unit (default: by the costs)")
    frontier.add_argument("--iterations", type=count, metavar="K", help="most iterations of a price (default: 14)")
    frontier.add_argument("--evaluate-trials", type=count, metavar="N", help="futures of each evaluation")
    frontier.add_argument("--resume", action="store_true", help="go on with the interrupted frontier in RUN")
    rolling = command(commands, "rolling", _rolling, "refresh costs every week, in a world that goes on")
    _study_options(rolling, "7000", "2, or as many as make 14000 product-trials")
    rolling.add_argument("--weeks", type=count, metavar="N", help="weeks to live (default: 8)")
    rolling.add_argument("--drift", type=float, metavar="D", help="growth of true demand a week (default: 0)")
    rolling.add_argument("--bias", type=float, metavar="B", help="believed demand, as a multiple (default: 1)")
    rolling.add_argument(
        "--cold-every", type=whole, metavar="N", help="weeks from one cold search to the next (default: 4; 0: none)"
    )
    _deviation_price(rolling)
    rolling.add_argument("--resume", action="store_true", help="go on with the interrupted study in RUN")

    conformance = command(commands, "conformance", _conformance, "compare the scan engine with the exact one")
    conformance.add_argument("scenario", type=Path, metavar="SCENARIO")
    conformance.add_argument("--products", type=count, default=200, metavar="N", help="to sample (default: 200)")
    conformance.add_argument("--trials", type=count, default=1, metavar="T", help="futures of each (default: 1)")
    conformance.add_argument("--seed", type=whole, default=0, metavar="S", help="as in `simulate` (default: 0)")
    conformance.add_argument("--costs", type=Path, metavar="FILE", help="default: no costs, and random ones")
    conformance.add_argument("--lp-dtype", choices=("float64", "float32"), default="float64", help="of the scan engine")
    conformance.add_argument("--out", type=Path, metavar="FILE.json", help="file for the figures")
    conformance.add_argument("--quiet", action="store_true", help="no progress")

    plans.add_to(commands)
    report = command(commands, "report", _report, "write report.html and figures of a run")
    report.add_argument("run", type=Path, metavar="RUN")

    compare = command(commands, "compare", _compare, "indicators of two runs side by side")
    compare.add_argument("first", type=Path, metavar="RUN_A")
    compare.add_argument("second", type=Path, metavar="RUN_B")
    return top


def _deviation_price(command: argparse.ArgumentParser) -> None:
    """The option --deviation-price."""
    command.add_argument(
        "--deviation-price",
        type=_price,
        metavar="RHO",
        help="what a unit of deviation costs, or UNDER,OVER, or a CSV or Parquet table of node, under, over",
    )


def _study_options(command: argparse.ArgumentParser, products: str, trials: str) -> None:
    """Options that simulations and searches share, and their defaults; None where the user gave none."""
    command.add_argument("scenario", type=Path, metavar="SCENARIO")
    command.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run")
    command.add_argument("--products", type=count, metavar="N", help=f"products to sample (default: {products})")
    command.add_argument("--trials", type=count, metavar="N", help=f"futures of each product (default: {trials})")
    command.add_argument("--seed", type=whole, metavar="S", help="of sampling, demand and lead times (default: 0)")
    command.add_argument("--overwrite", action="store_true", help="replace a run that is there")
    command.add_argument("--quiet", action="store_true", help="no progress")


def _price(text: str) -> Any:
    """A number, a pair of them, or a file."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        return Path(text)
    if len(numbers) > 2:
        raise argparse.ArgumentTypeError(f"{text} is not a number, UNDER,OVER, or a file")
    return numbers[0] if len(numbers) == 1 else numbers


def _prices(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


_price.__name__ = _prices.__name__ = "price"  # the word in argparse's message


def _generate(options: argparse.Namespace) -> int:
    from jaxsim.scenario import textbook, write
    from jaxsim.scenario.generate import PRESETS, generate

    if options.preset not in (*PRESETS, "textbook"):
        return say(f"there is no preset {options.preset!r}; there are {', '.join(PRESETS)}, textbook", BAD_USAGE)
    if options.demand_history is not None and not options.demand_history.is_file():
        return say(f"there is no file {options.demand_history}", BAD_INPUT)
    out = options.out
    if options.preset == "textbook":
        scenario = textbook.scenario()
        write(out, scenario.tables, options.format, options.overwrite)
        print(f"{out}: {len(scenario.products)} products, {scenario.weeks} weeks")
        return DONE
    made = generate(out, options.preset, options.seed, options.demand_history, options.format, options.overwrite)
    print(f"{out}: {made.products:,} products, {made.inbound_nodes} inbound nodes, {made.weeks} weeks")
    if options.storage_plan:
        from jaxsim.runs import runtime
        from jaxsim.studies.storage_plan import add_storage_plan

        runtime.configure()
        print(f"planned storage in {add_storage_plan(out, options.seed):,} node-weeks")
    show(made.remarks)
    return DONE


def _validate(options: argparse.Namespace) -> int:
    from jaxsim.scenario import examine

    _need_folder(options.scenario)
    faults, warnings = examine(options.scenario)
    for found in (*faults, *warnings):
        print(found)
    warned = f", {len(warnings)} warning{'s' if len(warnings) != 1 else ''}" if warnings else ""
    print(f"{options.scenario}: {len(faults) or 'no'} kind{'s' if len(faults) != 1 else ''} of fault{warned}")
    return BAD_INPUT if faults else DONE


def _simulate(options: argparse.Namespace) -> int:
    _prepare(options)
    from jaxsim import report
    from jaxsim.report.text.run import metrics_lines
    from jaxsim.studies.progress import reporting
    from jaxsim.studies.simulate import simulate

    chosen = given(options, SIMULATION_OPTIONS) | {"engine": options.engine, "costs": options.costs}
    with reporting(options.quiet) as progress:
        result = simulate(options.scenario, **chosen, **_into(options), progress=progress)
        page = report.write(options.out)
    show(metrics_lines(result.metrics))
    print(page)
    return DONE


def _search(options: argparse.Namespace) -> int:
    _prepare(options)
    from jaxsim.studies.search import search

    return _stoppable(options, search, ("simulation", "search"), (*SIMULATION_OPTIONS, *SEARCH_OPTIONS, "engine"))


def _evaluate(options: argparse.Namespace) -> int:
    _prepare(options)
    from jaxsim.studies.evaluate import evaluate

    return _stoppable(options, partial(evaluate, costs=options.costs), ("evaluation",), EVALUATION_OPTIONS)


def _frontier(options: argparse.Namespace) -> int:
    _prepare(options)
    from jaxsim.studies.frontier import frontier

    return _stoppable(options, frontier, ("simulation", "frontier"), (*SIMULATION_OPTIONS, *FRONTIER_OPTIONS))


def _rolling(options: argparse.Namespace) -> int:
    _prepare(options)
    from jaxsim.studies.rolling import rolling

    return _stoppable(options, rolling, ("simulation", "rolling"), (*SIMULATION_OPTIONS, *ROLLING_OPTIONS))


def _stoppable(options: argparse.Namespace, study: Any, tables: Sequence[str], names: Sequence[str]) -> int:
    """Run a study that can be stopped and go on, with its report where there is a run folder.

    Args:
        tables: of its run's configuration. names: of its options.
    """
    from jaxsim import report
    from jaxsim.atomic import WriteError
    from jaxsim.report.text.bottlenecks import split_line
    from jaxsim.report.text.run import frontier_lines, metrics_lines, rolling_lines
    from jaxsim.runs.folder import RunFolder, columns_of, open_run
    from jaxsim.studies.deviation_price import read_deviation_prices
    from jaxsim.studies.interrupted import Interrupted
    from jaxsim.studies.progress import reporting

    chosen, out = given(options, names), options.out
    if isinstance(chosen.get("deviation_price"), Path):
        chosen["deviation_price"] = read_deviation_prices(chosen["deviation_price"])
    if options.resume and out is not None:  # what was not given again is as it was
        stored = open_run(out).config()
        if tables[-1] not in stored:
            return say(f"{out} is not the run of a{'n' * (tables[-1][0] in 'aeiou')} {tables[-1]}", BAD_INPUT)
        settings = {name: value for table in tables for name, value in stored[table].items() if name in names}
        chosen = settings | chosen
    result, page = None, None
    try:
        with reporting(options.quiet) as progress:
            result = study(options.scenario, **chosen, **_into(options), resume=options.resume, progress=progress)
            page = None if out is None else report.write(out)
    except WriteError as error:
        if out is None or not RunFolder(out).resumable:
            raise
        return say(f"{error}; make room, then go on with --resume --out {out}", INTERRUPTED)
    except KeyboardInterrupt as stop:
        if out is None:
            raise
        if result is None and not options.resume and not isinstance(stop, Interrupted):
            return say(f"interrupted before a run was begun in {out}; start it again", INTERRUPTED)
        return say(f"interrupted; go on with --resume --out {out}", INTERRUPTED)
    show(metrics_lines(result.metrics))
    if "bottlenecks" in result.tables:
        print(split_line(columns_of(result.bottlenecks)))
    if "frontier" in result.tables:
        show(frontier_lines(result.tables["frontier"].to_pydict()))
    if "rolling_weeks" in result.tables:
        show(rolling_lines(result.tables["rolling_weeks"].to_pylist()))
    if page is not None:
        print(page)
    return DONE


def _conformance(options: argparse.Namespace) -> int:
    if options.out is not None and (options.out.is_dir() or not options.out.parent.is_dir()):
        reason = "is a folder" if options.out.is_dir() else "lies in no folder that is there"
        raise ValueError(f"the figures cannot be written: {options.out} {reason}")
    _prepare(options)
    from jaxsim.conformance.check import check_scenario, write_figures
    from jaxsim.report.text.conformance import check_lines
    from jaxsim.studies.progress import reporting

    settings = {"trials": options.trials, "seed": options.seed, "lp_dtype": options.lp_dtype}
    with reporting(options.quiet) as progress:
        check = check_scenario(options.scenario, options.products, options.costs, progress=progress, **settings)
    show(check_lines(check))
    if options.out is not None:
        write_figures(options.out, check)
    return DONE if all(result.agrees for result in check.results) else MISMATCH


def _report(options: argparse.Namespace) -> int:
    from jaxsim import report
    from jaxsim.runs.folder import open_run

    run = open_run(options.run)
    if not run.finished:
        remedy = f"go on with `jaxsim {run.resumed_by} … --resume`" if run.resumed_by else "start it again"
        return say(f"{options.run} is not finished; {remedy}", BAD_INPUT)
    print(report.write(options.run))
    return DONE


def _compare(options: argparse.Namespace) -> int:
    from jaxsim.report.text.run import comparison_lines
    from jaxsim.studies.compare import compare

    show(comparison_lines(compare(options.first, options.second)))
    return DONE


def _prepare(options: argparse.Namespace) -> None:
    """Refuse what cannot work before anything slow begins, then set up JAX."""
    _need_folder(options.scenario)
    from jaxsim.runs import runtime

    runtime.configure()
    interrupts.check()


def _need_folder(path: Path) -> None:
    if not path.is_dir():
        raise ValueError(f"there is no folder {path}")


def _into(options: argparse.Namespace) -> dict[str, Any]:
    """Where a study goes."""
    return {"out": options.out, "overwrite": options.overwrite}


def _show_warning(message: Warning | str, *_: Any) -> None:
    """A warning as a sentence, without the line of code that gave it."""
    print(f"jaxsim: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
