"""Files that are there whole or not at all, on whatever file system they lie."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from DualSSLSegLib import atomic
from DualSSLSegLib.atomic import read_json, write_json


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
