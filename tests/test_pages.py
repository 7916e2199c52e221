"""Pages with figures say what the results files hold."""

import re

import pytest

from benchmarks import limits, plans_page
from validation import trust_page
from validation.figures_page import ROOT, with_figures

PAGES = pytest.mark.parametrize("page", [trust_page, limits, plans_page], ids=lambda page: page.__name__)


@PAGES
def test_figures_are_those_of_the_results_files(page):
    text = page.PAGE.read_text("utf-8")
    assert with_figures(text, page.figures()) == text, f"run: python -m {page.__name__} (limits: with --page)"


@PAGES
def test_what_it_names_exists(page):
    for path in re.findall(r"`((?:tests|benchmarks|validation|kernels)/[\w/.]+)`", page.PAGE.read_text("utf-8")):
        assert (ROOT / path).exists(), path
