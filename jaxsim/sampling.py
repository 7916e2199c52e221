"""Stratified sampling with Neyman allocation (SSNA): which products to simulate, and how many each stands for.

Products are put into strata by family (orderable set or vendor) × expected inbound volume. A stratum of N_s products
whose contributions to utilization have standard deviation S_s gets n_s ∝ N_s S_s simulations, drawn without
replacement, and each stands for γ = N_s / n_s products. The largest products, which alone would deserve a simulation or
more, are all taken.

Contributions are not known before simulating, so they are modeled: product a contributes with mean `volume` and
standard deviation `spread`, whence S_s² = variance of volume + mean of spread² within the stratum.
"""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float64, Int

from jaxsim.scenario import ProductStatistics

PRODUCTS_PER_STRATUM = 5
"""Strata are few enough that each gets this many simulated products on average."""

CLASSES = 8
"""Volume classes of a family, at most."""


@dataclasses.dataclass(frozen=True)
class Population:
    """What is known of every product of the population before simulating; checked once."""

    names: tuple[str, ...]
    volume: Float64[np.ndarray, " products"]
    """Expected inbound units per week."""
    family: Int[np.ndarray, " products"]
    """Products of equal number have the same orderable nodes, or vendor."""
    spread: Float64[np.ndarray, " products"]
    """Standard deviation of the product's contribution about its volume, units (a pilot's, or a proxy)."""

    def __post_init__(self) -> None:
        for name in ("volume", "family", "spread"):
            if getattr(self, name).shape != (len(self.names),):
                raise ValueError(f"population: {name} must hold one number for each of {len(self.names)} products")
        for name in ("volume", "spread"):
            values = getattr(self, name)
            if not (np.isfinite(values) & (values >= 0)).all():
                raise ValueError(f"population: {name} must be finite and not negative")


@dataclasses.dataclass(frozen=True)
class Sample:
    """Products to simulate. Rows ascend in the population's order."""

    names: tuple[str, ...]
    rows: Int[np.ndarray, " sampled"]
    """Rows of the population."""
    sampling_weight: Float64[np.ndarray, " sampled"]
    """γ = N_s / n_s; adds up to the population."""
    stratum: Int[np.ndarray, " sampled"]
    population: Int[np.ndarray, " strata"]
    """N_s, products of each stratum."""
    allocation: Int[np.ndarray, " strata"]
    """n_s, products simulated."""
    deviation: Float64[np.ndarray, " strata"]
    """S_s, modeled standard deviation of a contribution, units."""


def population_of(statistics: ProductStatistics) -> Population:
    """Model each product's contribution from what its tables say, with the orderable set as family.

    Expected inbound units per week are the mean weekly demand (0 when the product cannot be ordered) and a quarter of
    what is in flight. The standard deviation about it comes from lumps, as a whole order or none of it arrives in a
    week, and from demand: √(volume · case pack · review weeks + (volume / 2)²).
    """
    orderable = np.array([bool(nodes) for nodes in statistics.orderable_sets])[statistics.orderable_set]
    ordered = np.where(orderable, statistics.mean_weekly_units, 0.0)
    lumps = ordered * statistics.case_pack * statistics.review_weeks
    return Population(
        names=tuple(statistics.product),
        volume=ordered + statistics.in_flight / 4.0,
        family=np.asarray(statistics.orderable_set, np.int64),
        spread=np.sqrt(lumps + (ordered / 2) ** 2),
    )


