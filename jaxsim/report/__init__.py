"""What a run looks like: figures after the paper's Figures 3 to 5, one self-contained HTML page, text for terminals."""

from pathlib import Path


def write(path: Path) -> Path:
    """Write the figures and `report.html` of the run in folder `path`; returns the page.

    Raises:
        RunError: The folder is not a run, or has not been finished.
    """
    from jaxsim.report import page  # needs matplotlib, which text does without

    return page.write(path)
