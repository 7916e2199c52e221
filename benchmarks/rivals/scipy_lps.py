"""`scipy.optimize.linprog`, HiGHS with everything set up anew for each LP, as most users call it."""

import numpy as np
from scipy.optimize import linprog

from benchmarks.rivals.lps import Changes, LPs, asked, measure, report


class Linprog:
    """Nothing is kept."""

    name = "scipy linprog"
    starts = ("cold",)

    def __init__(self) -> None:
        self._x = np.zeros(0)

    def solve(self, lps: LPs, index: int, changes: Changes, hot: bool) -> np.ndarray | None:
        """One call; the bounds are put together in it."""
        upper = lps.upper[index]
        bounds = np.stack([np.zeros_like(upper), upper], axis=1)
        found = linprog(lps.cost[index], A_eq=lps.matrix, b_eq=lps.right[index], bounds=bounds)
        if found.x is None:
            return None
        self._x = found.x
        return found.x[: lps.shape[0]]

    def point(self) -> np.ndarray:
        """All columns."""
        return self._x


def main() -> None:
    """Run and print."""
    lps, before, passes = asked()
    report(measure(Linprog(), lps, before, passes), "scipy")


if __name__ == "__main__":
    main()
