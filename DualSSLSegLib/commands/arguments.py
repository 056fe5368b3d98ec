"""Words on the command line: a parser whose complaints end with the next step, and checked kinds of values."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from DualSSLSegLib.jobs.run_folder import DEVICES

BAD_INPUT = 2


class Parser(argparse.ArgumentParser):
    """Ends with exit code 2 and says how to see what is right. Options are never guessed from their
    beginnings.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        end = "" if message.endswith(("?", ".")) else "."
        print(f"{self.prog}: {message}{end}\n  -> `{self.prog} --help` shows what it takes.", file=sys.stderr)
        raise SystemExit(BAD_INPUT)


def add_study(parser: argparse.ArgumentParser) -> None:
    """The study folder, first word of most verbs."""
    parser.add_argument("study", metavar="STUDY", type=Path, help="the study's folder")


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def add_device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where to compute (default: a GPU when there is one)",
    )


def names(text: str) -> list[str]:
    """Names between commas."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name; write them like this: liver,tumour")
    return found


def number_above_zero(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type for argparse: `kind` (int or float), finite and above zero."""

    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not 0 < value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not a {_words(kind)} above zero")
        return value

    return convert


def _words(kind: Callable[[str], Any]) -> str:
    return "whole number" if kind is int else "number"
