"""Table `bottlenecks` of a run as one line of text: what expected wMAPD is made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxsim.measures import PARTS


def split_line(table: Mapping[str, Any]) -> str:
    """ "10.2% = 5.3% bound + 4.3% price + …"; a part of which nothing is known is called so.

    Args:
        table: columns of `bottlenecks` as NumPy arrays, NaN for null.
    """
    plan = float(np.sum(table["plan"]))
    whole = float(np.abs(table["deviation"]).sum()) / plan
    parts = {name: np.asarray(table[name], np.float64) for name in PARTS}
    known = {name: float(np.nansum(units)) / plan for name, units in parts.items() if not np.isnan(units).all()}
    text = " + ".join(f"{share:.2%} {name}" for name, share in known.items())
    unknown = [name for name in PARTS if name not in known]
    return f"{whole:.2%} = {text}" + (f" ({', '.join(unknown)} not known)" if unknown else "")
