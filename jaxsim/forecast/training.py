"""Training: random windows of the panel, AdamW with a warm-up and a cosine, and the checkpoints of least loss.

Steps run in rounds of `ROUND` inside one compiled program; after each the loss of the validation window decides
whether to go on and which weights to keep. What a round draws depends on the seed and its number alone, so that a
training that was stopped goes on to the same bits.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float32, Int32, PRNGKeyArray

from jaxsim.forecast.features import Inputs, Window, window
from jaxsim.forecast.likelihoods import Likelihood
from jaxsim.forecast.network import Network, local_scale

ROUND = 50
"""Steps between looks at the validation window."""

VALIDATED = 512
"""Series that are looked at together."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a network is trained."""

    context: int
    """Periods that it is warmed up on; they count in the loss too."""
    horizon: int
    batch: int
    """Windows of a step."""
    steps: int
    """Most."""
    rate: float
    """Highest learning rate."""
    kept: int
    """Checkpoints of least validation loss, which forecast together."""
    patience: int
    """Rounds without a lower validation loss after which training stops."""
    decay: float = 1e-4
    """Of weights."""
    clip: float = 5.0
    """Largest norm of a gradient."""
    size_power: float = 1.0
    """Windows are drawn in proportion to this power of what a series sells: errors count in units."""


class Windows(NamedTuple):
    """Where windows may begin, and how often each series is drawn."""

    first: Int32[Array, " series"]
    last: Int32[Array, " series"]
    below: Float32[Array, " series"]
    """Part of windows that are of this series or of one before."""


class Progressed(NamedTuple):
    """Where training is."""

    weights: Any
    moments: Any
    round: int
    losses: list[float]
    kept: list[tuple[float, Any]]
    """Checkpoints by validation loss, least first."""


