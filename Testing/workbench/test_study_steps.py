"""Opening a study: what is shown, who may write, and what is said when it is out of reach."""

from __future__ import annotations

import shutil

import pytest
from support.benches import bench, paint
from support.predictions import predicted_run
from support.studies import label_of, tiny_study, without_the_right_to_write, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.background import Inline
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.workbench.workbench import Workbench

pytestmark = pytest.mark.panel


def test_a_folder_of_scans_becomes_a_study_and_is_shown(tmp_path):
    for name in ("a", "b"):
        write_scan(tmp_path / "s" / f"{name}.nii.gz")
    workbench = Workbench(Inline(), author="Ada")
    assert (
        not workbench.is_study(tmp_path / "s") and not workbench.is_study("") and workbench.why_not("submit")
    )
    workbench.create_study(tmp_path / "s", ["liver", "tumour"])
    assert workbench.is_study(tmp_path / "s") and workbench.study_path == tmp_path / "s"
    assert [s.name for s in workbench.structures] == ["liver", "tumour"] and workbench.read_only == ""
    assert [row.id for row in workbench.rows] == ["a", "b"] and workbench.counts["new"] == 2
    assert (
        workbench.next_case.case == "a"
        and workbench.expectation.problem == "Label and submit one case first."
    )
    workbench.close_study()
    assert workbench.controller is None and workbench.rows == [] and workbench.why_not("open_next")
    workbench.close()


def test_a_wrong_folder_is_refused_and_the_open_study_stays(tmp_path):
    workbench = bench(tmp_path / "s")
    with pytest.raises(BadInput, match="does not exist"):
        workbench.open_study(tmp_path / "nowhere")
    assert workbench.study_path == tmp_path / "s" and workbench.editor_lock.held and workbench.busy == ""


def test_the_second_editor_may_look_but_not_write(tmp_path):
    first = bench(tmp_path / "s")
    second = bench(tmp_path / "s", author="Bob")
    assert first.read_only == "" and second.read_only.startswith("This study is being edited by Ada on ")
    second.open_case("a")
    for verb, arguments in (
        ("submit", ()),
        ("add_structure", ("bone",)),
        ("start_training", ()),
        ("accept_all", ()),
    ):
        with pytest.raises(BadInput, match="edited by Ada"):
            getattr(second, verb)(*arguments)
        assert "edited by Ada" in second.why_not(verb)
    first.close_study()
    second.open_study(tmp_path / "s")
    assert second.read_only == ""
    second.close()


def test_a_study_that_cannot_be_written_is_shown(tmp_path):
    tiny_study(tmp_path / "s")
    with without_the_right_to_write(tmp_path / "s"):
        workbench = bench(tmp_path / "s")
        assert "read-only" in workbench.read_only and len(workbench.rows) == 3
        workbench.open_case("a")
        with pytest.raises(BadInput, match="read-only"):
            workbench.submit()
        workbench.close()


def test_a_folder_that_is_gone_while_open_loses_nothing(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of())
    shutil.move(tmp_path / "s", tmp_path / "moved")
    with pytest.raises(BadInput, match="cannot be reached"):
        workbench.refresh()
    with pytest.raises(BadInput):
        workbench.submit()
    assert workbench.case == "a" and workbench.changed
    assert (workbench.case_scene.label() == label_of()).all()
    workbench.save_label_as(tmp_path / "kept.nii.gz")
    assert (tmp_path / "kept.nii.gz").is_file() and not workbench.changed
    shutil.move(tmp_path / "moved", tmp_path / "s")
    workbench.refresh()
    workbench.submit(then_next=False)
    assert workbench.counts["labelled"] == 1


def test_structures_are_added_renamed_and_coloured_also_in_the_open_case(tmp_path):
    workbench = bench(tmp_path / "s")
    workbench.open_case("a")
    paint(workbench, label_of(1))
    workbench.save_draft()
    workbench.add_structure("bone", "#00ff00")
    assert not workbench.changed
    workbench.rename_structure("liver", "Leber")
    workbench.change_structure(
        "bone", color="#0000ff", codes={"type": {"scheme": "SCT", "value": "1", "meaning": "b"}}
    )
    assert [(s.name, s.value) for s in workbench.structures] == [("Leber", 1), ("tumour", 2), ("bone", 3)]
    assert (
        workbench.structures[2].color == "#0000ff" and workbench.structures[2].codes["type"]["value"] == "1"
    )
    label = label_of(1)
    label[-1, -1, -1] = 3
    paint(workbench, label)
    workbench.submit(then_next=False)
    assert [row.structures for row in workbench.rows if row.id == "a"] == [("Leber", "bone")]
    assert (StudyFolder.open(tmp_path / "s").latest("a").present_values) == (1, 3)


def test_labels_of_another_program_are_imported_and_predictions_published_on_opening(tmp_path):
    study = tiny_study(tmp_path / "s")
    predicted_run(study, {"b": label_of()})
    (study.layout.final).mkdir(parents=True)
    from support.studies import write_label_file

    write_label_file(study.layout.final / "a.nii.gz", 2)
    workbench = bench(tmp_path / "s")
    assert {row.id: row.state for row in workbench.rows} == {"a": "labelled", "b": "predicted", "c": "new"}
    assert (study.layout.original / "b.nii.gz").is_file()
    assert workbench.next_case.case == "b" and workbench.run_words.status == "Finished"


def test_a_damaged_study_is_named(tmp_path):
    study = tiny_study(tmp_path / "s")
    study.layout.study_json.write_text("no JSON", encoding="utf-8")
    workbench = Workbench(Inline(), author="Ada")
    assert workbench.is_study(tmp_path / "s")
    with pytest.raises(BadInput, match="cannot be read"):
        workbench.open_study(tmp_path / "s")


@pytest.mark.parametrize("damage", ["mark", "label"])
def test_a_study_with_one_damaged_label_is_open_for_editing_and_the_case_can_be_labelled_again(
    tmp_path, damage
):
    study = tiny_study(tmp_path / "s")
    revision = study.add_revision("a", label_of(), author="Ada", origin="manual")
    if damage == "mark":
        revision.path.with_name("0001.json").write_bytes(b"")
    else:
        revision.path.unlink()
        (study.layout.final / "a.nii.gz").unlink()
    workbench = bench(tmp_path / "s")
    assert workbench.read_only == "" and workbench.counts["failed"] == 1 and len(workbench.problems) == 1
    assert "label the case again" in workbench.problems[0].reason
    workbench.open_case("a")
    paint(workbench, label_of())
    workbench.submit(then_next=False)
    assert workbench.counts["labelled"] == 1 and workbench.problems == ()
