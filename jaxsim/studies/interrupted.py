"""A study in its run folder, and what it raises when it is stopped there."""

import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from jaxsim.runs.claim import Claim, claimed
from jaxsim.runs.folder import RunError
from jaxsim.studies.result import Result


class Interrupted(KeyboardInterrupt):
    """A study was stopped, and its run folder, if it has one, can go on; `tables` holds what it had found.

    Of a search these are iterations, history, and the best costs so far; of an evaluation there are none.
    """

    def __init__(self, tables: dict[str, pa.Table]) -> None:
        super().__init__("the study was interrupted")
        self.tables = tables


def in_folder(
    out: str | os.PathLike[str] | None, resume: bool, what: str, stages: Callable[[Claim | None], Result]
) -> Result:
    """Run the stages of a study; in its run folder, where one is named.

    Args:
        what: a study of its kind, as in "a search".
        stages: is given the claim on the folder, None without one.

    Raises:
        RunError: there is nothing to go on with, or the folder cannot be used.
        Interrupted: Ctrl-C stopped it, and the folder can go on.
        KeyboardInterrupt: Ctrl-C stopped it before there was anything to go on with.
    """
    if out is None:
        if resume:
            raise RunError(f"to go on with {what}, name its run folder as `out`")
        return stages(None)
    with claimed(Path(out)) as claim:
        try:
            return stages(claim)
        except KeyboardInterrupt as stopped:
            if not (resume or claim.begun):
                raise
            found = stopped.tables if isinstance(stopped, Interrupted) else {}
    raise Interrupted(found)  # here, so that what the run folder holds stays there
