"""Searches in processes of their own that get signals at random moments; run as a program for many of them.

python -m tests.runs.interrupting 200
"""

import collections
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jaxsim.interrupts import INTERRUPTED
from jaxsim.runs.folder import RunFolder, is_run
from jaxsim.scenario.generate import generate

TABLES = ("history", "costs", "expected", "totals", "utilization", "contributions")


@dataclasses.dataclass(frozen=True)
class Case:
    """What a signal did."""

    number: signal.Signals
    seconds: float
    """After the process took signals over."""
    code: int
    checkpoints: int
    """That were on the disk when the process had ended; −1 when no run had been begun."""
    ended: float
    """Seconds from the signal to the end of the process."""


class Searches:
    """Searches of one small scenario, with a cache of compiled programs of their own."""

    def __init__(self, folder: Path, iterations: int = 6):
        self.scenario, self.folder, self.iterations = folder / "scenario", folder, iterations
        generate(self.scenario, "tiny", 1)
        assert self.start(self.folder / "whole").wait() == 0
        started, self.whole = time.monotonic(), RunFolder(self.folder / "whole")
        assert self.start(self.folder / "timed").wait() == 0
        self.seconds = time.monotonic() - started
        """Of a search whose programs are compiled."""

    def start(self, out: Path, *more: str) -> subprocess.Popen:
        """Start a search."""
        given = ("--products", "20", "--iterations", str(self.iterations), "--quiet", *more)
        return subprocess.Popen(
            [sys.executable, "-m", "jaxsim", "search", str(self.scenario), "--out", str(out), *given],
            env=os.environ | {"JAXSIM_CACHE_DIR": str(self.folder / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def interrupted(self, out: Path, dice: random.Random, cold: bool = False) -> Case:
        """Send one signal at a random moment, and let the search go on to its end."""
        number = dice.choice((signal.SIGINT, signal.SIGTERM))
        if cold:
            shutil.rmtree(self.folder / "cache", ignore_errors=True)
        process = self.start(out)
        while not _catches(process.pid, signal.SIGTERM):  # before, the program has not begun
            assert process.poll() is None
            time.sleep(0.001)
        seconds = dice.uniform(0.0, self.seconds)
        time.sleep(seconds)
        process.send_signal(number)
        sent = time.monotonic()
        code = process.wait(120)
        ended = time.monotonic() - sent
        begun = is_run(out)
        count = len(list(out.glob("checkpoints/*.npz"))) if begun else -1
        if code == INTERRUPTED:
            assert self.start(out, *(("--resume",) if begun else ())).wait() == 0
        return Case(number, seconds, code, count, ended)

    def same_bits(self, out: Path) -> bool:
        """Whether a run has the tables of the search that was left alone."""
        one, other = RunFolder(out), self.whole
        return all(_bytes_of(one.table(name)) == _bytes_of(other.table(name)) for name in TABLES)


def _bytes_of(table) -> dict:
    return {name: values.tolist() if values.dtype == object else values.tobytes() for name, values in table.items()}


def _catches(process: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal (Linux)."""
    status = Path(f"/proc/{process}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(caught >> (number - 1) & 1)


def main() -> None:
    """Interrupt as many searches as the first argument says, and print what came of each and of all."""
    count, dice = int(sys.argv[1]), random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    with tempfile.TemporaryDirectory() as name:
        searches = Searches(Path(name))
        print(f"a search takes {searches.seconds:.1f} s")
        tally = collections.Counter()
        for i in range(count):
            out = Path(name) / str(i)
            case = searches.interrupted(out, dice, cold=i % 10 == 9)
            ok = case.code in (0, INTERRUPTED) and searches.same_bits(out)
            tally[case.number.name, case.code, "same bits" if ok else "LOST"] += 1
            print(i, case, "same bits" if ok else "LOST", flush=True)
            shutil.rmtree(out, ignore_errors=True)
        print(dict(tally))


if __name__ == "__main__":
    main()
