"""How far the search brings arrivals to the labor plan, on generated scenarios and on real demand, with its time.

    python -m benchmarks.adherence --history FILE     demo, real demand history in the demo network, paper

Each case is what `jaxsim generate` and `jaxsim search --iterations 30` do. Writes `adherence_<device>.json`.
"""

import argparse
import json
import tempfile
from pathlib import Path

from jaxsim.runs import runtime
from jaxsim.scenario.generate import generate
from jaxsim.studies.search import search
from validation.environment import device_name, environment

TIMING = "wall seconds of a whole search, compilation included, generating the scenario and the report not"


def run(preset: str, history: Path | None, products: int, trials: int) -> dict[str, float | int]:
    """Generate a scenario, search its costs, and return the headline figures with the ratios that matter."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario"
        generate(scenario, preset, seed=1, demand_history=history)
        metrics = search(scenario, products=products, trials=trials, iterations=30, out=Path(folder) / "run").metrics
    figures = {name: figure.mean for name, _, figure in metrics.figures()}
    figures |= {name: value for name, value in metrics.facts() if not isinstance(value, str)}
    figures["wmapd_fall"] = 1 - figures["wmapd"] / figures["wmapd_unconstrained"]
    figures["wmapd_over_bound"] = figures["wmapd"] / figures["wmapd_bound"]
    figures["pna_fall"] = 1 - figures["pna"] / figures["pna_unconstrained"]
    return {"products": products, "trials": trials} | figures


def main() -> None:
    """Run the cases, print a line each, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--history", type=Path, help="table of real demand history; its case is left out without one")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    runtime.configure()
    cases = {"demo": ("demo", None, 3000, 2), "paper": ("paper", None, 10_000, 2)}
    if options.history is not None:
        cases[options.history.stem] = ("demo", options.history, 100_000, 7)
    scenarios: dict[str, dict[str, float | int]] = {}
    report = environment(1, TIMING) | {"scenarios": scenarios}
    for name, case in cases.items():
        figures = run(*case)
        scenarios[name] = figures
        print(name, {key: round(value, 4) for key, value in figures.items()}, flush=True)
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"adherence_{device_name()}.json"
        path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
