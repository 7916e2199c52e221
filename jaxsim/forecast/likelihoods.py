"""Distributions of a period's units, each told by the numbers that a network gives.

A likelihood turns raw numbers into a distribution in units of the series' scale: it scores what was seen, draws, and
gives its mean. For example the negative binomial of a series that sells 20 a week has the mean 20 · softplus(raw₀).
"""

import abc
import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.scipy.special import gammaincc, gammaln, ndtr
from jaxtyping import Array, Bool, Float, PRNGKeyArray

Raw = Float[Array, "*batch numbers"]
Units = Float[Array, "*batch"]


class Likelihood(abc.ABC):
    """A distribution of units; hashable, so that a compiled program can hold it fixed."""

    whole: ClassVar[bool]
    """Whether it is of whole units."""
    in_units: ClassVar[bool] = False
    """Whether its loss counts in units, and not in logs of probability."""

    @property
    @abc.abstractmethod
    def numbers(self) -> int:
        """Raw numbers that tell it."""

    @abc.abstractmethod
    def loss(self, raw: Raw, units: Units, scale: Units, censored: Bool[Array, "*batch"]) -> Units:
        """What it costs to have said this of these units; where censored, of at least these units."""

    @abc.abstractmethod
    def draw(self, key: PRNGKeyArray, raw: Raw, scale: Units) -> Units:
        """Units, float32."""


ONE = 0.5413
"""softplus(ONE) = 1: networks begin at the scale that they are given."""


def _positive(raw: Array) -> Array:
    return jax.nn.softplus(raw) + 1e-4


def _gamma_tail(units: Array, mean: Array, variance: Array) -> Array:
    """Log of P(demand ≥ units) by the gamma distribution of the same moments, with half a unit's correction."""
    shape = mean**2 / variance
    tail = gammaincc(shape, jnp.maximum(units - 0.5, 1e-6) * mean / variance)
    return jnp.where(units > 0.5, jnp.log(jnp.maximum(tail, 1e-10)), 0.0)


@dataclasses.dataclass(frozen=True)
class NegativeBinomial(Likelihood):
    """Counts with variance mean + dispersion · mean² (Salinas et al. 2020, section 3.1)."""

    whole: ClassVar[bool] = True

    @property
    def numbers(self) -> int:
        """Mean and dispersion."""
        return 2

    def moments(self, raw: Raw, scale: Units) -> tuple[Units, Units]:
        """Mean, units, and dispersion."""
        return scale * _positive(raw[..., 0] + ONE), _positive(raw[..., 1]) / jnp.sqrt(jnp.maximum(scale, 1e-3))

    def loss(self, raw: Raw, units: Units, scale: Units, censored: Bool[Array, "*batch"]) -> Units:
        """Negative log-likelihood; the tail of censored units is that of a gamma distribution."""
        mean, dispersion = self.moments(raw, scale)
        seen = -_log_negative_binomial(units, mean, dispersion)
        return jnp.where(censored, -_gamma_tail(units, mean, mean + dispersion * mean**2), seen)

    def draw(self, key: PRNGKeyArray, raw: Raw, scale: Units) -> Units:
        """A Poisson draw whose rate is a gamma draw."""
        mean, dispersion = self.moments(raw, scale)
        return _draw_negative_binomial(key, mean, dispersion)


def _log_negative_binomial(units: Array, mean: Array, dispersion: Array) -> Array:
    size = 1.0 / dispersion
    product = dispersion * mean
    whole = jnp.maximum(units, 0.0)  # returns count as nothing sold
    ways = gammaln(whole + size) - gammaln(size) - gammaln(whole + 1.0)
    return ways + whole * (jnp.log(product) - jnp.log1p(product)) - size * jnp.log1p(product)


def _draw_negative_binomial(key: PRNGKeyArray, mean: Array, dispersion: Array) -> Array:
    rate_key, count_key = jax.random.split(key)
    size = jnp.clip(1.0 / dispersion, 1e-3, 1e6)
    rate = jax.random.gamma(rate_key, size, dtype=mean.dtype) * mean / size
    return jax.random.poisson(count_key, jnp.minimum(rate, 1e8)).astype(mean.dtype)


@dataclasses.dataclass(frozen=True)
class ZeroInflatedNegativeBinomial(Likelihood):
    """A negative binomial, or nothing at all with a probability of its own."""

    whole: ClassVar[bool] = True
    _count: ClassVar[NegativeBinomial] = NegativeBinomial()

    @property
    def numbers(self) -> int:
        """Mean, dispersion, and log odds of nothing at all."""
        return 3

    def loss(self, raw: Raw, units: Units, scale: Units, censored: Bool[Array, "*batch"]) -> Units:
        """Negative log-likelihood."""
        odds = raw[..., 2] - 2.0
        some, none = jax.nn.log_sigmoid(-odds), jax.nn.log_sigmoid(odds)
        sold = some - self._count.loss(raw, units, scale, censored)
        return -jnp.where(
            (units > 0.5) & ~censored, sold, jnp.where(censored & (units > 0.5), sold, jnp.logaddexp(none, sold))
        )

    def draw(self, key: PRNGKeyArray, raw: Raw, scale: Units) -> Units:
        """Nothing, or a draw of the negative binomial."""
        which, count = jax.random.split(key)
        nothing = jax.random.uniform(which, scale.shape, scale.dtype) < jax.nn.sigmoid(raw[..., 2] - 2.0)
        return jnp.where(nothing, 0.0, self._count.draw(count, raw, scale))


