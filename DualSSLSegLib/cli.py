"""The command line: `dualsslseg <verb> ...`. Finds the verb, runs it, and turns its end into an exit code.

Exit codes: 0 done, 1 something failed, 2 bad input, 3 out of memory, 130 stopped.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from DualSSLSegLib.commands.arguments import Parser
from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.commands.verbs import VERBS, Verb
from DualSSLSegLib.errors import DualSSLSegError, Stopped

PROGRAM = "dualsslseg"
_EPILOG = f"`{PROGRAM} <verb> --help` explains a verb. A first round:  {PROGRAM} demo"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _dispatch(words)
    except SystemExit as end:  # argparse, after --help or a complaint
        return end.code if isinstance(end.code, int) else 2


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0 if words else 2
    if words[0] == "--version":
        print(_version())
        return 0
    verb = VERBS.get(words[0])
    if verb is None:
        parser = Parser(prog=PROGRAM)
        close = _closest(words[0])
        parser.error(f"there is no verb '{words[0]}'" + (f"; did you mean '{close}'?" if close else ""))
    return _run(words[0], verb, words[1:])


def _run(name: str, verb: Verb, words: list[str]) -> int:
    module = verb.load()
    parser = Parser(prog=f"{PROGRAM} {name}", description=f"{verb.summary[0].upper()}{verb.summary[1:]}.")
    module.add_arguments(parser)
    parser.set_defaults(verb=name)
    arguments = parser.parse_args(words)
    screen = Screen(as_json=getattr(arguments, "json", False))
    try:
        return int(module.run(arguments, screen))
    except DualSSLSegError as error:
        screen.fail(error)
        return error.exit_code
    except KeyboardInterrupt:
        screen.warn("interrupted.")
        return Stopped.exit_code
    except BrokenPipeError:
        # The reader of a pipe has seen enough. Give the interpreter a place to flush to, or it complains at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a disk, a right or a drive that no command has expected
        failure = DualSSLSegError(
            f"this cannot be read or written ({error.strerror or error}).",
            hint="Check the disk, the drive and your rights, and try again.",
            path=_place(error),
        )
        screen.fail(failure)
        return failure.exit_code
    finally:
        screen.end_progress()


def _place(error: OSError) -> Path | None:
    """The file that an error names; the folder of a temporary one, whose name says nothing to anybody."""
    if not isinstance(error.filename, str):
        return None
    path = Path(error.filename)
    return path.parent if path.name.startswith(".") and ".tmp" in path.name else path


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = [f"  {name.ljust(width)}  {verb.summary}" for name, verb in VERBS.items()]
    return "\n".join(
        (
            f"usage: {PROGRAM} <verb> ...",
            "",
            "Label a few scans, learn from all of them, see where the result is uncertain.",
            "",
            *lines,
            "",
            _EPILOG,
        )
    )


def _version() -> str:
    from importlib import metadata

    try:
        return f"{PROGRAM} {metadata.version(PROGRAM)}"
    except metadata.PackageNotFoundError:
        return f"{PROGRAM} (not installed, run from its folder)"


def _closest(word: str) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(word, VERBS, n=1)
    return found[0] if found else None
