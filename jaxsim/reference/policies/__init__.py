"""Policies of the event engine: what decides, one product-trial at a time, in plain Python.

`protocol` says what a policy is; `buy`, `place` and `fulfill` hold the default one each. They share no code with those
of the scan engine, whose oracles they are.
"""

from jaxsim.reference.policies.buy import BuyByLP, order_charge, order_quantity
from jaxsim.reference.policies.fulfill import FulfillByPreference
from jaxsim.reference.policies.place import PlaceByTarget
from jaxsim.reference.policies.plain import BuyCheapest
from jaxsim.reference.policies.protocol import BuyingPolicy, FulfillmentPolicy, PlacementPolicy, Policies

__all__ = [
    "BuyByLP",
    "BuyCheapest",
    "BuyingPolicy",
    "FulfillByPreference",
    "FulfillmentPolicy",
    "PlaceByTarget",
    "PlacementPolicy",
    "Policies",
    "order_charge",
    "order_quantity",
]
