"""Both engines refuse numbers that mean nothing, wherever they are, and say where."""

import re
from typing import Any

import equinox as eqx
import jax
import numpy as np
import pytest

from jaxsim import reference
from jaxsim.resources import ARRIVALS, STORAGE, Prices, checked_prices
from jaxsim.scenario import textbook
from jaxsim.simulator import Simulator
from jaxsim.system import MOST_UNITS, System, build, check_system

SYSTEM = build(textbook.scenario(weeks=3))
FLOATS = [
    jax.tree_util.keystr(path).lstrip(".")
    for path, leaf in jax.tree_util.tree_leaves_with_path(SYSTEM)
    if leaf.dtype.kind == "f" and leaf.size
]
UNITS = ("case_pack", "order_up_to", "target", "on_hand", "in_flight")


def planted(path: str, value, row: int = -1) -> System:
    def where(system) -> Any:
        for name in path.split("."):
            system = getattr(system, name)
        return system

    leaf = where(SYSTEM).copy()
    leaf[row] = value
    return eqx.tree_at(where, SYSTEM, leaf)


def test_the_system_is_sound():
    check_system(SYSTEM)
    assert len(FLOATS) > 20


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("path", FLOATS)
def test_every_float_leaf_is_checked(path, value):
    allowed = {"network.plan": np.isnan, "network.storage_plan": np.isnan}
    allowed |= {"network.shipping_cost": np.isposinf, "network.transfer_cost": np.isposinf}
    if allowed.get(path.replace("products.lp_route_cost", "network.shipping_cost"), lambda _: False)(value):
        check_system(planted(path, value))
        return
    system = planted(path, value)
    whose = r" of product serial is" if path.startswith(("products", "source.quantiles")) else " is"
    for run in (Simulator, reference.run):
        with pytest.raises(ValueError, match=rf"^{re.escape(path)}\[.*\]{whose} -?(nan|inf); it must be finite"):
            run(system)


@pytest.mark.parametrize("value", [-1, MOST_UNITS])
@pytest.mark.parametrize("name", UNITS)
def test_quantities_are_in_range(name, value):
    with pytest.raises(ValueError, match=rf"products.{name}\[.*\] of product base stock .*from 0 to 67,108,863 units"):
        check_system(planted(f"products.{name}", value, row=2))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_costs_are_finite(value):
    costs = np.zeros((3, 3))
    costs[1, 2] = value
    sentence = f"the capacity cost of node depot in week 2 is {value}; it must be finite"
    for run in (Simulator(SYSTEM).run, lambda costs: reference.run(SYSTEM, costs)):
        with pytest.raises(ValueError, match=sentence):
            run(costs)
        with pytest.raises(ValueError, match=sentence.replace("capacity cost", "price of storage")):
            run(Prices({"storage": costs}))
    assert checked_prices(SYSTEM, None).of(ARRIVALS, SYSTEM).tolist() == np.zeros((3, 3)).tolist()


def test_prices_are_of_resources_and_of_every_node_week():
    with pytest.raises(ValueError, match="there is no resource 'labor'; there are arrivals, storage"):
        Prices({"labor": np.zeros((3, 3))})
    with pytest.raises(ValueError, match=r"prices of storage must be of shape \(nodes, weeks\) = \(3, 3\)"):
        checked_prices(SYSTEM, Prices({"storage": np.zeros((2, 2))}))
    assert not checked_prices(SYSTEM, Prices({})).of(STORAGE, SYSTEM).any()
