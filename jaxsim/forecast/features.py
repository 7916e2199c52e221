"""What a network sees of a panel: lagged units, season, age, scale, and who the series is.

Inputs of a period are known before it: for example those of week 60 hold the units of weeks 59, 58, … and 8, the season
of week 60, and how long the product had been on sale. Unknown units enter as 0 with a flag that says so.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Float32, Int, Int32

from jaxsim.forecast.panel import Panel

LOOKS = {
    "day": (*((k, k) for k in range(1, 8)), (14, 14), (21, 21), (28, 28), (1, 7), (1, 28)),
    "week": (*((k, k) for k in range(1, 7)), (1, 4), (1, 8), (1, 13), (1, 26), (1, 52), (51, 53), (52, 52)),
    "month": (*((k, k) for k in range(1, 7)), (1, 3), (1, 6), (1, 12), (11, 13), (12, 12), (24, 24)),
}
"""Looks back, each the mean of the known units from so many to so many periods ago."""

HARMONICS = 2
"""Sines and cosines of the season."""


class Inputs(eqx.Module):
    """A panel on the device; periods run from `before` periods before its first to `ahead` after its last."""

    units: Float32[Array, "series periods"]
    """0 where unknown."""
    known: Bool[Array, "series periods"]
    censored: Bool[Array, "series periods"]
    first: Int32[Array, " series"]
    """Period of the first known units."""
    calendar: Float32[Array, "periods features"]
    """Sines and cosines of the season, and events."""
    seasons: list[Float32[Array, "_ periods"]]
    """What the season before says of a period, see `seasonal`; of each series, product, region, and of all."""
    product: Int32[Array, " series"]
    region: Int32[Array, " series"]
    before: int = eqx.field(static=True)
    looks: tuple[tuple[int, int], ...] = eqx.field(static=True)
    season: int = eqx.field(static=True)

    @property
    def features(self) -> int:
        """Numbers of a period: looks back with their flags, calendar, seasons, age, log of the scale."""
        return 2 * len(self.looks) + self.calendar.shape[1] + len(self.seasons) + 2

    @property
    def longest(self) -> int:
        """Periods that looks go back."""
        return max(last for _, last in self.looks)


class Window(NamedTuple):
    """Some series over some periods."""

    units: Float32[Array, "batch length"]
    known: Bool[Array, "batch length"]
    censored: Bool[Array, "batch length"]
    features: Float32[Array, "batch length features"]
    seen: Float32[Array, "batch length looks"]
    """Looks back in scales, NaN where nothing was known."""
    scale: Float32[Array, " batch"]


class Names(NamedTuple):
    """Products and regions that a network tells apart, sorted; empty where it tells none apart."""

    products: np.ndarray
    regions: np.ndarray

    @property
    def counts(self) -> tuple[int, int]:
        """Embeddings of each: one for all where none are told apart."""
        return max(1, len(self.products)), max(1, len(self.regions))


def names_of(panel: Panel) -> Names:
    """Names that several series share; one that a single series has would be learned by heart."""
    unique = [
        np.zeros(0, str) if names is None else np.unique(names.astype(str)) for names in (panel.product, panel.region)
    ]
    return Names(*(names if len(names) <= panel.shape[0] / 2 else names[:0] for names in unique))


def codes(names: np.ndarray, of: np.ndarray | None, series: int, what: str) -> Int32[np.ndarray, " series"]:
    """Place of each series' name among `names`; 0 where these are empty.

    Raises:
        ValueError: a name that is not among them.
    """
    if not len(names):
        return np.zeros(series, np.int32)
    given = np.full(series, "") if of is None else of.astype(str)
    code = np.searchsorted(names, given).clip(0, len(names) - 1)
    if (names[code] != given).any():
        raise ValueError(f"{what} {str(given[names[code] != given][0])!r} is not one that the model was trained on")
    return code.astype(np.int32)


def inputs_of(panel: Panel, ahead: int, context: int, names: Names) -> Inputs:
    """A panel as inputs, with room for windows that begin up to `context` periods before it.

    Args:
        ahead: periods after the last one. names: that are told apart.

    Raises:
        ValueError: a product or region that is not among the names.
    """
    looks = LOOKS[panel.frequency]
    series, periods = panel.shape
    before = max(last for _, last in looks) + context
    product = codes(names.products, panel.product, series, "product")
    region = codes(names.regions, panel.region, series, "region")
    known = np.pad(np.isfinite(panel.values), ((0, 0), (before, ahead)))
    units = np.pad(np.nan_to_num(panel.values, nan=0.0), ((0, 0), (before, ahead)))
    censored = np.zeros_like(known) if panel.censored is None else np.pad(panel.censored, ((0, 0), (before, ahead)))
    first = np.where(known.any(1), known.argmax(1), before + periods)
    return Inputs(
        units=jnp.asarray(units, jnp.float32),
        known=jnp.asarray(known),
        censored=jnp.asarray(censored & known),
        first=jnp.asarray(first, jnp.int32),
        calendar=jnp.asarray(_calendar(panel, before, ahead), jnp.float32),
        seasons=[
            jnp.asarray(seasonal(units, known, group, panel.season), jnp.float32)
            for group in (np.arange(series), product, region, np.zeros(series, int))
        ],
        product=jnp.asarray(product),
        region=jnp.asarray(region),
        before=before,
        looks=looks,
        season=panel.season,
    )


def seasonal(
    units: Float[np.ndarray, "series periods"], known: np.ndarray, group: np.ndarray, season: int
) -> Float[np.ndarray, "groups periods"]:
    """Log of what groups sold a season ago over their mean in the half season up to then; 0 where that is not known.

    It is known a season ahead. Sums over products or regions show the season that single series hide in noise.
    """
    groups, periods = group.max() + 1, units.shape[1]
    of = lambda array: np.stack([np.bincount(group, column, groups) for column in array.T], 1)
    sold, count = of(np.where(known, np.maximum(units, 0.0), 0.0)), of(known.astype(float))
    mean = lambda width: _trailing(sold, width) / np.maximum(_trailing(count, width), 1.0)
    level, near = mean(season // 2), mean(1)
    enough = (count > 0) & (level > 0) & (_trailing((count > 0).astype(float), season // 2) >= season // 4)
    ratio = np.where(enough, np.log((near + 0.1 * level + 1e-9) / (1.1 * level + 1e-9)), 0.0)
    return np.pad(ratio, ((0, 0), (season, 0)))[:, :periods]


def _trailing(values: Float[np.ndarray, "groups periods"], width: int) -> Float[np.ndarray, "groups periods"]:
    """Sums of the last `width` periods."""
    total = np.cumsum(np.pad(values, ((0, 0), (width, 0))), axis=1, dtype=float)
    return total[:, width:] - total[:, :-width]


def ahead_of(
    inputs: Inputs, rows: Int[Array, " batch"], start: Int[Array, " batch"], length: int
) -> Float32[Array, "batch length seasons"]:
    """`seasonal` of the periods from `start` on."""
    group = (rows, inputs.product[rows], inputs.region[rows], jnp.zeros_like(rows))
    cut = lambda array, row: jax.vmap(lambda r, at: lax.dynamic_slice(array, (r, at), (1, length))[0])(row, start)
    return jnp.stack([cut(array, row) for array, row in zip(inputs.seasons, group, strict=True)], -1)


def _calendar(panel: Panel, before: int, ahead: int) -> Float[np.ndarray, "periods features"]:
    """Season as sines and cosines, and given events."""
    periods = np.arange(-before, panel.shape[1] + ahead)
    if panel.start is None:
        part = periods / panel.season
    else:
        unit = {"day": "D", "week": "W", "month": "M"}[panel.frequency]
        start = panel.start.astype("datetime64[M]") if unit == "M" else panel.start.astype("datetime64[D]")
        days = (start + periods * np.timedelta64(1, unit)).astype("datetime64[D]")
        if unit == "D":
            part = (days.astype(int) + 3) % 7 / 7
        else:
            part = (days - days.astype("datetime64[Y]")) / np.timedelta64(1, "D") / 365.25
    angles = 2 * np.pi * np.outer(part, np.arange(1, HARMONICS + 1))
    columns = [np.sin(angles), np.cos(angles)]
    if panel.events is not None:
        short = max(0, panel.shape[1] + ahead - panel.events.shape[1])
        columns.append(np.pad(panel.events, ((0, 0), (before, short)))[:, : len(periods)].T)
    return np.concatenate(columns, axis=1)


def window(
    inputs: Inputs, rows: Int[Array, " batch"], start: Int[Array, " batch"], context: int, length: int
) -> Window:
    """`length` periods of some series.

    Args:
        start: period of each, counted from the first that `inputs` holds; not below the longest look back.
        context: first periods, whose mean known units are the scale; without sales, it is what one unit in one period
            more would give.
    """
    longest, rows, start = inputs.longest, rows.astype(jnp.int32), start.astype(jnp.int32)
    cut = lambda array: jax.vmap(lambda row, at: lax.dynamic_slice(array, (row, at), (1, longest + length))[0])(
        rows, start - longest
    )
    units, known, censored = cut(inputs.units), cut(inputs.known), cut(inputs.censored)
    counted = known[:, longest : longest + context].sum(1, dtype=jnp.float32)
    sold = jnp.abs(units[:, longest : longest + context]).sum(1)
    scale = jnp.maximum(sold / jnp.maximum(counted, 1.0), 1.0 / (counted + 1.0))
    back = [slice(longest - k, longest - k + length) for k in range(1, longest + 1)]
    seen = look_back(inputs.looks, *(jnp.stack([array[:, part] for part in back], -1) for array in (units, known)))
    seen = seen / scale[:, None, None]
    at = start[:, None] + jnp.arange(length, dtype=start.dtype)
    age = (at - inputs.first[rows][:, None]).astype(jnp.float32) / inputs.season
    lasting = jnp.concatenate([inputs.calendar[at], ahead_of(inputs, rows, start, length)], -1)
    shown = features(seen, lasting, age, scale[:, None])
    return Window(units[:, longest:], known[:, longest:], censored[:, longest:], shown, seen, scale)


def look_back(
    looks: tuple[tuple[int, int], ...], units: Float[Array, "*batch back"], known: Bool[Array, "*batch back"]
) -> Float32[Array, "*batch looks"]:
    """What looks see of the periods before, the last period first; NaN where they see nothing known."""
    ago = np.arange(1, units.shape[-1] + 1)[:, None]
    of = jnp.asarray([[first <= k <= last for first, last in looks] for k in ago[:, 0]], jnp.float32)
    count = known.astype(jnp.float32) @ of
    return jnp.where(count > 0, (jnp.where(known, units, 0.0) @ of) / jnp.maximum(count, 1.0), jnp.nan)


def features(
    seen: Float[Array, "*batch looks"],
    calendar: Float[Array, "*batch calendar"],
    age: Float[Array, "*batch"],
    scale: Float[Array, "*#batch"],
) -> Float32[Array, "*batch features"]:
    """Numbers of a period, in the order that networks are trained on. What looks see enters by its log.

    Age counts up to a season: beyond, it would tell which year it is, and what happened then would be learned by heart.
    """
    known = jnp.isfinite(seen)
    ratio = jnp.where(known, seen, 0.0)
    ratio = jnp.sign(ratio) * jnp.log1p(jnp.abs(ratio))
    age = jnp.clip(age, 0.0, 1.0)[..., None]
    size = jnp.broadcast_to(jnp.log(scale)[..., None], age.shape)
    return jnp.concatenate([ratio, known.astype(jnp.float32), calendar, age, size], -1)
