"""A person points at a folder; the cases in it are found whatever the mixture, and nothing else is."""

from __future__ import annotations

import os

import pytest
from support.dicom_files import write_series
from support.studies import GRID, SHAPE, label_of, tiny_study, write_label_file, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.scan import list_cases, natural_order


def test_any_mixture_of_formats_is_opened_in_place(tmp_path):
    for number, name in enumerate(["one.nii", "two.nii.gz", "deep/er/three.nrrd", "four.mha", "a.b.nii.gz"]):
        write_scan(tmp_path / name, number)
    write_series(tmp_path / "patient 7" / "T1 post", label_of().astype("int16") * 100, GRID)
    study = StudyFolder.create(tmp_path, ["liver"])
    assert list(study.cases()) == ["T1 post", "a.b", "four", "one", "three", "two"]
    assert study.case("three").paths == (tmp_path / "deep" / "er" / "three.nrrd",)
    assert study.case("T1 post").paths == (tmp_path / "patient 7" / "T1 post",)
    assert all(record.shape == SHAPE for record in study.inspect().values())
    assert study.problems() == []
    for case in study.cases():
        assert study.add_revision(case, label_of(), author="Ada", origin="manual").number == 1


def test_labels_hidden_folders_and_segmentations_are_never_scans(tmp_path):
    write_scan(tmp_path / "scan.nii.gz")
    for name in [
        "labels/final/scan.nii.gz",
        "sub/labels/x.nii.gz",
        ".hidden/y.nii.gz",
        "z.seg.nrrd",
        "._w.nii",
    ]:
        write_scan(tmp_path / "spare.nrrd").replace(_made(tmp_path / name))
    (tmp_path / "notes.txt").write_text("no scan")
    assert list(list_cases(tmp_path).cases) == ["scan"]


def _made(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def test_a_name_met_twice_names_both_files_and_the_rest_stays_usable(tmp_path):
    study = tiny_study(tmp_path, ["a", "b"])
    write_scan(tmp_path / "again" / "a.nrrd")
    (problem,) = study.problems()
    assert "a.nii.gz" in problem.reason and "again/a.nrrd" in problem.reason and problem.cases == ("a",)
    with pytest.raises(BadInput, match=r"a\.nii\.gz and again/a\.nrrd would both be the case 'a'"):
        study.add_revision("a", label_of(), author="Ada", origin="manual")
    assert list(study.cases()) == ["b"]
    study.add_revision("b", label_of(), author="Ada", origin="manual")
    assert {case.id: case.state for case in study.status().cases} == {"a": "failed", "b": "labelled"}


def test_names_that_only_differ_in_capitals_are_refused(tmp_path):
    for name in ["Scan.nii.gz", "sub/scan.nii.gz", "other.nii.gz"]:
        write_scan(tmp_path / name)
    listing = list_cases(tmp_path)
    assert list(listing.cases) == ["other"]
    assert "cannot tell apart" in listing.problems[0].reason and set(listing.refused) == {"Scan", "scan"}


@pytest.mark.parametrize(
    "name", ["with space", "Jürgen Groß", "肝臓 検査", "x" * 200, "a'b\"c", "100%", "-n", "ß.2"]
)
def test_names_of_any_kind_are_labelled_and_reviewed(tmp_path, name):
    study = tiny_study(tmp_path, [name])
    revision = study.add_revision(name, label_of(), author="Zoë", origin="manual")
    study.publish_prediction(name, revision.path)
    study.update_review(name, lambda review: review.with_time("Zoë", 3.0))
    again = StudyFolder.open(tmp_path)
    assert again.latest(name) == revision and again.review(name).total_seconds == 3.0
    assert (tmp_path / "labels" / "final" / f"{name}.nii.gz").is_file()


def test_a_name_too_long_for_its_results_is_refused_in_words(tmp_path):
    write_scan(tmp_path / f"{'y' * 240}.nii.gz")
    write_scan(tmp_path / f"{'y' * 200}.nii.gz")
    listing = list_cases(tmp_path)
    assert len(listing.cases) == 1 and "too long" in listing.problems[0].reason


@pytest.mark.skipif(os.name == "nt", reason="such names cannot exist on Windows")
def test_names_that_are_no_text_are_refused(tmp_path):
    write_scan(tmp_path / "good.nii.gz")
    (tmp_path / "line\nbreak.nii.gz").write_bytes(b"x")
    with open(os.fsencode(tmp_path) + b"/latin-\xe9.nii.gz", "wb") as stream:
        stream.write(b"x")
    listing = list_cases(tmp_path)
    assert list(listing.cases) == ["good"] and len(listing.problems) == 2


def test_an_accent_spelled_the_other_way_finds_the_case(tmp_path):
    study = tiny_study(tmp_path, ["Mu\u0308ller"])
    assert study.case("M\u00fcller").id == "Mu\u0308ller"


def test_several_channels_are_one_case(tmp_path):
    for case in ("p1", "p2"):
        for channel in range(2):
            write_scan(tmp_path / f"{case}_{channel:04d}.nii.gz", channel)
    write_scan(tmp_path / "p3_0000.nii.gz")
    write_scan(tmp_path / "p4.nii.gz")
    for channel in range(3):
        write_scan(tmp_path / f"p5_{channel:04d}.nii.gz")
    study = StudyFolder.create(tmp_path, ["liver"], channels=2)
    assert list(study.cases()) == ["p1", "p2"]
    assert [path.name for path in study.case("p1").paths] == ["p1_0000.nii.gz", "p1_0001.nii.gz"]
    reasons = {problem.cases[0]: problem.reason for problem in study.problems()}
    assert "p3_0001 is missing" in reasons["p3"]
    assert "no channel number" in reasons["p4"]
    assert "more than 2 channels: p5_0002" in reasons["p5"]


def test_without_channels_a_number_at_the_end_is_part_of_the_name(tmp_path):
    assert list(tiny_study(tmp_path, ["p1_0000", "p1_0001"]).cases()) == ["p1_0000", "p1_0001"]


def test_empty_and_unreadable_files_are_named_and_recover_when_replaced(tmp_path):
    study = tiny_study(tmp_path, ["a", "b", "c"])
    whole = (tmp_path / "b.nii.gz").read_bytes()
    (tmp_path / "a.nii.gz").write_bytes(b"")
    (tmp_path / "b.nii.gz").write_bytes(whole[:40])
    study.refresh()
    assert study.inspect()["b"].unreadable
    status = {case.id: case for case in study.status().cases}
    assert status["a"].state == "failed" and "empty" in status["a"].problem
    assert status["b"].state == "failed" and list(study.cases()) == ["c"]
    with pytest.raises(BadInput):
        study.case("b")
    (tmp_path / "b.nii.gz").write_bytes(whole)
    assert {case.id: case.state for case in study.status().cases}["b"] == "new"
    assert list(study.cases()) == ["b", "c"]


def test_channels_on_different_grids_are_unreadable(tmp_path):
    write_scan(tmp_path / "p_0000.nii.gz")
    write_scan(tmp_path / "p_0001.nii.gz", grid=type(GRID)((6, 7, 9), GRID.affine))
    study = StudyFolder.create(tmp_path, ["liver"], channels=2)
    assert "another grid" in study.inspect()["p"].unreadable


def test_loose_dicom_files_are_not_silently_left_out(tmp_path):
    write_scan(tmp_path / "a.nii.gz")
    write_series(tmp_path, label_of().astype("int16") * 100, GRID)
    (problem,) = list_cases(tmp_path).problems
    assert "folder of its own" in problem.reason


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_linked_scans_and_folders_are_followed_but_never_in_circles(tmp_path):
    write_scan(tmp_path / "elsewhere" / "far.nii.gz")
    folder = tmp_path / "study"
    write_scan(folder / "near.nii.gz")
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "circle").symlink_to(folder)
    (folder / "gone.nii.gz").symlink_to(tmp_path / "nothing.nii.gz")
    listing = list_cases(folder)
    assert list(listing.cases) == ["far", "near"]
    assert [problem.path.name for problem in listing.problems] == ["gone.nii.gz"]


