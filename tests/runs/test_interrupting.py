"""Searches that get a signal at a random moment end with 75 and go on to the same bits, or had come to their end."""

import random
from pathlib import Path

import pytest

from jaxsim.interrupts import INTERRUPTED
from tests.runs.interrupting import Searches


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads which signals a process catches")
def test_no_signal_to_a_search_is_lost(tmp_path):
    """A few; `python -m tests.runs.interrupting 200` takes as many as are wanted."""
    searches, dice = Searches(tmp_path), random.Random(3)
    for i in range(5):
        case = searches.interrupted(tmp_path / str(i), dice, cold=i == 4)
        assert case.code in (0, INTERRUPTED), case
        assert searches.same_bits(tmp_path / str(i)), case
