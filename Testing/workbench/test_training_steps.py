"""Runs in the workbench: started, followed, found again, interrupted."""

from __future__ import annotations

import pytest
from support.benches import bench, paint
from support.predictions import predicted_run, tell, write_prediction
from support.studies import GRID, label_of, tiny_study

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.control import read_want
from DualSSLSegLib.workbench import training_steps
from DualSSLSegLib.workbench.training_steps import look_at

pytestmark = pytest.mark.panel


@pytest.fixture
def labelled(tmp_path):
    """A study with one label."""
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of())
    workbench.submit(then_next=False)
    return workbench


def look(workbench):
    workbench.clock.now += 1
    workbench.poll()


def test_without_a_label_no_training(tmp_path):
    workbench = bench(tmp_path / "s")
    assert workbench.why_not("start_training") == "Label and submit one case first."
    with pytest.raises(BadInput, match="Label and submit"):
        workbench.start_training()


def test_a_training_from_start_to_the_next_case(labelled):
    assert labelled.why_not("pause") and labelled.why_not("stop")
    labelled.start_training("dual", {}, 2, "cpu")
    (run,) = labelled.launcher.launched
    assert labelled.run == run and run.spec()["budget"] == {"minutes": 2.0} and run.spec()["device"] == "cpu"
    assert labelled.used_labels == ("a",) and labelled.run_state.active
    assert "at work" in labelled.why_not("start_training")

    tell(run, {"type": "phase", "name": "train", "total": 10})
    tell(run, {"type": "progress", "step": 5, "total": 10, "eta_s": 60, "loss": 0.5})
    labelled.topics.clear()
    look(labelled)
    assert labelled.topics == ["run"] and labelled.run_words.detail == "Step 5 of 10 on the processor"
    assert labelled.curves[0].points == ((5.0, 0.5),)
    labelled.topics.clear()
    look(labelled)
    assert labelled.topics == []  # nothing new, nothing to draw

    tell(run, {"type": "warning", "code": "plateau", "text": "Stopping now is fine."})
    look(labelled)
    assert labelled.run_words.plateau == "Stopping now is fine."

    write_prediction(run, "b", label_of(), GRID, ["liver", "tumour"])
    tell(run, {"type": "predicted", "case": "b"}, {"type": "finished", "predicted": 1})
    look(labelled)
    assert labelled.run_words.status == "Finished" and "finished" in labelled.message.text
    assert {row.id: row.state for row in labelled.rows} == {"a": "labelled", "b": "predicted", "c": "new"}
    assert (labelled.controller.study.layout.original / "b.nii.gz").is_file()
    assert labelled.why_not("start_training") == ""


def test_a_training_that_ends_before_anybody_looked_is_told_once(labelled, monkeypatch):
    launcher = labelled.launcher
    launch = launcher.launch

    def launch_and_end(run):
        launch(run)
        write_prediction(run, "b", label_of(), GRID, ["liver", "tumour"])
        tell(run, {"type": "predicted", "case": "b"}, {"type": "finished", "predicted": 1})

    monkeypatch.setattr(launcher, "launch", launch_and_end)
    labelled.start_training(minutes=1)
    assert labelled.run_words.status == "Finished" and "finished" in labelled.message.text
    assert {row.id: row.state for row in labelled.rows} == {"a": "labelled", "b": "predicted", "c": "new"}
    folder = labelled.controller.study.path
    labelled.close_study()
    labelled.open_study(folder)
    assert labelled.run_state.status == "finished"
    assert labelled.message is None or "finished" not in labelled.message.text


def test_a_run_found_at_work_that_ends_before_the_first_look_is_told(tmp_path, monkeypatch):
    study = tiny_study(tmp_path / "s")
    run = predicted_run(study, {}, finished=False)

    def end_and_look(runs, found):
        write_prediction(run, "b", label_of(), GRID, ["liver", "tumour"])
        tell(run, {"type": "predicted", "case": "b"}, {"type": "finished", "predicted": 1})
        monkeypatch.undo()
        return look_at(runs, found)

    monkeypatch.setattr(training_steps, "look_at", end_and_look)
    workbench = bench(tmp_path / "s")
    assert workbench.run == run and "finished" in workbench.message.text
    assert {row.id: row.state for row in workbench.rows}["b"] == "predicted"


