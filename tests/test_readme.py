"""The example of the README runs as printed."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_example_runs(tmp_path):
    example = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert len(example) == 1
    done = subprocess.run([sys.executable, "-c", example[0]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = (float(number) for number in re.findall(r"costs: ([0-9.]+)", done.stdout))
    assert 0 < after < before


def test_links_exist():
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README.read_text("utf-8")):
        assert (README.parent / link).exists(), link
