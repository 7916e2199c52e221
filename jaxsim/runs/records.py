"""Records of figures: dataclasses whose fields are written to JSON, and read, by their names.

A field whose metadata has a `LABEL` holds a `Figure`, or None where there is none. A figure is written under its
field's name, its standard error as `<name>_se`, its noise floor as `<name>_noise` and the spread of single futures as
`<name>_spread`, each where it is known.
"""

import dataclasses
import math
from collections.abc import Iterator, Mapping
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
    spread: float = math.nan
    """Standard deviation of it over single futures."""

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


_PARTS = ("", "_se", "_noise", "_spread")
"""What is added to a field's name for each number of its `Figure`."""


def figures_of(record: Any) -> Iterator[tuple[str, str, Figure]]:
    """Name, label and value of every figure that a record has."""
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if LABEL in each.metadata and value is not None:
            yield each.name, each.metadata[LABEL], value


def to_json(record: Any) -> dict[str, Any]:
    """Every field but None and tables; a figure as up to four entries."""
    content: dict[str, Any] = {}
    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        if isinstance(value, Figure):
            parts = dict(zip(_PARTS, dataclasses.astuple(value), strict=True))
            known = {suffix: number for suffix, number in parts.items() if not suffix or math.isfinite(number)}
            content |= {each.name + suffix: _number(number) for suffix, number in known.items()}
        elif isinstance(value, float):
            content[each.name] = _number(value)
        elif value is not None and not isinstance(value, dict):
            content[each.name] = value
    return content


def from_json(kind: type[Record], content: Mapping[str, Any]) -> Record:
    """A record of the fields that are there.

    Raises:
        ValueError: A value is missing or of another type than the field's.
    """
    values: dict[str, Any] = {}
    for each in dataclasses.fields(kind):  # pyright: ignore[reportArgumentType]
        if each.name not in content:
            if each.default is each.default_factory is dataclasses.MISSING:
                raise ValueError(f"{each.name} is missing")
            continue
        if LABEL in each.metadata:
            values[each.name] = Figure(*(_known(content, each.name + suffix) for suffix in _PARTS))
        else:  # of others, only numbers that are not finite are written as null
            values[each.name] = math.nan if content[each.name] is None else content[each.name]
    return kind(**values)


def table_of(content: Any) -> Mapping[str, Any]:
    """What was read, as a table.

    Raises:
        ValueError: It is none.
    """
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
