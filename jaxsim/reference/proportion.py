"""Whole units split in proportion, exactly."""

from collections.abc import Sequence
from itertools import accumulate, pairwise


def split_in_proportion(units: int, weights: Sequence[int]) -> list[int]:
    """Parts of `units` that are whole, in proportion to `weights` and sum exactly.

    With cumulative weights C_1 … C_n, part i of t units is ⌊t C_i / C_n⌋ − ⌊t C_{i−1} / C_n⌋: 7 units by weights
    1, 1, 1 are 2, 2, 3.

    Raises:
        ValueError: a weight is negative, or all are zero.
    """
    if min(weights, default=0) < 0 or sum(weights) == 0:
        raise ValueError(f"weights must be nonnegative and not all zero, got {list(weights)}")
    cumulative = list(accumulate(weights, initial=0))
    return [units * high // cumulative[-1] - units * low // cumulative[-1] for low, high in pairwise(cumulative)]
