"""The only randomness of the simulation.

Every draw is a pure function of (seed, product, trial, stream, index): the counter-based generator threefry-2x32
(Salmon et al. 2011) keyed by seed and product id, with trial, stream and index as its counter. So a product's path does
not depend on which other products, batches, devices or engine simulate it, and two cost vectors are compared under
common random numbers.

The functions take the array module `xp` (`numpy` or `jax.numpy`) and arrays of any shape that broadcast together: the
event engine calls them with NumPy scalars, the fast one inside `jit` with a trailing batch axis.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum
from types import ModuleType

import jax
import numpy as np
import scipy.special
from jax import lax
from jaxtyping import Float, Int, UInt32

Array = jax.Array | np.ndarray
"""Of either array module."""

Words = tuple[UInt32[Array, "..."] | np.uint32, UInt32[Array, "..."] | np.uint32]
"""A key or a counter: two words for each draw."""

Whole = Int[Array, "..."] | UInt32[Array, "..."] | np.integer | int
"""Whole numbers that count trials, weeks, days or slots."""

Real = Float[Array, "..."]
Points = Float[Array, " points"] | Sequence[float]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_INVERSION_LIMIT = 12.0  # binomials with a smaller mean are drawn by exact inversion
_INVERSION_TERMS = 48  # P(Binomial > 48 | mean <= 12) < 1e-14


class Stream(IntEnum):
    """What a draw is for; the high bits of the second counter word."""

    DEMAND_TOTAL = 0
    DEMAND_REGION = 1
    DEMAND_DAY = 2
    LEAD_TIME = 3


def threefry2x32(xp: ModuleType, key: Words, counter: Words) -> Words:
    """Threefry-2x32-20 block cipher on uint32 arrays; returns two uint32 arrays (Salmon et al. 2011)."""
    k0, k1 = key
    x0, x1 = counter
    schedule = (k0, k1, k0 ^ k1 ^ xp.uint32(0x1BD11BDA))
    x0 = x0 + schedule[0]
    x1 = x1 + schedule[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = (x1 << xp.uint32(rotation)) | (x1 >> xp.uint32(32 - rotation))
            x1 = x0 ^ x1
        x0 = x0 + schedule[(group + 1) % 3]
        x1 = x1 + schedule[(group + 2) % 3] + xp.uint32(group + 1)
    return x0, x1


def product_ids(names: Iterable[str]) -> UInt32[np.ndarray, "products 2"]:
    """Stable ids of products, a hash of each name."""
    digests = (hashlib.blake2b(str(name).encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(b"".join(digests), "<u4").reshape(-1, 2).astype(np.uint32)


def product_key(xp: ModuleType, seed: int, ids: Words) -> Words:
    """Key of each product: `ids` are the two columns of `product_ids`, `seed` is below 2**64."""
    words = xp.uint32(seed & 0xFFFFFFFF), xp.uint32(seed >> 32)
    return threefry2x32(xp, words, ids)


def independent_seed(seed: int, purpose: str) -> int:
    """Another seed, in [0, 2**64), for another purpose: the cipher keyed by `seed` at the hash of `purpose`.

    Unlike `seed` + 1 it is no seed that a user would choose next, so runs of seeds 0, 1 and 2 share no sample.
    """
    with np.errstate(over="ignore"):  # the cipher wraps around
        first, second = product_ids([purpose])[0]
        high, low = product_key(np, seed, (first, second))
    return int(high) << 32 | int(low)


def uniform(xp: ModuleType, key: Words, trial: Whole, stream: Stream, index: Whole) -> Real:
    """Float64 uniforms strictly between 0 and 1; `index` is below 2**20."""
    word = xp.asarray(index).astype(xp.uint32) + xp.uint32(int(stream) << 20)
    high, low = threefry2x32(xp, key, (xp.asarray(trial).astype(xp.uint32), word))
    high = (high >> xp.uint32(5)).astype(xp.float64)
    low = (low >> xp.uint32(6)).astype(xp.float64)
    return (high * 2.0**26 + low + 0.5) * 2.0**-53


def weekly_total(xp: ModuleType, u: Real, levels: Points, quantiles: Float[Array, "points ..."]) -> Real:
    """Units of demand in a week: the quantile function at the uniform `u`, rounded.

    Args:
        levels: increasing from 0 to 1. quantiles: units.
    """
    value = quantiles[0]
    for left in range(len(levels) - 1):
        part = (u - levels[left]) / (levels[left + 1] - levels[left])
        inside = quantiles[left] + part * (quantiles[left + 1] - quantiles[left])
        value = xp.where(u >= levels[left], inside, value)
    return xp.floor(value + 0.5)


def total_uniform(xp: ModuleType, key: Words, trial: Whole, week: Whole) -> Real:
    """Uniform of a week's total demand."""
    return uniform(xp, key, trial, Stream.DEMAND_TOTAL, week)


def over_regions(
    xp: ModuleType, key: Words, trial: Whole, week: Whole, total: Real, shares: Float[Array, "regions ..."]
) -> Float[Array, "regions ..."]:
    """Split a week's total over the regions: whole units, float64, that add up to it.

    Args:
        total: whole units. shares: share of each region, summing to 1.
    """
    u = uniform(xp, key, trial, Stream.DEMAND_REGION, _region_index(xp, week, shares))
    return _split_regions(xp, total, shares, u)


