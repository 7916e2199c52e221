"""No signal is lost: the flag is up at the next look, whatever the process was in; the second ends it at once."""

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time

import jax.numpy as jnp
import pytest

from jaxsim import interrupts
from jaxsim.interrupts import INTERRUPTED, check, listening

on_main = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals go to the main thread"
)


def work_until_stopped(seconds: float) -> bool:
    """Work that collects garbage, where the compiler's runtime has a callback; whether `check` has ended it."""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            float(jnp.arange(100.0).sum())
            gc.collect(0)
            check()
    except KeyboardInterrupt:
        return True
    return False


@on_main
def test_none_of_200_signals_at_random_moments_is_lost(capfd):
    dice = random.Random(1)
    for _ in range(200):
        number = dice.choice(interrupts.SIGNALS)
        with listening(then_ignore=False):
            sender = threading.Timer(dice.uniform(0.0, 0.01), os.kill, (os.getpid(), number))
            sender.start()
            assert work_until_stopped(30.0), number
            sender.join()
        assert not interrupts.requested()
    assert capfd.readouterr().err.count("once more ends it at once") == 200


@on_main
def test_afterwards_signals_do_what_they_did_before(capfd):
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    with listening(then_ignore=False):
        assert signal.getsignal(signal.SIGTERM) not in before
        os.kill(os.getpid(), signal.SIGTERM)
        assert work_until_stopped(30.0)
    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before
    check()
    assert "stopping" in capfd.readouterr().err


def test_off_the_main_thread_nothing_is_taken_over():
    before, found = signal.getsignal(signal.SIGINT), []

    def look():
        with listening(then_ignore=True):
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [before]


def run(code: str, afterwards: str = "pass") -> subprocess.Popen:
    """A process that runs some code after it has taken the signals over and said so."""
    program = f"""
from jaxsim.interrupts import listening
import ctypes, time
with listening(then_ignore=True):
    print("ready", flush=True)
    {code}
{afterwards}
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_second_signal_ends_at_once_also_within_a_long_compilation():
    """The main thread is in a call that never looks for signals, as a compiler is."""
    process = run("while True: ctypes.CDLL(None).sleep(600)  # begun again when a signal ends it")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "\n"
    assert "once more ends it at once" in process.stderr.readline()
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1] == "\njaxsim: ended at once\n"
    assert process.returncode == INTERRUPTED


def test_signals_after_the_end_change_no_exit_code():
    process = run("pass", afterwards="print('over', flush=True); time.sleep(0.5)")
    assert process.stdout is not None
    assert process.stdout.readline() == "over\n"
    for number in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
