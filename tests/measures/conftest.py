"""Lets the tests of this folder import `instances` and `random_scenarios`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
