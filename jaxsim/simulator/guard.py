"""Faults found while a chunk runs: the first of every product-trial, with its day and the field that shows it.

Units are whole numbers below 2**26, so that products of two of them are exact in float64. A number that leaves that
range has overflowed, or came from one that is not finite. The range is tested on bits: a whole number of 32 bits lies
in it exactly when no bit from the 26th on is set, and one `or` over an array tells for all of it.
"""

from enum import IntEnum
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float64, Int32

from jaxsim.kernels.buying import Status
from jaxsim.simulator.state import Inputs, Order, Service, State
from jaxsim.system import MOST_UNITS

DAILY = ("on_hand", "on_order", "in_transit", "backlog")
"""Fields of the state that every day is tested for; the others are tested at the end of each week."""

UNITS = tuple(name for name in State._fields if name not in ("day", "received", "received_transfers", "fault"))
"""Fields of the state that are tested."""

_FIRST_FIELD = 16  # codes below are `Status` of the buying LP
_CODES = 64  # a fault is day · 64 + code; 0 is none
_DEMAND, _QUANTITY, _ORDER, _MOVES, _SERVICE = range(_FIRST_FIELD, _FIRST_FIELD + 5)
_STATE = {name: _FIRST_FIELD + 5 + i for i, name in enumerate(UNITS)}
_REFUSED = {
    _ORDER: "the buying policy orders negative units, or into a slot that is not orderable",
    _MOVES: "the placement policy sends negative units, or where there is no transfer",
    _SERVICE: "the fulfillment policy serves negative units, more than is asked, or at a rank that a region lacks",
}


class Check(IntEnum):
    """When a state is tested."""

    DAY = 0
    WEEK = 1


class Found(NamedTuple):
    """A test: the product-trials that fail it, and the fault that they have."""

    bad: Bool[Array, " batch"]
    fault: Int32[Array, " batch"]


def first(earlier: Int32[Array, " batch"], *tests: Found) -> Int32[Array, " batch"]:
    """Each product-trial's earlier fault (0: none), else that of the first test that it fails, else 0."""
    fault = jnp.zeros_like(earlier)
    for found in reversed(tests):  # each result has one user, so that XLA fuses the tests without repeating them
        fault = jnp.where(found.bad, found.fault, fault)
    return jnp.where(earlier > 0, earlier, fault)


def of_state(state: State, day: Int32[Array, ""], check: Check) -> list[Found]:
    """Units of a state."""
    names = [name for name in _STATE if (name in DAILY) == (check is Check.DAY)]
    return [_found(_outside(getattr(state, name)), day, _STATE[name]) for name in names]


def of_order(inputs: Inputs, order: Order, day: Int32[Array, ""]) -> list[Found]:
    """A buying decision: its quantity, an LP without an optimum, units that cannot be ordered."""
    units = jnp.where(inputs.orderable, order.units, -order.units)
    return [
        _found(_outside(order.quantity[None]), day, _QUANTITY),
        Found(order.status != Status.OPTIMAL, day * _CODES + order.status),
        _found(_outside(units), day, _ORDER),
    ]


def of_moves(inputs: Inputs, moved: Int32[Array, "sources slots batch"], day: Int32[Array, ""]) -> list[Found]:
    """A placement decision; a lack of stock shows in the state."""
    exists = inputs.transit_days[: moved.shape[0]] >= 0
    return [_found(_outside(jnp.where(exists, moved, -moved)), day, _MOVES)]


def of_service(
    inputs: Inputs, service: Service, lost: Int32[Array, "regions batch"], day: Int32[Array, ""]
) -> list[Found]:
    """A fulfillment decision; a lack of stock, and waiting units below 0, show in the state."""
    units, taken = service
    apart = units.sum((0, 1), dtype=jnp.int32) != taken.sum(0, dtype=jnp.int32)
    wrong = _outside(jnp.where(inputs.preference >= 0, units, -units)) | _outside(lost) | apart
    return [_found(wrong, day, _SERVICE)]


def of_demand(units: Float64[Array, "regions days batch"], week: Int32[Array, ""]) -> Found:
    """A week's demand, before it is made whole numbers; named on the week's first day."""
    fine = (units >= 0) & (units < MOST_UNITS)
    return _found(~fine.all((0, 1)), 7 * week, _DEMAND)


def sentence(fault: int) -> str:
    """What a fault says: the day and the field."""
    day, code = divmod(fault, _CODES)
    if code < _FIRST_FIELD:
        status = Status(code)
        return f"day {day}, the buying LP ended as {status.name}: {status.sentence}"
    if code in _REFUSED:
        return f"day {day}, {_REFUSED[code]}"
    names = {_DEMAND: "demand", _QUANTITY: "order quantity"} | {number: name for name, number in _STATE.items()}
    return f"day {day}, {names[code]} left the range of 0 to {MOST_UNITS - 1:,} units"


def _found(bad: Bool[Array, " batch"], day: Int32[Array, ""], code: int) -> Found:
    return Found(bad, jnp.full_like(bad, day * _CODES + code, jnp.int32))


def _outside(units: Int32[Array, "*lead batch"]) -> Bool[Array, " batch"]:
    """Whether any of a product-trial's numbers is negative or 2**26 and more."""
    flat = units.reshape(-1, units.shape[-1])
    together = lax.reduce(flat, jnp.int32(0), jnp.bitwise_or, (0,))
    return (together & jnp.int32(-MOST_UNITS)) != 0
