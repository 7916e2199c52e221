"""What the compiler makes of functions that it must not fuse, and that they keep every digit."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxsim.kernels.no_fuse import no_fuse


def sizes(x):
    """Looks cheap enough to be computed again for each user."""
    return jnp.abs(x - 2000) * x


def three_users(producer, x):
    first = producer(x)
    second = producer(first + 1)
    chosen = jnp.where(second[:1] > first, second, first)
    return chosen.sum(axis=1), jnp.max(first * second, axis=0), second - jnp.roll(first, 1, axis=0)


def times_computed(producer, x) -> int:
    program = jax.jit(partial(three_users, producer)).lower(x).compile().as_text()
    return (program or "").count(" abs(")


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="elsewhere functions are called as they are")
def test_shared_values_are_computed_once():
    x = jnp.arange(4000.0).reshape(40, 100)
    assert times_computed(sizes, x) > 2
    assert times_computed(no_fuse(sizes), x) == 2
    for one, other in zip(three_users(no_fuse(sizes), x), three_users(sizes, x), strict=True):
        np.testing.assert_array_equal(one, other)


def test_last_arguments_may_be_static():
    power = partial(no_fuse, static=1)(lambda x, exponent: x ** (2 if exponent == "square" else 3))
    np.testing.assert_array_equal(power(jnp.asarray([2.0, 3.0]), "square"), [4, 9])
    np.testing.assert_array_equal(jax.jit(lambda x: power(x, "cube"))(jnp.asarray([2.0])), [8])
