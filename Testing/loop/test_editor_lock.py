"""Two editors on one study: the second one is told who the first is; a dead one blocks nobody."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.studies import tiny_study, without_the_right_to_write

from DualSSLSegLib.loop.editor_lock import EditorLock
from DualSSLSegLib.study.writing import ReadOnlyStudy

_HOLDER = """
import sys, time
from DualSSLSegLib.loop.editor_lock import EditorLock
lock = EditorLock(sys.argv[1], "Bob")
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def test_the_second_editor_is_told_who_edits(tmp_path):
    tiny_study(tmp_path)
    first, second = EditorLock(tmp_path, "Ada"), EditorLock(tmp_path, "Bob")
    assert first.acquire() and first.acquire() and first.held
    assert not second.acquire() and not second.held
    assert second.holder.startswith("Ada on ") and "process" in second.holder
    first.release()
    first.release()
    assert second.acquire() and second.holder.startswith("Bob on ")
    second.release()


def test_a_killed_editor_blocks_nobody(tmp_path):
    tiny_study(tmp_path)
    other = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout.readline().strip() == "True"
        lock = EditorLock(tmp_path, "Ada")
        assert not lock.acquire() and lock.holder.startswith("Bob on ")
    finally:
        other.kill()
        other.communicate()
    assert lock.acquire()
    lock.release()


def test_a_study_that_cannot_be_written_says_so(tmp_path):
    tiny_study(tmp_path / "s")
    with without_the_right_to_write(tmp_path / "s"), pytest.raises(ReadOnlyStudy):
        EditorLock(tmp_path / "s", "Ada").acquire()


def test_a_damaged_note_of_the_holder_is_no_reason_to_fail(tmp_path):
    study = tiny_study(tmp_path)
    first, second = EditorLock(tmp_path, "Ada"), EditorLock(tmp_path, "Bob")
    assert first.acquire()
    study.layout.editor.write_text("no JSON")
    assert not second.acquire() and second.holder == "another program"
    first.release()
