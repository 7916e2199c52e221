"""The scan engine: a jitted fixed-horizon scan, batched over products × trials.

Flow: `simulator` cuts the products into `chunks`; `day` scans each chunk over the horizon, day by day: receive,
`buying`, `placement`, `fulfillment`, close. `state` says what the loop reads and carries.
"""

from jaxsim.simulator.simulator import Simulator

__all__ = ["Simulator"]
