"""Demand histories of the published comparisons of forecasts, with the horizons that these hold out.

carparts and hospital are monthly (Hyndman et al., package expsmooth), favorita is weekly (Corporación Favorita).
"""

from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq

from jaxsim.forecast import Panel

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Where the files lie beside a checkout, if they do."""

FILES = {"carparts": "carparts.csv", "hospital": "hospital.csv", "favorita": "favorita_weekly.parquet"}
HORIZONS = {"carparts": 12, "hospital": 12, "favorita": 13}
"""Periods that are held out, the last ones."""


def names(folder: Path = FOLDER) -> list[str]:
    """Names of the panels that are there."""
    return [name for name, file in FILES.items() if (folder / file).is_file()]


def panel(name: str, folder: Path = FOLDER) -> Panel:
    """A panel with its units as they are: returns are negative, and weeks before a product's first sale are 0."""
    path = folder / FILES[name]
    if path.suffix == ".csv":
        table = pyarrow.csv.read_csv(path, pyarrow.csv.ReadOptions(autogenerate_column_names=True))
        values = np.column_stack([column.to_numpy().astype(float) for column in table.columns])
        return Panel(values, "month", np.array([f"S{row:05d}" for row in range(len(values))]))
    rows = pq.read_table(path)
    product, store, week = (rows[column].to_numpy().astype(int) for column in ("product", "store", "week"))
    stores = int(store.max()) + 1
    series = product * stores + store
    values = np.zeros((int(series.max()) + 1, int(week.max()) + 1))
    values[series, week] = rows["units"].to_numpy()
    number = np.arange(len(values))
    names = (number // stores).astype(str), (number % stores).astype(str)
    return Panel(values, "week", names[0], names[1], np.datetime64("2013-01-01"))
