"""A full disk ends a run with words, wherever it is noticed first, and not because of a line in the journal."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from support.drives import small_disk

from DualSSLSegLib.jobs.journal import EventReader, EventWriter
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.worker.full_disk import in_words, is_full_disk
from DualSSLSegLib.worker.session import Session, serve

NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/study/checkpoints/.1.tmp")


@pytest.fixture
def run(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", {"kind": "train", "device": "cpu"}, {"cases": []})


class FullConsole:
    """A console whose file lies on a full disk."""

    def write(self, _text: str) -> None:
        raise NO_SPACE

    def flush(self) -> None:
        raise NO_SPACE


def test_a_run_whose_disk_is_full_says_so_although_the_details_cannot_be_written(run, monkeypatch):
    run.console_path.mkdir()  # cannot be written
    monkeypatch.setattr(sys, "stderr", FullConsole())

    def work(session: Session) -> dict:
        session.warn("plateau", "Training longer brings nothing more.")
        raise NO_SPACE

    assert serve(run, work) == 1
    *_, warning, last = EventReader(run.events_path).read()
    assert warning["code"] == "plateau"
    assert last["type"] == "failed" and last["text"] == f"{Path('/study/checkpoints')}: the disk is full."
    assert last["hint"] == "Free some space, then resume."


def test_progress_that_the_disk_refuses_does_not_end_a_run(run, monkeypatch):
    real, refused = os.write, []

    def write(file: int, data: bytes) -> int:
        if b'"progress"' in data and len(refused) < 3:
            refused.append(real(file, data[:9]))  # the last bytes of the disk
            raise NO_SPACE
        return real(file, data)

    def work(session: Session) -> dict:
        monkeypatch.setattr(os, "write", write)
        for name in ("cache", "train", "predict", "rank"):
            session.phase(name, total=1)
            session.report("progress", step=1, total=1)
        return {}

    assert serve(run, work) == 0 and len(refused) == 3
    told = [event["type"] for event in EventReader(run.events_path).read() if "seq" in event]
    assert told == ["started", "phase", "phase", "phase", "phase", "progress", "finished"]


def test_the_heart_goes_on_beating_when_neither_journal_nor_console_can_be_written(run, monkeypatch):
    monkeypatch.setattr(sys, "stderr", FullConsole())
    beats = []

    def fields() -> dict:
        beats.append(1)
        if len(beats) < 3:
            raise NO_SPACE
        return {}

    writer = EventWriter(run.events_path)
    writer.start_heartbeat(fields, every_s=0.01)
    while len(beats) < 4 and writer._heart.is_alive():
        time.sleep(0.01)
    writer.close()
    assert "heartbeat" in {event["type"] for event in EventReader(run.events_path).read()}


def test_numpy_and_torch_on_a_full_disk_are_understood(tmp_path):
    with small_disk(tmp_path / "disk", 200) as disk:
        for write in (
            lambda: (disk / "a").write_bytes(bytes(1_000_000)),
            lambda: np.save(disk / "b.npy", np.zeros(1_000_000)),
            lambda: torch.save({"weights": torch.zeros(1_000_000)}, disk / "c.pt"),
        ):
            with pytest.raises((OSError, RuntimeError)) as caught:
                write()
            assert is_full_disk(caught.value) and "resume" in in_words(caught.value, disk).hint
            for left in disk.iterdir():
                left.unlink()


@pytest.mark.parametrize(
    "error", [OSError(errno.EACCES, "Permission denied"), RuntimeError("shape"), ValueError("unexpected pos")]
)
def test_other_errors_are_no_full_disk(error):
    assert not is_full_disk(error)
