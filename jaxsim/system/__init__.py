"""Scenario sample → arrays.

`build` turns checked tables into a `System` (`arrays`), stage by stage: the network and lead times (`network`), each
product's local network (`local`, `slots`), what customers do and what buying believes (`beliefs`), what the belief says
of order-up-to levels, LP segments and targets (`planning`), and the prices of the buying LP (`prices`). `check` refuses
what no engine should start with.
"""

from jaxsim.demand.source import MOST_UNITS
from jaxsim.system.arrays import CROSS_DOCK, FULFILLMENT, STORAGE, LeadTimes, Network, Products, System
from jaxsim.system.build import build
from jaxsim.system.check import check_system, check_trials

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
    "check_trials",
]
