"""Scenario tables: their schema, checks, reading and writing; `jaxsim.scenario.generate` makes synthetic ones."""

from jaxsim.scenario.check import Findings, examine, find_faults
from jaxsim.scenario.faults import Fault, ScenarioError
from jaxsim.scenario.frames import arrow_table
from jaxsim.scenario.scenario import (
    ProductStatistics,
    Scenario,
    Source,
    fingerprint,
    load,
    product_names,
    product_statistics,
)
from jaxsim.scenario.schema import QUANTILE_COLUMNS, QUANTILE_LEVELS, TABLES
from jaxsim.scenario.write import ScenarioWriter, write

__all__ = [
    "QUANTILE_COLUMNS",
    "QUANTILE_LEVELS",
    "TABLES",
    "Fault",
    "Findings",
    "ProductStatistics",
    "Scenario",
    "ScenarioError",
    "ScenarioWriter",
    "Source",
    "arrow_table",
    "examine",
    "find_faults",
    "fingerprint",
    "load",
    "product_names",
    "product_statistics",
    "write",
]
