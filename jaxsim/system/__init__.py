"""Scenario sample → arrays.

`build` turns checked tables into a `System`: slots and routes of each product's local network (`slots`), what its
demand distribution says about order-up-to levels, LP segments and targets (`demand`), and the arrays themselves
(`arrays`). `check` refuses what no engine should start with.
"""

from jaxsim.system.arrays import CROSS_DOCK, FULFILLMENT, MOST_UNITS, STORAGE, LeadTimes, Network, Products, System
from jaxsim.system.build import build
from jaxsim.system.check import check_system, checked_costs

__all__ = [
    "CROSS_DOCK",
    "FULFILLMENT",
    "MOST_UNITS",
    "STORAGE",
    "LeadTimes",
    "Network",
    "Products",
    "System",
    "build",
    "check_system",
    "checked_costs",
]
