"""Figures of a run of the suite, for its assertions and for the results file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from jaxsim.conformance.compare import FIELDS
from tests.conformance.examples import Finding


@dataclass
class Tally:
    """Sums over examples."""

    scenarios: int = 0
    product_trials: int = 0
    days: int = 0
    lps: int = 0
    entries: int = 0
    ties: int = 0
    violations: int = 0
    equations: int = 0
    largest_lp_difference: float = 0.0
    mismatches: Counter = field(default_factory=Counter)
    features: Counter = field(default_factory=Counter)
    finished: set[str] = field(default_factory=set)
    """Frames all of whose examples agreed; while others are shrunk, examples are counted again and again."""

    def add(self, finding: Finding, features: set[str]) -> None:
        """Count an example; the products that fill up its arrays are left out."""
        found = finding.comparison
        self.scenarios += 1
        self.product_trials += found.product_trials
        self.days += found.product_trials * found.days
        self.lps += found.lps
        self.entries += found.entries
        self.ties += len(found.ties)
        self.equations += sum(balance.checked for balance in finding.balances)
        self.violations += sum(balance.broken for balance in finding.balances)
        self.largest_lp_difference = max(self.largest_lp_difference, float(found.fields["lp_order"].largest.max()))
        self.mismatches.update(found.mismatches)
        self.features.update(features)

    def figures(self) -> dict[str, Any]:
        """All of it, in the order of the features' names."""
        return {
            "scenarios": self.scenarios,
            "product_trials": self.product_trials,
            "days": self.days,
            "lps_solved": self.lps,
            "entries_compared": self.entries,
            "mismatches": {name: self.mismatches[name] for name in FIELDS},
            "ties": self.ties,
            "largest_lp_order_difference_units": self.largest_lp_difference,
            "conservation_equations": self.equations,
            "conservation_violations": self.violations,
            "scenarios_with": dict(sorted(self.features.items())),
        }
