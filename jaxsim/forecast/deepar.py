"""DeepAR: a recurrent network over all series that draws each period given those before (Salinas et al. 2020).

    fitted = DeepAR().fit(history, horizon=13)
    predicted = fitted.predict()                # quantiles, means and sample paths of the next 13 periods
    save_model(fitted, "model.npz"); load_model("model.npz").predict(history)     # in `model_file`

What it adds to the published method: the scale of a period is a mean, with weights of the network's own, of looks back
over the series (`features`), and the likelihood can be a quantile head, which is trained on what forecasts are judged
by. The simple form of the case study is `DeepAR(cell="lstm", layers=1, width=64, likelihood="gaussian")` with a horizon
of 7 days.
"""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import numpy as np

from jaxsim import interrupts
from jaxsim.forecast.features import Names, inputs_of, names_of
from jaxsim.forecast.likelihoods import LIKELIHOODS
from jaxsim.forecast.network import Network
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.predicted import SCORED_LEVELS, Predicted
from jaxsim.forecast.sampling import sample_paths
from jaxsim.forecast.training import ROUND, Progressed, Settings, start_of, train
from jaxsim.forecast.training_file import TrainingFile

CONTEXTS = {"day": 56, "week": 26, "month": 18}
"""Periods that a window is warmed up on, by what a period is."""


@dataclasses.dataclass(frozen=True)
class DeepAR:
    """Settings of the network and of its training; a `Method`.

    Raises:
        ValueError: an unknown likelihood, or a number that is not positive.
    """

    likelihood: str = "quantile"
    """A key of `LIKELIHOODS`."""
    cell: str = "gru"
    """gru or lstm."""
    width: int = 40
    layers: int = 2
    embedding: int = 4
    """Numbers that a product or a region is known by."""
    dropout: float = 0.1
    context: int | None = None
    """Periods; `CONTEXTS` when left out, less where the history is short."""
    samples: int = 200
    """Paths of each series."""
    steps: int = 1_500
    """Most steps of training."""
    batch: int = 64
    """Windows of a step."""
    rate: float = 1e-3
    """Highest learning rate."""
    kept: int = 4
    """Checkpoints that forecast together."""
    patience: int = 12
    """Rounds of 50 steps without a better validation loss after which training ends."""

    def __post_init__(self) -> None:
        if self.likelihood not in LIKELIHOODS:
            raise ValueError(f"likelihood is one of {', '.join(LIKELIHOODS)}, not {self.likelihood!r}")
        for name in ("width", "layers", "embedding", "samples", "steps", "batch", "rate", "kept", "patience"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)}")

    def __call__(self, history: Panel, horizon: int, seed: int = 0) -> Predicted:
        """Fit and forecast, as `Method`."""
        return self.fit(history, horizon, seed).predict(seed=seed)

    def fit(
        self,
        history: Panel,
        horizon: int,
        seed: int = 0,
        checkpoint: str | os.PathLike | None = None,
        told: Callable[[int, int, float], None] | None = None,
    ) -> "Fitted":
        """Train on a history; its last `horizon` periods choose the weights.

        Args:
            seed: of weights and windows.
            checkpoint: file to keep after every round, and to go on from where it is there.
            told: is called after every round with the steps done, the most there are, and the validation loss.

        Raises:
            ValueError: a history too short for the horizon, or without any known units.
        """
        context = self._context(history, horizon)
        names = names_of(history)
        inputs = inputs_of(history, horizon, context, names)
        network = self.network(inputs.features, len(inputs.looks), names, jax.random.key(seed))
        rules = ("steps", "batch", "rate", "kept", "patience")
        settings = Settings(context, horizon, **{name: getattr(self, name) for name in rules})
        store = None if checkpoint is None else TrainingFile(Path(checkpoint), repr((self, seed, horizon)), history)

        def after(at: Progressed) -> None:
            if store is not None:
                store.save(at)
            if told is not None:
                told(min(ROUND * at.round, self.steps), self.steps, at.losses[-1])
            interrupts.check()

        at = None if store is None else store.load(start_of(network, settings))
        likelihood, stop = LIKELIHOODS[self.likelihood], inputs.before + history.shape[1]
        end = train(network, likelihood, inputs, stop, settings, jax.random.fold_in(jax.random.key(seed), 1), at, after)
        static = eqx.filter(network, eqx.is_inexact_array, inverse=True)
        networks = tuple(eqx.combine(weights, static) for _, weights in end.kept)
        sizes = inputs.features, len(inputs.looks)
        return Fitted(self, networks, names, horizon, context, *sizes, tuple(end.losses), history)

    def _context(self, history: Panel, horizon: int) -> int:
        known = np.isfinite(history.values)
        if not known.any():
            raise ValueError("the history has no known units to learn from")
        most = history.shape[1] - 2 * horizon
        if most < 1:
            raise ValueError(
                f"a history of {history.shape[1]} periods is too short for a horizon of {horizon}:"
                f" training, its validation and a context need {2 * horizon + 1} at least"
            )
        return min(self.context or CONTEXTS[history.frequency], most)

    def network(self, features: int, looks: int, names: Names, key: jax.Array) -> Network:
        """A network with random weights.

        Args:
            features, looks: how many there are. names: of the products and regions that it tells apart.
        """
        numbers = LIKELIHOODS[self.likelihood].numbers + looks + 1
        form = {name: getattr(self, name) for name in ("cell", "width", "layers", "embedding", "dropout")}
        return Network(features, names.counts, numbers, key, **form)


@dataclasses.dataclass(frozen=True)
class Fitted:
    """A trained model."""

    settings: DeepAR
    networks: tuple[Network, ...]
    """Checkpoints, the best one first; each draws its part of the paths."""
    names: Names
    horizon: int
    context: int
    features: int
    looks: int
    losses: tuple[float, ...]
    """Validation loss after each round."""
    history: Panel | None = None
    """What it was trained on; None of a loaded model."""

    def predict(
        self,
        history: Panel | None = None,
        samples: int | None = None,
        seed: int = 0,
        told: Callable[[int, int], None] | None = None,
    ) -> Predicted:
        """Sample paths of the `horizon` periods that follow a history, with their quantiles.

        Args:
            history: the one of training when left out. Its products and regions are those of training, or unnamed.
            samples: paths of each series; as of the settings when left out.
            told: is called with the series that are done and their number.

        Raises:
            ValueError: no history, or a product or region that training has not seen.
        """
        panel = self.history if history is None else history
        if panel is None:
            raise ValueError("a loaded model needs the history to go on from")
        inputs = inputs_of(panel, self.horizon, self.context, self.names)
        start, count, series = inputs.before + panel.shape[1], len(self.networks), panel.shape[0]
        parts = np.diff(np.linspace(0, self.settings.samples if samples is None else samples, count + 1).astype(int))
        found = []
        for number, (network, part) in enumerate(zip(self.networks, parts, strict=True)):
            if part:
                key = jax.random.fold_in(jax.random.key(seed), number)
                tell = None if told is None else lambda done, n=number: told((n * series + done) // count, series)
                where = (start, self.context, self.horizon, int(part))
                likelihood = LIKELIHOODS[self.settings.likelihood]
                found.append(sample_paths(network, likelihood, inputs, *where, key, tell))
        paths = np.concatenate(found, axis=1)
        least = np.nanmin(panel.values, axis=1, initial=0.0).astype(np.float32)
        return Predicted.from_paths(np.maximum(paths, least[:, None, None]), SCORED_LEVELS)
