"""Labelling one case after the other."""

from __future__ import annotations

import numpy as np
import pytest
from support.benches import bench, draw, paint
from support.predictions import predicted_run
from support.studies import GRID, label_of, tiny_study, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.labels import read_label

pytestmark = pytest.mark.panel


def stored(workbench, case):
    study = workbench.controller.study
    return read_label(study.latest(case).path, GRID, study.structures)


def test_open_next_label_submit_and_the_next_one_comes(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_next()
    assert (
        workbench.case == "a"
        and workbench.opened.source == "empty"
        and "first scan" in workbench.message.text
    )
    assert not workbench.changed and workbench.next_case.case == "b"
    workbench.topics.clear()
    paint(workbench, label_of(2))
    assert workbench.changed
    workbench.clock.now += 12
    workbench.submit()
    assert workbench.case == "b" and not workbench.changed and "Why this case" in workbench.message.text
    assert np.array_equal(stored(workbench, "a"), label_of(2))
    revision = workbench.controller.study.latest("a")
    assert (revision.author, revision.origin, revision.run) == ("Ada", "manual", None)
    row = workbench.rows[0]
    assert (row.state, row.structures, row.author, row.seconds) == ("labelled", ("tumour",), "Ada", 12.0)
    assert workbench.expectation.labels == ("a",) and workbench.expectation.problem == ""
    assert {"case", "cases", "message"} <= set(workbench.topics)


def test_the_last_case_is_followed_by_none(tmp_path):
    workbench = bench(tmp_path / "s", cases=("a",))
    workbench.open_next()
    paint(workbench, label_of())
    workbench.submit()
    assert workbench.case is None and workbench.next_case is None
    assert workbench.why_not("open_next") == "Every case is labelled or reviewed."
    with pytest.raises(BadInput, match="Every case"):
        workbench.open_next()


def test_an_empty_label_is_submitted_only_when_meant(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    with pytest.raises(BadInput, match="nothing is labelled") as caught:
        workbench.submit()
    assert "again" in caught.value.hint and workbench.controller.study.latest("a") is None
    workbench.submit()
    assert workbench.controller.study.latest("a").present_values == ()
    workbench.submit(empty=True)  # the next case, said in one go
    assert workbench.controller.study.latest("b").number == 1


def test_a_submit_by_mistake_on_a_case_nobody_drew_on_leaves_no_trace(tmp_path):
    study = tiny_study(tmp_path / "s")
    predicted_run(study, {"a": label_of(2)})
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    with pytest.raises(BadInput, match="nothing is labelled"):
        workbench.submit()
    assert not workbench.changed
    workbench.leave_case()
    assert study.drafts.ids() == set()
    assert next(row.state for row in workbench.rows if row.id == "a") == "predicted"


def test_a_label_is_submitted_once_whatever_becomes_of_its_review(tmp_path):
    study = tiny_study(tmp_path / "s")
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of(2))
    study.layout.reviews.mkdir(parents=True, exist_ok=True)
    (study.layout.reviews / "a.json").write_text("{}")
    workbench.submit()
    assert workbench.case is None and workbench.message.kind == "warning"
    assert "was submitted" in workbench.message.text
    assert len(study.revisions("a")) == 1 and study.drafts.ids() == set()


def test_the_next_case_begins_with_its_prediction_and_what_was_changed_counts_as_corrected(tmp_path):
    study = tiny_study(tmp_path / "s")
    run = predicted_run(study, {"b": label_of(1), "c": label_of(1)})
    workbench = bench(tmp_path / "s")
    workbench.open_next()
    assert (workbench.case, workbench.opened.source) == ("b", "prediction") and not workbench.changed
    assert np.array_equal(workbench.case_scene.label(), label_of(1))
    paint(workbench, label_of(1, 2))
    workbench.submit()
    newest = workbench.controller.study.latest("b")
    assert (newest.origin, newest.run) == ("corrected", run.id)
    assert workbench.case == "c"
    workbench.submit(then_next=False)  # not changed at all
    newest = workbench.controller.study.latest("c")
    assert (newest.origin, newest.run) == (
        "accepted",
        run.id,
    ) and "without a change" in workbench.message.text
    assert workbench.controller.study.review("c").accepted.run == run.id
    assert {row.id: row.state for row in workbench.rows} == {"a": "new", "b": "labelled", "c": "reviewed"}


def test_a_correction_over_two_sittings_is_still_a_correction(tmp_path):
    run = predicted_run(tiny_study(tmp_path / "s"), {"b": label_of(1)})
    workbench = bench(tmp_path / "s")
    workbench.open_case("b", correct_prediction=True)
    paint(workbench, label_of(1, 2))
    workbench.leave_case()
    assert workbench.case is None and workbench.controller.study.drafts.ids() == {"b"}
    workbench.open_case("b")
    assert workbench.opened.source == "draft"
    workbench.submit(then_next=False)
    newest = workbench.controller.study.latest("b")
    assert (newest.origin, newest.run) == ("corrected", run.id)
    assert workbench.controller.study.drafts.ids() == set()


def test_a_segment_that_is_no_structure_is_refused_with_both_sides_named(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    workbench.case_scene.segmentation_node.GetSegmentation().AddEmptySegment("", "spleen")
    paint(workbench, label_of(1))
    segment = workbench.case_scene.segmentation_node.GetSegmentation().GetSegmentIdBySegmentName("spleen")
    draw(workbench, segment, np.ones(label_of().shape))
    with pytest.raises(BadInput) as caught:
        workbench.submit()
    assert "spleen" in str(caught.value) and "liver" in str(caught.value)
    assert workbench.case == "a" and workbench.changed


def test_a_segmentation_of_another_module_is_taken_over(tmp_path):
    import slicer

    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    labelmap = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "from elsewhere")
    labelmap.CopyOrientation(workbench.case_scene.volume_node)
    slicer.util.updateVolumeFromArray(labelmap, np.ascontiguousarray(label_of(2).transpose(2, 1, 0)))
    workbench.use_segmentation(labelmap)
    assert workbench.changed
    workbench.submit(then_next=False)
    assert np.array_equal(stored(workbench, "a"), label_of(2))


def test_a_replaced_image_is_said_in_words(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of())
    workbench.submit(then_next=False)
    write_scan(tmp_path / "s" / "a.nii.gz", 9, Grid((9, 7, 8), GRID.affine))
    workbench.refresh()
    assert "replaced" in next(row.problem for row in workbench.rows if row.id == "a")
    workbench.open_case("a")
    assert "replaced" in workbench.message.text and workbench.opened.label is None


def test_the_image_is_replaced_while_the_case_is_open(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of())
    write_scan(tmp_path / "s" / "a.nii.gz", 9, Grid((9, 7, 8), GRID.affine))
    with pytest.raises(BadInput, match="has been changed since it was opened"):
        workbench.submit()
    assert workbench.case == "a" and (workbench.case_scene.label() == label_of()).all()


def test_a_scan_that_cannot_be_read_leaves_no_case_open_and_the_rest_usable(tmp_path):
    workbench = bench(tmp_path / "s")
    (tmp_path / "s" / "b.nii.gz").write_bytes(b"rubbish")
    with pytest.raises(BadInput, match=r"b\.nii\.gz"):
        workbench.open_case("b")
    assert workbench.case is None and workbench.busy == ""
    workbench.open_case("a")
    assert workbench.case == "a"
