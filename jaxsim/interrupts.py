"""SIGINT and SIGTERM end a command where nothing is half done, and none of them is lost.

An exception that a signal handler raises may come out anywhere, also inside a callback of the compiler's runtime that
swallows it. So the signal only sets a flag, and `check` raises KeyboardInterrupt where work may stop: between stages,
iterations, chunks and product-trials. A thread counts the signals, since the main thread may be in a long compilation:
a second one ends the process at once, which a run folder survives.

Outside of `listening`, as in a notebook, nothing is changed: `check` does nothing, and Ctrl-C raises as ever.
"""

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

INTERRUPTED = 75
"""Exit code of what was interrupted but may go on (EX_TEMPFAIL)."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_requested = threading.Event()


def requested() -> bool:
    """Whether a signal has asked for an end."""
    return _requested.is_set()


def check() -> None:
    """Raise KeyboardInterrupt when a signal has asked for an end; any thread may ask."""
    if _requested.is_set():
        raise KeyboardInterrupt


@contextlib.contextmanager
def listening(*, then_ignore: bool) -> Iterator[None]:
    """Take the signals over, also where a shell starts background commands with SIGINT ignored.

    Off the main thread, which alone may do so, nothing is taken over.

    Args:
        then_ignore: whether signals are ignored afterwards, as the end of a program wants: its work is done, and only
            its exit code is left. Else they do again what they did before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _requested.clear()
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    counter = threading.Thread(target=_count, args=(receiver,), name="signals", daemon=True)
    counter.start()
    wakeup = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, _note) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if then_ignore else handler or signal.SIG_DFL)
        signal.set_wakeup_fd(wakeup)
        sender.close()
        counter.join(1.0)  # it has read all; only a stderr that nobody reads could keep it longer
        _requested.clear()


def _note(*_: Any) -> None:
    _requested.set()


def _count(receiver: socket.socket) -> None:
    """Read the numbers of signals as they come; the second that counts ends the process."""
    with receiver:
        seen = 0
        while numbers := receiver.recv(64):
            seen += sum(number in SIGNALS for number in numbers)
            if seen:
                _requested.set()
            if seen == 1:
                _tell("stopping where the work can go on later; once more ends it at once")
            elif seen > 1:
                _tell("ended at once")
                os._exit(INTERRUPTED)


def _tell(text: str) -> None:
    """Write a line past Python's buffers, whose locks the main thread may hold."""
    show_cursor = "\x1b[?25h" if sys.__stderr__ is not None and sys.__stderr__.isatty() else ""
    with contextlib.suppress(OSError):
        os.write(2, f"{show_cursor}\njaxsim: {text}\n".encode())
