"""Ancestral sampling: a path draws each period given the periods that it drew before."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float32, Int, Int32, PRNGKeyArray

from jaxsim.forecast.features import Inputs, ahead_of, features, look_back, window
from jaxsim.forecast.likelihoods import Likelihood
from jaxsim.forecast.network import Network, local_scale

BLOCK = 256
"""Series that are sampled together; each block has a key of its own, so its paths do not depend on those after it."""


def sample_paths(
    network: Network,
    likelihood: Likelihood,
    inputs: Inputs,
    start: int,
    context: int,
    horizon: int,
    samples: int,
    key: PRNGKeyArray,
    told: Callable[[int], None] | None = None,
) -> Float32[np.ndarray, "series samples horizon"]:
    """Sample paths of all series, block by block.

    Args:
        start: first period of the horizon, counted from the first that `inputs` holds.
        told: is called with the number of series done, after every block.
    """
    series = inputs.units.shape[0]
    paths = np.empty((series, samples, horizon), np.float32)
    for block, first in enumerate(range(0, series, BLOCK)):
        rows = np.minimum(np.arange(first, first + BLOCK), series - 1)
        of = _paths(
            network,
            likelihood,
            inputs,
            jnp.asarray(rows, jnp.int32),
            start,
            jax.random.fold_in(key, block),
            context,
            horizon,
            samples,
        )
        stop = min(first + BLOCK, series)
        paths[first:stop] = np.asarray(of)[: stop - first]
        if told is not None:
            told(stop)
    return paths


@eqx.filter_jit
def _paths(
    network: Network,
    likelihood: Likelihood,
    inputs: Inputs,
    rows: Int[Array, " batch"],
    start: int,
    key: PRNGKeyArray,
    context: int,
    horizon: int,
    samples: int,
) -> Float32[Array, "batch samples horizon"]:
    begin = jnp.full(rows.shape, start - context, jnp.int32)
    seen = window(inputs, rows, begin, context, context)
    named = network.named(inputs.product[rows], inputs.region[rows])
    state, _ = network.run(seen.features, named)
    repeat = lambda array: jnp.repeat(array, samples, axis=0)
    state, named, scale = jax.tree.map(repeat, (state, named, seen.scale))
    longest = inputs.longest
    at = start - longest + jnp.arange(longest)
    past = [repeat(array[rows][:, at]) for array in (inputs.units, inputs.known)]
    room = jnp.zeros((len(scale), horizon), jnp.float32)
    units, known = jnp.concatenate([past[0], room], 1), jnp.concatenate([past[1], room == 0], 1)
    first = repeat(inputs.first[rows])
    seasons = repeat(ahead_of(inputs, rows, begin + context, horizon))

    def one(carried: tuple, given: tuple[Int32[Array, ""], PRNGKeyArray]) -> tuple[tuple, None]:
        state, units = carried
        step, key = given
        back = lambda array: jnp.flip(lax.dynamic_slice_in_dim(array, step, longest, axis=1), axis=1)
        age = (start + step - first).astype(jnp.float32) / inputs.season
        calendar = jnp.broadcast_to(inputs.calendar[start + step], (len(scale), inputs.calendar.shape[1]))
        lasting = jnp.concatenate([calendar, seasons[:, step]], -1)
        looks = look_back(inputs.looks, back(units), back(known)) / scale[:, None]
        state, raw = network.step(state, features(looks, lasting, age, scale), named)
        local = local_scale(raw[:, likelihood.numbers :], looks, scale)
        drawn = likelihood.draw(key, raw[:, : likelihood.numbers], local)
        return (state, units.at[:, longest + step].set(drawn)), None

    keys = jax.random.split(key, horizon)
    (_, units), _ = lax.scan(one, (state, units), (jnp.arange(horizon, dtype=jnp.int32), keys))
    return units[:, longest:].reshape(len(rows), samples, horizon)
