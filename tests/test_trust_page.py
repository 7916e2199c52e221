"""The page on trust says what the results files hold."""

import re

from benchmarks.trust_page import PAGE, with_figures


def test_figures_are_those_of_the_results_files():
    page = PAGE.read_text("utf-8")
    assert with_figures(page) == page, "run: python -m benchmarks.trust_page"


def test_what_it_names_exists():
    root = PAGE.parents[1]
    for path in re.findall(r"`((?:tests|benchmarks)/[\w/.]+)`", PAGE.read_text("utf-8")):
        assert (root / path).exists(), path