def test_pause_resume_and_stop_are_asked_of_the_worker(labelled):
    labelled.start_training(minutes=1)
    run = labelled.run
    tell(run, {"type": "phase", "name": "train", "total": 10}, {"type": "progress", "step": 1, "total": 10})
    look(labelled)
    labelled.pause()
    assert read_want(run) == "pause" and labelled.run_words.status == "Pausing"
    tell(run, {"type": "phase", "name": "paused"})
    look(labelled)
    assert labelled.run_words.status == "Paused" and not labelled.why_not("resume")
    labelled.resume()
    assert read_want(run) == "run"
    labelled.stop()
    assert read_want(run) == "stop" and labelled.why_not("stop")
    tell(run, {"type": "stopped"})
    look(labelled)
    assert "work is kept" in labelled.message.text
    labelled.resume()
    assert labelled.launcher.launched == [run, run]


def test_training_goes_on_when_the_module_is_reloaded_and_is_found_again(labelled, tmp_path):
    labelled.start_training(minutes=1)
    run = labelled.run
    labelled.close()
    again = bench(tmp_path / "s")
    assert again.run == run and again.run_state.active and again.used_labels == ("a",)
    assert again.read_only == ""


def test_a_lost_run_is_found_and_offered_to_go_on(tmp_path):
    study = tiny_study(tmp_path / "s")
    run = predicted_run(study, {}, finished=False)
    import os

    os.utime(run.events_path, (1, 1))
    workbench = bench(tmp_path / "s")
    assert workbench.run == run and workbench.run_words.status == "Interrupted"
    assert "interrupted" in workbench.message.text and workbench.why_not("resume") == ""
    workbench.resume()
    assert workbench.launcher.launched == [run]


@pytest.mark.parametrize(
    ("last", "says"),
    [
        ({"type": "failed", "text": "Memory ran out.", "hint": "Use smaller patches."}, "Memory ran out"),
        ({"type": "failed"}, "console.log"),
    ],
)
def test_a_bad_end_is_said_in_words(labelled, last, says):
    labelled.start_training(minutes=1)
    tell(labelled.run, last)
    look(labelled)
    assert labelled.message.kind == "error" and says in labelled.message.text
    assert labelled.why_not("resume") == ""


def test_a_worker_that_writes_rubbish_is_followed_to_its_end(labelled):
    labelled.start_training(minutes=1)
    with open(labelled.run.events_path, "ab") as journal:
        journal.write(b'\xff\x00 rubbish\n[]\n{"v": 1}\n{"v":1,"seq":2,"type":"progress","step":3,"total":9')
    look(labelled)
    assert labelled.run_state.active and labelled.run_words.warnings
    with open(labelled.run.events_path, "ab") as journal:
        journal.write(b"}\n")
    tell(labelled.run, {"type": "finished"})
    look(labelled)
    assert labelled.run_words.status == "Finished"


def test_the_label_table_may_change_under_a_run(labelled):
    labelled.start_training(minutes=1)
    run = labelled.run
    labelled.add_structure("bone")
    labelled.rename_structure("liver", "Leber")
    write_prediction(run, "b", label_of(), GRID, ["liver", "tumour"])
    tell(run, {"type": "predicted", "case": "b"}, {"type": "finished", "predicted": 1})
    look(labelled)
    labelled.review("b")
    assert (labelled.case_scene.label() == 0).all() and labelled.prediction.run == run
    labelled.accept()
    assert labelled.controller.study.latest("b").known_values == (1, 2), "of the bone the model says nothing"


def test_a_wrong_option_is_refused_before_anything_starts(labelled):
    with pytest.raises(BadInput, match="no_such"):
        labelled.start_training("dual", {"no_such": 1})
    assert labelled.launcher.launched == [] and labelled.busy == "" and not labelled.why_not("start_training")


def test_a_worker_that_cannot_be_launched_leaves_a_run_that_can_be_resumed(labelled, monkeypatch):
    from DualSSLSegLib.errors import RunFailed

    def refuse(run):
        raise RunFailed("the worker could not be started (no such file).", path=run.path)

    monkeypatch.setattr(labelled.launcher, "launch", refuse)
    with pytest.raises(RunFailed):
        labelled.start_training(minutes=1)
    assert labelled.run is not None


def test_ranking_and_predicting_are_runs_too(labelled):
    labelled.start_ranking()
    assert labelled.run.spec()["kind"] == "rank"
    tell(labelled.run, {"type": "finished", "looked_at": 2})
    look(labelled)
    with pytest.raises(BadInput, match="nothing has been trained"):
        labelled.start_prediction()
