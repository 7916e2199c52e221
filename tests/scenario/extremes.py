"""Extreme numbers planted in sound scenarios: some break a rule, the others can be simulated."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from jaxsim.scenario import TABLES, Scenario
from jaxsim.scenario.schema import QUANTILE_TABLES, Type, quantile_columns
from validation.random_scenarios import Dice, random_rows, tabulated

NUMBERS = tuple(
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns
    if column.type in (Type.COUNT, Type.NUMBER)
)
"""Every column of numbers."""

SIZES = (0.0, 1e-300, 1e-9, 1.0, 364.0, 1e3, 1e5, 3e6, 2.0**25, 2.0**26 - 1, 1e9, 3e9, 1e12, 1e15, 1e300)
"""Values to plant; those of whole numbers are rounded and at most 2**53."""

FACTORS = (1e-300, 1e-6, 1e2, 1e3, 1e4, 1e5, 1e6, 1e12)
"""Multiples of whole rows of distributions, whose columns must agree."""

_TRIED = 4  # extremes of a column, until one is sound


def base(seed: int) -> Scenario:
    """A sound scenario of a few networks, with a forecast, and with sample paths where the seed is even."""
    prefixes, paths = [f"n{network}-" for network in range(3)], None if seed % 2 else "regions"
    return tabulated(random_rows(Dice(seed), prefixes, (4, 4), 3, forecasts=True, paths=paths), 3)


def planted(scenario: Scenario, table: str, column: str, random: np.random.Generator) -> Iterator[tuple[str, Scenario]]:
    """The scenario with each extreme in one row of a column, and in all rows, and what was planted."""
    rows = scenario.tables[table]
    if column not in rows.column_names or not rows.num_rows:
        return
    whole = TABLES[table].column(column).type is Type.COUNT
    for size in SIZES:
        value = int(min(size, 2.0**53)) if whole else size
        for where in (slice(None), random.integers(rows.num_rows)):
            values = np.array(rows[column].to_pylist(), object)
            values[where] = value
            changed = pa.array(values.tolist(), rows.schema.field(column).type)
            place = rows.column_names.index(column)
            yield f"{value} in {where}", _with(scenario, table, rows.set_column(place, column, changed))


def scaled(scenario: Scenario, table: str, random: np.random.Generator) -> Iterator[tuple[str, Scenario]]:
    """The scenario with the distributions of one row, and of all rows, multiplied."""
    if not scenario.tables[table].num_rows:
        return
    for factor in FACTORS:
        for where in (slice(None), random.integers(scenario.tables[table].num_rows)):
            rows = scenario.tables[table]
            for column in ("mean", *quantile_columns(rows.column_names)):
                values = rows[column].to_numpy().copy()
                values[where] *= factor
                rows = rows.set_column(rows.column_names.index(column), column, pa.array(values))
            yield f"times {factor} in {where}", _with(scenario, table, rows)


def all_extremes(scenario: Scenario, seed: int) -> Iterator[tuple[str, Scenario]]:
    """Every column with every extreme."""
    random = np.random.default_rng(seed)
    for table, column in NUMBERS:
        for what, changed in planted(scenario, table, column, random):
            yield f"{table}.{column}: {what}", changed
    for table in QUANTILE_TABLES:
        for what, changed in scaled(scenario, table, random):
            yield f"{table}: {what}", changed


def _with(scenario: Scenario, table: str, rows: pa.Table) -> Scenario:
    return dataclasses.replace(scenario, tables={**scenario.tables, table: rows})


def piled(scenario: Scenario, seed: int, sound: Callable[[Scenario], bool]) -> tuple[Scenario, list[str]]:
    """The scenario with an extreme in as many columns as stay sound together, and what was planted."""
    random, done = np.random.default_rng(seed), []
    for number in random.permutation(len(NUMBERS) + len(QUANTILE_TABLES)):
        if number < len(NUMBERS):
            table, column = NUMBERS[number]
            found = planted(scenario, table, column, random)
        else:
            found = scaled(scenario, QUANTILE_TABLES[number - len(NUMBERS)], random)
        options = list(found)
        for what, changed in (options[index] for index in random.permutation(len(options))[:_TRIED]):
            if sound(changed):
                scenario, done = changed, [*done, what]
                break
    return scenario, done
