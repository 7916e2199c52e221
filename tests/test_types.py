"""What a type checker sees in a user's script: real types behind names that are imported when they are first used."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

import jaxsim

SCRIPT = """
import jaxsim

system = jaxsim.build(jaxsim.load("scenario", ["a"]))
found = jaxsim.search("scenario", iterations=8)
plain = jaxsim.simulate(jaxsim.load("scenario"))
reveal_type(jaxsim.load)
reveal_type(jaxsim.load("scenario"))
reveal_type(system)
reveal_type(found)
reveal_type(found.metrics.wmapd)
reveal_type(plain.metrics.result.mean)
reveal_type(jaxsim.compare(plain, found).rows)
reveal_type(jaxsim.Scenario.from_frames({}))
reveal_type(jaxsim.measures.wmapd)
jaxsim.search("scenario", iterations="many")
print(jaxsim.nonsense)
"""

WANTED = (
    "(folder: Scenario | str | PathLike[str], products: Sequence[str] | None = None) -> Scenario",
    "Scenario",
    "System",
    "Result",
    "Figure | None",
    "float",
    "tuple[Row, ...]",
    "Scenario",
)


def test_type_checker_sees_real_types(tmp_path):
    if importlib.util.find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT + "".join(f"reveal_type(jaxsim.{name})\n" for name in jaxsim.__all__))
    root = Path(jaxsim.__file__).parents[1]
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(root)]}))
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "script.py"]
    out = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = json.loads(out.stdout)["generalDiagnostics"]
    revealed = [each["message"] for each in found if each["severity"] == "information"]
    types = [message.rsplit(" is ", 1)[1].strip('"') for message in revealed]
    assert tuple(types[: len(WANTED)]) == WANTED
    public = dict(zip(jaxsim.__all__, types[len(WANTED) + 1 :], strict=True))
    assert not [name for name, kind in public.items() if kind in ("Any", "Unknown", "object")]
    errors = [each["rule"] for each in found if each["severity"] == "error"]
    assert errors == ["reportArgumentType", "reportAttributeAccessIssue"]  # "many", and a name that is not there


def test_package_says_that_it_is_typed():
    assert (Path(jaxsim.__file__).parent / "py.typed").is_file()
