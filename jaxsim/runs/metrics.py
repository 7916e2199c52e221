"""Metrics of a finished run: the numbers of `metrics.json`, one field each, and how they are written and read.

    {"wmapd_expected": 0.09, "wmapd_expected_se": 0.001, "wmapd_expected_noise": 0.01, …, "kpis": {"fill_rate": {…}, …}}

Field names are the names in the file (`jaxsim.runs.records`). A new figure is a new field of `Metrics`: files, terminal
and report then have it.

There are three kinds of figures (`Kind`). The expected ones, of the whole population on fresh draws, are true of the
costs; those in-sample are of the products and futures that a search fits; one realized future is what a planner sees.
"""

import dataclasses
import enum
import functools
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from jaxsim.runs.records import LABEL, figures_of, from_json, table_of, to_json
from jaxsim.runs.records import Figure as Figure

KIND, UNIT = "kind", "unit"
"""Keys in the metadata of the fields of `Metrics`; a figure without a unit is a fraction."""


class Kind(enum.Enum):
    """What a figure is of, as a heading."""

    EXPECTED = "In truth: the whole population, fresh draws"
    IN_SAMPLE = "In-sample: the products and futures that were simulated"
    REALIZED = "One realized future of the whole population"


def _labeled(kind: Kind, label: str, unit: str = "") -> dict[str, Any]:
    """Metadata of a field that holds a figure."""
    return {LABEL: label, KIND: kind, UNIT: unit}


