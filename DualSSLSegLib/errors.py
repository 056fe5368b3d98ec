"""Errors that a person reads: what was wrong, in which file, and what to do next."""

from __future__ import annotations

from os import PathLike, fspath


class DualSSLSegError(Exception):
    """Base of every error this project raises on purpose.

    `message` says what is wrong, `hint` the next step, `path` the file or folder concerned.
    `code` names the kind in a run's journal; `exit_code` is what the command line returns.
    """

    code = "error"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", path: str | PathLike[str] | None = None) -> None:
        self.message = message
        self.hint = hint
        self.path = None if path is None else fspath(path)
        super().__init__(str(self))

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{where}{self.message}" + (f" {self.hint}" if self.hint else "")

    def __reduce__(self):
        return (_rebuild, (type(self), self.message, self.hint, self.path))


def _rebuild(kind: type[DualSSLSegError], message: str, hint: str, path: str | None) -> DualSSLSegError:
    return kind(message, hint=hint, path=path)


class BadInput(DualSSLSegError):
    """A file, a word or a number given by the user cannot be used."""

    code = "bad_input"
    exit_code = 2


class StudyBusy(DualSSLSegError):
    """Another program holds the study's lock."""

    code = "study_busy"
    exit_code = 2


class ProtocolError(DualSSLSegError):
    """A run folder or study was written by a newer version, or is not what it claims to be."""

    code = "protocol"


class RunFailed(DualSSLSegError):
    """A background run ended with an error of its own."""

    code = "run_failed"


class OutOfMemory(DualSSLSegError):
    """Memory did not suffice even at the smallest setting."""

    code = "out_of_memory"
    exit_code = 3


class Stopped(DualSSLSegError):
    """The user asked to stop."""

    code = "stopped"
    exit_code = 130
