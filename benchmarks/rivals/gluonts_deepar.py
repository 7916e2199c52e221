# The rival is installed in an environment of its own (README.md).
# pyright: reportMissingImports=false
"""GluonTS' DeepAR with a negative binomial likelihood on one panel; imports no package of ours.

    python gluonts_deepar.py ASKED.npz ANSWERED.npz

Asked: `values` (series, periods) with NaN where nothing is known, `product` and `region` (a number for each series,
from 0), `levels` of the quantiles, and the numbers `horizon`, `context`, `season` (periods of one), `epochs`,
`batches`, `samples` and `seed`. Answered: `quantiles` (series, horizon, levels), `paths` (series, samples, horizon),
`seconds` of learning and forecasting without importing, and `version`. Returns are set to 0, since the likelihood is
of counts.
"""

import logging
import sys
import time
from importlib.metadata import version

import lightning.pytorch as lightning
import numpy as np
import pandas as pd
import torch
from gluonts.dataset.common import ListDataset
from gluonts.torch import DeepAREstimator
from gluonts.torch.distributions import NegativeBinomialOutput

FREQUENCIES = {7: "D", 52: "W", 12: "M"}
"""GluonTS' name of a period, by how many of them a season has."""


def forecast(asked: dict[str, np.ndarray]) -> np.ndarray:
    """Sample paths (series, samples, horizon)."""
    lightning.seed_everything(int(asked["seed"]))
    frequency = FREQUENCIES[int(asked["season"])]
    start = pd.period_range("2013-01-01", periods=asked["values"].shape[1], freq=frequency)
    entries = []
    for units, product, region in zip(asked["values"], asked["product"], asked["region"], strict=True):
        known = np.flatnonzero(~np.isnan(units))
        first = int(known[0]) if len(known) else 0
        target = np.maximum(units[first:], 0)  # NaN stays
        entries.append({"target": target, "start": start[first], "feat_static_cat": [int(product), int(region)]})
    data = ListDataset(entries, freq=frequency)
    estimator = DeepAREstimator(
        freq=frequency,
        prediction_length=int(asked["horizon"]),
        context_length=int(asked["context"]),
        num_layers=2,
        hidden_size=40,
        distr_output=NegativeBinomialOutput(),
        num_feat_static_cat=2,
        cardinality=[int(asked[name].max()) + 1 for name in ("product", "region")],
        num_parallel_samples=int(asked["samples"]),
        num_batches_per_epoch=int(asked["batches"]),
        trainer_kwargs={
            "max_epochs": int(asked["epochs"]), "accelerator": "cpu", "logger": False,
            "enable_progress_bar": False, "enable_model_summary": False,
        },
    )  # fmt: skip
    predictor = estimator.train(data)
    return np.stack([each.samples for each in predictor.predict(data)])


def main() -> None:
    """Read, learn and forecast on one core, write."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    with np.load(sys.argv[1]) as file:
        asked = {name: file[name] for name in file.files}
    began = time.perf_counter()
    paths = forecast(asked)
    seconds = time.perf_counter() - began
    quantiles = np.moveaxis(np.quantile(paths, asked["levels"], axis=1), 0, -1)
    paths = paths.astype(np.float32)
    np.savez(sys.argv[2], quantiles=quantiles, paths=paths, seconds=seconds, version=version("gluonts"))


if __name__ == "__main__":
    main()