_expected, _in_sample, _realized = (functools.partial(_labeled, kind) for kind in Kind)
_COST = "$ per unit demanded"


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
        return to_json(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Adhered:
    """wMAPD of the plan of one resource, without capacity costs and, if there are any, with them."""

    wmapd_unconstrained: Figure = field(metadata={LABEL: "wMAPD without costs"})
    wmapd: Figure | None = field(default=None, metadata={LABEL: "wMAPD with costs"})
    wmapd_bound: Figure = field(metadata={LABEL: "least possible wMAPD"})

    def figures(self) -> Iterator[tuple[str, str, Figure]]:
        """Name, label and value of every figure that there is."""
        return figures_of(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metrics:
    """What a run found. Figures of wMAPD and preferred node availability are fractions.

    None where a run has no such number: an evaluation has nothing in-sample, a simulation nothing expected, and one
    without costs nothing constrained and no iterations.
    """

    wmapd_expected_unconstrained: Figure | None = field(
        default=None, metadata=_expected("expected wMAPD without costs")
    )
    wmapd_expected: Figure | None = field(default=None, metadata=_expected("expected wMAPD with costs"))
    wmapd_expected_bound: Figure | None = field(default=None, metadata=_expected("least possible expected wMAPD"))
    pna_expected_unconstrained: Figure | None = field(
        default=None, metadata=_expected("preferred node availability without costs")
    )
    pna_expected: Figure | None = field(default=None, metadata=_expected("preferred node availability with costs"))
    pna_expected_loss: Figure | None = field(
        default=None, metadata=_expected("preferred node availability lost, of what there was")
    )
    cost_per_unit_expected_unconstrained: Figure | None = field(
        default=None, metadata=_expected("cost per unit without costs", _COST)
    )
    cost_per_unit_expected: Figure | None = field(default=None, metadata=_expected("cost per unit with costs", _COST))
    cost_per_unit_expected_change: Figure | None = field(
        default=None, metadata=_expected("change of cost per unit", _COST)
    )
    wmapd_unconstrained: Figure | None = field(default=None, metadata=_in_sample("in-sample wMAPD without costs"))
    wmapd: Figure | None = field(default=None, metadata=_in_sample("in-sample wMAPD with costs"))
    wmapd_bound: Figure | None = field(default=None, metadata=_in_sample("least possible in-sample wMAPD"))
    wmapd_out_of_sample: Figure | None = field(default=None, metadata=_in_sample("wMAPD on other products and futures"))
    pna_unconstrained: Figure | None = field(
        default=None, metadata=_in_sample("in-sample preferred node availability without costs")
    )
    pna: Figure | None = field(default=None, metadata=_in_sample("in-sample preferred node availability with costs"))
    wmapd_realized_unconstrained: Figure | None = field(
        default=None, metadata=_realized("wMAPD of one realized future without costs")
    )
    wmapd_realized: Figure | None = field(default=None, metadata=_realized("wMAPD of one realized future with costs"))
    pna_realized_unconstrained: Figure | None = field(
        default=None, metadata=_realized("preferred node availability of one realized future without costs")
    )
    pna_realized: Figure | None = field(
        default=None, metadata=_realized("preferred node availability of one realized future with costs")
    )
    evaluated_products: int | None = None
    """Products that the expected figures are of: the whole population."""
    evaluated_trials: int | None = None
    """Futures of each that they are means over."""
    iterations: int | None = None
    promoted_iteration: int | None = None
    """Iteration whose costs are the result."""
    stopped: str | None = None
    """Why the search ended, as a sentence."""
    product_trials: int | None = None
    """Product-trials simulated in all."""
    seconds: float | None = None
    expected_resources: dict[str, Adhered] = field(default_factory=dict)
    """Expected adherence to the plan of each resource by its name; the figures above are of all of them together."""
    expected_kpis: dict[str, Effect] = field(default_factory=dict)
    """Expected effects by the name of their indicator in `jaxsim.measures.INDICATORS`."""
    resources: dict[str, Adhered] = field(default_factory=dict)
    """In-sample adherence by resource."""
    kpis: dict[str, Effect] = field(default_factory=dict)
    """In-sample effects."""

    def __post_init__(self) -> None:
        if all(getattr(self, f"wmapd{basis}_unconstrained") is None for basis in ("_expected", "", "_realized")):
            raise ValueError("no wMAPD without costs is there: neither expected, nor in-sample, nor realized")

    @property
    def expected(self) -> bool:
        """Whether the run has expected figures; those lead."""
        return self.wmapd_expected_unconstrained is not None

    @property
    def unconstrained(self) -> Figure:
        """wMAPD without costs: expected, else in-sample, else realized."""
        figure = self.wmapd_expected_unconstrained or self.wmapd_unconstrained or self.wmapd_realized_unconstrained
        assert figure is not None
        return figure

    @property
    def constrained(self) -> Figure | None:
        """wMAPD with costs, if there are any: expected, else in-sample, else realized."""
        return self.wmapd_expected if self.expected else self.wmapd or self.wmapd_realized

    @property
    def result(self) -> Figure:
        """wMAPD with costs where there are any, else without: expected, else in-sample."""
        return self.constrained or self.unconstrained

    @property
    def bound(self) -> Figure | None:
        """The least wMAPD that any costs could reach: expected, else in-sample."""
        return self.wmapd_expected_bound if self.expected else self.wmapd_bound

    @property
    def effects(self) -> dict[str, Effect]:
        """Effects by indicator: expected, else in-sample."""
        return self.expected_kpis or self.kpis

    @property
    def adhered(self) -> dict[str, Adhered]:
        """Adherence by resource: expected, else in-sample."""
        return self.expected_resources or self.resources

    def sections(self) -> Iterator[tuple[Kind, list[tuple[str, str, Figure]]]]:
        """`figures` of each kind that there is."""
        kind = {each.name: each.metadata[KIND] for each in dataclasses.fields(self) if KIND in each.metadata}
        for of, rows in itertools.groupby(self.figures(), lambda row: kind[row[0]]):
            yield of, list(rows)

    def figures(self) -> Iterator[tuple[str, str, Figure]]:
        """Name, label and value of every figure that the run has."""
        return figures_of(self)

    def facts(self) -> Iterator[tuple[str, int | float | str]]:
        """Name and value of every other number or text that the run has."""
        for each in dataclasses.fields(self):
            value = getattr(self, each.name)
            if LABEL not in each.metadata and not isinstance(value, dict) and value is not None:
                yield each.name, value

    def to_json(self) -> dict[str, Any]:
        """The content of `metrics.json`; numbers that are not finite are null."""
        rows = lambda table: {name: to_json(row) for name, row in table.items()}
        tables = {name: rows(getattr(self, name)) for name in _ROWS}
        return to_json(self) | {name: table for name, table in tables.items() if table or not name.startswith("exp")}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Metrics":
        """Inverse of `to_json`; what it does not know, as from a newer version, is left out.

        Raises:
            ValueError: A value is missing or of another type than the field's.
        """
        content = table_of(content)
        rows = lambda kind, table: {name: from_json(kind, table_of(row)) for name, row in table_of(table).items()}
        tables = {name: rows(kind, content.get(name, {})) for name, kind in _ROWS.items()}
        return from_json(cls, {**content, **tables})


_ROWS = {"expected_resources": Adhered, "expected_kpis": Effect, "resources": Adhered, "kpis": Effect}
"""Fields of `Metrics` that are tables, and what their rows are."""


def unit_of(name: str) -> str:
    """Unit of a figure of `Metrics`; none for a fraction, which people read as a percentage."""
    return next(each.metadata[UNIT] for each in dataclasses.fields(Metrics) if each.name == name)
