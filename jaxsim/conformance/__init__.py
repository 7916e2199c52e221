"""Whether the two engines simulate the same thing: their trajectories compared entry by entry.

Both engines consume the same draws, so every entry of a `Trajectory` must be equal: whole units exactly, the buying
LP's order vector to a millionth. Three findings are possible for a product-trial:

- it agrees on every day;
- it differs, and the first difference is named with product, trial, day and field (`compare`);
- it parts at a buying LP that has two optima (`ties`): each engine ordered one of them, which is proved by solving that
  day's LP again, and whatever follows from the two orders is left out. Policies that buy without the LP have no ties.

Beside that each trajectory must conserve units by itself (`conservation`). `blocks` does all of it for samples of any
size in bounded memory, `figures` are what came out.
"""

from jaxsim.conformance.blocks import BLOCK, Conformance, Effects, conform
from jaxsim.conformance.compare import Comparison, Difference, FieldComparison, compare
from jaxsim.conformance.conservation import Balance, Violation, balance
from jaxsim.conformance.pair import PolicyPair
from jaxsim.conformance.ties import TIE_TOLERANCE, Tie, tie_of

__all__ = [
    "BLOCK",
    "TIE_TOLERANCE",
    "Balance",
    "Comparison",
    "Conformance",
    "Difference",
    "Effects",
    "FieldComparison",
    "PolicyPair",
    "Tie",
    "Violation",
    "balance",
    "compare",
    "conform",
    "tie_of",
]
