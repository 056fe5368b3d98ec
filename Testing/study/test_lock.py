"""One writer at a time: the others wait, then say who; what a dead one left never blocks anybody."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from support.studies import label_of, tiny_study

from DualSSLSegLib.errors import StudyBusy
from DualSSLSegLib.file_lock import file_lock
from DualSSLSegLib.processes import process_start, surely_dead, this_process
from DualSSLSegLib.study import lock as lock_module
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.lock import StudyLock, create_exclusively
from DualSSLSegLib.study.writing import CannotWrite


def _ended_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    start = process_start(child.pid)
    child.wait()
    return replace(this_process(), pid=child.pid, start=start or "1")


def _write(path, process):
    path.write_text(json.dumps({"token": "x", "time": 0.0, **asdict(process)}), encoding="utf-8")


def test_a_second_writer_waits_and_is_told_who_writes(tmp_path):
    study = tiny_study(tmp_path)
    other = StudyFolder.open(tmp_path, wait_s=0.2)
    with study.lock, pytest.raises(StudyBusy, match=f"process {os.getpid()} on .* is writing"):
        other.add_revision("a", label_of(), author="Ada", origin="manual")
    assert other.revisions("a") == []
    assert other.add_revision("a", label_of(), author="Ada", origin="manual").number == 1
    assert not study.layout.lock.exists()


def test_the_holder_may_enter_again(tmp_path):
    lock = StudyLock(tmp_path / "lock", wait_s=0.1)
    with lock, lock:
        assert lock.path.exists()
    assert not lock.path.exists()


def test_another_thread_with_the_same_study_waits_too(tmp_path):
    study = tiny_study(tmp_path)
    seen = []

    def label():
        try:
            study.add_revision("a", label_of(), author="Ada", origin="manual")
        except StudyBusy as error:
            seen.append(error)

    with study.lock:
        thread = threading.Thread(target=label)
        thread.start()
        thread.join()
    assert len(seen) == 1 and study.revisions("a") == []


def test_the_lock_of_a_dead_process_of_this_machine_is_taken_over(tmp_path):
    study = tiny_study(tmp_path)
    _write(study.layout.lock, _ended_process())
    assert study.add_revision("a", label_of(), author="Ada", origin="manual").number == 1


def test_a_number_given_to_another_process_does_not_keep_a_dead_lock_alive():
    here = this_process()
    if here.start:
        assert surely_dead(replace(here, start="something else"))
    assert not surely_dead(here)


@pytest.mark.parametrize("change", [{"host": "another-machine"}, {"space": "another container"}])
def test_a_lock_that_cannot_be_judged_from_here_is_respected(tmp_path, change):
    study = tiny_study(tmp_path)
    _write(study.layout.lock, replace(_ended_process(), **change))
    with pytest.raises(StudyBusy, match="delete the file"):
        study.add_structure("bone")
    assert study.layout.lock.exists()


def test_a_restart_of_the_machine_ends_every_lock_of_it():
    here = this_process()
    if here.boot:
        assert surely_dead(replace(here, boot="the time before"))


def test_a_torn_lock_file_is_respected_for_a_minute(tmp_path):
    study = tiny_study(tmp_path)
    study.layout.lock.write_bytes(b"")
    with pytest.raises(StudyBusy, match="cannot be read"):
        study.add_structure("bone")
    os.utime(study.layout.lock, (1.0, 1.0))
    study.add_structure("bone")


def test_a_lock_on_a_drive_that_was_unplugged_meanwhile_blocks_nobody_afterwards(tmp_path):
    study = tiny_study(tmp_path / "s")
    with study.lock:
        study.path.rename(tmp_path / "unplugged")
    (tmp_path / "unplugged").rename(study.path)
    assert study.layout.lock.exists()
    other = StudyFolder.open(study.path, wait_s=0.2)  # as when the study is opened anew
    assert other.add_revision("a", label_of(), author="Ada", origin="manual").number == 1
    assert study.add_revision("a", label_of(2), author="Ada", origin="manual").number == 2
    assert not study.layout.lock.exists()


def test_a_lock_that_came_about_although_its_drive_said_no_blocks_nobody(tmp_path, monkeypatch):
    study = tiny_study(tmp_path)

    def unplugged(path, data):
        create_exclusively(path, data)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(lock_module, "create_exclusively", unplugged)
    with pytest.raises(CannotWrite), study.lock:
        raise AssertionError("it is not held")
    assert study.layout.lock.exists()
    monkeypatch.setattr(lock_module, "create_exclusively", lambda *a: create_exclusively(*a) and False)
    study.add_structure("bone")
    assert not study.layout.lock.exists()


def test_a_lock_that_cannot_be_removed_stops_nothing(tmp_path, monkeypatch):
    study = tiny_study(tmp_path)
    unlink = Path.unlink

    def refused(path, missing_ok=False):
        if path == study.layout.lock:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refused)
    study.add_structure("bone")
    monkeypatch.undo()
    study.add_structure("vessel")
    assert [structure.name for structure in study.structures][2:] == ["bone", "vessel"]


def test_two_that_find_the_same_dead_lock_never_both_hold_it(tmp_path):
    dead = _ended_process()
    inside, worst = [], []

    def enter():
        with StudyLock(tmp_path / "lock", wait_s=20):
            inside.append(1)
            worst.append(len(inside))
            inside.pop()

    for _ in range(10):
        _write(tmp_path / "lock", dead)
        threads = [threading.Thread(target=enter) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(worst) == 40 and max(worst) == 1


def test_the_lock_of_monai_label_is_honoured(tmp_path):
    study = tiny_study(tmp_path)
    theirs = tmp_path / ".lock"
    theirs.touch()
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    with file_lock(theirs, wait_s=0) as held:
        assert held
        with pytest.raises(StudyBusy, match="MONAI Label is writing"):
            study.add_revision("a", label_of(), author="Ada", origin="manual")
    assert len(study.revisions("a")) == 1
    assert theirs.exists() and not study.layout.lock.exists()


def test_nothing_of_monai_label_is_made_where_it_never_was(tmp_path):
    study = tiny_study(tmp_path)
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    assert not (tmp_path / ".lock").exists() and not (tmp_path / "datastore_v2.json").exists()