def over_days(
    xp: ModuleType,
    key: Words,
    trial: Whole,
    week: Whole,
    by_region: Float[Array, "regions ..."],
    weekday_share: Float[np.ndarray, " 7"] | Sequence[float],
) -> Float[Array, "regions 7 ..."]:
    """Split a week's demand over its days: whole units, float64, that add up to it.

    Args:
        by_region: whole units.
        weekday_share: share of each of the seven days, summing to 1; known when tracing.
    """
    u = uniform(xp, key, trial, Stream.DEMAND_DAY, _region_index(xp, week, by_region))
    edges = np.concatenate([[0.0], np.cumsum(weekday_share)[:-1], [1.0]])
    edges = edges[(None, slice(None), *(None,) * (by_region.ndim - 1))]
    cuts = xp.floor(by_region[:, None] * edges + u[:, None])
    return cuts[:, 1:] - cuts[:, :-1]


def _region_index(xp: ModuleType, week: Whole, by_region: Float[Array, "regions ..."]) -> UInt32[Array, "regions ..."]:
    """Index of a draw for each region of a week."""
    regions, column = by_region.shape[0], (slice(None),) + (None,) * (by_region.ndim - 1)
    return xp.asarray(week).astype(xp.uint32) * xp.uint32(1024) + np.arange(regions, dtype=np.uint32)[column]


def _split_regions(
    xp: ModuleType, total: Real, shares: Float[Array, "regions ..."], u: Float[Array, "regions ..."]
) -> Float[Array, "regions ..."]:
    """Multinomial split of `total` by successive binomials."""
    tail = shares[::-1].cumsum(axis=0)[::-1]
    chance = xp.where(tail > 0, shares / xp.where(tail > 0, tail, 1.0), 0.0)

    def step(left: Real, inputs: tuple[Real, Real]) -> tuple[Real, Real]:
        chance, u = inputs
        part = binomial(xp, left, chance, u)
        return left - part, part

    left, parts = _scan(xp, step, total + 0.0 * shares[0], (chance[:-1], u[:-1]))
    return xp.concatenate([parts, left[None]])


def _scan(
    xp: ModuleType,
    step: Callable[[Real, tuple[Real, Real]], tuple[Real, Real]],
    carry: Real,
    inputs: tuple[Real, Real],
) -> tuple[Real, Real]:
    """`lax.scan` for either array module."""
    if xp is not np:
        return lax.scan(step, carry, inputs)
    outputs = []
    for row in zip(*inputs, strict=True):
        carry, output = step(carry, row)
        outputs.append(output)
    return carry, np.stack(outputs) if outputs else np.zeros((0, *np.shape(carry)))


def lead_time_uniform(xp: ModuleType, key: Words, trial: Whole, day: Whole, slot: Whole) -> Real:
    """Uniform of an order line: its lead time is the least number of days whose cumulative probability exceeds it."""
    index = xp.asarray(day).astype(xp.uint32) * xp.uint32(256) + xp.asarray(slot).astype(xp.uint32)
    return uniform(xp, key, trial, Stream.LEAD_TIME, index)


def binomial(xp: ModuleType, count: Real, chance: Real, u: Real) -> Real:
    """Binomial quantile at `u`: exact inversion for small means, a corrected normal approximation for large ones.

    The normal branch is Cornish-Fisher to second order; its error in distribution is below 0.5% at mean 12.
    """
    flip = chance > 0.5
    p = xp.where(flip, 1.0 - chance, chance)
    mean = count * p
    drawn = xp.where(mean < _INVERSION_LIMIT, _binomial_small(xp, count, p, u), _binomial_large(xp, count, p, u))
    drawn = xp.clip(drawn, 0.0, count)
    return xp.where(flip, count - drawn, drawn)


def _binomial_small(xp: ModuleType, count: Real, p: Real, u: Real) -> Real:
    p = xp.where(count * p < _INVERSION_LIMIT, p, 0.0)
    odds = p / (1.0 - p)
    start = xp.exp(count * xp.log1p(-p))

    def step(j: Real | float, state: tuple[Real, Real, Real]) -> tuple[Real, Real, Real]:
        mass, below, drawn = state
        mass = mass * odds * xp.maximum(count - j, 0.0) / (j + 1.0)
        return mass, below + mass, drawn + (u >= below).astype(xp.float64)

    state = start, start, xp.zeros_like(start)
    if xp is np:
        for j in range(_INVERSION_TERMS):
            state = step(float(j), state)
    else:
        state = lax.fori_loop(0, _INVERSION_TERMS, lambda j, state: step(j.astype(xp.float64), state), state)
    return state[2]


def _binomial_large(xp: ModuleType, count: Real, p: Real, u: Real) -> Real:
    z = scipy.special.ndtri(u) if xp is np else jax.scipy.special.ndtri(u)
    spread = xp.sqrt(count * p * (1.0 - p))
    return xp.floor(count * p + spread * z + (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0 + 0.5)
