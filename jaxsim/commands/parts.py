"""Small parts that commands share: how one is declared, what its options may be, what it says."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any

DONE, BAD_INPUT, BAD_USAGE = 0, 1, 2
"""Exit codes, beside `jaxsim.interrupts.INTERRUPTED`."""


def command(commands: Any, name: str, function: Any, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(command=function)
    return command


def whole(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 to 2**63 - 1")
    return value


def count(text: str) -> int:
    value = int(text)
    if not 1 <= value < 2**31:
        raise argparse.ArgumentTypeError(f"{text} is not a positive whole number")
    return value


def given(options: argparse.Namespace, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(options, name, None)) is not None}


def show(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def say(message: str, code: int) -> int:
    print(f"jaxsim: {message}", file=sys.stderr)
    return code


whole.__name__ = count.__name__ = "whole number"  # the word in argparse's message
