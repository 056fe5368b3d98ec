"""Fetch one archive over HTTP: progress, resume, checksum, and unpacking that trusts nothing."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from DualSSLSegLib.atomic import move_folder, remove_tree, replace_file
from DualSSLSegLib.errors import BadInput

_BLOCK_BYTES = 256 * 1024
_TIMEOUT_S = 20.0
_ATTEMPTS = 4
_PARTIAL_CONTENT, _RANGE_NOT_SATISFIABLE = 206, 416

Progress = Callable[[int, int | None], None]


class DownloadFailed(BadInput):
    """The archive could not be had; the message says why and what to do."""

    code = "download_failed"


def fetch(url: str, target: Path, md5: str, *, progress: Progress | None = None) -> Path:
    """Download `url` to `target` unless a file with this MD5 is there already, and return `target`.

    What arrives is kept beside the target as `<name>.part` and the next call goes on from there. Only a
    complete file with the right checksum gets the final name. `progress(bytes so far, bytes in all or None)`
    is called per block. Raises DownloadFailed when the server refuses or cannot be reached, or when the
    content is not the expected one.
    """
    if target.is_file() and file_md5(target) == md5:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    started_with = part.stat().st_size if part.exists() else 0
    _receive_all(url, part, progress)
    if file_md5(part) != md5 and started_with:
        part.unlink()  # what was kept may belong to another version of the archive: once more from zero
        _receive_all(url, part, progress)
    found = file_md5(part)
    if found != md5:
        part.unlink()
        raise DownloadFailed(
            f"what arrived is not the expected archive (MD5 {found}, expected {md5}); it was thrown away.",
            hint="Try again; if it happens twice, a proxy may be answering in the server's place.",
            path=url,
        )
    replace_file(part, target)
    return target


def _receive_all(url: str, part: Path, progress: Progress | None) -> None:
    """Append to `part` until all announced bytes are there, reconnecting when the connection breaks."""
    reason = ""
    for _ in range(_ATTEMPTS):
        try:
            if _receive(url, part, progress):
                return
            reason = "the connection ended early"
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == _RANGE_NOT_SATISFIABLE and part.exists():
                return  # nothing is left to send; the checksum decides
            raise DownloadFailed(
                f"the server answered {error.code} ({error.reason}).",
                hint="Check the address, or put the scans into a folder and set DUALSSLSEG_DATA.",
                path=url,
            ) from error
        except (urllib.error.URLError, HTTPException, OSError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
            if not part.exists():
                break  # never reached: waiting longer does not help a machine without a network
    raise DownloadFailed(
        f"the download did not succeed ({reason}).",
        hint="Run the same command again when there is a network: it goes on where it stopped.",
        path=url,
    )


def _receive(url: str, part: Path, progress: Progress | None) -> bool:
    """One connection. True when everything announced has arrived."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
        resumed = have > 0 and response.status == _PARTIAL_CONTENT
        have = have if resumed else 0
        length = response.headers.get("Content-Length")
        expected = have + int(length) if length is not None else None
        with open(part, "ab" if resumed else "wb") as file:
            while block := response.read(_BLOCK_BYTES):
                file.write(block)
                have += len(block)
                if progress is not None:
                    progress(have, expected)
            file.flush()
            os.fsync(file.fileno())
    return expected is None or have >= expected


def file_md5(path: Path) -> str:
    """Hexadecimal MD5 of a file, read in blocks. It guards against accidents, not against an attacker."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack the plain files of a tar archive into `folder` (made whole or not at all) and return it.

    Links, devices and names that would leave the folder are refused; macOS "._" companions are left out.
    Raises BadInput for an archive that is damaged or holds such a name.
    """
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                _unpack_member(tar, member, unfinished, archive)
        move_folder(unfinished, folder)
    except (tarfile.TarError, EOFError) as error:
        raise BadInput(
            f"this archive is damaged ({error}).", hint="Delete it and try again.", path=archive
        ) from error
    finally:
        remove_tree(unfinished)
    return folder


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, archive: Path) -> None:
    name = PurePosixPath(member.name)
    if member.isdir() or name.name.startswith("._"):
        return
    unsafe_name = name.is_absolute() or ".." in name.parts or "\\" in member.name or ":" in member.name
    if unsafe_name or not member.isfile():
        raise BadInput(
            f"the archive holds {member.name!r}, which is not a plain file inside it; nothing was unpacked.",
            hint="Get the archive from its official address.",
            path=archive,
        )
    target = folder.joinpath(*name.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    source = tar.extractfile(member)
    assert source is not None  # isfile() above
    with source, open(target, "wb") as file:
        shutil.copyfileobj(source, file, _BLOCK_BYTES)
