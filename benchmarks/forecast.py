"""Quality and time of every forecasting method on panels of published comparisons, beside GluonTS' DeepAR.

    python -m benchmarks.forecast [--data FOLDER] [--panels …] [--methods …] [--seeds 0 1 2] [--quick] [--out FOLDER]
    python -m benchmarks.forecast --table benchmarks/results/forecast_cpu.json       the table as Markdown

Panels are carparts and hospital (12 months held out) and favorita (13 weeks), one window each, as they lie beside a
checkout. Methods are those of `jaxsim.forecast.methods`, each with every seed where it is random, and with the first
one where it is not. `--gluonts PYTHON` adds `gluonts_deepar`, in an environment of its own, which
`benchmarks/rivals/forecast.sh` makes. `--quick` takes a part of the series and shorter learning of the rival, to see
whether all of it runs. Writes `forecast_<device>.json` after every run, and keeps what it holds of other panels and
methods than those asked for.
"""

import argparse
import dataclasses
import json
import math
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from jaxsim.forecast import Method, Panel, Predicted
from jaxsim.forecast.evaluation import Row, evaluate, hold_out
from jaxsim.forecast.methods import METHODS, RANDOM
from jaxsim.forecast.predicted import SCORED_LEVELS
from validation import panels
from validation.environment import device_name, environment

TIMING = (
    "wall seconds of learning and forecasting, compilation included, and seconds of the cores of this process, on a"
    " machine that other work may share; the load average says how much. GluonTS: on one core, without its imports"
)
RIVAL = "gluonts_deepar"
QUICK_SERIES = 200
"""Series of a panel in a quick run, evenly taken."""

CONTEXTS = {"carparts": 12, "hospital": 12, "favorita": 52}
"""Periods that the rival's network reads before the horizon."""

_SCRIPT = Path(__file__).parent / "rivals" / "gluonts_deepar.py"