@dataclasses.dataclass(frozen=True)
class Gaussian(Likelihood):
    """Mean and a standard deviation made positive by softplus."""

    whole: ClassVar[bool] = False

    @property
    def numbers(self) -> int:
        """Mean and deviation."""
        return 2

    def loss(self, raw: Raw, units: Units, scale: Units, censored: Bool[Array, "*batch"]) -> Units:
        """Negative log-likelihood."""
        mean, deviation = scale * (1.0 + raw[..., 0]), scale * _positive(raw[..., 1])
        z = (units - mean) / deviation
        seen = 0.5 * z**2 + jnp.log(deviation) + 0.918938533
        return jnp.where(censored, -jnp.log(jnp.maximum(ndtr(-z), 1e-10)), seen)

    def draw(self, key: PRNGKeyArray, raw: Raw, scale: Units) -> Units:
        """Units, which can be negative."""
        noise = jax.random.normal(key, scale.shape, scale.dtype)
        return scale * (1.0 + raw[..., 0] + _positive(raw[..., 1]) * noise)


@dataclasses.dataclass(frozen=True)
class StudentT(Likelihood):
    """Location, spread and degrees of freedom, of which there are more than two."""

    whole: ClassVar[bool] = False

    @property
    def numbers(self) -> int:
        """Location, spread, degrees of freedom."""
        return 3

    def loss(self, raw: Raw, units: Units, scale: Units, censored: Bool[Array, "*batch"]) -> Units:
        """Negative log-likelihood; the tail of censored units is that of a normal distribution of the same spread."""
        spread, freedom = scale * _positive(raw[..., 1]), 2.0 + _positive(raw[..., 2])
        z = (units - scale * (1.0 + raw[..., 0])) / spread
        norm = gammaln((freedom + 1) / 2) - gammaln(freedom / 2) - 0.5 * jnp.log(jnp.pi * freedom) - jnp.log(spread)
        seen = (freedom + 1) / 2 * jnp.log1p(z**2 / freedom) - norm
        return jnp.where(censored, -jnp.log(jnp.maximum(ndtr(-z), 1e-10)), seen)

    def draw(self, key: PRNGKeyArray, raw: Raw, scale: Units) -> Units:
        """Units, which can be negative."""
        freedom = 2.0 + _positive(raw[..., 2])
        noise = jax.random.t(key, freedom, scale.shape, scale.dtype)
        return scale * (1.0 + raw[..., 0] + _positive(raw[..., 1]) * noise)


@dataclasses.dataclass(frozen=True)
class QuantileHead(Likelihood):
    """No distribution in particular: quantiles at fixed levels, linear between them.

    The loss is the mean pinball loss over levels, half the CRPS of what is drawn, as levels are evenly spaced.
    Steps between levels are positive, so quantiles do not cross. Beyond the ends the last step goes on.
    """

    levels: int = 25
    whole: ClassVar[bool] = False
    in_units: ClassVar[bool] = True

    @property
    def numbers(self) -> int:
        """The median, and the steps between levels."""
        return self.levels

    def _quantiles(self, raw: Raw) -> Float[Array, "*batch levels"]:
        """In scales."""
        steps = _positive(raw[..., 1:] - 2.0) * (8.0 / self.levels)
        ends = jnp.concatenate([jnp.zeros_like(raw[..., :1]), jnp.cumsum(steps, -1)], -1)
        return 1.0 + raw[..., :1] + ends - ends[..., self.levels // 2 : self.levels // 2 + 1]

    def loss(self, raw: Raw, units: Units, scale: Units, censored: Bool[Array, "*batch"]) -> Units:
        """Mean pinball loss, units; of censored units, only of quantiles that are below them."""
        levels = (jnp.arange(self.levels, dtype=raw.dtype) + 0.5) / self.levels
        error = (units / scale)[..., None] - self._quantiles(raw)
        pinball = jnp.maximum(levels * error, (levels - 1.0) * error)
        return scale * jnp.where(censored[..., None] & (error < 0), 0.0, pinball).mean(-1)

    def draw(self, key: PRNGKeyArray, raw: Raw, scale: Units) -> Units:
        """The quantile function at a uniform number."""
        place = jax.random.uniform(key, scale.shape, scale.dtype) * self.levels - 0.5
        low = jnp.clip(jnp.floor(place), 0, self.levels - 2).astype(jnp.int32)
        quantiles = self._quantiles(raw)
        left = jnp.take_along_axis(quantiles, low[..., None], -1)[..., 0]
        right = jnp.take_along_axis(quantiles, low[..., None] + 1, -1)[..., 0]
        return scale * (left + (right - left) * (place - low.astype(place.dtype)))


LIKELIHOODS: dict[str, Likelihood] = {
    "negative_binomial": NegativeBinomial(),
    "zero_inflated": ZeroInflatedNegativeBinomial(),
    "student_t": StudentT(),
    "gaussian": Gaussian(),
    "quantile": QuantileHead(),
}
"""By name."""
