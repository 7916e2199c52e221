"""What a run looks like: figures after the paper's Figures 3 to 5, and one self-contained HTML page."""

from jaxsim.report.page import write

__all__ = ["write"]
