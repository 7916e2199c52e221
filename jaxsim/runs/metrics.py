"""Metrics of a finished run: the numbers of `metrics.json`, one field each, and how they are written and read.

    {"wmapd": 0.08, "wmapd_se": 0.01, "wmapd_noise": 0.03, …, "iterations": 30, "kpis": {"fill_rate": {…}, …}}

Field names are the names in the file. A `Figure` is written under its field's name, its standard error as `<name>_se`
and its noise floor as `<name>_noise`, each where it is known. A new figure is a new field of `Metrics`: files, terminal
and report then have it.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, TypeVar

from jaxsim.measures import Adherence, Difference, Estimate

Record = TypeVar("Record")

LABEL = "label"
"""Key in the metadata of fields that hold figures."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number with what is known of its error; NaN where something is unknown."""

    mean: float
    standard_error: float = math.nan
    noise: float = math.nan
    """What sampling alone would show at perfect adherence."""

    @classmethod
    def of(cls, found: Estimate | Difference | Adherence) -> "Figure":
        """The figure of a measure."""
        if isinstance(found, Adherence):
            return cls(found.wmapd, found.standard_error, found.noise)
        return cls(float(found.mean), float(found.standard_error))

    @property
    def estimate(self) -> Estimate:
        """Mean and standard error."""
        return Estimate(self.mean, self.standard_error)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Effect:
    """An indicator without capacity costs and, if there are any, with them."""

    unconstrained: Figure = field(metadata={LABEL: "without costs"})
    constrained: Figure | None = field(default=None, metadata={LABEL: "with costs"})
    change: Figure | None = field(default=None, metadata={LABEL: "change"})
    """Constrained minus unconstrained, by common random numbers."""
    variance_ratio: float | None = None
    """How many times as many product-trials independent simulations need to tell the change as well."""

    @property
    def result(self) -> Figure:
        """With costs where there are any, else without."""
        return self.constrained or self.unconstrained

    def to_json(self) -> dict[str, Any]:
        """Numbers by the names that they have in `metrics.json`."""
        return _to_json(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adhered:
    """wMAPD of the plan of one resource, without capacity costs and, if there are any, with them."""

    wmapd_unconstrained: Figure = field(metadata={LABEL: "wMAPD without costs"})
    wmapd: Figure | None = field(default=None, metadata={LABEL: "wMAPD with costs"})
    wmapd_bound: Figure = field(metadata={LABEL: "least possible wMAPD"})

    def figures(self) -> Iterator[tuple[str, str, Figure]]:
        """Name, label and value of every figure that there is."""
        return _figures(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metrics:
    """What a run found. Figures of wMAPD and preferred node availability are fractions.

    None where a run has no such number: a simulation without costs has nothing constrained and no iterations.
    """

    wmapd_unconstrained: Figure = field(metadata={LABEL: "wMAPD without costs"})
    wmapd: Figure | None = field(default=None, metadata={LABEL: "wMAPD with costs"})
    wmapd_bound: Figure = field(metadata={LABEL: "least possible wMAPD"})
    wmapd_out_of_sample: Figure | None = field(default=None, metadata={LABEL: "wMAPD on other products and futures"})
    pna_unconstrained: Figure = field(metadata={LABEL: "preferred node availability without"})
    pna: Figure | None = field(default=None, metadata={LABEL: "preferred node availability with"})
    iterations: int | None = None
    promoted_iteration: int | None = None
    """Iteration whose costs are the result."""
    stopped: str | None = None
    """Why the search ended, as a sentence."""
    product_trials: int | None = None
    """Product-trials simulated in all."""
    seconds: float | None = None
    resources: dict[str, Adhered] = field(default_factory=dict)
    """Adherence to the plan of each resource by its name; the figures above are of all of them together."""
    kpis: dict[str, Effect] = field(default_factory=dict)
    """Effects by the name of their indicator in `jaxsim.measures.INDICATORS`."""

    @property
    def result(self) -> Figure:
        """wMAPD with costs where there are any, else without."""
        return self.wmapd or self.wmapd_unconstrained

    def figures(self) -> Iterator[tuple[str, str, Figure]]:
        """Name, label and value of every figure that the run has."""
        return _figures(self)

    def facts(self) -> Iterator[tuple[str, int | float | str]]:
        """Name and value of every other number or text that the run has."""
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if LABEL not in each.metadata and not isinstance(value, dict) and value is not None:
                yield each.name, value

    def to_json(self) -> dict[str, Any]:
        """The content of `metrics.json`; numbers that are not finite are null."""
        rows = lambda table: {name: _to_json(row) for name, row in table.items()}
        return _to_json(self) | {"resources": rows(self.resources), "kpis": rows(self.kpis)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Metrics":
        """Inverse of `to_json`; what it does not know, as from a newer version, is left out.

        Raises:
            ValueError: A value is missing or of another type than the field's.
        """
        content = _table(content)
        rows = lambda kind, table: {name: _from_json(kind, _table(row)) for name, row in _table(table).items()}
        resources = rows(Adhered, content.get("resources", {}))
        return _from_json(cls, {**content, "resources": resources, "kpis": rows(Effect, content.get("kpis", {}))})


def _figures(record: Metrics | Adhered) -> Iterator[tuple[str, str, Figure]]:
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if LABEL in each.metadata and value is not None:
            yield each.name, each.metadata[LABEL], value


def _to_json(record: Metrics | Effect | Adhered) -> dict[str, Any]:
    """Every field but None and tables; a figure as up to three entries."""
    content: dict[str, Any] = {}
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if isinstance(value, Figure):
            parts = {"": value.mean, "_se": value.standard_error, "_noise": value.noise}
            known = {suffix: number for suffix, number in parts.items() if not suffix or math.isfinite(number)}
            content |= {each.name + suffix: _number(number) for suffix, number in known.items()}
        elif isinstance(value, float):
            content[each.name] = _number(value)
        elif value is not None and not isinstance(value, dict):
            content[each.name] = value
    return content


def _from_json(kind: type[Record], content: Mapping[str, Any]) -> Record:
    """A record of the fields that are there."""
    values: dict[str, Any] = {}
    for each in dataclasses.fields(kind):  # pyright: ignore[reportArgumentType]
        if each.name not in content:
            if each.default is each.default_factory is dataclasses.MISSING:
                raise ValueError(f"{each.name} is missing")
            continue
        if LABEL in each.metadata:
            values[each.name] = Figure(*(_known(content, each.name + suffix) for suffix in ("", "_se", "_noise")))
        else:  # of others, only numbers that are not finite are written as null
            values[each.name] = math.nan if content[each.name] is None else content[each.name]
    return kind(**values)


def _table(content: Any) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise ValueError(f"a table of numbers was expected, not {content!r}")
    return content


def _known(content: Mapping[str, Any], name: str) -> float:
    value = content.get(name)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {value!r}, which is not a number")
    return float(value)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
