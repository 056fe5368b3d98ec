"""The same steps beside a window: nothing waits, nothing is read on the window's thread, errors become messages."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest
from support.benches import bench, paint, poll_until
from support.predictions import predicted_run, tell
from support.studies import GRID, label_of, tiny_study

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging import write as write_module
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.loop.background import Threaded
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.writing import CannotWrite
from DualSSLSegLib.workbench import annotate_steps, study_steps

pytestmark = pytest.mark.panel

_TOUCHED: list[str] = []
_WATCHED: list[str] = []


def _notice(event, arguments):
    """Every file or folder below a watched one that the main thread opens or lists."""
    if _WATCHED and event in ("open", "os.scandir", "os.listdir", "os.rename", "os.remove"):
        path = str(arguments[0]) if arguments else ""
        if path.startswith(_WATCHED[0]) and threading.current_thread() is threading.main_thread():
            _TOUCHED.append(f"{event} {path}")


sys.addaudithook(_notice)


@pytest.fixture
def watch(tmp_path):
    """What the main thread opens below tmp_path/s while the test is under way."""
    _TOUCHED.clear()
    yield lambda: _WATCHED.append(str(tmp_path / "s"))
    _WATCHED.clear()


def test_a_whole_round_opens_no_file_of_the_study_on_the_windows_thread(tmp_path, watch):
    study = tiny_study(tmp_path / "s", cases=("a", "b", "c", "d"))
    predicted_run(study, {"b": label_of(1), "c": label_of(2), "d": label_of(1)})
    watch()
    workbench = bench(tmp_path / "s", Threaded())
    assert workbench.controller is None and workbench.busy == "Opening s"
    poll_until(workbench, lambda: not workbench.background.busy)
    assert workbench.counts["predicted"] == 3 and workbench.busy == ""
    workbench.open_next()
    poll_until(workbench, lambda: workbench.case == "b")
    paint(workbench, label_of(2))
    workbench.clock.now += 61
    poll_until(workbench, lambda: not workbench.changed and not workbench.background.busy)
    assert workbench.controller.study.drafts is not None
    workbench.submit()
    assert workbench.why_not("open_next").startswith("One moment")
    poll_until(workbench, lambda: workbench.case == "c" and not workbench.background.busy)
    workbench.review()
    poll_until(workbench, lambda: workbench.prediction is not None)
    workbench.show_map("disagreement")
    workbench.jump_next()
    workbench.mark_seen(1)
    workbench.accept()
    poll_until(workbench, lambda: workbench.counts["reviewed"] == 1 and not workbench.background.busy)
    workbench.accept_all()
    poll_until(workbench, lambda: workbench.counts["reviewed"] == 2 and not workbench.background.busy)
    workbench.add_structure("bone")
    poll_until(workbench, lambda: len(workbench.structures) == 3 and not workbench.background.busy)
    workbench.start_training(minutes=1)
    poll_until(workbench, lambda: workbench.launcher.launched != [] and workbench.run_words is not None)
    tell_elsewhere(workbench.run)
    workbench.clock.now += 1
    poll_until(workbench, lambda: workbench.run_state.status == "finished" and not workbench.background.busy)
    workbench.expect(minutes=3)
    workbench.refresh()
    workbench.close_study()
    poll_until(workbench, lambda: workbench.controller is None and not workbench.background.busy)
    assert _TOUCHED == []
    workbench.close()


def tell_elsewhere(run):
    """The worker's last word, written by another thread as by another process."""
    writer = threading.Thread(target=tell, args=(run, {"type": "finished"}))
    writer.start()
    writer.join()


def test_an_error_becomes_a_message_and_the_verb_returns(tmp_path):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [])
    workbench.open_study(tmp_path / "nowhere")
    poll_until(workbench, lambda: workbench.message.kind == "error")
    assert "does not exist" in workbench.message.text and "nowhere" in workbench.message.text
    assert workbench.message.hint and workbench.study_path == tmp_path / "s"
    workbench.submit()
    assert workbench.message.text == "No case is open. Open one first."
    workbench.close()


def two_studies_and_a_slow_second(tmp_path, monkeypatch):
    """A workbench with the first study open; the second one is read once the returned event is set."""
    tiny_study(tmp_path / "other", cases=("x", "y"))
    workbench, answer, survey = bench(tmp_path / "s", Threaded()), threading.Event(), study_steps.survey
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)

    def slow(*arguments):
        answer.wait(60)
        return survey(*arguments)

    monkeypatch.setattr(study_steps, "survey", slow)
    return workbench, answer


