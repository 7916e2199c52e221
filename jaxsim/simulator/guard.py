"""Faults found while a chunk runs: the first of every product-trial, with its day and the field that shows it.

Units are whole numbers below 2**26, so that products of two of them are exact in float64. A number that leaves that
range has overflowed, or came from one that is not finite. The range is tested on bits: a whole number of 32 bits lies
in it exactly when no bit from the 26th on is set, and one `or` over an array tells for all of it.
"""

from enum import IntEnum

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float64, Int32

from jaxsim.kernels.buying import Status
from jaxsim.simulator.state import Order, State
from jaxsim.system import MOST_UNITS

DAILY = ("on_hand", "on_order", "in_transit", "backlog")
"""Fields of the state that every day is tested for; the others are tested at the end of each week."""

_FIRST_FIELD = 16  # codes below are `Status` of the buying LP
_CODES = 64  # a fault is day · 64 + code; 0 is none
_DEMAND, _QUANTITY = _FIRST_FIELD, _FIRST_FIELD + 1
_STATE = {name: _FIRST_FIELD + 2 + i for i, name in enumerate(State._fields) if name != "basis"}


class Check(IntEnum):
    """When a state is tested."""

    DAY = 0
    WEEK = 1


def first(earlier: Int32[Array, " batch"], later: Int32[Array, " batch"]) -> Int32[Array, " batch"]:
    """The earlier fault of each product-trial, where it has one."""
    return jnp.where(earlier > 0, earlier, later)


def of_state(state: State, day: Int32[Array, ""], check: Check) -> Int32[Array, " batch"]:
    """Faults of a state."""
    faults = jnp.zeros_like(state.backlog[0])
    for name, code in _STATE.items():
        if (name in DAILY) == (check is Check.DAY):
            faults = first(faults, _code(_outside(getattr(state, name)), day, code))
    return faults


def of_order(order: Order, day: Int32[Array, ""]) -> Int32[Array, " batch"]:
    """Faults of a buying decision: its quantity, or an LP without an optimum."""
    quantity = _code(_outside(order.quantity[None]), day, _QUANTITY)
    return first(quantity, jnp.where(order.status != Status.OPTIMAL, day * _CODES + order.status, 0))


def of_demand(units: Float64[Array, "regions days batch"], week: Int32[Array, ""]) -> Int32[Array, " batch"]:
    """Faults of a week's demand, before it is made whole numbers; named on the week's first day."""
    fine = (units >= 0) & (units < MOST_UNITS)
    return _code(~fine.all((0, 1)), 7 * week, _DEMAND)


def sentence(fault: int) -> str:
    """What a fault says: the day and the field."""
    day, code = divmod(fault, _CODES)
    if code < _FIRST_FIELD:
        status = Status(code)
        return f"day {day}, the buying LP ended as {status.name}: {status.sentence}"
    names = {_DEMAND: "demand", _QUANTITY: "order quantity"} | {number: name for name, number in _STATE.items()}
    return f"day {day}, {names[code]} left the range of 0 to {MOST_UNITS - 1:,} units"


def _code(bad: Bool[Array, " batch"], day: Int32[Array, ""], code: int) -> Int32[Array, " batch"]:
    return jnp.where(bad, day * _CODES + code, 0)


def _outside(units: Int32[Array, "*lead batch"]) -> Bool[Array, " batch"]:
    """Whether any of a product-trial's numbers is negative or 2**26 and more."""
    flat = units.reshape(-1, units.shape[-1])
    together = lax.reduce(flat, jnp.int32(0), jnp.bitwise_or, (0,))
    return (together & jnp.int32(-MOST_UNITS)) != 0
