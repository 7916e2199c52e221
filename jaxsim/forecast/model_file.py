"""A trained model as a file: NumPy's archive of plain arrays and a JSON text, nothing that could be executed."""

import dataclasses
import json
import os
import zipfile
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from jaxsim import atomic
from jaxsim.forecast.deepar import DeepAR, Fitted
from jaxsim.forecast.features import Names

FORM = 1
"""Version of the file's layout."""

_ABOUT = ("horizon", "context", "features", "looks", "losses")


def save_model(fitted: Fitted, path: str | os.PathLike) -> None:
    """Write a model, whole or not at all; the history stays behind.

    Raises:
        WriteError: the file cannot be written.
    """
    about = {name: getattr(fitted, name) for name in _ABOUT}
    about |= {"form": FORM, "settings": dataclasses.asdict(fitted.settings), "networks": len(fitted.networks)}
    arrays = {"about": np.array(json.dumps(about))}
    arrays |= {name: getattr(fitted.names, name).astype(str) for name in ("products", "regions")}
    for number, network in enumerate(fitted.networks):
        leaves = jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))
        arrays |= {f"{number}/{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    with atomic.replacing(Path(path)) as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_model(path: str | os.PathLike) -> Fitted:
    """Read a model.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no model, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            stored = dict(file)
        about = json.loads(str(stored["about"]))
        if about["form"] != FORM:
            raise ValueError(f"its layout has the version {about['form']}, and this program reads {FORM}")
        settings, names = DeepAR(**about["settings"]), Names(stored["products"], stored["regions"])
        like = settings.network(about["features"], about["looks"], names, jax.random.key(0))
        weights, static = eqx.partition(like, eqx.is_inexact_array)
        leaves, shape = jax.tree.flatten(weights)
        networks = []
        for number in range(about["networks"]):
            arrays = [jnp.asarray(stored[f"{number}/{i}"]) for i in range(len(leaves))]
            if any(a.shape != b.shape for a, b in zip(arrays, leaves, strict=True)):
                raise ValueError("its weights have not the shapes of its settings")
            networks.append(eqx.combine(jax.tree.unflatten(shape, arrays), static))
    except FileNotFoundError:
        raise
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{os.fspath(path)} is no model of a forecast: {error}") from error
    sizes = (about["horizon"], about["context"], about["features"], about["looks"])
    return Fitted(settings, tuple(networks), names, *sizes, tuple(about["losses"]))