def stratified_sample(products: Population, size: int, seed: int) -> Sample:
    """Draw `size` products (all, with γ = 1, when there are no more).

    A stratum gets at least 2 products where it has them, so that its variance can be estimated (`size` 1 allows only
    1).

    Args:
        products: the population.
        size: n, products to simulate.
        seed: of the draw; equal seeds draw equal samples.

    Raises:
        ValueError: The population is empty or `size` is below 1.
    """
    if not products.names or size < 1:
        raise ValueError("a sample needs a population of at least one product and a size of at least 1")
    size = min(size, len(products.names))
    certain = _certain(products.spread + products.volume, size)
    stratum = _strata(products, certain, size)
    population = np.bincount(stratum)
    deviation = _deviation(products, stratum, population)
    allocation = neyman_allocation(
        population, deviation, size, take_all=_all_certain(stratum, certain, len(population))
    )
    rows = _draw(stratum, allocation, seed)
    return Sample(
        names=tuple(products.names[row] for row in rows),
        rows=rows,
        sampling_weight=(population / allocation)[stratum[rows]],
        stratum=stratum[rows],
        population=population,
        allocation=allocation,
        deviation=deviation,
    )


def neyman_allocation(
    population: Int[np.ndarray, " strata"],
    deviation: Float64[np.ndarray, " strata"],
    size: int,
    *,
    take_all: Bool[np.ndarray, " strata"] | None = None,
) -> Int[np.ndarray, " strata"]:
    """n_s ∝ N_s S_s, whole, at most N_s, at least 2 (or N_s) where `size` allows, with Σ n_s = `size`.

    Strata in `take_all` get N_s. Strata that would get more than they have are taken whole, and what is left is shared
    among the rest.

    Raises:
        ValueError: `size` is less than one product per stratum and the `take_all` strata, or more than the population.
    """
    taken = np.zeros(len(population), bool) if take_all is None else take_all
    least = np.where(taken, population, np.minimum(population, 2))
    if least.sum() > size:
        least = np.where(taken, population, 1)
    if least.sum() > size or size > population.sum():
        raise ValueError(f"a sample of {size} does not fit {len(population)} strata of {population.sum()} products")
    weight = population * deviation
    if not weight[~taken].sum() > 0:
        weight = population.astype(np.float64)
    exact = least.astype(np.float64)
    open_ = ~taken
    while open_.any():  # raise to the least, cut to the whole, share the rest again
        free = size - exact[~open_].sum()
        share = free * weight / max(weight[open_].sum(), 1e-300)
        over, under = open_ & (share > population), open_ & (share < least)
        excess = (share - population)[over].sum() - (least - share)[under].sum()
        if not (over.any() or under.any()):
            exact[open_] = share[open_]
            break
        fixed = over if excess > 0 else under if excess < 0 else over | under
        exact[fixed] = np.where(over, population, least)[fixed]
        open_ &= ~fixed
    return _whole(exact, least, population, size)


def stratified_variance(sample: Sample) -> float:
    """Modeled variance of a stratified total, Σ N_s² (1 − n_s/N_s) S_s² / n_s, units²."""
    n, population = sample.allocation, sample.population
    return float((population * (population - n) * sample.deviation**2 / n).sum())


def work_saved(products: Population, sample: Sample) -> float:
    """How many times as many products a simple random sample needs for the same modeled variance of the total (≥ 1 when
    it pays).

    Solves N² (1 − n/N) S² / n = V for n and divides by the sample's size. 1 when the sample is the population.
    """
    total, count = len(products.names), len(sample.rows)
    if count == total:
        return 1.0
    everything = np.zeros(total, np.int64)
    variance = float(_deviation(products, everything, np.array([total]))[0] ** 2)
    if variance == 0:
        return 1.0
    return total**2 * variance / (stratified_variance(sample) + total * variance) / count


def _certain(measure: Float64[np.ndarray, " products"], size: int) -> Bool[np.ndarray, " products"]:
    """Products that sampling in proportion to `measure` would take more than once; at most half the sample."""
    if size >= len(measure):
        return np.ones(len(measure), bool)
    order = np.argsort(-measure, kind="stable")
    rest = measure[order][::-1].cumsum()[::-1]
    chosen = 0
    while chosen < size // 2 and rest[chosen] > 0 and (size - chosen) * measure[order[chosen]] >= rest[chosen]:
        chosen += 1
    certain = np.zeros(len(measure), bool)
    certain[order[:chosen]] = True
    return certain


