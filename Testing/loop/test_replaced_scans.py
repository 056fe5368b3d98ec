"""A scan that was replaced by another one under the same name has no prediction until it is predicted again."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
from support.predictions import predicted_run
from support.studies import GRID, label_of, tiny_study, write_scan

from DualSSLSegLib.atomic import read_json, write_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.opened_case import open_case, with_prediction
from DualSSLSegLib.loop.survey import next_up, survey

OTHER_GRID = Grid((5, 5, 5), GRID.affine)


@pytest.fixture
def loop(tmp_path):
    """Of "a" and "b" there are predictions, "a" is to be reviewed first."""
    loop = Controller(tiny_study(tmp_path / "s"))
    predicted_run(loop.study, {"a": label_of(1), "b": label_of(2)})
    return loop


def _as_of_an_older_version(run):
    inputs = read_json(run.inputs_path)
    for row in inputs["cases"]:
        del row["image_stamps"]
    write_json(run.inputs_path, inputs)
    for path in run.predictions.glob("*.json"):
        facts = read_json(path)
        del facts["image_digest"]
        write_json(path, facts)


@pytest.mark.parametrize("grid", [GRID, OTHER_GRID], ids=["same grid", "other grid"])
def test_the_prediction_of_another_scan_counts_as_none(loop, grid):
    write_scan(loop.study.path / "a.nii.gz", 77, grid)
    status = {case.id: case for case in loop.status().cases}
    assert (status["a"].state, status["a"].predicted, status["b"].state) == ("new", False, "predicted")
    assert loop.prediction("a") is None and loop.waiting_prediction("a") is None
    for verb in (loop.accept, loop.reject):
        with pytest.raises(BadInput, match="'a' has been replaced since it was predicted") as caught:
            verb("a", author="Ada")
        assert str(caught.value.path).endswith("a.nii.gz") and "again" in caught.value.hint
    with pytest.raises(BadInput, match="replaced"):
        open_case(loop, "a", correct_prediction=True)
    assert loop.publish() == ["b"] and "replaced" in loop.unpublished["a"]
    assert loop.study.revisions("a") == [] and not (loop.study.layout.original / "a.nii.gz").exists()
    found = survey(loop)
    assert [entry.case for entry in found.queue.cases] == ["b"] and next_up(
        found.rows, found.queue
    ).case == "b"
    assert open_case(loop, "a").source == "empty"
    predicted_run(loop.study, {"a": np.ones(grid.shape, np.uint8)})
    assert survey(loop).rows[0].state == "predicted" and loop.accept("a", author="Ada").number == 1


def test_a_scan_that_comes_back_has_its_prediction_again(loop):
    scan = loop.study.path / "a.nii.gz"
    old = scan.read_bytes()
    write_scan(scan, 77)
    assert loop.status().cases[0].state == "new"
    scan.write_bytes(old)  # of another time now: its content tells
    assert loop.status().cases[0].state == "predicted" and loop.prediction("a") is not None


def test_scans_whose_time_is_that_of_the_run_are_not_read(loop, monkeypatch):
    monkeypatch.setattr(
        "DualSSLSegLib.imaging.digest.file_digest", lambda paths: pytest.fail(f"read {paths}")
    )
    assert [case.state for case in loop.status().cases] == ["predicted", "predicted", "new"]
    assert loop.waiting_prediction("a") is not None


def test_a_look_reads_so_much_and_no_more(loop, monkeypatch):
    """A study that was copied without file times: nothing is replaced, and everything seems to be."""
    for case in "ab":
        os.utime(loop.study.path / f"{case}.nii.gz", (1, 1))
    monkeypatch.setattr("DualSSLSegLib.study.predicted._READ_AT_MOST", 0)
    read = []
    from DualSSLSegLib.imaging import digest

    real = digest.file_digest
    monkeypatch.setattr(digest, "file_digest", lambda paths: read.append(paths) or real(paths))
    loop = Controller.open(loop.study.path)
    loop.status()
    assert loop.status().cases[0].state == "predicted" and read == []
    assert loop.prediction("a") is not None and len(read) == 1  # now it counts
    loop.status()
    assert loop.prediction("a") is not None and len(read) == 1


@pytest.mark.parametrize("grid", [GRID, OTHER_GRID], ids=["same grid", "other grid"])
def test_of_predictions_of_an_older_version_the_grid_tells(loop, grid):
    (run,) = loop.runs.all()
    _as_of_an_older_version(run)
    assert loop.status().cases[0].state == "predicted" and loop.prediction("a") is not None
    scan = write_scan(loop.study.path / "a.nii.gz", 77, grid)
    later = run.prediction_facts_path("a").stat().st_mtime_ns + 10**9
    os.utime(scan, ns=(later, later))
    fits = grid is GRID
    assert loop.status().cases[0].state == ("predicted" if fits else "new")
    assert (loop.prediction("a") is not None) == fits


def test_a_case_that_is_open_does_not_get_the_prediction_of_the_scan_that_came_since(loop):
    opened = open_case(loop, "a")
    write_scan(loop.study.path / "a.nii.gz", 77)
    predicted_run(loop.study, {"a": label_of(2)})
    with pytest.raises(BadInput, match="changed since it was opened"):
        with_prediction(loop, opened)


def test_damaged_inputs_of_a_run_leave_it_to_the_content(loop):
    (run,) = loop.runs.all()
    run.inputs_path.write_text(json.dumps({"v": 1, "cases": [{"image_stamps": 3}]}))
    write_scan(loop.study.path / "a.nii.gz", 77)
    later = run.prediction_facts_path("a").stat().st_mtime_ns + 10**9
    os.utime(loop.study.path / "a.nii.gz", ns=(later, later))
    assert [case.state for case in loop.status().cases] == ["new", "predicted", "new"]