def windows(inputs: Inputs, start: int, stop: int, settings: Settings) -> Windows:
    """Windows whose last period is before `stop`; a series' first one may begin before its first known units.

    Args:
        start, stop: periods counted from the first that `inputs` holds.
    """
    known, units = np.asarray(inputs.known[:, start:stop]), np.asarray(inputs.units[:, start:stop])
    length = settings.context + settings.horizon
    last = np.full(len(known), stop - length)
    first = np.minimum(np.maximum(np.asarray(inputs.first), start) - settings.context // 2, last)
    mean = np.abs(units * known).sum(1) / np.maximum(known.sum(1), 1)
    weight = np.where(known.any(1), (mean + 1e-2) ** settings.size_power, 0.0)
    below = np.cumsum(weight) / weight.sum()
    lowest = inputs.longest
    first, last = np.maximum(first, lowest), np.maximum(last, lowest)
    return Windows(*(jnp.asarray(a, d) for a, d in ((first, jnp.int32), (last, jnp.int32), (below, jnp.float32))))


def loss_of(
    network: Network, likelihood: Likelihood, inputs: Inputs, rows: Array, seen: Window, key: PRNGKeyArray | None
) -> Float32[Array, "batch length"]:
    """Loss of each period, 0 where units are unknown."""
    named = network.named(inputs.product[rows], inputs.region[rows])
    _, raw = network.run(seen.features, named, key)
    scale = local_scale(raw[..., likelihood.numbers :], seen.seen, seen.scale[:, None])
    loss = likelihood.loss(raw[..., : likelihood.numbers], seen.units, scale, seen.censored)
    return jnp.where(seen.known, loss / seen.scale[:, None] if likelihood.in_units else loss, 0.0)


def optimizer(settings: Settings) -> optax.GradientTransformation:
    """AdamW, clipped, with a warm-up and a cosine down to a hundredth."""
    warm = max(1, min(100, settings.steps // 10))
    rate = optax.warmup_cosine_decay_schedule(0.0, settings.rate, warm, settings.steps, settings.rate / 100)
    return optax.chain(optax.clip_by_global_norm(settings.clip), optax.adamw(rate, weight_decay=settings.decay))


@eqx.filter_jit
def _round(fixed: tuple, weights: Any, moments: Any, key: PRNGKeyArray) -> tuple[Any, Any]:
    """`ROUND` steps."""
    shape, likelihood, inputs, spans, settings = fixed
    update = optimizer(settings).update
    length = settings.context + settings.horizon

    def loss(weights: Any, key: PRNGKeyArray) -> Array:
        choose, place, drop = jax.random.split(key, 3)
        chosen = jax.random.uniform(choose, (settings.batch,), jnp.float32)
        rows = jnp.minimum(jnp.searchsorted(spans.below, chosen, side="right"), len(spans.below) - 1)
        part = jax.random.uniform(place, (settings.batch,), jnp.float32)
        first, last = spans.first[rows], spans.last[rows]
        start = first + jnp.floor(part * (last - first + 1).astype(jnp.float32)).astype(jnp.int32)
        seen = window(inputs, rows, start, settings.context, length)
        losses = loss_of(eqx.combine(weights, shape), likelihood, inputs, rows, seen, drop)
        return losses.sum() / jnp.maximum(seen.known.sum(dtype=jnp.float32), 1.0)

    def step(carried: tuple, key: PRNGKeyArray) -> tuple[tuple, None]:
        weights, moments = carried
        slope = jax.grad(loss)(weights, key)
        with jax.numpy_dtype_promotion("standard"):  # optax multiplies floats by its count of steps
            change, moments = update(slope, moments, weights)
        return (optax.apply_updates(weights, change), moments), None

    return lax.scan(step, (weights, moments), jax.random.split(key, ROUND))[0]


@eqx.filter_jit
def _validation(
    weights: Any, shape: Any, likelihood: Likelihood, inputs: Inputs, start: Array, settings: Settings
) -> Float32[Array, ""]:
    """Loss of the last `horizon` periods before the ones held back, weighted as windows are drawn."""
    network, length, horizon = eqx.combine(weights, shape), settings.context + settings.horizon, settings.horizon
    series = inputs.units.shape[0]

    def block(places: Array) -> tuple[Array, Array]:
        rows = jnp.minimum(places, series - 1)
        seen = window(inputs, rows, jnp.full(rows.shape, start, jnp.int32), settings.context, length)
        losses = loss_of(network, likelihood, inputs, rows, seen, None)[:, -horizon:].sum(1)
        weight = jnp.where(places < series, seen.scale**settings.size_power, 0.0)
        return (weight * losses).sum(), (weight * seen.known[:, -horizon:].sum(1, dtype=jnp.float32)).sum()

    rows = jnp.arange(-(-series // VALIDATED) * VALIDATED).reshape(-1, VALIDATED)
    sums = lax.map(block, rows)
    return sums[0].sum() / jnp.maximum(sums[1].sum(), 1.0)


def start_of(network: Network, settings: Settings) -> Progressed:
    """Before the first round."""
    weights = eqx.filter(network, eqx.is_inexact_array)
    return Progressed(weights, optimizer(settings).init(weights), 0, [], [])


def train(
    network: Network,
    likelihood: Likelihood,
    inputs: Inputs,
    stop: int,
    settings: Settings,
    key: PRNGKeyArray,
    at: Progressed | None = None,
    told: Callable[[Progressed], None] | None = None,
) -> Progressed:
    """Train on what is before period `stop`, but for the last horizon before it, which chooses the checkpoints.

    Args:
        network: to begin with. stop: counted from the first period that `inputs` holds.
        at: where an earlier training stopped. told: is called after every round.

    Raises:
        ArithmeticError: the loss is not finite.
    """
    shape = eqx.filter(network, eqx.is_inexact_array, inverse=True)
    at = start_of(network, settings) if at is None else at
    spans = windows(inputs, inputs.before, stop - settings.horizon, settings)
    fixed = (shape, likelihood, inputs, spans, settings)
    begin = jnp.asarray(stop - settings.context - settings.horizon)
    while at.round < -(-settings.steps // ROUND) and not _stale(at.losses, settings.patience):
        weights, moments = _round(fixed, at.weights, at.moments, jax.random.fold_in(key, at.round))
        value = float(_validation(weights, shape, likelihood, inputs, begin, settings))
        if not np.isfinite(value):
            raise ArithmeticError(f"training: the loss is {value} after {ROUND * (at.round + 1)} steps; lower the rate")
        kept = sorted([*at.kept, (value, weights)], key=lambda pair: pair[0])[: settings.kept]
        at = Progressed(weights, moments, at.round + 1, [*at.losses, value], kept)
        if told is not None:
            told(at)
    return at


def _stale(losses: list[float], patience: int) -> bool:
    return len(losses) > patience and min(losses[-patience:]) > min(losses[:-patience])
