"""Every test runs with checked array shapes, float64, and no silent promotion of types.

Ranks may be promoted: batch-last code lets `(batch,)` meet `(slots, batch)` by design. Programs that took long to
compile are kept in pytest's cache folder, where other processes and the next run find them; `pytest --cache-clear`
forgets them.
"""

import os

from jaxtyping import install_import_hook

_hook = install_import_hook("jaxsim", "checked_types.check")  # before anything imports jaxsim; covers jaxsim.kernels
_hook.__enter__()

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # notes on kept programs are no news
import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
import jaxtyping  # noqa: E402
import pytest  # noqa: E402

COMPILE_SECONDS = 0.2
"""Programs that compile in less are not kept."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep compiled programs between processes and runs, those of the commands that tests run too."""
    assert config.cache is not None
    folder = str(config.cache.mkdir("compiled_programs"))
    os.environ.setdefault("JAXSIM_CACHE_DIR", folder)
    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", COMPILE_SECONDS)


@pytest.fixture
def unchecked_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the run-time type checker off, to see what a function itself says to arrays of wrong shapes."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