def _strata(products: Population, certain: Bool[np.ndarray, " products"], size: int) -> Int[np.ndarray, " products"]:
    """Stratum of each product: family × volume class, the certain products in one of their own (the last)."""
    stratum = np.zeros(len(certain), np.int64)
    rest = np.flatnonzero(~certain)
    most = max((size - int(certain.sum())) // PRODUCTS_PER_STRATUM, 1)
    classes = min(CLASSES, most)
    measure = products.volume + products.spread
    family = _main_families(products.family[rest], measure[rest], most // classes)
    for each in np.unique(family):
        members = rest[family == each]
        stratum[members] = each * CLASSES + _volume_class(products.volume[members], measure[members], classes)
    stratum[certain] = stratum.max(initial=0) + 1
    return np.unique(stratum, return_inverse=True)[1]


def _main_families(
    family: Int[np.ndarray, " n"], measure: Float64[np.ndarray, " n"], most: int
) -> Int[np.ndarray, " n"]:
    """Number families from the weightiest on; those past `most` share the last number."""
    if family.size == 0:
        return family
    index = np.unique(family, return_inverse=True)[1]
    order = np.argsort(-np.bincount(index, measure), kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return np.minimum(rank, most - 1)[index]


def _volume_class(
    volume: Float64[np.ndarray, " n"], measure: Float64[np.ndarray, " n"], classes: int
) -> Int[np.ndarray, " n"]:
    """Class by volume quantile, with products weighted by `measure`: every class has about the same total of it."""
    order = np.argsort(volume, kind="stable")
    total = measure.sum()
    before = (measure[order].cumsum() - measure[order] / 2) / total if total > 0 else np.zeros(len(order))
    result = np.empty(len(order), np.int64)
    result[order] = np.minimum((before * classes).astype(np.int64), classes - 1)
    return result


def _deviation(
    products: Population, stratum: Int[np.ndarray, " products"], population: Int[np.ndarray, " strata"]
) -> Float64[np.ndarray, " strata"]:
    """S_s of the modeled contributions."""
    mean = np.bincount(stratum, products.volume) / population
    squares = np.bincount(stratum, (products.volume - mean[stratum]) ** 2) / np.maximum(population - 1, 1)
    return np.sqrt(squares + np.bincount(stratum, products.spread**2) / population)


def _all_certain(
    stratum: Int[np.ndarray, " products"], certain: Bool[np.ndarray, " products"], strata: int
) -> Bool[np.ndarray, " strata"]:
    return np.bincount(stratum[certain], minlength=strata) == np.bincount(stratum, minlength=strata)


def _whole(
    exact: Float64[np.ndarray, " strata"],
    least: Int[np.ndarray, " strata"],
    most: Int[np.ndarray, " strata"],
    size: int,
) -> Int[np.ndarray, " strata"]:
    """Round to whole numbers of the same total within [least, most], largest remainders first."""
    result = np.clip(np.floor(exact + 1e-9).astype(np.int64), least, most)
    remainder = exact - result
    while (missing := size - int(result.sum())) != 0:
        movable = np.flatnonzero(result < most if missing > 0 else result > least)
        order = movable[np.argsort(-np.sign(missing) * remainder[movable], kind="stable")][: abs(missing)]
        result[order] += np.sign(missing)
        remainder[order] -= np.sign(missing)
    return result


def _draw(
    stratum: Int[np.ndarray, " products"], allocation: Int[np.ndarray, " strata"], seed: int
) -> Int[np.ndarray, " sampled"]:
    """Rows drawn without replacement, n_s of each stratum, ascending."""
    random = np.random.default_rng(seed)
    order = np.argsort(stratum, kind="stable")
    groups = np.split(order, np.bincount(stratum).cumsum()[:-1])
    drawn = [random.choice(rows, n, replace=False) for rows, n in zip(groups, allocation, strict=True)]
    return np.sort(np.concatenate(drawn))
