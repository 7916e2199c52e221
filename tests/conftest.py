"""Every test runs with checked array shapes, float64, and no silent promotion of types.

Ranks may be promoted: batch-last code lets `(batch,)` meet `(slots, batch)` by design.
"""

from jaxtyping import install_import_hook

_hook = install_import_hook("jaxsim", "checked_types.check")  # before anything imports jaxsim; covers jaxsim.kernels
_hook.__enter__()

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
import jaxtyping  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def unchecked_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the run-time type checker off, to see what a function itself says to arrays of wrong shapes."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
