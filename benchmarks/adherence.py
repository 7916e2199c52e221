"""How far a search with default settings brings arrivals to the labor plan, in truth, and what it takes.

    python -m benchmarks.adherence --history FILE FILE …     demo, seeds 1 to 3; paper; real demand in the demo network

Each case is what `jaxsim generate` and `jaxsim search` do: the figures are expectations over every product of the
scenario on draws that the search has not seen. Writes `adherence_<device>.json`.
"""

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from jaxsim.runs import runtime
from jaxsim.scenario.generate import generate
from jaxsim.studies.search import search
from validation.environment import device_name, environment

TIMING = "wall seconds of a whole search and its evaluation, compilation included; not of generating the scenario"


def run(preset: str, history: Path | None, seed: int) -> dict[str, Any]:
    """Generate a scenario, search its costs, and return the figures with the ratios that matter."""
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / "scenario"
        generate(scenario, preset, seed=seed, demand_history=history)
        result = search(scenario, out=Path(folder) / "run")
    content = result.metrics.to_json()
    figures: dict[str, Any] = {name: value for name, value in content.items() if not isinstance(value, dict)}
    last = result.iterations.slice(result.iterations.num_rows - 1).to_pylist()[0]
    figures["searched_product_trials"] = sum(result.iterations["product_trials"].to_pylist())
    figures["price_of_deviation"] = last["price_of_deviation"]
    figures["wmapd_expected_fall"] = 1 - figures["wmapd_expected"] / figures["wmapd_expected_unconstrained"]
    figures["wmapd_expected_over_bound"] = figures["wmapd_expected"] / figures["wmapd_expected_bound"]
    return figures


def main() -> None:
    """Run the cases, print a line each, and write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--history", type=Path, nargs="*", default=[], help="tables of real demand history")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"))
    options = parser.parse_args()
    runtime.configure()
    cases: dict[str, tuple[str, Path | None, int]] = {f"demo, seed {seed}": ("demo", None, seed) for seed in (1, 2, 3)}
    cases["paper"] = ("paper", None, 1)
    cases |= {history.stem: ("demo", history, 1) for history in options.history}
    scenarios: dict[str, dict[str, Any]] = {}
    report = environment(1, TIMING) | {"scenarios": scenarios}
    for name, case in cases.items():
        scenarios[name] = run(*case)
        ratio, loss = (scenarios[name][key] for key in ("wmapd_expected_over_bound", "pna_expected_loss"))
        print(f"{name}: {ratio:.3f} x bound, PNA loss {loss:.2%}, {scenarios[name]['seconds']:.0f} s", flush=True)
        options.out.mkdir(parents=True, exist_ok=True)
        path = options.out / f"adherence_{device_name()}.json"
        path.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
