"""Whole units in proportion to whole weights, by cumulative sums (docs/semantics.md)."""

import jax.numpy as jnp
from jaxtyping import Array, Float64, Int32


def apportion(units: Int32[Array, " batch"], weights: Int32[Array, "parts batch"]) -> Int32[Array, "parts batch"]:
    """Split `units` over the leading axis in proportion to `weights`; parts sum exactly (to 0 with zero weights)."""
    weights = weights.astype(jnp.float64)
    upper = jnp.cumsum(weights, axis=0)
    return cut(units.astype(jnp.float64), upper, upper - weights, upper[-1])


def cut(
    units: Float64[Array, "*part batch"],
    upper: Float64[Array, "parts batch"],
    lower: Float64[Array, "parts batch"],
    whole: Float64[Array, "*part batch"],
) -> Int32[Array, "parts batch"]:
    """⌊units · upper / whole⌋ − ⌊units · lower / whole⌋, 0 where `whole` is 0; exact while products are below 2**53."""
    whole = jnp.maximum(whole, 1.0)
    return (_floor_quotient(units * upper, whole) - _floor_quotient(units * lower, whole)).astype(jnp.int32)


def _floor_quotient(dividend: Array, divisor: Array) -> Array:
    """⌊dividend / divisor⌋ of whole numbers.

    XLA may divide by way of the reciprocal, which can miss by one; the rest, which is exact, puts that right.
    """
    quotient = jnp.floor(dividend / divisor)
    rest = dividend - quotient * divisor
    return quotient + (rest >= divisor).astype(dividend.dtype) - (rest < 0).astype(dividend.dtype)
