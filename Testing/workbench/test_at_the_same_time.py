"""Steps that a person takes while another one is under way."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from support.benches import bench, paint, poll_until
from support.predictions import predicted_run
from support.studies import GRID, label_of, tiny_study

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.loop.background import Threaded
from DualSSLSegLib.loop.editor_lock import EditorLock
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.writing import CannotWrite

pytestmark = pytest.mark.panel


@pytest.fixture
def beside(tmp_path):
    """A workbench beside a window, and case "a" with a drawn label on screen."""
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.controller is not None and not workbench.background.busy)
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a" and not workbench.background.busy)
    paint(workbench, label_of())
    yield workbench
    workbench.close()


def test_a_case_submitted_while_a_structure_is_written_is_left(beside):
    beside.add_structure("bone")
    beside.submit()
    poll_until(beside, lambda: not beside.busy and not beside.background.busy)
    assert beside.controller.study.latest("a") is not None and len(beside.structures) == 3
    assert beside.case == "b"


def test_a_label_that_fails_while_a_structure_is_written_stays_and_says_so(beside, monkeypatch):
    def full(*_args, **_more):
        raise CannotWrite("the disk is full.")

    monkeypatch.setattr(beside.controller, "label", full)
    monkeypatch.setattr(beside._drafts, "save", full)
    beside.add_structure("bone")
    beside.submit()
    poll_until(beside, lambda: not beside.busy and not beside.background.busy)
    assert beside.case == "a" and beside.changed
    assert "neither as a label nor as a draft; it is still on screen" in beside.message.text
    monkeypatch.undo()


def test_a_study_that_cannot_be_taken_over_is_free_for_others(tmp_path, monkeypatch):
    first = bench(tmp_path / "s")
    second = bench(tmp_path / "s", author="Bob")
    assert second.read_only
    first.close_study()

    def full(*_args, **_more):
        raise CannotWrite("the disk is full.")

    monkeypatch.setattr(second.controller.study, "reconcile", full)
    with pytest.raises(CannotWrite):
        second.refresh()
    third = EditorLock(tmp_path / "s", "Cyd")
    assert second.read_only and third.acquire()
    third.release()


def test_a_study_opened_for_looking_only_is_free_for_others(tmp_path, monkeypatch):
    tiny_study(tmp_path / "s")

    def full(*_args, **_more):
        raise CannotWrite("the disk is full.")

    monkeypatch.setattr(StudyFolder, "reconcile", full)
    workbench = bench(tmp_path / "s")
    monkeypatch.undo()
    other = EditorLock(tmp_path / "s", "Cyd")
    assert "disk is full" in workbench.read_only and other.acquire()
    other.release()
    workbench.refresh()
    assert workbench.read_only == "" and workbench.editor_lock.held


def test_a_prediction_is_not_accepted_over_unfinished_work(tmp_path):
    study = tiny_study(tmp_path / "s")
    predicted_run(study, {"a": label_of(1), "b": label_of(2)})
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of(2))
    workbench.save_draft()
    workbench.review("a")
    assert "unfinished work" in workbench.why_not("accept")
    with pytest.raises(BadInput, match="unfinished work"):
        workbench.accept()
    workbench.accept_all(["a", "b"])
    assert workbench.message.kind == "warning" and "unfinished work" in workbench.message.text
    assert {row.id: row.state for row in workbench.rows} == {"a": "in_progress", "b": "reviewed", "c": "new"}
    workbench.review("a")
    workbench.discard_draft()
    workbench.review("a")
    workbench.accept()
    assert workbench.counts["reviewed"] == 2


def test_a_label_is_submitted_while_many_predictions_are_accepted(tmp_path, monkeypatch):
    """The label of a person stays in force, whichever of the two came first."""
    study = tiny_study(tmp_path / "s", cases=("a", "b", "c", "d"))
    predicted_run(study, dict.fromkeys("abc", label_of(1)))
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.controller is not None and not workbench.background.busy)
    workbench.open_case("c")
    poll_until(workbench, lambda: workbench.case == "c" and not workbench.background.busy)
    paint(workbench, label_of(2))
    monkeypatch.setattr("DualSSLSegLib.workbench.verdict_steps._SHARE_S", 0.0)
    gate, accept = threading.Event(), workbench.controller.accept

    def slow(case, *, author):
        gate.wait(30)
        return accept(case, author=author)

    monkeypatch.setattr(workbench.controller, "accept", slow)
    workbench.accept_all()
    assert workbench.why_not("submit") == "" and "accepted" in workbench.why_not("accept_all")
    workbench.submit(then_next=False)
    gate.set()
    poll_until(workbench, lambda: not workbench.busy and not workbench.background.busy)
    states = {row.id: row.state for row in workbench.rows}
    assert states == {"a": "reviewed", "b": "reviewed", "c": "labelled", "d": "new"}
    newest = workbench.controller.study.latest("c")
    label = read_label(newest.path, GRID, workbench.structures)
    assert np.array_equal(label, label_of(2)) and workbench.why_not("accept_all") == "No prediction waits."
    workbench.close()
