"""Policies of the scan engine and their oracles: the same rules in plain Python, for the event engine."""

from typing import NamedTuple

from jaxsim import reference, simulator
from jaxsim.reference.policies import BuyByLP as ExactBuyByLP
from jaxsim.simulator.policies import BuyByLP


class PolicyPair(NamedTuple):
    """Policies of both engines that decide alike."""

    scan: simulator.Policies = simulator.Policies()
    events: reference.Policies = reference.Policies()

    @property
    def buys_by_lp(self) -> bool:
        """Whether both buy by the LP, so that a difference of orders may be a tie of its optima."""
        return isinstance(self.scan.buy, BuyByLP) and isinstance(self.events.buy, ExactBuyByLP)
