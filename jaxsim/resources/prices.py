"""Prices of resources: the one type that both engines take."""

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float64

from jaxsim.resources.arrivals import ARRIVALS
from jaxsim.resources.resource import Charge, Resource
from jaxsim.resources.storage import STORAGE
from jaxsim.system import System

_BY_NAME = {resource.name: resource for resource in (ARRIVALS, STORAGE)}


class Prices(Mapping[Resource, np.ndarray]):
    """Prices (nodes, weeks) by resource, currency per unit.

    `Prices({"arrivals": λ, "storage": μ})`; a resource that is not in it costs nothing. One of your own is its own key:
    `Prices({MINE: …})`.
    """

    def __init__(
        self,
        by_resource: Mapping[str, np.ndarray] | Mapping[Resource, np.ndarray] | Mapping[str | Resource, np.ndarray],
    ) -> None:
        """Note the arrays.

        Raises:
            ValueError: there is no resource of that name.
        """
        self._of: dict[Resource, np.ndarray] = {}
        for key, values in by_resource.items():
            if isinstance(key, str) and key not in _BY_NAME:
                raise ValueError(f"there is no resource {key!r}; there are {', '.join(_BY_NAME)}")
            self._of[_BY_NAME[key] if isinstance(key, str) else key] = values

    def __getitem__(self, resource: Resource) -> np.ndarray:
        return self._of[resource]

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)

    def of(self, resource: Resource, system: System) -> Float64[np.ndarray, "nodes weeks"]:
        """Prices of a resource; 0 where it has none."""
        return self._of[resource] if resource in self._of else np.zeros((len(system.network.nodes), system.weeks))


Costs = Float64[np.ndarray, "nodes weeks"] | Prices | None
"""What an engine simulates under: capacity costs of arrivals alone, prices of any resources, or none."""


def checked_prices(system: System, costs: Costs) -> Prices:
    """Prices of every resource that has any, in float64; those of arrivals always.

    Raises:
        ValueError: another shape than (nodes, weeks), or a number that is not finite; names its node and week.
    """
    given: dict[Resource, np.ndarray] = {ARRIVALS: np.zeros((len(system.network.nodes), system.weeks))}
    if costs is not None:
        given |= dict(costs) if isinstance(costs, Prices) else {ARRIVALS: costs}
    return Prices({resource: _checked(system, resource, values) for resource, values in given.items()})


def _checked(system: System, resource: Resource, costs: np.ndarray) -> Float64[np.ndarray, "nodes weeks"]:
    what = "capacity cost" if resource is ARRIVALS else f"price of {resource.name}"
    shape, values = (len(system.network.nodes), system.weeks), np.asarray(costs, float)
    if values.shape != shape:
        of = "costs" if resource is ARRIVALS else f"prices of {resource.name}"
        raise ValueError(f"{of} must be of shape (nodes, weeks) = {shape}, got shape {values.shape}")
    if not np.isfinite(values).all():
        node, week = np.argwhere(~np.isfinite(values))[0]
        name = system.network.nodes[node]
        raise ValueError(f"the {what} of node {name} in week {week} is {values[node, week]}; it must be finite")
    return values


def charge_of(system: System, prices: Prices) -> Charge:
    """What all prices together add to the buying LPs; a resource whose prices are all 0 adds nothing, but arrivals
    always give an order charge."""
    charge = ARRIVALS.charge(system, prices.of(ARRIVALS, system))
    for resource, values in prices.items():
        if resource is not ARRIVALS and values.any():
            charge = charge + resource.charge(system, values)
    return charge
