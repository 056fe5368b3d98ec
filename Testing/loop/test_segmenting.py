"""Which scans a segmentation takes, and where its results may lie."""

from __future__ import annotations

import pytest
from support.tiny_scans import STRUCTURES, write_tiny_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop import segmenting
from DualSSLSegLib.loop.segmenting import start_segmentation
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.scan import list_cases


def taken(source, target) -> list[str]:
    rows, refused = segmenting._scans(source, target)
    assert not refused
    return [row["id"] for row in rows]


def test_results_may_lie_above_the_scans_and_below_them_they_are_no_scans(tmp_path):
    write_tiny_scan(tmp_path / "scans", "a", 1)
    assert taken(tmp_path / "scans", tmp_path) == ["a"]
    write_tiny_scan(tmp_path / "scans" / "out", "b", 1)
    assert taken(tmp_path / "scans", tmp_path / "scans" / "out") == ["a"]
    (tmp_path / "link").symlink_to(tmp_path / "scans")
    assert taken(tmp_path / "scans", tmp_path / "link" / "out") == ["a"]


def test_results_of_an_earlier_segmentation_are_not_taken_for_scans(tmp_path):
    write_tiny_scan(tmp_path, "a", 1)
    write_tiny_scan(tmp_path / "out", "a", 1)
    assert "a" in list_cases(tmp_path).refused
    (tmp_path / "out" / ".dualsslseg" / "segmented").mkdir(parents=True)
    assert list(list_cases(tmp_path).cases) == ["a"] and not list_cases(tmp_path).refused


def test_results_inside_a_study_are_refused_before_anything_is_made(tmp_path):
    write_tiny_scan(tmp_path / "study", "a", 1)
    StudyFolder.create(tmp_path / "study", [row["name"] for row in STRUCTURES])
    model = tmp_path / "model.pt"
    model.touch()
    for place in (tmp_path / "study" / "out", tmp_path / "study"):
        with pytest.raises(BadInput, match="lies in the study"):
            start_segmentation(model, tmp_path, place)
    assert not (tmp_path / "study" / "out").exists()
