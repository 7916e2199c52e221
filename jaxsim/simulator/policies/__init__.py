"""Policies of the scan engine: what decides, as values that the environment asks.

`protocol` says what a policy is; `buy`, `place` and `fulfill` hold the default one each. The event engine has the same
in plain Python (`jaxsim.reference.policies`). `docs/extending.md` shows a policy of one's own.
"""

from jaxsim.simulator.policies.buy import BuyByLP, capacity_cost, order_quantity, whole_packs
from jaxsim.simulator.policies.fulfill import FulfillByPreference
from jaxsim.simulator.policies.place import PlaceByTarget
from jaxsim.simulator.policies.plain import BuyCheapest
from jaxsim.simulator.policies.protocol import (
    BuyingPolicy,
    Carry,
    FulfillmentPolicy,
    PlacementPolicy,
    Policies,
    WarmStart,
)

__all__ = [
    "BuyByLP",
    "BuyCheapest",
    "BuyingPolicy",
    "Carry",
    "FulfillByPreference",
    "FulfillmentPolicy",
    "PlaceByTarget",
    "PlacementPolicy",
    "Policies",
    "WarmStart",
    "capacity_cost",
    "order_quantity",
    "whole_packs",
]