@dataclasses.dataclass(frozen=True)
class Gluonts:
    """GluonTS' DeepAR in the Python of its environment, as a method."""

    python: Path
    context: int
    epochs: int = 100
    """As many as are GluonTS' default, as `batches` are."""
    batches: int = 50
    samples: int = 100

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Forecast, as `Method`."""
        code = lambda names: np.unique(names, return_inverse=True)[1]
        region = np.zeros(history.shape[0], int) if history.region is None else code(history.region)
        asked = {
            "values": history.values, "product": code(history.product), "region": region, "horizon": horizon,
            "season": history.season, "seed": seed, "levels": SCORED_LEVELS, "context": self.context,
            "epochs": self.epochs, "batches": self.batches, "samples": self.samples,
        }  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "asked.npz", Path(folder) / "answered.npz"
            quiet = os.environ | {"PYTHONWARNINGS": "ignore"}
            np.savez(files[0], allow_pickle=False, **asked)
            subprocess.run([str(self.python), str(_SCRIPT), *map(str, files)], check=True, cwd=folder, env=quiet)
            with np.load(files[1]) as answer:
                found, seconds, version = answer["paths"], float(answer["seconds"]), str(answer["version"])
        said = f"gluonts {version}", f"seconds: {seconds:.2f}"
        return dataclasses.replace(Predicted.from_paths(found, SCORED_LEVELS), remarks=said)


def methods(names: Iterable[str], panel: str, options: argparse.Namespace) -> dict[str, Method]:
    """The methods of these names, made for a panel."""
    short = {"epochs": 2, "batches": 10} if options.quick else {}
    rival = lambda: Gluonts(options.gluonts, CONTEXTS[panel], **short)
    return {name: rival() if name == RIVAL else METHODS[name]() for name in names}


def quick(panel: Panel) -> Panel:
    """A part of the series."""
    return panel.take(np.unique(np.linspace(0, panel.shape[0] - 1, QUICK_SERIES).astype(int)))


def row_of(row: Row) -> dict[str, Any]:
    """A row of the report; figures that there are none of are null."""
    finite = lambda value: None if isinstance(value, float) and math.isnan(value) else value
    scores = dataclasses.asdict(row.scores)
    scores["coverage"] = {str(percent): finite(share) for percent, share in scores["coverage"].items()}
    seconds = [float(text.removeprefix("seconds: ")) for text in row.remarks if text.startswith("seconds: ")]
    return {
        "seed": row.seed,
        "seconds": seconds[0] if seconds else row.seconds,
        "cpu_seconds": None if seconds else row.cpu_seconds,  # those of another process
        **{name: finite(value) for name, value in scores.items()},
        "remarks": list(row.remarks),
    }


def run(report: dict[str, Any], path: Path, options: argparse.Namespace) -> None:
    """Run what is asked for, a line each, and write the report after each."""
    for name in options.panels:
        panel = quick(panels.panel(name, options.data)) if options.quick else panels.panel(name, options.data)
        horizon = panels.HORIZONS[name]
        found = report["panels"].setdefault(name, {"methods": {}})
        found |= {"series": panel.shape[0], "periods": panel.shape[1], "horizon": horizon}
        found["window"] = f"periods {panel.shape[1] - horizon} to {panel.shape[1] - 1}"
        hold_out(panel, horizon)
        for method, call in methods(options.methods, name, options).items():
            random = method in RANDOM or method == RIVAL
            rows = found["methods"][method] = []
            for seed in options.seeds if random else options.seeds[:1]:
                rows.append(row_of(evaluate(panel, horizon, {method: call}, (seed,))[0]))
                print(_line(name, method, rows[-1]), flush=True)
                path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def _line(panel: str, method: str, row: dict[str, Any]) -> str:
    figures = f"WQL {row['wql']:.4f}, MASE {row['mase']:.4f}, 80%: {row['coverage']['80']:.1%}"
    return f"{panel}, {method}, seed {row['seed']}: {figures}, {row['seconds']:.1f} s"


def table(report: dict[str, Any]) -> str:
    """Figures as Markdown, best WQL first; means over seeds, and their range where it shows."""
    head = "panel", "method", "WQL", "MASE", "within 50 / 80 / 90%", "CRPS of totals", "seconds"
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for name, panel in report["panels"].items():
        mean = lambda rows, key: statistics.fmean(row[key] for row in rows)
        for method, rows in sorted(panel["methods"].items(), key=lambda item: mean(item[1], "wql")):
            covered = [[row["coverage"][percent] for row in rows] for percent in ("50", "80", "90")]
            shares = ["–" if None in each else f"{statistics.fmean(each):.0%}" for each in covered]
            totals = [row["crps_sum"] for row in rows]
            total = "–" if None in totals else f"{statistics.fmean(totals):.4f}"
            cells = name, method.replace("_", " "), _range(rows, "wql", 4), _range(rows, "mase", 3)
            cells += " / ".join(shares), total, f"{mean(rows, 'seconds'):.3g}"
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _range(rows: list[dict[str, Any]], key: str, digits: int) -> str:
    values = [row[key] for row in rows]
    text = f"{statistics.fmean(values):.{digits}f}"
    low, high = f"{min(values):.{digits}f}", f"{max(values):.{digits}f}"
    return text if low == high else f"{text} ({low}–{high})"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=panels.FOLDER, help="folder of the panels' files")
    parser.add_argument("--panels", nargs="+", choices=tuple(panels.FILES), help="by default those that are there")
    parser.add_argument("--methods", nargs="+", choices=(*METHODS, RIVAL), help="by default all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--quick", action="store_true", help="few series and a short rival")
    parser.add_argument("--gluonts", type=Path, help="the Python of GluonTS' environment")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--table", type=Path, help="print the table of a results file, and run nothing")
    options = parser.parse_args()
    options.panels = options.panels or panels.names(options.data)
    options.methods = options.methods or [*METHODS, *([RIVAL] if options.gluonts else [])]
    if options.table is None and RIVAL in options.methods and options.gluonts is None:
        parser.error(f"{RIVAL} needs --gluonts, the Python of its environment")
    if options.table is None and not options.panels:
        parser.error(f"none of {', '.join(panels.FILES.values())} is in {options.data}")
    return options


def main() -> None:
    """Run what is asked for, print a line each and the table, and write the JSON."""
    options = _options()
    if options.table is not None:
        print(table(json.loads(options.table.read_text("utf-8"))))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"forecast_{'quick_' if options.quick else ''}{device_name()}.json"
    kept = json.loads(path.read_text("utf-8"))["panels"] if path.is_file() else {}
    report = environment(options.seeds[0], TIMING) | {"quick": options.quick, "panels": kept}
    began = time.perf_counter()
    run(report, path, options)
    print(table(report), f"{path}, {time.perf_counter() - began:.0f} s", sep="\n")


if __name__ == "__main__":
    main()
