"""The settings of JAX and of linear algebra that commands share."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where compiled programs are kept between commands: JAXSIM_CACHE_DIR, else the user's cache folder."""
    chosen = os.environ.get("JAXSIM_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "jaxsim"


def configure() -> None:
    """Compute in float64 and keep compiled programs, so that a second command need not compile again."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # many small solves: more threads only wait for each other
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # compiled-program cache notes are no news to a user
    import jax

    jax.config.update("jax_enable_x64", True)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a read-only home only costs compilation
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
