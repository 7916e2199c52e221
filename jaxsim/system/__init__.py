"""Scenario sample → arrays.

`build` turns checked tables into a `System`: slots and routes of each product's local network (`slots`), what its
demand distribution says about order-up-to levels, LP segments and targets (`demand`), and the arrays themselves
(`arrays`).
"""

from jaxsim.system.arrays import CROSS_DOCK, FULFILLMENT, STORAGE, LeadTimes, Network, Products, System
from jaxsim.system.build import build

__all__ = ["CROSS_DOCK", "FULFILLMENT", "STORAGE", "LeadTimes", "Network", "Products", "System", "build"]