def test_a_scan_still_being_read_does_not_come_on_screen_once_another_study_was_chosen(tmp_path, monkeypatch):
    workbench, answer = two_studies_and_a_slow_second(tmp_path, monkeypatch)
    read, read_it = annotate_steps.open_case, threading.Event()

    def slow(*arguments, **options):
        read_it.wait(60)
        return read(*arguments, **options)

    monkeypatch.setattr(annotate_steps, "open_case", slow)
    workbench.open_case("a")
    workbench.open_study(tmp_path / "other")
    assert workbench.busy == "Opening other"
    shown = []
    workbench.listeners.append(lambda _topic: shown.append(workbench.case))
    read_it.set()
    answer.set()
    poll_until(workbench, lambda: workbench.study_path == tmp_path / "other")
    assert set(shown) == {None} and workbench.busy == ""
    workbench.close()


def test_strokes_on_a_case_that_is_on_screen_when_another_study_opens_are_kept(tmp_path, monkeypatch):
    workbench, answer = two_studies_and_a_slow_second(tmp_path, monkeypatch)
    workbench.open_study(tmp_path / "other")
    workbench._show_case(annotate_steps.open_case(workbench.controller, "a"))
    paint(workbench, label_of(2))
    answer.set()
    poll_until(workbench, lambda: workbench.study_path == tmp_path / "other")
    assert "drawn on a is kept" in workbench.message.text
    first = StudyFolder.open(tmp_path / "s")
    assert np.array_equal(read_label(first.drafts.path("a"), GRID, first.structures), label_of(2))
    assert workbench.controller.study.drafts.ids() == set()
    workbench.close()


def test_what_nobody_expected_is_said_and_raised(tmp_path, monkeypatch):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)

    def broken(*_, **__):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("DualSSLSegLib.workbench.annotate_steps.open_case", broken)
    workbench.open_case("a")
    with pytest.raises(ZeroDivisionError):
        poll_until(workbench, lambda: False)
    assert workbench.message.kind == "error" and "ZeroDivisionError" in workbench.message.text
    assert workbench.busy == ""
    monkeypatch.undo()
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a")
    workbench.close()


def test_the_newest_of_two_clicks_wins(tmp_path):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    workbench.open_case("b")
    poll_until(workbench, lambda: not workbench.background.busy)
    assert workbench.case == "b" and workbench.busy == ""
    workbench.close()


def test_quitting_while_a_label_is_being_written_loses_nothing(tmp_path, monkeypatch):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a")
    paint(workbench, label_of(2))
    workbench.submit()
    paint(workbench, label_of(1))  # and goes on drawing
    workbench.close()
    study = StudyFolder.open(tmp_path / "s")
    assert np.array_equal(read_label(study.latest("a").path, GRID, study.structures), label_of(2))
    assert np.array_equal(read_label(study.drafts.path("a"), GRID, study.structures), label_of(1))


def test_strokes_drawn_while_a_label_is_written_stay_on_screen(tmp_path):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a")
    paint(workbench, label_of(2))
    workbench.submit()
    paint(workbench, label_of(1))
    poll_until(workbench, lambda: not workbench.background.busy)
    assert workbench.case == "a" and "drawn since" in workbench.message.text
    assert np.array_equal(workbench.case_scene.label(), label_of(1)) and workbench.changed
    workbench.close()


def test_a_result_for_a_study_that_was_closed_meanwhile_is_dropped(tmp_path):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    workbench.close_study()
    poll_until(workbench, lambda: not workbench.background.busy)
    assert workbench.case is None and workbench.rows == [] and workbench.busy == ""
    workbench.close()


@pytest.mark.parametrize("go", ["close_study", "close", "scene_closed"])
def test_an_autosave_that_fails_while_the_case_is_being_left_loses_nothing(tmp_path, monkeypatch, go):
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a" and not workbench.background.busy)
    paint(workbench, label_of(2))
    gate = threading.Event()

    def full(*_, **__):
        gate.wait(20)
        raise CannotWrite("the disk is full; nothing was changed.")

    monkeypatch.setattr("DualSSLSegLib.workbench.draft_box.save_draft", full)
    workbench.clock.now += 61
    workbench.poll()  # the autosave begins
    assert workbench._save_under_way
    threading.Timer(0.1, gate.set).start()
    getattr(workbench, go)()
    if go == "close_study":
        poll_until(workbench, lambda: not workbench.background.busy)
        assert workbench.case == "a" and workbench.changed  # it stays, because it is nowhere else
        assert np.array_equal(workbench.case_scene.label(), label_of(2))
        workbench.close()
    elif go == "scene_closed":
        poll_until(workbench, lambda: not workbench.background.busy)
    (kept,) = (tmp_path / "rescued").iterdir()
    structures = StudyFolder.open(tmp_path / "s").structures
    assert np.array_equal(read_label(kept, GRID, structures), label_of(2))
    workbench.close()


