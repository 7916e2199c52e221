"""How far a search brings arrivals to the labor plan, in truth, and what it takes: by default, and given time.

    python -m benchmarks.adherence [--efforts default high] --history FILE FILE …
    python -m benchmarks.adherence --table benchmarks/results/adherence_cpu.json        the table of the README

Cases are demo, seeds 1 to 3, paper, and real demand in the demo network. Each is what `jaxsim generate` and
`jaxsim search` do: the figures are expectations over every product of the scenario on draws that the search has not
seen. Writes `adherence_<device>.json`.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from jaxsim.runs import runtime
from jaxsim.scenario.generate import generate
from jaxsim.studies.search import search
from jaxsim.studies.settings import EFFORTS
from validation.environment import device_name, environment

TIMING = "wall seconds of a whole search and its evaluation, compilation included; not of generating the scenario"


def run(preset: str, history: Path | None, seed: int, effort: str) -> dict[str, Any]:
    """Generate a scenario, search its costs, and return the figures with the ratios that matter."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario"
        generate(scenario, preset, seed=seed, demand_history=history)
        result = search(scenario, effort=effort, out=Path(folder) / "run")
    content = result.metrics.to_json()
    figures: dict[str, Any] = {name: value for name, value in content.items() if not isinstance(value, dict)}
    last = result.iterations.slice(result.iterations.num_rows - 1).to_pylist()[0]
    figures["searched_product_trials"] = sum(result.iterations["product_trials"].to_pylist())
    figures["price_of_deviation"] = last["price_of_deviation"]
    figures["wmapd_expected_fall"] = 1 - figures["wmapd_expected"] / figures["wmapd_expected_unconstrained"]
    figures["wmapd_expected_over_bound"] = figures["wmapd_expected"] / figures["wmapd_expected_bound"]
    return figures


def table(report: dict[str, Any]) -> str:
    """Figures as Markdown."""
    head = "effort", "scenario", "expected wMAPD, without → with costs", "bound", "with / bound", "PNA lost"
    head += "product-trials", "seconds"
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for effort in report["efforts"]:
        for name, found in report["scenarios"].items():
            each = found.get(effort)
            if each is None:
                continue
            figure = lambda key, each=each: f"{each[key]:.1%} ± {each[key + '_se']:.1%}"
            fall = f"{figure('wmapd_expected_unconstrained')} → {figure('wmapd_expected')}"
            loss = f"{each['pna_expected_loss']:.2%} ± {each['pna_expected_loss_se']:.2%}"
            cells = effort, name, f"{fall} (−{each['wmapd_expected_fall']:.0%})", figure("wmapd_expected_bound")
            cells += f"{each['wmapd_expected_over_bound']:.2f}", loss
            cells += f"{each['searched_product_trials']:,}", f"{each['seconds']:.0f}"
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run the cases, print a line each and the table, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--history", type=Path, nargs="*", default=[], help="tables of real demand history")
    parser.add_argument("--efforts", nargs="+", choices=tuple(EFFORTS), default=list(EFFORTS))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--table", type=Path, help="print the table of a results file, and run nothing")
    options = parser.parse_args()
    if options.table is not None:
        print(table(json.loads(options.table.read_text("utf-8"))))
        return
    runtime.configure()
    cases: dict[str, tuple[str, Path | None, int]] = {f"demo, seed {seed}": ("demo", None, seed) for seed in (1, 2, 3)}
    cases["paper"] = ("paper", None, 1)
    cases |= {history.stem: ("demo", history, 1) for history in options.history}
    scenarios: dict[str, dict[str, Any]] = {name: {} for name in cases}
    report = environment(1, TIMING) | {"efforts": options.efforts, "scenarios": scenarios}
    options.out.mkdir(parents=True, exist_ok=True)
    path = options.out / f"adherence_{device_name()}.json"
    for effort in options.efforts:
        for name, case in cases.items():
            found = scenarios[name][effort] = run(*case, effort)
            ratio, loss = found["wmapd_expected_over_bound"], found["pna_expected_loss"]
            print(f"{effort}, {name}: {ratio:.3f} x bound, PNA loss {loss:.2%}, {found['seconds']:.0f} s", flush=True)
            path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(table(report), path, sep="\n")


if __name__ == "__main__":
    main()
