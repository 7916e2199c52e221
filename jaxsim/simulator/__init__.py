"""The scan engine: a jitted fixed-horizon scan, batched over products × trials.

Flow: `simulator` cuts the products into `chunks`; `rollout` scans each chunk over the horizon, week by week and day by
day: the `policies` decide, and the environment `env` does what they say: receive, buy, place, fulfill, close. `state`
says what is read, carried, decided and recorded.
"""

from jaxsim.simulator import env
from jaxsim.simulator.chunks import prepare
from jaxsim.simulator.policies import Policies
from jaxsim.simulator.simulator import Simulator

__all__ = ["Policies", "Simulator", "env", "prepare"]
