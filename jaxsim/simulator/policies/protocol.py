"""What a policy is, and the three that a simulation asks.

A policy is a value: a frozen dataclass of hashable fields or, where it has arrays (the weights of a learned policy), an
`equinox.Module`. Arrays are traced, everything else is part of the compilation: policies that differ in their arrays
only share one compiled program. Policies see a chunk of product-trials, batch-last (`jaxsim.simulator.state`), and must
decide for each by its own numbers alone, or outcomes depend on how products are cut into chunks.

A policy decides and changes nothing: `jaxsim.simulator.env` books what it says, and refuses what cannot be done.
"""

from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Int32

from jaxsim.simulator.policies.buy import BuyByLP
from jaxsim.simulator.policies.fulfill import FulfillByPreference
from jaxsim.simulator.policies.place import PlaceByTarget
from jaxsim.simulator.state import Inputs, Order, Service, Shared, State

Carry = Any
"""A buying policy's memory: a pytree of arrays of any types, the batch last; () for none."""


@runtime_checkable
class BuyingPolicy(Protocol):
    """Decides what is ordered on review days; `jaxsim.simulator.policies.buy` has the default."""

    def init(self, inputs: Inputs) -> Carry:
        """The memory at the start of every run."""
        ...

    def __call__(
        self, inputs: Inputs, shared: Shared, state: State, day: Int32[Array, ""], carry: Carry
    ) -> tuple[Order, Carry]:
        """Decide in the morning of `day`, after receipts.

        It is asked on days when any product-trial of the chunk is reviewed (`Inputs.reviewed`). What it says of the
        others is dropped, and their memory stays as it is.
        """
        ...


@runtime_checkable
class WarmStart(Protocol):
    """An optional part of a buying policy: what a run may take over from the run before, week by week.

    Memory starts anew with every run, so that no outcome depends on earlier runs. What is kept here outlives a run and
    must change no outcome, only how long it takes: where an LP ended, for the LP of the same week under other costs.
    """

    def keep(self, inputs: Inputs, carry: Carry) -> Any:
        """What of a week's last memory is kept for that week of the next run: a pytree, batch last; () for nothing."""
        ...

    def restore(self, inputs: Inputs, carry: Carry, kept: Any) -> Carry:
        """The memory at the start of a week; `kept` is zeros where nothing is known, such as in the first run."""
        ...


@runtime_checkable
class PlacementPolicy(Protocol):
    """Decides what is sent between slots every day; `jaxsim.simulator.policies.place` has the default."""

    def __call__(self, inputs: Inputs, state: State, day: Int32[Array, ""]) -> Int32[Array, "sources slots batch"]:
        """Units to send from each of the leading slots to each slot; the day's orders are booked."""
        ...


@runtime_checkable
class FulfillmentPolicy(Protocol):
    """Decides who is served every day; `jaxsim.simulator.policies.fulfill` has the default."""

    def __call__(self, inputs: Inputs, state: State, demand: Int32[Array, "regions batch"]) -> Service:
        """Units for each region from its rank-p slot; `demand` and the backlog ask, and units sent today are gone."""
        ...


class Policies(eqx.Module):
    """The policies of a simulation."""

    buy: BuyingPolicy = BuyByLP()
    place: PlacementPolicy = PlaceByTarget()
    fulfill: FulfillmentPolicy = FulfillByPreference()


def split(policies: Policies) -> tuple[Policies, Policies]:
    """The arrays of policies, and everything else (hashable): together they are `equinox.combine`d again.

    Raises:
        ValueError: a policy holds something that is neither an array of a module nor hashable.
    """
    weights, rules = eqx.partition(policies, lambda leaf: isinstance(leaf, jax.Array | np.ndarray))
    for name in ("buy", "place", "fulfill"):
        try:
            hash(getattr(rules, name))
        except TypeError as error:
            raise ValueError(
                f"policies.{name} is not hashable ({error}): make it a frozen dataclass of hashable fields, or an "
                "equinox.Module where it has arrays"
            ) from None
    return weights, rules


def keep(policy: BuyingPolicy, inputs: Inputs, carry: Carry) -> Any:
    """`WarmStart.keep`, nothing where a policy has none."""
    return policy.keep(inputs, carry) if isinstance(policy, WarmStart) else ()


def restore(policy: BuyingPolicy, inputs: Inputs, carry: Carry, kept: Any) -> Carry:
    """`WarmStart.restore`, where a policy has it."""
    return policy.restore(inputs, carry, kept) if isinstance(policy, WarmStart) else carry
