"""Writes the README's figures of allocation and deliveries from the results files: `python -m benchmarks.plans_page`.

They stand between two marks; a test keeps them equal to what this module makes of `benchmarks/results/`.
"""

import json
from typing import Any

from validation.figures_page import ROOT, table, with_figures

RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "README.md"


def figures() -> str:
    """Both paragraphs with their tables."""
    return f"{_allocation(_read('allocation_cpu'))}\n{_deliveries(_read('delivery_cpu'))}"


def _read(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def _allocation(found: dict[str, Any]) -> str:
    """Large problems beside HiGHS on all lanes, and batches beside HiGHS one by one."""
    of = lambda what: [row for row in found["rows"] if row["what"] == what]
    most = max(row["lanes"] for row in of("large"))
    largest = [row for row in of("large") if row["lanes"] == most]
    shape = " × ".join(f"{count:,}" for count in largest[0]["shape"])
    times = lambda name: " and ".join(f"{row[name]:.2f} s" for row in largest)
    batches = [
        (
            " × ".join(map(str, row["shape"])), f"{row['batch']:,}", f"{row['us_per_problem']:.1f}",
            f"{row['highs_us_per_problem']:,.0f}", f"{row['proven']:,}", f"{row['largest_relative_difference']:.0e}",
        )
        for row in of("batch")
    ]  # fmt: skip
    head = "warehouses × locations | batch | µs per problem | HiGHS, kept model | proven optimal | largest difference"
    difference = max(row["relative_difference"] for row in largest)
    return (
        f"**Allocation** (`python -m benchmarks.allocation`, `allocation_cpu.json`): {shape} places with {most:,} lanes"
        f" take {times('seconds')}, proof included, with costs that grow with distance and with random ones."
        f" HiGHS, given all lanes at once, takes {times('highs_whole_seconds')}; objectives differ by"
        f" {difference:.0e} at most. Batches:\n\n{table(head, batches)}"
    )


def _deliveries(found: dict[str, Any]) -> str:
    """Solomon's instances by PyVRP and OR-Tools, and the exact model."""
    heads = {part: found[part]["environment"] for part in ("heuristic", "ortools")}
    names = {
        "heuristic": "`pyvrp`",
        "ortools": f"OR-Tools {found['ortools']['rows'][0]['version']} routing",
    }
    rows = [
        (
            name, f"{of['feasible']} of {of['instances']}", f"{of['mean_gap']:.2%}", f"{of['largest_gap']:.2%}",
            of["at_best_known"], heads[part]["load_average"],
        )
        for part, name in names.items()
        for of in [found[part]["summary"]]
    ]  # fmt: skip
    proofs = ", ".join(f"{row['instance']} {row['distance']:,} in {row['seconds']:.2g} s" for row in _proven(found))
    head = "method | feasible | mean gap to best known | largest | best known reached | load of the machine"
    count, seconds = found["heuristic"]["summary"]["instances"], heads["heuristic"]["seconds"]
    return (
        f"**Deliveries** (`benchmarks/rivals/delivery.sh`, `delivery_cpu.json`): Solomon's {count} instances C1, R1 and"
        f" RC1 of 100 customers, distances truncated to one decimal, {seconds:g} s of wall time each on one core; every"
        f" plan is judged by the independent checker.\n\n{table(head, rows)}\n`milp` proves {len(_proven(found))} of"
        f" {len(found['exact']['rows'])} instances with narrow windows optimal within a minute (`.25` is the first 25"
        f" customers): {proofs}.\n"
    )


def _proven(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in found["exact"]["rows"] if row["optimal"]]


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), figures()), "utf-8")
