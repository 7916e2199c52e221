"""Progress on stderr: a live bar on a terminal, one plain line per step elsewhere (logs, pipes, CI)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from jaxsim.interrupts import check


@runtime_checkable
class Progress(Protocol):
    """Where a study says what it does."""

    def stage(self, text: str) -> None:
        """Say which stage begins."""
        ...

    def step(self, done: int, total: int, text: str) -> None:
        """Say that step `done` of `total` is over."""
        ...


class Silent:
    """Says nothing."""

    def stage(self, text: str) -> None:
        """Say nothing."""

    def step(self, done: int, total: int, text: str) -> None:
        """Say nothing."""


class Lines:
    """One line per stage and step."""

    def stage(self, text: str) -> None:
        """Print the stage."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    def step(self, done: int, total: int, text: str) -> None:
        """Print the step."""
        print(f"{text}   ({done} of {total} done)", file=sys.stderr, flush=True)  # noqa: T201


class Bar:
    """A live bar below a list of stages."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self.live = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.live.add_task("", total=None, visible=False)

    def stage(self, text: str) -> None:
        """Print the stage above the bar."""
        self.live.console.print(text, highlight=False, markup=False)
        self.live.update(self.task, visible=False)

    def step(self, done: int, total: int, text: str) -> None:
        """Move the bar."""
        self.live.update(self.task, completed=done, total=total, description=text, visible=True)


class Interruptible:
    """Passes everything on, and raises KeyboardInterrupt between stages and steps when a signal has asked for it."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def stage(self, text: str) -> None:
        """Look at the flag, then say which stage begins."""
        check()
        self.progress.stage(text)

    def step(self, done: int, total: int, text: str) -> None:
        """Say that a step is over, then look at the flag."""
        self.progress.step(done, total, text)
        check()


@contextmanager
def reporting(quiet: bool = False) -> Iterator[Progress]:
    """The progress that suits where stderr goes; signals are looked at as it is told."""
    if quiet:
        yield Interruptible(Silent())
    elif not sys.stderr.isatty():
        yield Interruptible(Lines())
    else:
        bar = Bar()
        with bar.live:
            yield Interruptible(bar)
