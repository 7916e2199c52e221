"""Resources in a report: the words for each, and its rows of a run's tables."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from jaxsim.resources import ARRIVALS, STORAGE

Columns = dict[str, Any]


@dataclass(frozen=True)
class Words:
    """How a resource is spoken of."""

    used: str
    """What counts against the plan, in the plural."""
    uses: str
    """What a node does with it."""
    plan: str
    price: str
    pays: str
    """When a unit pays the price."""


_WORDS = {
    ARRIVALS.name: Words("arrivals", "receive", "labor plan", "capacity cost", "for arriving at a node in a week"),
    STORAGE.name: Words("units on hand", "hold", "storage plan", "price of storage", "for a stay at a node in a week"),
}


def words_of(resource: str) -> Words:
    """Words for a resource, made of its name where it is none of the library's."""
    other = Words(resource, "use", f"plan of {resource}", f"price of {resource}", "for its use of a node-week")
    return _WORDS.get(resource, other)


def resources_in(table: Columns) -> list[str]:
    """Names of the resources of a table, in its order; arrivals where it is of an older version."""
    return list(dict.fromkeys(table["resource"].tolist())) if "resource" in table else [ARRIVALS.name]


def rows_of(table: Columns, resource: str) -> Columns:
    """The rows of a resource."""
    if "resource" not in table:
        return table
    rows = np.asarray(table["resource"]) == resource
    return {name: np.asarray(values)[rows] for name, values in table.items()}
