"""Policies of one's own pass through a study to its engine."""

from typing import Any

import numpy as np
import pytest

import jaxsim
from jaxsim.reference.decision import Buy
from jaxsim.reference.policies import Policies as EventPolicies
from jaxsim.runs.folder import RunError
from jaxsim.simulator.policies import Policies as ScanPolicies


class BuyNothing:
    """Orders no unit."""

    def init(self, product):
        """No memory."""

    def __call__(self, product, state, day, prices, memory):
        """Nothing into any slot."""
        return Buy.of_units([0] * len(product.node)), memory


def test_policies_reach_the_engine_and_the_configuration(scenario):
    settings: dict[str, Any] = {"products": 3, "trials": 1, "engine": "events"}
    usual, given = (jaxsim.simulate(scenario, **settings, policies=each) for each in (None, EventPolicies()))
    assert usual.contributions.equals(given.contributions)
    assert "policies" not in usual.config["simulation"]
    bare = jaxsim.simulate(scenario, **settings, policies=EventPolicies(buy=BuyNothing()))
    assert (np.array(bare.contributions["purchase_cost"]) == 0).all()
    assert (np.array(usual.contributions["purchase_cost"]) > 0).any()
    assert "BuyNothing" in bare.config["simulation"]["policies"]


def test_policies_of_the_other_engine_are_refused(scenario):
    with pytest.raises(RunError, match=r"policies of the engine 'events' are jaxsim\.reference\.policies\.Policies"):
        jaxsim.simulate(scenario, engine="events", policies=ScanPolicies())
