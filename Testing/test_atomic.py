"""Files that are there whole or not at all, on whatever file system they lie."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from support.drives import virus_scanner

from DualSSLSegLib import atomic
from DualSSLSegLib.atomic import move_folder, patiently, read_json, replace_file, write_json


def _refuse_to_sync_folders(monkeypatch, code):
    sync = os.fsync

    def fsync(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(atomic.os, "fsync", fsync)


needs_folder_sync = pytest.mark.skipif(os.name == "nt", reason="Windows syncs no folders")


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EBADF, errno.ENOTSUP, errno.EOPNOTSUPP])
@needs_folder_sync
def test_a_file_system_that_cannot_sync_folders_is_written_to(tmp_path, monkeypatch, code):
    _refuse_to_sync_folders(monkeypatch, code)
    write_json(tmp_path / "a.json", [1])
    assert read_json(tmp_path / "a.json") == [1] and len(list(tmp_path.iterdir())) == 1


@needs_folder_sync
def test_a_folder_that_could_not_be_written_is_an_error(tmp_path, monkeypatch):
    _refuse_to_sync_folders(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="Input/output"):
        write_json(tmp_path / "a.json", [1])


def test_a_refusal_of_windows_is_waited_out_and_one_of_unix_is_not():
    refusals = [PermissionError(), PermissionError()]

    def action():
        if refusals:
            raise refusals.pop()
        return "done"

    assert patiently(action, windows=True) == "done"
    refusals.append(PermissionError())
    with pytest.raises(PermissionError):
        patiently(action, windows=False)


@pytest.mark.parametrize("move", [replace_file, move_folder])
def test_a_move_that_windows_refuses_for_a_moment_is_made(tmp_path, monkeypatch, move):
    source, target = tmp_path / "source", tmp_path / "target"
    source.touch() if move is replace_file else source.mkdir()
    with virus_scanner() as refused:
        move(source, target)
    assert refused == [str(source)]
    assert target.exists() and not source.exists()


def test_a_folder_takes_the_place_of_no_other(tmp_path):
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    with pytest.raises(OSError):
        move_folder(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target" / "file").read_text() == "target" and (tmp_path / "source").is_dir()
