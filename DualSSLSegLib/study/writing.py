"""Words for what the operating system says when a study cannot be written."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from DualSSLSegLib.atomic import DISK_FULL
from DualSSLSegLib.errors import BadInput

_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


class CannotWrite(BadInput):
    """The study could not be written; its content is as it was."""

    code = "cannot_write"


class ReadOnlyStudy(CannotWrite):
    """The study can be looked at but not written by this user."""

    code = "read_only"


def require_study(study_json: Path) -> None:
    """Raise CannotWrite when the study's own file is not there, and OSError when its drive does not tell: the study was
    moved, or its drive is gone and has left an empty folder, and what is written there is hidden when it comes back."""
    if not study_json.is_file():
        raise CannotWrite(
            f"the folder of the study cannot be reached: it holds no {study_json.name}.",
            hint="Plug in the drive, or put the folder back, and try again.",
            path=study_json.parent.parent,
        )


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into CannotWrite that names `path`, the reason and the next step; also one that
    the writer of images has put in words already, which name its temporary file."""
    try:
        yield
    except OSError as error:
        raise _cannot_write(error, path) from error
    except BadInput as error:
        if isinstance(error, CannotWrite) or not isinstance(error.__cause__, OSError):
            raise
        raise _cannot_write(error.__cause__, path) from error


def _cannot_write(error: OSError, path: Path) -> CannotWrite:
    if error.errno in _FORBIDDEN:
        return ReadOnlyStudy(
            "this study cannot be written here, the folder is read-only for you; it can still be looked at.",
            hint="Ask for the right to write, or copy the folder to a place of your own.",
            path=path,
        )
    if error.errno in DISK_FULL:
        return CannotWrite(
            "the disk is full; nothing was changed.", hint="Free some space and try again.", path=path
        )
    return CannotWrite(
        f"this could not be written ({error.strerror or error}).",
        hint="Check the disk or the network drive and try again.",
        path=path,
    )