def test_wrong_folders_and_unknown_cases_get_a_next_step(tmp_path):
    with pytest.raises(BadInput, match="does not exist"):
        StudyFolder.open(tmp_path / "nothing")
    with pytest.raises(BadInput, match=r"not a study yet.*dualsslseg init"):
        StudyFolder.open(tmp_path)
    with pytest.raises(BadInput, match="no scans were found"):
        StudyFolder.create(tmp_path, ["liver"])
    assert list(tmp_path.iterdir()) == []
    write_label_file(tmp_path / "file.nii.gz")
    with pytest.raises(BadInput, match="a file, not a folder"):
        StudyFolder.create(tmp_path / "file.nii.gz", ["liver"])
    study = tiny_study(tmp_path / "s", ["patient_01"])
    with pytest.raises(BadInput, match="Did you mean patient_01"):
        study.case("patient_1")
    with pytest.raises(BadInput, match="a study already"):
        StudyFolder.create(tmp_path / "s", ["liver"])


def test_cases_are_in_the_order_a_person_expects():
    assert sorted(["case10", "case2", "Case1", "1", "case"], key=natural_order)[-3:] == [
        "case",
        "case2",
        "case10",
    ]


def test_looking_again_keeps_what_is_as_it_was(tmp_path):
    """Ten thousand new objects at every look would keep Python's garbage collection busy for the whole program."""
    study = tiny_study(tmp_path, ["a", "b", "c"])
    before, first = study.cases(), {case.id: case for case in study.status().cases}
    study.add_revision("b", label_of(), author="Ada", origin="manual")
    write_scan(tmp_path / "sub" / "d.nii.gz")
    (tmp_path / "c.nii.gz").rename(tmp_path / "sub" / "c.nii.gz")
    study.refresh()
    after, second = study.cases(), {case.id: case for case in study.status().cases}
    assert list(after) == ["a", "b", "c", "d"]
    assert after["a"] is before["a"] and after["b"] is before["b"]
    assert after["c"].paths == (tmp_path / "sub" / "c.nii.gz",)
    assert second["a"] is first["a"] and second["b"].state == "labelled"
