"""How the solve of a linear program can end."""

from enum import IntEnum


class Status(IntEnum):
    """How a solve ended; each member's sentence is its `sentence`."""

    OPTIMAL = 0
    INFEASIBLE = 1
    INACCURATE = 2
    ITERATION_LIMIT = 3
    BAD_INPUT = 4

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.OPTIMAL: "The point is feasible and its relative duality gap is within the tolerance.",
    Status.INFEASIBLE: "No point keeps all constraints; of the buying LP: the order caps sum to less than the total.",
    Status.INACCURATE: "The search ended, but the gap or a residual of the point exceeds the tolerance.",
    Status.ITERATION_LIMIT: "The last allowed iteration came before gap and residuals were within the tolerance.",
    Status.BAD_INPUT: (
        "A number is NaN or infinite (only a route cost may be +inf, and a bound on a row where there is none), "
        "a quantity is negative, or a region's segment values increase."
    ),
}
