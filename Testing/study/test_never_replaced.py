"""A file of a person's own choice never takes the place of a scan or of a file of a study."""

from __future__ import annotations

import pytest
from support.dicom_files import write_series
from support.predictions import predicted_run
from support.studies import GRID, everything_in, label_of, tiny_study, write_scan

from DualSSLSegLib.cli import main
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.study.never_replaced import refuse_to_replace


@pytest.fixture
def study(tmp_path):
    """A study whose scans a and b lie in it, one more on another disk (linked), and a linked DICOM series."""
    (tmp_path / "s").mkdir()
    write_scan(tmp_path / "archive" / "0815.nii.gz", 5)
    (tmp_path / "s" / "linked.nii.gz").symlink_to(tmp_path / "archive" / "0815.nii.gz")
    write_series(tmp_path / "archive" / "series", label_of().astype("int16") * 100, GRID)
    (tmp_path / "s" / "series").symlink_to(tmp_path / "archive" / "series")
    return tiny_study(tmp_path / "s", cases=("a", "b"))


@pytest.mark.parametrize(
    "place",
    [
        "s/a.nii.gz",
        "s/b label.nii.gz",
        "s/deeper/down/mine.mha",
        "s/series/mine.nrrd",
        "s/labels/mine.txt",
        "s/labels/final/a.nii.gz",
        "s/.dualsslseg/study.json",
        "s/.dualsslseg/drafts/a.nii.gz",
        "archive/0815.nii.gz",
        "archive/series/mine.nii.gz",
        "other name of s/a.nii.gz",
        "results/.dualsslseg/segmented/a.json",
    ],
)
def test_scans_and_what_a_study_keeps_are_refused_by_every_name(study, tmp_path, place):
    (tmp_path / "other name of s").symlink_to(study.path)
    with pytest.raises(BadInput) as refusal:
        refuse_to_replace(tmp_path / place, study.scan_paths())
    assert refusal.value.path == str(tmp_path / place) and refusal.value.hint


def test_a_scan_that_is_a_hard_link_is_the_same_file(study, tmp_path):
    try:
        (tmp_path / "elsewhere.nii.gz").hardlink_to(study.path / "a.nii.gz")
    except OSError:
        pytest.skip("this file system has no hard links")
    with pytest.raises(BadInput, match="is a scan"):
        refuse_to_replace(tmp_path / "elsewhere.nii.gz", study.scan_paths())


@pytest.mark.parametrize("place", ["mine.nii.gz", "archive/mine.nii.gz", "new/mine.mha", "s/model.pt"])
def test_other_places_are_free_and_a_file_of_ones_own_is_replaced(study, tmp_path, place):
    target = tmp_path / place
    refuse_to_replace(target, study.scan_paths())
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"an earlier one")
    refuse_to_replace(target, study.scan_paths())


def test_neither_the_model_nor_the_page_replaces_a_scan(study, tmp_path, capsys):
    predicted_run(study, {"b": label_of(1)})
    scans = {name: data for name, data in everything_in(study.path).items() if name.endswith(".nii.gz")}
    for place in (study.path / "a.nii.gz", study.path / "linked.nii.gz", study.layout.study_json):
        for words in (["export-model", study.path, place], ["report", study.path, "--out", place]):
            assert main([str(word) for word in words]) == 2
            assert str(place) in capsys.readouterr().err
    assert {name: everything_in(study.path)[name] for name in scans} == scans
    assert Controller.open(study.path).study.structures
    assert main(["export-model", str(study.path), str(tmp_path / "model.pt")]) == 0
