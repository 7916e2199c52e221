"""A scenario in memory: the tables of a folder, whole or only a sample of its products.

Loading in three steps keeps a population of millions out of memory:

    statistics = product_statistics(folder)          # a few numbers per product
    chosen = ...                                      # draw a sample from them
    scenario = load(folder, statistics.product[chosen].tolist())
"""

# pyright: reportAttributeAccessIssue=false
# (pyarrow.compute makes its functions when it is imported)

import dataclasses
import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jaxsim.scenario.check import faults_of
from jaxsim.scenario.faults import Fault, ScenarioError
from jaxsim.scenario.frames import checked_tables
from jaxsim.scenario.read import read_table, rows_as_in_files, table_file
from jaxsim.scenario.schema import PRODUCT_TABLES, TABLES


@dataclasses.dataclass(frozen=True)
class Scenario:
    """Tables of a scenario by name, in the schema's order and types, and the number of weeks W of its labor plan."""

    tables: Mapping[str, pa.Table]
    weeks: int

    @classmethod
    def from_frames(cls, frames: Mapping[str, Any]) -> "Scenario":
        """A scenario of data frames, checked as files are.

        Args:
            frames: frames of Arrow, pandas, polars or another library with the Arrow interface, or mappings of
                columns, by the names of the tables in `docs/tables.md`; optional tables may be absent.

        Raises:
            ScenarioError: the frames break the schema.
            TypeError: something is no data frame.
        """
        return _scenario(checked_tables(frames))

    def select(self, products: Sequence[str]) -> "Scenario":
        """The scenario with only the products of these names.

        Raises:
            ScenarioError: a product is not there.
        """
        faults = _absent(self.tables["products"], products)
        if faults:
            raise ScenarioError(faults)
        names = pa.array(products, pa.string())
        tables = dict(self.tables)
        for name in PRODUCT_TABLES:
            if name in tables and "product" in tables[name].column_names:
                tables[name] = tables[name].filter(pc.is_in(tables[name]["product"], value_set=names))
        return dataclasses.replace(self, tables=MappingProxyType(tables))

    def column(self, table: str, column: str) -> np.ndarray:
        """A column as an array: str objects, bool, int64 or float64; an optional one with its default filled in."""
        rows, default = self.tables[table], TABLES[table].column(column).default
        if column not in rows.column_names and default is not None:
            return np.full(rows.num_rows, default)
        return rows[column].to_numpy() if default is None else pc.fill_null(rows[column], default).to_numpy()

    def has(self, table: str) -> bool:
        """Whether a table has rows; an optional one may be absent."""
        return table in self.tables and self.tables[table].num_rows > 0

    def codes(self, table: str, column: str, values: Sequence[str]) -> np.ndarray:
        """Index in `values` of each name in a column, int64; −1 where it is not among them."""
        found = pc.index_in(self.tables[table][column], value_set=pa.array(values, pa.string()))
        return pc.fill_null(found, -1).to_numpy().astype(np.int64)

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes, in table order."""
        return self.tables["nodes"]["node"].to_pylist()

    @property
    def regions(self) -> list[str]:
        """Names of the regions, in table order."""
        return self.tables["regions"]["region"].to_pylist()

    @property
    def products(self) -> list[str]:
        """Names of the products that were loaded, in table order."""
        return self.tables["products"]["product"].to_pylist()


@dataclasses.dataclass(frozen=True)
class ProductStatistics:
    """What sampling needs to know of each product of the population; arrays over products in table order."""

    product: np.ndarray
    """Names (str objects)."""
    vendor: np.ndarray
    """Names of vendors (str objects)."""
    review_weeks: np.ndarray
    """Weeks between reviews."""
    case_pack: np.ndarray
    """Units."""
    unit_volume: np.ndarray
    """Cubic feet per unit."""
    mean_weekly_units: np.ndarray
    """Mean demand per week over the horizon, units."""
    on_hand: np.ndarray
    """Stock at all nodes at the start of day 0, units."""
    in_flight: np.ndarray
    """Vendor units on the way at the start of day 0."""
    orderable_set: np.ndarray
    """Row of `orderable_sets`."""
    orderable_sets: tuple[tuple[str, ...], ...]
    """Distinct sets of orderable nodes, each in node-table order; the empty set where a product cannot be ordered."""


Source = Scenario | str | os.PathLike[str]
"""A scenario in memory, or its folder."""


def load(folder: Source, products: Sequence[str] | None = None) -> Scenario:
    """Load a scenario, checked.

    Args:
        folder: a scenario folder, see `docs/tables.md`; or a scenario in memory, of which to take products.
        products: names of the products to load; all by default. Tables without products are always whole.

    Raises:
        ScenarioError: the rows that were read break the schema, or a product is not there.
    """
    if products is not None:
        products = list(products)
    if isinstance(folder, Scenario):
        return folder if products is None else folder.select(products)
    tables, faults = {}, []
    for name in TABLES:
        rows = products if name in PRODUCT_TABLES else None
        tables[name], found = read_table(Path(folder), name, products=rows)
        faults += found
        if rows and not found and TABLES[name].optional and not tables[name].num_rows:
            faults += _left_out(Path(folder), name)
    faults = rows_as_in_files(Path(folder), faults + faults_of(tables, faults))
    if products is not None:
        faults = [dataclasses.replace(fault, row=None) if fault.table in PRODUCT_TABLES else fault for fault in faults]
        faults += _absent(tables["products"], products)
    if faults:
        raise ScenarioError(faults)
    return _scenario(tables)


def _scenario(tables: dict[str, pa.Table]) -> Scenario:
    """A scenario of checked tables."""
    weeks = int(pc.max(tables["labor_plan"]["week"]).as_py()) + 1
    return Scenario(MappingProxyType(tables), weeks)


def _left_out(folder: Path, name: str) -> list[Fault]:
    """The fault that an optional table has rows, and none of the products that were asked for."""
    everyone, _ = read_table(folder, name, ["product"])
    if not everyone.num_rows:
        return []
    rule, value = "a table that is there has rows of every product", "none of the products asked for"
    return [Fault("missing row", name, rule, "Add the rows.", "product", None, value)]


def _absent(table: pa.Table, products: Sequence[str]) -> list[Fault]:
    if "product" not in table.column_names:
        return []
    names = pa.array(products, pa.string())
    absent = names.filter(pc.invert(pc.is_in(names, value_set=table["product"].combine_chunks())))
    if not len(absent):
        return []
    rule, remedy = "a product that is asked for is in the table", "Ask for products of this scenario."
    return [Fault("unknown product", "products", rule, remedy, "product", None, repr(absent[0].as_py()), len(absent))]


def product_names(folder: Source) -> pa.ChunkedArray:
    """Names of every product of the population, in table order.

    Raises:
        ScenarioError: they cannot be read.
    """
    if isinstance(folder, Scenario):
        return folder.tables["products"]["product"]
    table, faults = read_table(Path(folder), "products", ["product"])
    if faults:
        raise ScenarioError(_in_files(folder, faults))
    return table["product"]


def product_statistics(folder: Source) -> ProductStatistics:
    """Read what sampling needs of every product, and no other column; of a scenario in memory take it.

    Raises:
        ScenarioError: one of those columns cannot be read, or names a product that `products` lacks.
    """
    wanted = {
        "nodes": ["node"],
        "products": ["product", "vendor", "review_weeks", "case_pack", "unit_volume"],
        "demand": ["product", "mean"],
        "product_nodes": ["product", "node", "orderable", "on_hand"],
        "in_flight": ["product", "quantity"],
    }
    tables, faults = {}, []
    for name, columns in wanted.items():
        if isinstance(folder, Scenario):
            tables[name] = folder.tables[name]
            continue
        tables[name], found = read_table(Path(folder), name, columns)
        faults += found
    if faults:
        raise ScenarioError(_in_files(folder, faults))
    names = tables["products"]["product"]
    named = ("demand", "product_nodes", "in_flight")
    of = {name: _rows(folder, tables[name]["product"], names, name) for name in named}
    total = lambda table, column: np.bincount(of[table], tables[table][column].to_numpy(), len(names))
    rows = np.bincount(of["demand"], minlength=len(names))
    sets, which = _orderable_sets(tables["product_nodes"], of["product_nodes"], tables["nodes"]["node"], len(names))
    columns = {name: tables["products"][name].to_numpy() for name in wanted["products"]}
    return ProductStatistics(
        **columns,
        mean_weekly_units=total("demand", "mean") / np.maximum(rows, 1),
        on_hand=total("product_nodes", "on_hand").astype(np.int64),
        in_flight=total("in_flight", "quantity").astype(np.int64),
        orderable_set=which,
        orderable_sets=sets,
    )


def _in_files(folder: Source, faults: list[Fault]) -> list[Fault]:
    """Faults with rows as their author counts them."""
    return faults if isinstance(folder, Scenario) else rows_as_in_files(Path(folder), faults)


def _rows(folder: Source, column: pa.ChunkedArray, names: pa.ChunkedArray, table: str) -> np.ndarray:
    """Row of the products table of each name in a column."""
    found = pc.index_in(column, value_set=names.combine_chunks())
    if found.null_count:
        row = int(np.flatnonzero(found.is_null())[0])
        rule, value = "occurs in products.product", repr(column[row].as_py())
        fault = Fault("dangling reference", table, rule, "Add the product.", "product", row, value, found.null_count)
        raise ScenarioError(_in_files(folder, [fault]))
    return found.to_numpy()


def _orderable_sets(
    table: pa.Table, product: np.ndarray, nodes: pa.ChunkedArray, products: int
) -> tuple[tuple[tuple[str, ...], ...], np.ndarray]:
    """Distinct orderable sets and each product's index among them."""
    node = pc.index_in(table["node"], value_set=nodes.combine_chunks())
    node = pc.fill_null(node, -1).to_numpy()
    keep = table["orderable"].to_numpy() & (node >= 0)
    product, node = product[keep], node[keep]
    order = np.lexsort((node, product))
    product, node = product[order], node[order]
    size = np.bincount(product, minlength=products)
    place = np.arange(len(product)) - np.repeat(np.cumsum(size) - size, size)
    members = np.full((products, max(1, size.max(initial=0))), -1, np.int64)
    members[product, place] = node
    distinct, which = np.unique(members, axis=0, return_inverse=True)
    names = nodes.to_pylist()
    sets = tuple(tuple(names[i] for i in row if i >= 0) for row in distinct)
    return sets, which.reshape(-1)


