"""Writes the figures of `docs/trust.md` from the results files: `python -m validation.trust_page`.

The page's words are its own; between its two marks stands what this module makes of `validation/results/`. A test keeps
them equal.
"""

import json
from typing import Any

from validation.figures_page import ROOT, table, with_figures

RESULTS = ROOT / "validation" / "results"
PAGE = ROOT / "docs" / "trust.md"
SCENARIOS = ("demo", "paper", "carparts")
"""Whose engines were compared by `jaxsim conformance`; files `conformance_<scenario>.json`."""

COVERED = ("wmapd", "preferred_node_availability", "fill_rate", "cost_per_unit", "change of cost_per_unit")
"""Measures shown of the coverage study; all are in its file."""


def figures() -> str:
    """All tables, in the order of the page's list."""
    parts = (_conformance(), _scenarios(), _textbook(), _rivals(), _lps(), _coverage())
    return "\n".join(parts)


def _read(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def _conformance() -> str:
    found = _read("conformance_cpu")
    rarest = sorted(found["scenarios_with"].items(), key=lambda item: item[1])[:4]
    rare = ", ".join(f"{name} ({count})" for name, count in rarest)
    return (
        f"**1. Random scenarios** (`conformance_cpu.json`): {found['scenarios']:,} scenarios,"
        f" {found['product_trials']:,}"
        f" product-trials, {found['days']:,} days, {found['lps_solved']:,} buying LPs,"
        f" {found['entries_compared']:,} entries"
        f" compared: {sum(found['mismatches'].values())} mismatches, {found['ties']} LP ties;"
        f" {found['conservation_violations']} of {found['conservation_equations']:,} conservation equations broken."
        f" Each of {len(found['scenarios_with'])} features occurred; the rarest: {rare}.\n"
    )


def _scenarios() -> str:
    rows = []
    for name in SCENARIOS:
        for dtype in ("float64", "float32"):
            suffix = "" if dtype == "float64" else "_float32"
            check = _read(f"conformance_{name}{suffix}")
            for result, costs in zip(check["results"], ("none", "random"), strict=True):
                rows.append((
                    f"`{name}`", dtype, costs, f"{result['product_trials']:,}", f"{result['lps']:,}",
                    f"{sum(result['mismatches'].values()):,} of {result['entries']:,}", len(result["ties"]),
                    f"{result['differing_in_whole_units']:,}", _difference(result["wmapd"]),
                    _difference(result["preferred_node_availability"]),
                ))  # fmt: skip
    head = (
        "scenario | LP of the scan engine | costs | product-trials | LPs | entries that differ | ties |"
        " product-trials with other units | wMAPD, scan − events | PNA, scan − events"
    )
    return "**2. Scenarios as users have them** (`conformance_*.json`)\n\n" + table(head, rows)


def _difference(pair: dict[str, float]) -> str:
    return f"{pair['scan'] - pair['events']:+.1e}" if pair["scan"] != pair["events"] else "0"


def _textbook() -> str:
    found = _read("textbook_cpu")
    rows = [
        (
            row["case"],
            f"{'≥ ' if row['published_is_bound'] else ''}{row['published']:g}",
            f"{row['exact_of_policy']:.4f}",
            f"{row['simulated']:.4f} ± {row['standard_error']:.4f}",
            f"{row['score']:+.2f}",
            f"{row['detectable_relative_error']:.1%}",
            f"{row['gap_to_published']:+.2%}",
        )
        for row in found["rows"]
    ]
    allowed = found["rows"][0]["allowed_score"]
    text = (
        f"**3. Textbook problems** (`textbook_cpu.json`): cost per period, {found['trials']:,} trials of"
        f" {found['weeks'] - found['warm_up_weeks']} periods after a warm-up. A right simulator fails the"
        " suite with a chance of"
        f" {found['false_alarm_rate']:g}: each score may be up to {allowed:.2f}. *finds* is the relative"
        " error that is found with"
        f" a probability of {found['power']:.0%}. Entries that differ between the engines:"
        f" {found['differing_entries']}.\n\n"
    )
    head = "case | published | exact, this policy | simulated | score | finds | policy over published"
    return text + table(head, rows)


def _rivals() -> str:
    cases: dict[str, dict[str, dict]] = {}
    for row in _read("rivals_cpu")["rows"]:
        cases.setdefault(row["case"], {})[row["rival"]] = row
    names = list(dict.fromkeys(rival for rows in cases.values() for rival in rows))
    wrong = lambda row: abs(row["mean"] - row["exact"]) > 3 * (row["high"] - row["mean"])
    exact_of = lambda found: found.get("jaxsim scan", next(iter(found.values())))["exact"]

    def cell(row: dict | None, exact: float) -> str:
        if row is None:
            return "–"
        own = f" (exact {row['exact']:.3f})" if row["exact"] != exact else ""
        return f"{row['mean']:.3f} ± {row['high'] - row['mean']:.3f}{own}{' **wrong**' if wrong(row) else ''}"

    rows: list[tuple] = [
        (case, f"{exact_of(found):.3f}", *(cell(found.get(name), exact_of(found)) for name in names))
        for case, found in cases.items()
    ]
    speeds = [
        sorted(row["node_periods_per_processor_second"] for found in cases.values() if (row := found.get(name)))
        for name in names
    ]
    rows.append(("node-periods per processor second", "", *(f"{s[0]:,.0f} … {s[-1]:,.0f}" for s in speeds)))
    head = " | ".join(["case", "exact", *names])
    text = (
        "**4. Other simulators** (`rivals_cpu.json`): cost per period with 95% limits, one run of all;"
        " *wrong* is more than three"
        " times the limits off. In the serial system rivals charge one more period of mean demand, a"
        " constant. A node-period of ours is"
        " seven simulated days, each recorded.\n\n"
    )
    return text + table(head, rows)


def _lps() -> str:
    found = _read("lp_certificates_cpu")
    groups = {**found["states"]["cases"], "all states": found["states"]["all"], "adversarial": found["families"]["all"]}
    rows = []
    for name, group in groups.items():
        statuses, worst = group["statuses"], group["worst"]
        rows.append((
            name, f"{group['lps']:,}", f"{statuses.get('OPTIMAL', 0):,}", f"{statuses.get('INFEASIBLE', 0):,}",
            f"{statuses.get('INACCURATE', 0):,}", group["false_optimal"],
            group["false_infeasible"] + group["missed_infeasible"], f"{worst['objective_error']:.1e}",
            f"{worst['residual']:.1e}", f"{worst['gap']:.1e}",
        ))  # fmt: skip
    families = ", ".join(found["families"]["cases"])
    head = (
        "LPs from | LPs | optimal | infeasible | inaccurate | false optimal | wrong about feasibility |"
        " largest objective error | largest residual | largest gap"
    )
    text = (
        "**5. Buying LPs** (`lp_certificates_cpu.json`): each answer against a fresh HiGHS solve and a"
        " certificate that shares no"
        " code with the kernel; maxima, not means, over the answers called optimal. Adversarial families:"
        f" {families}.\n\n"
    )
    return text + table(head, rows)


def _coverage() -> str:
    found = _read("coverage_cpu")
    rows = []
    for case in found["cases"]:
        measures = case["measures"]
        ratios = [each["error_ratio"] for each in measures.values()]
        rows.append((
            case["demand"], case["products"], case["trials"], f"{sum(ratios) / len(ratios):.2f}",
            *(f"{measures[name]['coverage']:.1%}" for name in COVERED),
        ))  # fmt: skip
    head = "demand | products | trials | mean error / true error | " + " | ".join(COVERED)
    text = (
        "**6. Standard errors** (`coverage_cpu.json`): how often a 95% interval holds the truth, in"
        f" {found['replicates']:,}"
        f" samples of a population of {found['population']} products\n\n"
    )
    return text + table(head, rows)


if __name__ == "__main__":
    PAGE.write_text(with_figures(PAGE.read_text("utf-8"), figures()), "utf-8")
