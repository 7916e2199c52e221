"""Demand from a table of real demand history, which has one of two forms.

- `tidy`: a row for each product, region and week, with a header; a Parquet or a CSV file. It names the scenario's
  regions and says how demand divides over them.
- `wide`: monthly demand, a series per row and no header; a CSV file. Regions are the preset's, and shares made up.

The columns decide: a Parquet file, or a CSV whose first line names one of the columns of a tidy table, is tidy.
"""

import os

from jaxsim.scenario.generate.history.history import History
from jaxsim.scenario.generate.history.tidy import read_tidy
from jaxsim.scenario.generate.history.tidy_table import is_tidy
from jaxsim.scenario.generate.history.wide import read_wide

__all__ = ["History", "read_history"]


def read_history(path: str | os.PathLike) -> History:
    """Read a demand history of either form.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file has neither form, or values that are no demand.
    """
    return read_tidy(path) if is_tidy(path) else read_wide(path)