def fingerprint(folder: Source) -> str:
    """SHA-256 (hex) over the names and bytes of the scenario's table files: the scenario's identity.

    That of a scenario in memory is over the names and values of its columns, so it is not that of a folder that holds
    the same.

    Raises:
        ScenarioError: a table is missing, or there are two files of it.
    """
    if isinstance(folder, Scenario):
        return _fingerprint_of_values(folder)
    digest, faults = hashlib.sha256(), []
    for name in TABLES:
        path, found = table_file(Path(folder), name)
        faults += found
        if path is None:
            continue
        with path.open("rb") as file:
            digest.update(f"{path.name}:{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    if faults:
        raise ScenarioError(faults)
    return digest.hexdigest()


def _fingerprint_of_values(scenario: Scenario) -> str:
    digest = hashlib.sha256()
    for name, rows in scenario.tables.items():
        for column in rows.column_names:
            digest.update(f"{name}.{column}:{rows.num_rows}\n".encode())
            values = rows[column].combine_chunks()
            digest.update(np.packbits(values.is_null().to_numpy(zero_copy_only=False)).tobytes())
            if pa.types.is_string(values.type):
                codes = values.dictionary_encode()
                digest.update("\0".join(map(str, codes.dictionary.to_pylist())).encode())
                values = codes.indices
            blank = pa.scalar(0).cast(values.type)
            digest.update(pc.fill_null(values, blank).to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()
