"""Numbers of results, for tests that compare them."""

from jaxsim.runs.metrics import Figure, Metrics


def values(metrics: Metrics) -> dict[str, float]:
    """All numbers but times, flat."""
    flat = {}

    def add(prefix, content):
        for name, value in content.items():
            if isinstance(value, dict):
                add(f"{prefix}{name}/", value)
            elif isinstance(value, int | float) and name not in ("seconds", "variance_ratio"):
                flat[prefix + name] = value

    add("", metrics.to_json())
    return flat


def known(figure: Figure | None) -> Figure:
    """A figure that is there."""
    assert figure is not None
    return figure
