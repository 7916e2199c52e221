"""Where training is, in a file: what was interrupted goes on to the same bits. Plain arrays, nothing is executed."""

import hashlib
import zipfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from jaxsim import atomic
from jaxsim.forecast.panel import Panel
from jaxsim.forecast.training import Progressed


class TrainingFile:
    """A checkpoint of training.

    Args:
        path: of the file. settings: text that must be the same to go on. history: likewise.
    """

    def __init__(self, path: Path, settings: str, history: Panel) -> None:
        self.path = path
        content = hashlib.sha256(settings.encode())
        content.update(np.ascontiguousarray(history.values).tobytes())
        self._identity = content.hexdigest()

    def save(self, at: Progressed) -> None:
        """Replace the file, whole or not at all.

        Raises:
            WriteError: it cannot be written.
        """
        leaves = jax.tree.leaves((at.weights, at.moments, [weights for _, weights in at.kept]))
        arrays = {f"{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
        arrays |= {"identity": np.array(self._identity), "losses": np.array(at.losses)}
        arrays["kept"] = np.array([loss for loss, _ in at.kept])
        with atomic.replacing(self.path) as file:
            np.savez(file, allow_pickle=False, **arrays)

    def load(self, start: Progressed) -> Progressed | None:
        """Where training was; None where there is no file yet.

        Args:
            start: of the same network, for its structure.

        Raises:
            ValueError: the file is damaged, or of another history or other settings.
        """
        if not self.path.exists():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                stored = dict(file)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{self.path} cannot be read as a checkpoint of training: {error}; remove it") from error
        if str(stored.get("identity")) != self._identity:
            raise ValueError(f"{self.path} is of another history or other settings; remove it, or name another file")
        kept = stored["kept"].tolist()
        tree = (start.weights, start.moments, [start.weights for _ in kept])
        leaves, shape = jax.tree.flatten(tree)
        arrays = [jnp.asarray(stored[str(i)]) for i in range(len(leaves))]
        weights, moments, several = jax.tree.unflatten(shape, arrays)
        losses = stored["losses"].tolist()
        return Progressed(weights, moments, len(losses), losses, list(zip(kept, several, strict=True)))