def test_a_case_that_goes_while_its_prediction_is_read_stays_away(tmp_path):
    """Read before it was drawn on, it would come back without the strokes, which are a draft by now."""
    import slicer

    predicted_run(tiny_study(tmp_path / "s"), {"a": label_of(2)})
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a" and not workbench.background.busy)
    workbench.review("a")
    paint(workbench, label_of(1))
    workbench.scene_closing()
    slicer.mrmlScene.Clear(0)
    workbench.scene_closed()
    poll_until(workbench, lambda: not workbench.background.busy)
    assert workbench.case is None and workbench.prediction is None
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a" and not workbench.background.busy)
    assert np.array_equal(workbench.case_scene.label(), label_of(1))
    workbench.close()


def strokes_on_a_case(tmp_path):
    """A bench with threads and a painted case "a"."""
    workbench = bench(tmp_path / "s", Threaded())
    poll_until(workbench, lambda: workbench.rows != [] and not workbench.background.busy)
    workbench.open_case("a")
    poll_until(workbench, lambda: workbench.case == "a" and not workbench.background.busy)
    paint(workbench, label_of(2))
    return workbench


def strokes_on_a_silent_drive(tmp_path, monkeypatch):
    """The same on a drive that takes nothing until the event is set, and the event."""
    workbench, answer = strokes_on_a_case(tmp_path), threading.Event()
    monkeypatch.setattr("DualSSLSegLib.workbench.draft_box.save_draft", lambda *_, **__: answer.wait(60))
    monkeypatch.setattr(workbench.controller, "label", lambda *_, **__: answer.wait(60))
    monkeypatch.setattr("DualSSLSegLib.workbench.draft_box._PATIENCE_S", 0.1)
    monkeypatch.setattr("DualSSLSegLib.workbench.workbench._PATIENCE_S", 0.1)
    return workbench, answer


def rescued(tmp_path, structures):
    """The greatest value of each label that was written elsewhere."""
    return sorted(read_label(path, GRID, structures).max() for path in (tmp_path / "rescued").iterdir())


@pytest.mark.parametrize("step", ["submit", "save_draft"])
def test_a_drive_that_does_not_answer_when_slicer_quits_costs_no_label(tmp_path, monkeypatch, step):
    workbench, answer = strokes_on_a_silent_drive(tmp_path, monkeypatch)
    getattr(workbench, step)()
    structures = workbench.structures
    workbench.close()
    (kept,) = (tmp_path / "rescued").iterdir()
    assert np.array_equal(read_label(kept, GRID, structures), label_of(2))
    answer.set()


def test_slicer_quits_though_a_draft_hangs_and_more_was_drawn_since(tmp_path, monkeypatch):
    workbench, answer = strokes_on_a_silent_drive(tmp_path, monkeypatch)
    structures = workbench.structures
    workbench.save_draft()
    paint(workbench, label_of(1))
    workbench.close()
    assert rescued(tmp_path, structures) == [1, 2], "what hung and what was drawn since"
    answer.set()


def test_the_scene_closes_though_the_drive_does_not_answer(tmp_path, monkeypatch):
    workbench, answer = strokes_on_a_silent_drive(tmp_path, monkeypatch)
    structures = workbench.structures
    workbench.scene_closing()
    assert rescued(tmp_path, structures) == [2] and "was written to" in workbench.message.text
    answer.set()
    workbench.close()


def test_a_label_that_could_not_be_saved_elsewhere_after_its_case_was_left_is_rescued(tmp_path, monkeypatch):
    workbench = strokes_on_a_case(tmp_path)
    answer, write = threading.Event(), write_module.write_label

    def slow(path, *rest):
        if path.name == "mine.nii.gz":
            answer.wait(60)
            raise BadInput("the drive is gone.")
        return write(path, *rest)

    monkeypatch.setattr(write_module, "write_label", slow)
    workbench.save_label_as(tmp_path / "mine.nii.gz")
    workbench.open_case("b")
    poll_until(workbench, lambda: workbench.case == "b")  # the drive has nothing to do with the study
    answer.set()
    poll_until(workbench, lambda: not workbench.background.busy)
    (kept,) = (tmp_path / "rescued").iterdir()
    assert np.array_equal(read_label(kept, GRID, workbench.structures), label_of(2))
    assert "The drive is gone" in workbench.message.text and not workbench.changed
    workbench.close()


def test_who_may_edit_at_last_draws_on_the_newest_label(tmp_path):
    """The case is read again; until it is there, nothing can be drawn that would go with the old one."""
    first = bench(tmp_path / "s")
    second = bench(tmp_path / "s", Threaded())
    poll_until(second, lambda: second.rows != [] and not second.background.busy)
    second.open_case("a")
    poll_until(second, lambda: second.case == "a" and not second.background.busy)
    assert second.read_only
    first.open_case("a")
    paint(first, label_of(2))
    first.submit(then_next=False)
    first.close()
    second.refresh()
    poll_until(second, lambda: not second.read_only)
    assert second.opened is None or np.array_equal(second.case_scene.label(), label_of(2))
    poll_until(second, lambda: not second.background.busy)
    assert second.case == "a" and np.array_equal(second.case_scene.label(), label_of(2))
    second.close()
